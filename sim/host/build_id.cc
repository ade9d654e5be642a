#include "sim/host/build_id.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/bytes.h"
#include "core/base/crc32c.h"

namespace orrery::sim {

std::string BuildId() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file),
                          std::istreambuf_iterator<char>()};
  if (bytes.empty()) return "unknown";
  return absl::StrFormat("%08x", Crc32c(ViewOf(bytes)));
}

}  // namespace orrery::sim
