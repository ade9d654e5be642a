#include "sim/shrinker.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/scenario_shape.h"
#include "sim/scenario_text.h"
#include "sim/swarm.h"

namespace orrery::sim {
namespace {

// Whether a scenario "fails": a made-up bug, so that no world has to run.
using Fails = std::function<bool(const Scenario&)>;

struct Result {
  Scenario best;
  size_t runs = 0;
};

Result ShrinkWith(const Scenario& scenario, const Violation& violation,
                  const Fails& fails, size_t at_a_time = 1) {
  Shrinker shrinker(scenario, violation);
  Result result;
  while (true) {
    const std::vector<Scenario> candidates = shrinker.Propose(at_a_time);
    if (candidates.empty()) break;
    size_t passed = 0;
    while (passed < candidates.size() && !fails(candidates[passed])) ++passed;
    const bool failed = passed < candidates.size();
    shrinker.Learn(passed, failed);
    result.runs += passed + (failed ? 1 : 0);
    if (result.runs > 20'000) {
      ADD_FAILURE() << "shrinking does not end";
      break;
    }
  }
  result.best = shrinker.best();
  return result;
}

std::vector<Step> StepsOf(const Scenario& scenario) {
  std::vector<Step> steps;
  for (const Line& line : scenario.lines) {
    if (const auto* step = std::get_if<StepLine>(&line)) {
      steps.push_back(step->step);
    }
  }
  return steps;
}

bool HasOp(const Scenario& scenario, uint32_t id) {
  for (const Step& step : StepsOf(scenario)) {
    const auto* op = std::get_if<OpStep>(&step);
    if (op != nullptr && op->id == id) return true;
  }
  return false;
}

template <typename Kind>
std::optional<size_t> FirstOf(const Scenario& scenario) {
  const std::vector<Step> steps = StepsOf(scenario);
  for (size_t i = 0; i < steps.size(); ++i) {
    if (std::holds_alternative<Kind>(steps[i])) return i;
  }
  return std::nullopt;
}

// Three operations and a partition between the first two.
bool NeedsFour(const Scenario& scenario) {
  const std::optional<size_t> split = FirstOf<SplitStep>(scenario);
  return split.has_value() && HasOp(scenario, 100) && HasOp(scenario, 700) &&
         HasOp(scenario, 900);
}

// Of the light seeds, one with a partition.
Scenario Failing() {
  for (uint64_t seed = 1; seed < 100; ++seed) {
    Scenario scenario = SwarmScenario(seed, Profile::kLight);
    if (NeedsFour(scenario)) return scenario;
  }
  ADD_FAILURE() << "no light seed has a partition";
  return {};
}

TEST(ShrinkerTest, FindsTheFewStepsThatMatter) {
  const Scenario failing = Failing();
  ASSERT_GT(ExtentOf(failing).steps, 1000u);
  const Result result = ShrinkWith(failing, {}, NeedsFour);
  EXPECT_TRUE(NeedsFour(result.best));
  // A split has to be healed only where convergence is expected, and nothing
  // here needs that.
  EXPECT_EQ(ExtentOf(result.best).steps, 4u);
  EXPECT_FALSE(ExpectsConvergence(result.best));
  EXPECT_LE(result.runs, 300u);
}

TEST(ShrinkerTest, WhatIsFoundDoesNotDependOnHowManyRunAtATime) {
  const Scenario failing = Failing();
  const Result one = ShrinkWith(failing, {}, NeedsFour, 1);
  const Result seven = ShrinkWith(failing, {}, NeedsFour, 7);
  EXPECT_EQ(one.best, seven.best);
  EXPECT_EQ(one.runs, seven.runs);
}

TEST(ShrinkerTest, AScenarioThatExpectsConvergenceStaysHealed) {
  const auto needs = [](const Scenario& scenario) {
    return FirstOf<SplitStep>(scenario).has_value() &&
           ExpectsConvergence(scenario);
  };
  const Result result = ShrinkWith(Failing(), {}, needs);
  EXPECT_FALSE(LeavesFaults(result.best));
  EXPECT_EQ(ExtentOf(result.best).steps, 2u);  // The split and its healing.
}

TEST(ShrinkerTest, AScenarioThatNeverHealedMayStaySo) {
  const auto parsed = ParseScenario(
      "orrery-sim 1\ncfg nodes=3 seed=1\nat 1s crash n0\nat 2s crash n1\n"
      "expect converge within=10s\n");
  ASSERT_TRUE(std::holds_alternative<Scenario>(parsed));
  const auto needs = [](const Scenario& scenario) {
    return ExpectsConvergence(scenario) &&
           FirstOf<NodeStep>(scenario).has_value();
  };
  const Result result = ShrinkWith(std::get<Scenario>(parsed), {}, needs);
  EXPECT_EQ(ExtentOf(result.best).steps, 1u);
}

TEST(ShrinkerTest, TheKeyOfTheViolationIsTriedFirst) {
  Scenario failing = Failing();
  uint32_t key = 0;
  for (const Step& step : StepsOf(failing)) {
    const auto* op = std::get_if<OpStep>(&step);
    if (op != nullptr && op->id == 700) key = op->key;
  }
  Violation violation;
  violation.op = 700;
  violation.key = key;
  const auto needs = [](const Scenario& scenario) {
    return HasOp(scenario, 700);
  };
  Shrinker shrinker(failing, violation);
  const std::vector<Scenario> first = shrinker.Propose(1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_TRUE(HasOp(first[0], 700));
  for (const Step& step : StepsOf(first[0])) {
    const auto* op = std::get_if<OpStep>(&step);
    if (op != nullptr) {
      EXPECT_EQ(op->key, key);
    }
  }
  EXPECT_EQ(ExtentOf(ShrinkWith(failing, violation, needs).best).steps, 1u);
}

TEST(ShrinkerTest, TheRestBecomesPlain) {
  const auto needs = [](const Scenario& scenario) {
    return HasOp(scenario, 700);
  };
  const Scenario best = ShrinkWith(Failing(), {}, needs).best;
  const std::string text = PrintScenario(best);
  // No knobs, no weather, whole seconds, the plainest operation.
  EXPECT_EQ(text.find("noise"), std::string::npos) << text;
  EXPECT_EQ(text.find("limits."), std::string::npos) << text;
  EXPECT_EQ(text.find("ms op"), std::string::npos) << text;
  EXPECT_EQ(text.find("ctx=last"), std::string::npos) << text;
  EXPECT_EQ(text.find("via=n4"), std::string::npos) << text;
  EXPECT_EQ(ExtentOf(best).nodes, 2u) << text;
}

TEST(ShrinkerTest, EveryCandidateParsesToItself) {
  Shrinker shrinker(Failing(), {});
  for (int round = 0; round < 60; ++round) {
    const std::vector<Scenario> candidates = shrinker.Propose(3);
    if (candidates.empty()) break;
    for (const Scenario& candidate : candidates) {
      const auto parsed = ParseScenario(PrintScenario(candidate));
      ASSERT_TRUE(std::holds_alternative<Scenario>(parsed));
      ASSERT_EQ(std::get<Scenario>(parsed), candidate);
    }
    const bool failed = NeedsFour(candidates[0]);
    shrinker.Learn(failed ? 0 : 1, failed);
  }
}

}  // namespace
}  // namespace orrery::sim
