#include "node/printable.h"

#include <cstdint>

namespace orrery {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::optional<uint8_t> DigitOf(char c) {
  if ('0' <= c && c <= '9') return static_cast<uint8_t>(c - '0');
  if ('a' <= c && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  if ('A' <= c && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::string Printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\\') {
      text += "\\\\";
    } else if (0x20 <= byte && byte < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += kHexDigits[byte >> 4];
      text += kHexDigits[byte & 15];
    }
  }
  return text;
}

std::optional<std::string> FromPrintable(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (text[0] != '\\') {
      bytes += text[0];
      text.remove_prefix(1);
      continue;
    }
    if (text.starts_with("\\\\")) {
      bytes += '\\';
      text.remove_prefix(2);
      continue;
    }
    if (!text.starts_with("\\x") || text.size() < 4) return std::nullopt;
    const std::optional<uint8_t> high = DigitOf(text[2]);
    const std::optional<uint8_t> low = DigitOf(text[3]);
    if (!high.has_value() || !low.has_value()) return std::nullopt;
    bytes += static_cast<char>(*high << 4 | *low);
    text.remove_prefix(4);
  }
  return bytes;
}

}  // namespace orrery
