// Each format is read back as the tool it is for would read it.

#include "sim/host/formats.h"

#include <cstdint>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "boost/json/parse.hpp"
#include "gmock/gmock.h"
#include "sim/scenario_text.h"

namespace orrery::sim {
namespace {

using ::testing::IsEmpty;

// n1 sleeps through a write, a node is cut off, a client is left without an
// answer, and the expectation at the end fails.
constexpr char kStory[] =
    "orrery-sim 1\n"
    "cfg nodes=3 n=3 r=2 w=2 vnodes=8 keys=4 clients=2 sync=on seed=3 end=18s\n"
    "noise udp.loss=1/4\n"
    "at 5s op 1 put c0 k1 via=n0\n"
    "at 5s op 2 put c0 k2 via=n0 w=1\n"
    "at 6s split n0 | n1,n2\n"
    "at 6001ms op 3 put c1 k1 via=n0\n"
    "at 6002ms op 4 get c1 k1 via=n1 r=1\n"
    "at 6003ms op 5 del c0 k2 via=n1\n"
    "at 14s heal all\n"
    "at 16s op 6 get c0 k2 via=n2\n"
    "expect value op=6 is=op9\n";

Recording StoryRecorded() {
  return Record("story", std::get<Scenario>(ParseScenario(kStory)));
}

Window AllOf(const Recording& recording) {
  return {0, recording.result.ended.ns / kMicrosecond.ns};
}

std::vector<std::string> LinesIn(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(FormatsTest, EveryJsonLineIsAnObjectAndEventsAreInOrder) {
  const Recording recording = StoryRecorded();
  std::map<std::string, size_t> kinds;
  int64_t last = 0;
  for (const std::string& line :
       LinesIn(JsonLines(recording, AllOf(recording)))) {
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(line, error);
    ASSERT_FALSE(error.failed()) << line;
    const std::string kind(value.at("kind").as_string().c_str());
    ++kinds[kind];
    if (kind != "event" && kind != "step") continue;
    EXPECT_GE(value.at("at_us").as_int64(), last);
    last = value.at("at_us").as_int64();
  }

  EXPECT_EQ(kinds["run"], 1u);
  EXPECT_EQ(kinds["event"], recording.events.size());
  EXPECT_EQ(kinds["step"], 2u);
  EXPECT_EQ(kinds["op"], recording.operations.size());
  EXPECT_EQ(kinds["violation"], 1u);
  EXPECT_GT(kinds["lost"], 0u);
}

TEST(FormatsTest, AWindowOfJsonLinesHasOnlyItsEvents) {
  const Recording recording = StoryRecorded();
  for (const std::string& line :
       LinesIn(JsonLines(recording, {5'000'000, 5'100'000}))) {
    const boost::json::value value = boost::json::parse(line);
    if (value.at("kind").as_string() != "event") continue;
    EXPECT_GE(value.at("at_us").as_int64(), 5'000'000);
    EXPECT_LE(value.at("at_us").as_int64(), 5'100'000);
  }
}

TEST(FormatsTest, ATracesFlowsAndSpansAreWhole) {
  const Recording recording = StoryRecorded();
  const boost::json::value trace =
      boost::json::parse(ChromeTrace(recording, AllOf(recording)));
  std::map<std::string, std::map<int64_t, int>> ends;  // By phase and id.
  std::map<std::string, size_t> phases;
  for (const boost::json::value& event : trace.at("traceEvents").as_array()) {
    const std::string phase(event.at("ph").as_string().c_str());
    ++phases[phase];
    EXPECT_GE(event.at("ts").as_int64(), 0);
    EXPECT_FALSE(event.at("name").as_string().empty());
    if (phase == "X") {
      EXPECT_GE(event.at("dur").as_int64(), 0);
    }
    if (event.as_object().contains("id")) {
      ++ends[phase][event.at("id").to_number<int64_t>()];
    }
  }

  EXPECT_GE(phases["X"], recording.events.size());
  EXPECT_GT(phases["s"], 100u);
  EXPECT_EQ(ends["s"], ends["f"]);
  EXPECT_EQ(phases["b"], recording.operations.size());
  EXPECT_EQ(ends["b"], ends["e"]);
  EXPECT_EQ(phases["i"], 2u);
}

// Clocks as ShiViz checks them: one's own part counts up by one, no part goes
// back, and what is received is known.
TEST(FormatsTest, VectorClocksHaveNoGaps) {
  const Recording recording = StoryRecorded();
  const std::string text = ShivizLog(recording, {5'000'000, 12'000'000});
  const std::vector<std::string> lines = LinesIn(text);
  ASSERT_EQ(lines.size() % 2, 0u);
  ASSERT_GT(lines.size(), 100u);
  const std::regex head(R"((\S*) (\{.*\}))");
  std::map<std::string, std::map<std::string, int64_t>> known;
  size_t learned = 0;
  for (size_t i = 0; i < lines.size(); i += 2) {
    std::smatch found;
    ASSERT_TRUE(std::regex_match(lines[i], found, head)) << lines[i];
    const std::string host = found[1];
    std::map<std::string, int64_t>& mine = known[host];
    const boost::json::value clock = boost::json::parse(std::string(found[2]));
    for (const auto& part : clock.as_object()) {
      const std::string name(part.key_c_str());
      const auto count = part.value().to_number<int64_t>();
      if (name == host) {
        EXPECT_EQ(count, mine[name] + 1);
      } else {
        EXPECT_GE(count, mine[name]);
        EXPECT_LE(count, known[name][name]);
        learned += count > mine[name] ? 1U : 0U;
      }
      mine[name] = count;
    }
  }
  EXPECT_GT(learned, 50u);
}

// What Knossos asks of a history.
TEST(FormatsTest, AProcessOfAHistoryHasOneOperationAtATime) {
  const Recording recording = StoryRecorded();
  const std::regex form(
      R"(\{:index (\d+), :time (\d+), :type :(invoke|ok|fail|info), )"
      R"(:process (\d+), :f :(read|write), :value \[(\d+) (nil|\d+)\], )"
      R"(:op (\d+)\})");
  std::map<std::string, std::string> open;  // Process -> operation.
  std::set<std::string> ended;
  std::map<std::string, std::string> outcome;
  std::map<std::string, std::string> value;
  uint64_t index = 0;
  uint64_t last = 0;
  for (const std::string& line :
       LinesIn(EdnHistory(recording, AllOf(recording)))) {
    std::smatch found;
    ASSERT_TRUE(std::regex_match(line, found, form)) << line;
    EXPECT_EQ(std::stoull(found[1]), index++);
    EXPECT_GE(std::stoull(found[2]), last);
    last = std::stoull(found[2]);
    const std::string process = found[4];
    if (found[3] == "invoke") {
      EXPECT_FALSE(open.contains(process));
      EXPECT_FALSE(ended.contains(process)) << "used again after :info";
      open[process] = found[8];
      continue;
    }
    EXPECT_EQ(open[process], found[8]);
    open.erase(process);
    if (found[3] == "info") ended.insert(process);
    outcome[found[8]] = found[3];
    value[found[8]] = found[7];
  }

  EXPECT_THAT(open, IsEmpty());
  EXPECT_EQ(outcome["1"], "ok");
  EXPECT_EQ(value["1"], "1");
  EXPECT_EQ(outcome["3"], "info");  // Cut off from its quorum.
  EXPECT_EQ(value["4"], "1");
  EXPECT_EQ(outcome["5"], "ok");
  EXPECT_EQ(value["5"], "nil");
  EXPECT_EQ(value["6"], "nil");
}

TEST(FormatsTest, FormatsAreFoundByName) {
  EXPECT_EQ(ShowFormatNames(), "html, jsonl, chrome, shiviz, edn");
  EXPECT_EQ(ShowFormatOf("edn")->print, EdnHistory);
  EXPECT_EQ(ShowFormatOf("pdf"), nullptr);
}

}  // namespace
}  // namespace orrery::sim
