#include "sim/host/build_id.h"

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/bytes.h"
#include "core/base/crc32c.h"
#include "sim/host/whole_file.h"

namespace orrery::sim {
namespace {

std::string SumOfThisProgram() {
  const auto bytes = ReadWholeFile("/proc/self/exe");
  if (!bytes.has_value()) return "unknown";
  return absl::StrFormat("%08x", Crc32c(ViewOf(*bytes)));
}

}  // namespace

// Once: it is asked for at every checkpoint.
const std::string& BuildId() {
  static const std::string id = SumOfThisProgram();
  return id;
}

}  // namespace orrery::sim
