#include "node/config_value.h"

#include <array>
#include <charconv>
#include <limits>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

using Form = GivenValue::Form;

bool ParseWhole(std::string_view text, uint64_t* value) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *value);
  return !text.empty() && result.ec == std::errc() && result.ptr == end;
}

struct Unit {
  std::string_view suffix;
  int64_t ns;
};
// Longest suffix first where one ends in another.
constexpr std::array<Unit, 5> kUnits = {{{"us", kMicrosecond.ns},
                                         {"ms", kMillisecond.ns},
                                         {"s", kSecond.ns},
                                         {"m", kMinute.ns},
                                         {"h", kHour.ns}}};

// Digits with at most nine after the point, times `unit`, without floating
// point: 0.1 s is 100 ms and nothing else.
bool ParseDecimal(std::string_view text, int64_t unit, int64_t* ns) {
  const size_t point = text.find('.');
  const std::string_view fraction =
      point == std::string_view::npos ? "" : text.substr(point + 1);
  uint64_t whole = 0;
  if (!ParseWhole(text.substr(0, point), &whole)) return false;
  if (point != std::string_view::npos && fraction.empty()) return false;
  if (fraction.size() > 9) return false;
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max() / 4;
  if (whole > static_cast<uint64_t>(kMax / unit)) return false;
  *ns = static_cast<int64_t>(whole) * unit;
  uint64_t digits = 0;
  if (!fraction.empty() && !ParseWhole(fraction, &digits)) return false;
  int64_t scale = 1;
  for (size_t i = 0; i < fraction.size(); ++i) scale *= 10;
  // unit <= 3.6e12 and digits < 1e9: the product of both fits after the split.
  *ns += static_cast<int64_t>(digits) * (unit / scale);
  *ns += static_cast<int64_t>(digits) * (unit % scale) / scale;
  return true;
}

bool ParseDuration(std::string_view text, int64_t* ns) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    return ParseDecimal(text.substr(0, text.size() - unit.suffix.size()),
                        unit.ns, ns);
  }
  return ParseDecimal(text, kSecond.ns, ns);
}

bool IsWord(const GivenValue& given) {
  return given.form == Form::kText || given.form == Form::kString;
}

}  // namespace

std::string ReadText(const GivenValue& given, std::string* value) {
  if (!IsWord(given)) return "must be a string";
  *value = given.text;
  return "";
}

std::string ReadNumber(const GivenValue& given, const NumberRange& range,
                       uint64_t* value) {
  const bool fits = given.form == Form::kText || given.form == Form::kNumber;
  if (!fits || !ParseWhole(given.text, value) || *value < range.low ||
      *value > range.high) {
    return absl::StrCat("must be a whole number from ", range.low, " to ",
                        range.high);
  }
  return "";
}

std::string ReadBool(const GivenValue& given, bool* value) {
  const bool fits = given.form == Form::kText || given.form == Form::kBool;
  *value = given.text == "true";
  if (fits && (*value || given.text == "false")) return "";
  return "must be true or false";
}

std::string ReadDuration(const GivenValue& given, Duration* value) {
  const bool fits = IsWord(given) || given.form == Form::kNumber;
  if (!fits || !ParseDuration(given.text, &value->ns) || value->ns <= 0) {
    return "must be a duration above zero: \"250ms\", \"5s\", \"2m\", \"24h\" "
           "or a number of seconds";
  }
  return "";
}

std::string ReadSeeds(const GivenValue& given,
                      std::vector<std::string>* value) {
  value->clear();
  if (given.form == Form::kList) {
    *value = given.list;
  } else if (given.form == Form::kText) {
    std::string_view rest = given.text;
    while (true) {
      const size_t comma = rest.find(',');
      value->emplace_back(rest.substr(0, comma));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  } else {
    return "must be an array of \"host:port\"";
  }
  for (const std::string& seed : *value) {
    HostPort parsed;
    if (!ParseHostPort(seed, &parsed)) {
      return absl::StrCat("must hold addresses host:port, and '", seed,
                          "' is none");
    }
  }
  return "";
}

std::string DurationText(Duration duration) {
  for (size_t i = kUnits.size(); i-- > 0;) {
    if (duration.ns % kUnits[i].ns != 0) continue;
    return absl::StrCat(duration.ns / kUnits[i].ns,
                        std::string(kUnits[i].suffix));
  }
  // Below a microsecond only a decimal number of seconds is exact.
  const std::string digits = std::to_string(duration.ns % kSecond.ns);
  return absl::StrCat(duration.ns / kSecond.ns, ".",
                      std::string(9 - digits.size(), '0'), digits);
}

bool ParseHostPort(std::string_view text, HostPort* parsed) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) return false;
  if (!bracketed && host.find(':') != std::string_view::npos) return false;
  for (const char c : host) {
    if (static_cast<unsigned char>(c) <= ' ' || c == ',' || c == '/') {
      return false;
    }
  }
  uint64_t port = 0;
  if (!ParseWhole(text.substr(colon + 1), &port)) return false;
  if (port < 1 || port > 65535) return false;
  *parsed = {std::string(host), static_cast<uint16_t>(port)};
  return true;
}

}  // namespace orrery
