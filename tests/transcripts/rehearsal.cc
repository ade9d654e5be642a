#include "tests/transcripts/rehearsal.h"

#include <algorithm>
#include <memory>

namespace orrery::transcripts {

namespace {

std::string Place(const Transcript& transcript, size_t line) {
  return transcript.path + ":" + std::to_string(line) + ": ";
}

// common[i][j] is the length of the longest common subsequence of what follows
// line i of the one and line j of the other.
std::vector<std::vector<size_t>> CommonLengths(const Lines& a, const Lines& b) {
  std::vector<std::vector<size_t>> common(a.size() + 1,
                                          std::vector<size_t>(b.size() + 1));
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i][j] = a[i] == b[j]
                         ? common[i + 1][j + 1] + 1
                         : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  return common;
}

}  // namespace

std::string Diff(const Lines& expected, const Lines& got) {
  const auto common = CommonLengths(expected, got);
  std::string text;
  size_t i = 0;
  size_t j = 0;
  while (i < expected.size() || j < got.size()) {
    const bool both = i < expected.size() && j < got.size();
    if (both && expected[i] == got[j]) {
      text += "    " + got[j++] + "\n";
      ++i;
    } else if (j == got.size() ||
               (both && common[i + 1][j] >= common[i][j + 1])) {
      text += "  - " + expected[i++] + "\n";
    } else {
      text += "  + " + got[j++] + "\n";
    }
  }
  return text;
}

Rehearsal Rehearse(std::string_view path, std::string_view text,
                   const RoomMaker& maker) {
  Rehearsal rehearsal;
  Transcript transcript;
  if (!ParseTranscript(path, text, &transcript, &rehearsal.error)) {
    return rehearsal;
  }
  Command heading(transcript.heading);
  const std::unique_ptr<Interpreter> room = maker(heading);
  if (room == nullptr) {
    rehearsal.error = Place(transcript, 1) + heading.error();
    return rehearsal;
  }
  std::vector<Lines> outputs;
  for (const Transcript::Block& block : transcript.blocks) {
    Command command(block.command);
    Lines output = room->Run(command);
    if (!command.error().empty()) {
      rehearsal.error = Place(transcript, block.line) + command.error();
      return rehearsal;
    }
    if (output.empty()) output.emplace_back(kNothing);
    if (output != block.expected) {
      rehearsal.differences.push_back(
          Place(transcript, block.line) + "`" + block.command +
          "`, expected (-) and got (+):\n" + Diff(block.expected, output));
    }
    outputs.push_back(std::move(output));
  }
  rehearsal.rewritten = Rewritten(transcript, outputs);
  return rehearsal;
}

}  // namespace orrery::transcripts
