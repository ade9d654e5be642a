// node/config_value.h
//
// One configuration value as somebody gave it, and the readers that make a
// typed value of it.  A reader returns what is wrong, as the end of a
// sentence ("must be ..."), or nothing.

#ifndef ORRERY_NODE_CONFIG_VALUE_H_
#define ORRERY_NODE_CONFIG_VALUE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

namespace orrery {

struct GivenValue {
  enum class Form : uint8_t {
    kText = 1,  // Flag, environment or default: any type, spelled out.
    kString = 2,
    kNumber = 3,  // JSON; `text` is its spelling.
    kBool = 4,
    kList = 5,  // JSON array of strings.
    kOther = 6,
  };
  Form form = Form::kText;
  std::string text;
  std::vector<std::string> list;
  std::string source;  // "flag --port", "env DYNAMO_PORT", "file PATH", ...
};

struct NumberRange {
  uint64_t low = 0;
  uint64_t high = 0;
};

std::string ReadText(const GivenValue& given, std::string* value);
std::string ReadNumber(const GivenValue& given, const NumberRange& range,
                       uint64_t* value);
std::string ReadBool(const GivenValue& given, bool* value);
// "250ms", "5s", "2m", "24h", or a number of seconds, fractions allowed.
std::string ReadDuration(const GivenValue& given, Duration* value);
// "host:port" each; in text separated by commas.
std::string ReadSeeds(const GivenValue& given, std::vector<std::string>* value);

// The shortest spelling that ReadDuration reads back: "250ms".
std::string DurationText(Duration duration);

// Whether `text` is "host:port" or "[v6]:port" with a port of 1 to 65535.
struct HostPort {
  std::string host;  // Without brackets.
  uint16_t port = 0;
};
bool ParseHostPort(std::string_view text, HostPort* parsed);

}  // namespace orrery

#endif  // ORRERY_NODE_CONFIG_VALUE_H_
