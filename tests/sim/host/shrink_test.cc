#include "sim/host/shrink.h"

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "sim/host/trial.h"
#include "sim/scenario_text.h"
#include "sim/signature.h"

namespace orrery::sim {
namespace {

using ::testing::HasSubstr;

Scenario Parsed(const std::string& text) {
  auto parsed = ParseScenario(text);
  if (const auto* error = std::get_if<ParseError>(&parsed)) {
    ADD_FAILURE() << "line " << error->line << ": " << error->what;
    return {};
  }
  return std::get<Scenario>(std::move(parsed));
}

// Fails by its own words: a read does not return what was never written.
Scenario Failing() {
  return Parsed(
      "orrery-sim 1\n"
      "cfg nodes=5 n=3 r=2 w=2 vnodes=8 keys=8 clients=3 sync=on seed=7 "
      "end=30s "
      "gossip=200ms file=8192 compact=2s\n"
      "noise udp.loss=1/64 delay=1ms..20ms\n"
      "at 6010ms op 1 put c0 k1 via=n0 size=300\n"
      "at 7s crash n3\n"
      "at 8s op 2 put c1 k2 via=n1\n"
      "at 9s restart n3\n"
      "at 10003ms op 3 get c2 k1 via=n2\n"
      "at 11s op 4 get c2 k2 via=n2\n"
      "at 12s heal all\n"
      "expect value op=3 is=absent\n");
}

TEST(ShrinkTest, AFailureIsMadeSmallAndStaysTheSame) {
  ShrinkOptions options;
  options.name = "a test";
  options.jobs = 2;
  const std::optional<Shrunk> shrunk = Shrink(Failing(), "", options);
  ASSERT_TRUE(shrunk.has_value());
  EXPECT_TRUE(shrunk->finished);
  EXPECT_EQ(shrunk->before.steps, 7u);
  // The put whose value is read, and the get.
  EXPECT_EQ(shrunk->after.steps, 2u) << PrintScenario(shrunk->scenario);
  EXPECT_EQ(shrunk->after.nodes, 2u);
  EXPECT_EQ(SignatureOf(shrunk->violation), shrunk->signature);

  const std::string text = MinimalText(*shrunk, "a test");
  EXPECT_THAT(text, HasSubstr("# Shrunk from a test: E expected"));
  const SeedReport again = Trial(Parsed(text)).Await();
  EXPECT_NE(FindSignature(again, shrunk->signature), nullptr);
  EXPECT_EQ(again.digest, shrunk->digest);
}

TEST(ShrinkTest, AScenarioThatHoldsIsNotShrunk) {
  const Scenario holds = Parsed(
      "orrery-sim 1\ncfg nodes=3 seed=7 end=8s\nat 6s op 1 get c0 k1 via=n0\n");
  EXPECT_FALSE(Shrink(holds, "", {}).has_value());
}

TEST(ShrinkTest, AnotherFailureThanTheWantedOneIsNone) {
  EXPECT_FALSE(Shrink(Failing(), "O1 some other", {}).has_value());
}

TEST(ShrinkTest, RunsAreBounded) {
  ShrinkOptions options;
  options.runs_max = 3;
  const std::optional<Shrunk> shrunk = Shrink(Failing(), "", options);
  ASSERT_TRUE(shrunk.has_value());
  EXPECT_FALSE(shrunk->finished);
  EXPECT_LE(shrunk->runs, 3u);
}

}  // namespace
}  // namespace orrery::sim
