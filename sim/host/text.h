// sim/host/text.h
//
// Joining and splitting text for people and for the pipe.  (Abseil's own as
// Debian builds it does not take std::string_view.)

#ifndef ORRERY_SIM_HOST_TEXT_H_
#define ORRERY_SIM_HOST_TEXT_H_

#include <charconv>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::sim {

template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// At least one part.
inline std::vector<std::string_view> Split(std::string_view text,
                                           std::string_view separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

// A word of a line of tab-separated words.
inline std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return line;
}

inline bool ReadNumber(std::string_view text, uint64_t* number) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && stopped == end;
}

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_TEXT_H_
