// tests/transcripts/rehearsal.h
//
// A rehearsal plays a transcript before the room it names and compares.

#ifndef ORRERY_TESTS_TRANSCRIPTS_REHEARSAL_H_
#define ORRERY_TESTS_TRANSCRIPTS_REHEARSAL_H_

#include <string>
#include <string_view>
#include <vector>

#include "tests/transcripts/interpreter.h"
#include "tests/transcripts/transcript.h"

namespace orrery::transcripts {

// What a command prints that has no effect: an empty block would look
// forgotten.
inline constexpr std::string_view kNothing = "nothing";

struct Rehearsal {
  // Not a transcript, an unknown room, command or argument: as "path:line:
  // what".  Nothing behind it was played.
  std::string error;
  // One for each command whose effects are not those expected, as a diff.
  std::vector<std::string> differences;
  // The transcript with what came in place of what was expected.  Empty if
  // there is an error.
  std::string rewritten;

  bool Passed() const { return error.empty() && differences.empty(); }
};

Rehearsal Rehearse(std::string_view path, std::string_view text,
                   const RoomMaker& maker);

// Common lines behind two blanks, those only expected behind "-", those that
// only came behind "+".
std::string Diff(const Lines& expected, const Lines& got);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_REHEARSAL_H_
