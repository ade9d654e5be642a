#include "core/ring/token.h"

#include <array>
#include <charconv>
#include <cstring>

#include "core/base/invariant.h"
#include "core/base/murmur3.h"
#include "core/protocol/limits.h"

namespace orrery {

namespace {
constexpr std::string_view kInfix = "#vnode";
constexpr size_t kDecimalDigitsMax = 10;  // Of a uint32_t.
}  // namespace

uint64_t TokenOf(std::string_view key) { return Murmur3x64_128(key).h1; }

NodeId NodeIdOf(std::string_view node_name) { return {TokenOf(node_name)}; }

uint64_t VnodeToken(std::string_view node_name, uint32_t i) {
  ORRERY_INVARIANT(node_name.size() <= kNodeNameBytesMax);
  std::array<char, kNodeNameBytesMax + kInfix.size() + kDecimalDigitsMax> text;
  char* end = text.data();
  std::memcpy(end, node_name.data(), node_name.size());
  end += node_name.size();
  std::memcpy(end, kInfix.data(), kInfix.size());
  end += kInfix.size();
  end = std::to_chars(end, text.data() + text.size(), i).ptr;
  return TokenOf({text.data(), static_cast<size_t>(end - text.data())});
}

}  // namespace orrery
