#include "transport/clock/machine.h"

#include <sys/random.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

constexpr char kBootIdFile[] = "/proc/sys/kernel/random/boot_id";
constexpr size_t kUuidDigits = 32;

int HexDigit(char c) {
  if ('0' <= c && c <= '9') return c - '0';
  if ('a' <= c && c <= 'f') return c - 'a' + 10;
  if ('A' <= c && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

absl::StatusOr<Id128> ParseBootId(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  Id128 id;
  size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int digit = HexDigit(c);
    if (digit < 0 || digits == kUuidDigits) {
      return absl::InvalidArgumentError("read boot id: not a UUID");
    }
    id.hi = id.hi << 4 | id.lo >> 60;
    id.lo = id.lo << 4 | static_cast<uint64_t>(digit);
    ++digits;
  }
  if (digits != kUuidDigits) {
    return absl::InvalidArgumentError(
        absl::StrCat("read boot id: ", digits, " hexadecimal digits"));
  }
  return id;
}

absl::StatusOr<Id128> ReadBootId() {
  std::ifstream file(kBootIdFile);
  std::string text;
  if (!std::getline(file, text)) {
    return absl::NotFoundError(absl::StrCat("read boot id: ", kBootIdFile));
  }
  return ParseBootId(text);
}

absl::StatusOr<std::array<uint8_t, 32>> ReadEntropy() {
  std::array<uint8_t, 32> entropy{};
  size_t filled = 0;
  while (filled < entropy.size()) {
    const ssize_t got =
        ::getrandom(entropy.data() + filled, entropy.size() - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "read entropy");
    filled += static_cast<size_t>(got);
  }
  return entropy;
}

}  // namespace orrery
