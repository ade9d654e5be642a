#include "sim/world.h"

#include <string>
#include <string_view>
#include <variant>

#include "gmock/gmock.h"
#include "sim/host/run_chain.h"
#include "sim/scenario_text.h"
#include "sim/swarm.h"

namespace orrery::sim {
namespace {

Scenario Parsed(const std::string& text) {
  return std::get<Scenario>(ParseScenario("orrery-sim 1\n" + text));
}

RunResult RunText(const std::string& text) {
  return World(Parsed(text), {}).Run();
}

std::string Sentences(const RunResult& result) {
  std::string text;
  for (const Violation& violation : result.violations) {
    text += violation.oracle + " " + violation.sentence + "\n";
  }
  return text;
}

TEST(WorldTest, ThreeNodesFormAClusterAndServe) {
  const RunResult result = RunText(
      "cfg nodes=3 end=8s\n"
      "at 6s op 1 put c0 k1 via=n0\n"
      "at 6500ms op 2 get c0 k1 via=n2\n"
      "expect outcome op=1 is=ok\n"
      "expect value op=2 is=op1\n"
      "expect converge within=1s\n");

  EXPECT_EQ(Sentences(result), "");
  EXPECT_EQ(result.tally.of("client.write_ok"), 1u);
}

TEST(WorldTest, AnExpectationThatIsNotMetIsAViolation) {
  const RunResult result = RunText(
      "cfg nodes=3 end=8s\n"
      "at 6s op 1 put c0 k1 via=n0\n"
      "expect outcome op=1 is=failed\n");

  EXPECT_EQ(Sentences(result), "E The put 1 of k1 is ok, not failed.\n");
}

TEST(WorldTest, AStopEndsTheProcessAndARestartMeanwhileWaitsForIt) {
  const RunResult result = RunText(
      "cfg nodes=3 end=12s sync=on\n"
      "noise disk.sync=5ms..10ms\n"
      "at 6s op 1 put c0 k1 via=n1\n"
      "at 6s stop n1\n"
      "at 6001ms restart n1\n"
      "expect outcome op=1 is=ok\n"
      "expect converge within=10s\n");

  EXPECT_EQ(Sentences(result), "");
  EXPECT_EQ(result.tally.of("fault.stop"), 1u);
  EXPECT_EQ(result.tally.of("mattered.stop"), 1u);
  EXPECT_EQ(result.marks.of("storage.directory_open"), 4u);
}

// Whatever the lists of seeds are like, and whoever comes late.
TEST(WorldTest, ARingFormsFromEveryKindOfSeedList) {
  for (const std::string lists : {"all", "own", "others", "one"}) {
    for (const std::string late : {"n0", "n2"}) {
      const RunResult result = RunText("cfg nodes=3 end=40s seeds=" + lists +
                                       "\n"
                                       "at 0s crash " +
                                       late + "\nat 3s restart " + late +
                                       "\n"
                                       "at 20s op 1 put c0 k1 via=n0 w=3\n"
                                       "expect outcome op=1 is=ok\n"
                                       "expect converge within=10s\n");

      EXPECT_EQ(Sentences(result), "") << lists << " " << late;
      EXPECT_EQ(result.tally.of("fault.late_start"), 1u);
    }
  }
}

// Lost on the way there: never done, and the client cannot know.  On the way
// back: done.
TEST(WorldTest, WhatClientsAreNotToldIsUnknown) {
  const RunResult result = RunText(
      "cfg nodes=3 end=20s request=1s\n"
      "at 6s deaf n0\n"
      "at 6s mute n1\n"
      "at 6s op 1 put c0 k1 via=n0\n"
      "at 6s op 2 put c0 k2 via=n1\n"
      "at 9s heard n0\n"
      "at 9s heard n1\n"
      "at 10s op 3 get c0 k1 via=n0\n"
      "at 10s op 4 get c0 k2 via=n1\n"
      "expect outcome op=1 is=unknown\n"
      "expect outcome op=2 is=unknown\n"
      "expect value op=3 is=absent\n"
      "expect value op=4 is=op2\n"
      "expect converge within=10s\n");

  EXPECT_EQ(Sentences(result), "");
  EXPECT_EQ(result.tally.of("mattered.deaf"), 1u);
  EXPECT_EQ(result.tally.of("mattered.mute"), 1u);
}

// As the node's own shell does it; a disk that stalls is an excuse.
TEST(WorldTest, AStopThatTakesTooLongIsCutShort) {
  const RunResult result = RunText(
      "cfg nodes=3 end=20s\n"
      "at 6s disk n1 stall for=10s\n"
      "at 6s stop n1\n"
      "at 12s restart n1\n"
      "expect converge within=8s\n");

  EXPECT_EQ(Sentences(result), "");
  EXPECT_EQ(result.tally.of("fault.stop_timed_out"), 1u);
  EXPECT_EQ(result.tally.of("mattered.stop"), 0u);
}

TEST(WorldTest, ARunThatIsCutShortHasNotConverged) {
  const Scenario scenario = Parsed(
      "cfg nodes=3 end=8s\n"
      "at 6s op 1 put c0 k1 via=n0\n"
      "expect converge within=1s\n");
  RunOptions options;
  options.events_max = 300;

  const RunResult result = World(scenario, options).Run();

  EXPECT_TRUE(result.was_cut);
  EXPECT_EQ(result.events, 300u);
  EXPECT_LT(result.ended, Instant{0} + 6 * kSecond);
  EXPECT_EQ(Sentences(result), "");
}

// O17 judges what a restart found: with nobody noting it, it would be vacuous.
TEST(WorldTest, ARestartIsHeldToWhatTheNodeAcknowledged) {
  const RunResult result = RunText(
      "cfg nodes=3 end=12s sync=on\n"
      "at 6s op 1 put c0 k1 via=n0 w=3\n"
      "at 8s powerloss n1\n"
      "at 8s powerloss n2\n"
      "at 9s restart n1\n"
      "at 9s restart n2\n"
      "expect outcome op=1 is=ok\n");

  EXPECT_EQ(Sentences(result), "");
  for (const PropertyResult& property : result.properties) {
    if (property.oracle != "O17") continue;
    EXPECT_GE(property.checked, 1u);
    EXPECT_EQ(property.excused, 0u);
  }
}

// Rules 1 to 15 of determinism in one: same scenario, same digest, whatever
// the allocator hands out.
TEST(WorldTest, TheSameScenarioRunsTheSameWayTwice) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const Scenario scenario = SwarmScenario(seed, Profile::kGolden);
    const RunResult result = World(scenario, {}).Run();

