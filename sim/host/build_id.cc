#include "sim/host/build_id.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/bytes.h"
#include "core/base/crc32c.h"

namespace orrery::sim {
namespace {

std::string SumOfThisProgram() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file),
                          std::istreambuf_iterator<char>()};
  if (bytes.empty()) return "unknown";
  return absl::StrFormat("%08x", Crc32c(ViewOf(bytes)));
}

}  // namespace

// Once: it is asked for at every checkpoint.
const std::string& BuildId() {
  static const std::string id = SumOfThisProgram();
  return id;
}

}  // namespace orrery::sim
