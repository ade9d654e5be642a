#include "tests/transcripts/wording.h"

namespace orrery::transcripts {

namespace {
constexpr size_t kShortRun = 8;
}  // namespace

std::string DurationText(Duration duration) {
  struct Unit {
    std::string_view suffix;
    int64_t ns;
  };
  constexpr Unit kUnits[] = {
      {"s", kSecond.ns}, {"ms", kMillisecond.ns}, {"us", kMicrosecond.ns}};
  for (const Unit& unit : kUnits) {
    if (duration.ns % unit.ns == 0) {
      return Cat(duration.ns / unit.ns, unit.suffix);
    }
  }
  return Cat(duration.ns, "ns");
}

std::string ValueText(std::string_view value) {
  const bool is_run =
      value.size() > kShortRun &&
      value.find_first_not_of(value.front()) == std::string_view::npos;
  if (is_run) return Cat(value.front(), "*", value.size());
  return std::string(value);
}

}  // namespace orrery::transcripts
