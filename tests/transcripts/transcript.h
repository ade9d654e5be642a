// tests/transcripts/transcript.h
//
// A transcript is the text of one conversation with one room: what is asked of
// it and what must come of that, with prose saying why.
//
//   transcript quorum nodes=3       the first line names the room
//
//   # Prose.
//   put v1                          a command
//   ----
//   > B ReplicaPut ...              what must come of it, up to a blank line
//
// The format is total: every line is the heading, prose, a command, `----`,
// an expected line, or blank; anything else is an error that names its line.

#ifndef ORRERY_TESTS_TRANSCRIPTS_TRANSCRIPT_H_
#define ORRERY_TESTS_TRANSCRIPTS_TRANSCRIPT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::transcripts {

using Lines = std::vector<std::string>;

struct Transcript {
  struct Block {
    size_t line = 0;  // Of the command, counted from 1.
    std::string command;
    Lines expected;
  };
  std::string path;  // For messages.
  std::string heading;
  Lines text;
  std::vector<Block> blocks;
};

// Returns whether the text is a transcript; if not, *error says where it stops
// being one, as "path:line: what".
bool ParseTranscript(std::string_view path, std::string_view text,
                     Transcript* transcript, std::string* error);

// The text of `transcript` with what came of each command in place of what was
// expected.  REQUIRES: one output for each block, of lines that are not blank.
std::string Rewritten(const Transcript& transcript,
                      const std::vector<Lines>& outputs);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_TRANSCRIPT_H_
