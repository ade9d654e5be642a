#include "sim/swarm.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "sim/scenario_shape.h"
#include "sim/scenario_text.h"
#include "sim/settings.h"
#include "sim/workload.h"

namespace orrery::sim {
namespace {

// First word of each step, counted over many seeds.
std::map<std::string, int> StepKinds(uint64_t seeds, Profile profile) {
  std::map<std::string, int> kinds;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    for (const Line& line : SwarmScenario(seed, profile).lines) {
      const auto* step = std::get_if<StepLine>(&line);
      if (step == nullptr) continue;
      const std::string text = PrintStep(step->step);
      ++kinds[text.substr(0, text.find(' '))];
    }
  }
  return kinds;
}

TEST(SwarmTest, OneSeedMakesOneScenario) {
  EXPECT_EQ(SwarmScenario(7, Profile::kLight),
            SwarmScenario(7, Profile::kLight));
  EXPECT_NE(SwarmScenario(7, Profile::kLight),
            SwarmScenario(8, Profile::kLight));
}

TEST(SwarmTest, EveryKindOfFaultStrikesInSomeRun) {
  const std::map<std::string, int> kinds = StepKinds(100, Profile::kLight);

  for (const std::string kind :
       {"op",        "crash", "restart", "pause", "resume",   "wipe",
        "stop",      "storm", "deaf",    "mute",  "heard",    "choke",
        "powerloss", "cut",   "clog",    "reset", "halfopen", "hold",
        "release",   "split", "heal",    "clock", "disk",     "knob"}) {
    EXPECT_TRUE(kinds.contains(kind)) << kind;
  }
}

// What a profile leaves out cannot hide what it has.
TEST(SwarmTest, AProfileOfOneAreaHasNothingElse) {
  const std::map<std::string, int> net = StepKinds(10, Profile::kNet);
  const std::map<std::string, int> disk = StepKinds(10, Profile::kDisk);
  const std::map<std::string, int> churn = StepKinds(10, Profile::kChurn);

  for (const std::string kind : {"split", "reset", "hold"}) {
    EXPECT_TRUE(net.contains(kind)) << kind;
    EXPECT_FALSE(disk.contains(kind)) << kind;
    EXPECT_FALSE(churn.contains(kind)) << kind;
  }
  for (const std::string kind : {"crash", "powerloss", "pause", "clock"}) {
    EXPECT_FALSE(net.contains(kind)) << kind;
  }
  EXPECT_TRUE(disk.contains("powerloss"));
  EXPECT_FALSE(disk.contains("pause"));
  EXPECT_TRUE(churn.contains("wipe"));
  EXPECT_TRUE(churn.contains("pause"));
}

TEST(SwarmTest, AnOverloadAsksMoreThanIsAdmitted) {
  const Settings settings = SettingsOf(SwarmScenario(1, Profile::kOverload));

  EXPECT_GT(StepKinds(1, Profile::kOverload).at("op"), 100'000);
  EXPECT_LE(settings.config.engine.limits.client_requests_max, 64u);
}

TEST(SwarmTest, EveryProfileIsFoundByItsName) {
  for (const Profile profile : AllProfiles()) {
    EXPECT_EQ(ProfileOf(NameOf(profile)), profile);
  }
  EXPECT_EQ(ProfileOf("nothing"), std::nullopt);
}

// What is expected to converge is healed, and suffices; in about a third of the
// runs that is not all of it.
TEST(SwarmTest, WhatIsExpectedToConvergeIsHealed) {
  int parts = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const Scenario scenario = SwarmScenario(seed, Profile::kLight);
    EXPECT_FALSE(LeavesFaults(scenario)) << seed;
    const std::vector<bool> core = CoreOf(SettingsOf(scenario));
    const bool is_part =
        std::find(core.begin(), core.end(), false) != core.end();
    parts += is_part ? 1 : 0;
  }
  EXPECT_GT(parts, 6);
  EXPECT_LT(parts, 36);
}

TEST(SwarmTest, ALightRunHasItsOperationsAndItsMinute) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    if (StyleOf(seed).has_value()) continue;  // Some have fewer, or more.
    const Scenario scenario = SwarmScenario(seed, Profile::kLight);

    int64_t ops = 0;
    for (const Line& line : scenario.lines) {
      const auto* step = std::get_if<StepLine>(&line);
      if (step == nullptr) continue;
      ops += std::holds_alternative<OpStep>(step->step) ? 1 : 0;
    }

    EXPECT_NEAR(static_cast<double>(ops), 160.0 * 36, 400.0);
    EXPECT_EQ(SettingsOf(scenario).config.end, kMinute);
  }
}

}  // namespace
}  // namespace orrery::sim
