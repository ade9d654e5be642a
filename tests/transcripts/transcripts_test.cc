// Plays every transcript of this folder before its room.  With ORRERY_REWRITE=1
// in the environment, what came replaces what was expected (README.md).

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/transcripts/interpreter.h"
#include "tests/transcripts/rehearsal.h"

namespace orrery::transcripts {
namespace {

constexpr std::string_view kFolder = "tests/transcripts";

// Stems, sorted: the order of a directory is the file system's own.
std::vector<std::string> AllTranscripts() {
  std::vector<std::string> stems;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".txt") continue;
    if (entry.path().filename() == "CMakeLists.txt") continue;
    stems.push_back(entry.path().stem().string());
  }
  std::sort(stems.begin(), stems.end());
  return stems;
}

bool IsRewriting() {
  const char* value = std::getenv("ORRERY_REWRITE");
  return value != nullptr && std::string_view(value) == "1";
}

class TranscriptTest : public testing::TestWithParam<std::string> {};

TEST_P(TranscriptTest, ComesOutAsWritten) {
  const std::string path = std::string(kFolder) + "/" + GetParam() + ".txt";
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();

  const Rehearsal rehearsal = Rehearse(path, text.str(), MakeRoom);

  ASSERT_EQ(rehearsal.error, "");
  if (IsRewriting()) {
    std::ofstream(path) << rehearsal.rewritten;
    return;
  }
  for (const std::string& difference : rehearsal.differences) {
    ADD_FAILURE() << difference;
  }
}

INSTANTIATE_TEST_SUITE_P(All, TranscriptTest,
                         testing::ValuesIn(AllTranscripts()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace orrery::transcripts