    EXPECT_EQ(CompareWithSecondRun(scenario, {}, result.digest), "") << seed;
  }
}

TEST(WorldTest, AnotherSeedGivesAnotherRun) {
  const std::string steps = "at 6s op 1 put c0 k1\n";

  EXPECT_NE(RunText("cfg nodes=3 end=7s seed=1\n" + steps).digest,
            RunText("cfg nodes=3 end=7s seed=2\n" + steps).digest);
}

// Every step is total: none of these makes sense, and none does harm.
TEST(WorldTest, StepsThatMakeNoSenseDoNothing) {
  const RunResult result = RunText(
      "cfg nodes=3 end=10s\n"
      "at 1s heal all\n"
      "at 1s restart n0\n"
      "at 1s resume n1\n"
      "at 1s cut n1->n1\n"
      "at 1s release n7->n8\n"
      "at 6s crash n2\n"
      "at 6s crash n2\n"
      "at 6s pause n2\n"
      "at 6001ms op 1 put c9 k99 via=n2\n"
      "at 6002ms op 1 put c9 k99\n"
      "at 6003ms op 2 put c9 k99 ctx=op77 retry=op78\n"
      "at 7s restart n5\n"
      "expect outcome op=1 is=ok\n");

  EXPECT_EQ(Sentences(result), "");
}

// The one who hangs up does not know; whoever asks again by the same name is
// told of the write that was made meanwhile.
TEST(WorldTest, AClientThatHangsUpAsksAgainByItsOwnName) {
  const RunResult result = RunText(
      "cfg nodes=3 sync=on end=20s\n"
      "noise disk.sync=20ms..30ms\n"
      "at 6s op 1 put c0 k1 via=n0 own patience=2ms\n"
      "at 6001ms op 2 put c0 k2 via=n0 own patience=2ms\n"
      "at 7s op 3 put c0 k1 via=n1 retry=op1\n"
      "at 8s op 4 get c0 k1\n"
      "expect outcome op=1 is=ok\n"
      "expect outcome op=2 is=unknown\n"
      "expect value op=4 is=op1\n"
      "expect mark name=replica.operation_repeated\n"
      "expect converge within=10s\n");

  EXPECT_EQ(Sentences(result), "");
  EXPECT_EQ(result.tally.of("client.gave_up"), 2u);
  EXPECT_EQ(result.tally.of("client.answered_too_late"), 2u);
  EXPECT_EQ(result.tally.of("client.retry_by_own_id"), 1u);
}

TEST(WorldTest, ALostTailIsExcusedOnlyWhenEveryAcknowledgerLostPower) {
  const RunResult result = RunText(
      "cfg nodes=3 sync=off sync_interval=5s end=20s\n"
      "at 6s op 1 put c0 k1 via=n0\n"
      "at 6100ms powerloss n0 keep=0\n"
      "at 6100ms powerloss n1 keep=0\n"
      "at 6100ms powerloss n2 keep=0\n"
      "at 7s restart n0\n"
      "at 7s restart n1\n"
      "at 7s restart n2\n"
      "expect converge within=12s\n");

  EXPECT_EQ(Sentences(result), "");
  uint64_t excused = 0;
  for (const PropertyResult& property : result.properties) {
    if (property.oracle == "O1") excused = property.excused;
  }
  EXPECT_EQ(excused, 1u);
}

}  // namespace
}  // namespace orrery::sim
