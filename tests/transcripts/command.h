// tests/transcripts/command.h
//
// Command is one line of a transcript, taken apart: a name, then words and
// name=value arguments in any order.  Whoever interprets it asks for what it
// knows; what nobody asked for is an error, and so is what cannot be read.
//
// Invariants:
//   CMD-1  The first error stands; after it every answer is a default.
//   CMD-2  IsComplete() only if every argument was asked for.

#ifndef ORRERY_TESTS_TRANSCRIPTS_COMMAND_H_
#define ORRERY_TESTS_TRANSCRIPTS_COMMAND_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

namespace orrery::transcripts {

class Command {
 public:
  explicit Command(std::string_view line);

  const std::string& name() const { return name_; }

  // The next word; `what` names it for people.
  std::string Word(std::string_view what);
  // Likewise, if there is one.
  std::optional<std::string> NextWord(std::string_view what);
  // Whether this very word is there.  REQUIRES: all other words were taken.
  bool Flag(std::string_view word);
  std::optional<std::string> Named(std::string_view name);
  uint64_t Number(std::string_view name, uint64_t otherwise);
  // Index of `word` in `choices`, of which "?" is none.
  size_t Choose(const std::string& word,
                std::span<const std::string_view> choices);
  // "5s", "200ms", "-40us", "7ns".
  Duration ReadDuration(const std::string& word);
  // "a*3000" is three thousand times "a"; anything else is itself.
  std::string ReadValue(const std::string& word);

  void Fail(std::string_view why);
  // Nothing is left over and nothing failed.
  bool IsComplete();
  const std::string& error() const { return error_; }

 private:
  void Know(std::string_view name);

  std::string name_;
  std::vector<std::string> arguments_;  // Those not taken yet.
  std::vector<std::string> known_;      // What was asked for.
  std::string error_;
};

// Reads all of `text`, a decimal number.
std::optional<int64_t> ReadNumber(std::string_view text);

// "a, b and c", for messages.
std::string Enumerated(std::span<const std::string> names);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_COMMAND_H_
