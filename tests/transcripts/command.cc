#include "tests/transcripts/command.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace orrery::transcripts {

namespace {

std::vector<std::string> SplitWords(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    const size_t start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) return words;
    line.remove_prefix(start);
    const size_t end = line.find(' ');
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end, line.size()));
  }
}

bool IsNamed(const std::string& argument) {
  return argument.find('=') != std::string::npos;
}

}  // namespace

std::optional<int64_t> ReadNumber(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

std::string Enumerated(std::span<const std::string> names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

Command::Command(std::string_view line) : arguments_(SplitWords(line)) {
  if (arguments_.empty()) {
    Fail("there is no command");
    return;
  }
  name_ = std::move(arguments_.front());
  arguments_.erase(arguments_.begin());
}

std::string Command::Word(std::string_view what) {
  std::optional<std::string> word = NextWord(what);
  if (!word.has_value()) Fail("`" + name_ + "` needs a " + std::string(what));
  return word.value_or("");
}

std::optional<std::string> Command::NextWord(std::string_view what) {
  Know(what);
  const auto word = std::find_if_not(arguments_.begin(), arguments_.end(),
                                     [](const auto& a) { return IsNamed(a); });
  if (word == arguments_.end()) return std::nullopt;
  std::string taken = std::move(*word);
  arguments_.erase(word);
  return taken;
}

bool Command::Flag(std::string_view word) {
  Know(word);
  return std::erase(arguments_, word) > 0;
}

std::optional<std::string> Command::Named(std::string_view name) {
  const std::string prefix = std::string(name) + "=";
  Know(prefix);
  const auto found =
      std::find_if(arguments_.begin(), arguments_.end(),
                   [&](const auto& a) { return a.starts_with(prefix); });
  if (found == arguments_.end()) return std::nullopt;
  std::string value = found->substr(prefix.size());
  arguments_.erase(found);
  return value;
}

uint64_t Command::Number(std::string_view name, uint64_t otherwise) {
  const std::optional<std::string> value = Named(name);
  if (!value.has_value()) return otherwise;
  const std::optional<int64_t> number = ReadNumber(*value);
  if (number.value_or(-1) >= 0) return static_cast<uint64_t>(*number);
  Fail("`" + *value + "` is no number");
  return otherwise;
}

size_t Command::Choose(const std::string& word,
                       std::span<const std::string_view> choices) {
  std::vector<std::string> names;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == "?") continue;
    if (choices[i] == word) return i;
    names.emplace_back(choices[i]);
  }
  Fail("`" + word + "` is none of " + Enumerated(names));
  return 0;
}

Duration Command::ReadDuration(const std::string& word) {
  struct Unit {
    std::string_view suffix;
    Duration length;
  };
  constexpr Unit kUnits[] = {
      {"ns", {1}}, {"us", kMicrosecond}, {"ms", kMillisecond}, {"s", kSecond}};
  for (const Unit& unit : kUnits) {
    if (!word.ends_with(unit.suffix)) continue;
    const auto number = ReadNumber(
        std::string_view(word).substr(0, word.size() - unit.suffix.size()));
    if (number.has_value()) return *number * unit.length;
  }
  Fail("`" + word + "` is no duration, such as 5s or 200ms");
  return {};
}

std::string Command::ReadValue(const std::string& word) {
  constexpr int64_t kTimesMax = 1 << 20;  // Tests of a room need no more.
  const size_t star = word.find('*');
  if (star == std::string::npos) return word;
  const auto times = ReadNumber(std::string_view(word).substr(star + 1));
  if (times.value_or(-1) < 0 || times.value_or(0) > kTimesMax) {
    Fail("`" + word + "` is no value, such as v1 or x*3000");
    return "";
  }
  std::string text;
  for (int64_t i = 0; i < *times; ++i) text += word.substr(0, star);
  return text;
}

void Command::Fail(std::string_view why) {
  if (error_.empty()) error_ = why;
}

bool Command::IsComplete() {
  if (!arguments_.empty()) {
    const std::string takes = known_.empty() ? "nothing" : Enumerated(known_);
    Fail("unknown argument `" + arguments_.front() + "`; `" + name_ +
         "` takes " + takes);
  }
  return error_.empty();
}

void Command::Know(std::string_view name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
    known_.emplace_back(name);
  }
}

}  // namespace orrery::transcripts
