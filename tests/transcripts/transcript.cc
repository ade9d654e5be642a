#include "tests/transcripts/transcript.h"

#include "core/base/invariant.h"

namespace orrery::transcripts {

namespace {

constexpr std::string_view kHeadingWord = "transcript ";
constexpr std::string_view kSeparator = "----";

Lines SplitLines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// The lines that follow `---- ` on line `from`, up to a blank one.
size_t EndOfExpected(const Lines& text, size_t from) {
  while (from < text.size() && !text[from].empty()) ++from;
  return from;
}

std::string At(const Transcript& transcript, size_t index) {
  return transcript.path + ":" + std::to_string(index + 1) + ": ";
}

// Reads the block whose command is text[*index], and steps behind it.
bool ParseBlock(Transcript* transcript, size_t* index, std::string* error) {
  const Lines& text = transcript->text;
  const std::string& command = text[*index];
  const size_t separator = *index + 1;
  if (separator == text.size() || text[separator] != kSeparator) {
    *error =
        At(*transcript, *index) + "`" + command + "` is not followed by `----`";
    return false;
  }
  Transcript::Block block{.line = *index + 1, .command = command};
  const size_t end = EndOfExpected(text, separator + 1);
  for (size_t i = separator + 1; i < end; ++i) {
    if (text[i] == kSeparator) {
      *error = At(*transcript, i) + "a blank line must end the block before";
      return false;
    }
    block.expected.push_back(text[i]);
  }
  transcript->blocks.push_back(std::move(block));
  *index = end;
  return true;
}

}  // namespace

bool ParseTranscript(std::string_view path, std::string_view text,
                     Transcript* transcript, std::string* error) {
  *transcript = {.path = std::string(path), .text = SplitLines(text)};
  const Lines& lines = transcript->text;
  if (lines.empty() || !lines[0].starts_with(kHeadingWord)) {
    *error = At(*transcript, 0) + "the first line must be `transcript <room>`";
    return false;
  }
  transcript->heading = lines[0];
  for (size_t i = 1; i < lines.size();) {
    if (lines[i].empty() || lines[i].starts_with('#')) {
      ++i;
    } else if (lines[i] == kSeparator) {
      *error = At(*transcript, i) + "no command stands before `----`";
      return false;
    } else if (!ParseBlock(transcript, &i, error)) {
      return false;
    }
  }
  if (!transcript->blocks.empty()) return true;
  *error = At(*transcript, 0) + "there is no command";
  return false;
}

std::string Rewritten(const Transcript& transcript,
                      const std::vector<Lines>& outputs) {
  ORRERY_INVARIANT(outputs.size() == transcript.blocks.size());
  std::string written;
  const auto add = [&written](const std::string& line) {
    written += line + "\n";
  };
  size_t index = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const size_t separator = transcript.blocks[i].line;  // Index behind it.
    while (index <= separator) add(transcript.text[index++]);
    for (const std::string& line : outputs[i]) add(line);
    index = EndOfExpected(transcript.text, index);
  }
  while (index < transcript.text.size()) add(transcript.text[index++]);
  return written;
}

}  // namespace orrery::transcripts
