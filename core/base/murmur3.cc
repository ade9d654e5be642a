#include "core/base/murmur3.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "core/base/coding.h"
#include "core/base/hash.h"

namespace orrery {
namespace {

constexpr uint64_t kC1 = 0x87c37b91114253d5ULL;
constexpr uint64_t kC2 = 0x4cf5ad432745937fULL;

constexpr uint64_t ScrambleFirst(uint64_t k) {
  return std::rotl(k * kC1, 31) * kC2;
}

constexpr uint64_t ScrambleSecond(uint64_t k) {
  return std::rotl(k * kC2, 33) * kC1;
}

}  // namespace

Hash128 Murmur3x64_128(std::string_view key, uint32_t seed) {
  const ByteView bytes = ViewOf(key);
  const size_t blocks = bytes.size() / 16;
  uint64_t h1 = seed;
  uint64_t h2 = seed;

  for (size_t i = 0; i < blocks; ++i) {
    const std::byte* block = bytes.data() + i * 16;
    h1 ^= ScrambleFirst(LoadU64(block));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= ScrambleSecond(LoadU64(block + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }

  const ByteView tail = bytes.subspan(blocks * 16);
  if (tail.size() > 8) {
    h2 ^= ScrambleSecond(LoadPartial(tail.subspan(8)));
  }
  if (!tail.empty()) {
    h1 ^= ScrambleFirst(
        LoadPartial(tail.first(std::min<size_t>(tail.size(), 8))));
  }

  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = Mix64(h1);
  h2 = Mix64(h2);
  h1 += h2;
  h2 += h1;
  return {.h1 = h1, .h2 = h2};
}

}  // namespace orrery
