// transport/http/ascii.h
//
// Comparisons of HTTP's case-insensitive ASCII, free of locale.

#ifndef ORRERY_TRANSPORT_HTTP_ASCII_H_
#define ORRERY_TRANSPORT_HTTP_ASCII_H_

#include <cstddef>
#include <string_view>

namespace orrery {

constexpr char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// `lower` is written in lower case.
constexpr bool EqualsIgnoreCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (LowerAscii(text[i]) != lower[i]) return false;
  }
  return true;
}

// Without the spaces and tabs around it.
constexpr std::string_view TrimSpace(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_ASCII_H_
