#include "sim/scenario_shape.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "sim/scenario_text.h"

namespace orrery::sim {
namespace {

Scenario WithSteps(const std::string& steps) {
  const auto parsed =
      ParseScenario("orrery-sim 1\ncfg nodes=3 seed=1\n" + steps);
  const auto* error = std::get_if<ParseError>(&parsed);
  EXPECT_EQ(error, nullptr) << (error == nullptr ? "" : error->what);
  return error == nullptr ? std::get<Scenario>(parsed) : Scenario{};
}

bool Leaves(const std::string& steps) { return LeavesFaults(WithSteps(steps)); }

TEST(ScenarioShapeTest, ExtentIsOfTheLastStepInTime) {
  const Extent extent = ExtentOf(WithSteps("at 5s heal all\nat 2s crash n0\n"));
  EXPECT_EQ(extent.steps, 2u);
  EXPECT_EQ(extent.nodes, 3u);
  EXPECT_EQ(extent.last, 5 * kSecond);
}

TEST(ScenarioShapeTest, WhatIsUndoneDoesNotLinger) {
  EXPECT_FALSE(Leaves(""));
  EXPECT_FALSE(Leaves("at 1s cut n0->n1\nat 2s heal all\n"));
  EXPECT_FALSE(Leaves("at 1s cut n0--n1\nat 2s heal n1--n0\n"));
  EXPECT_FALSE(Leaves("at 1s crash n0\nat 2s restart n0\n"));
  EXPECT_FALSE(Leaves("at 1s pause n0\nat 2s resume n0\n"));
  EXPECT_FALSE(Leaves("at 1s disk n0 slow by=5ms\nat 2s disk n0 ok\n"));
  EXPECT_FALSE(Leaves("at 1s reset n0->n1\nat 1s clock n0 step=5s\n"));
}

TEST(ScenarioShapeTest, WhatIsNotUndoneLingers) {
  EXPECT_TRUE(Leaves("at 1s cut n0->n1\n"));
  EXPECT_TRUE(Leaves("at 1s cut n0--n1\nat 2s heal n0->n1\n"));
  EXPECT_TRUE(Leaves("at 1s split n0 | n1,n2\n"));
  EXPECT_TRUE(Leaves("at 1s crash n0\n"));
  EXPECT_TRUE(Leaves("at 1s powerloss n0\nat 2s restart n1\n"));
  EXPECT_TRUE(Leaves("at 1s pause n0\nat 2s restart n0\n"));
  EXPECT_TRUE(Leaves("at 1s disk n0 full\n"));
  EXPECT_TRUE(Leaves("at 1s disk n0 sync_fails\nat 2s disk n0 ok\n"));
  EXPECT_TRUE(Leaves("noise tcp.late=1/8\n"));
}

TEST(ScenarioShapeTest, StepsCountInOrderOfTimeAndNotOfLines) {
  EXPECT_TRUE(Leaves("at 2s crash n0\nat 1s restart n0\n"));
  EXPECT_FALSE(Leaves("at 2s restart n0\nat 1s crash n0\n"));
}

TEST(ScenarioShapeTest, OnlyTheCoreHasToBeHealed) {
  const std::string core = "expect converge within=9s core=n0,n1\n";
  EXPECT_FALSE(Leaves("at 1s crash n2\n" + core));
  EXPECT_FALSE(Leaves("at 1s pause n2\nat 1s disk n2 full\n" + core));
  EXPECT_FALSE(Leaves("at 1s cut n0->n2\nat 1s hold n2->n1\n" + core));
  EXPECT_TRUE(Leaves("at 1s crash n1\n" + core));
  EXPECT_TRUE(Leaves("at 1s cut n1->n0\n" + core));
  EXPECT_TRUE(Leaves("noise tcp.late=1/8\n" + core));
}

// Of three owners one may be missing.
TEST(ScenarioShapeTest, ACoreThatDoesNotSufficeIsAFault) {
  EXPECT_FALSE(Leaves("expect converge within=9s core=n0,n1\n"));
  EXPECT_TRUE(Leaves("expect converge within=9s core=n0\n"));
  EXPECT_FALSE(Leaves("expect converge within=9s core=n1,n2\n"));
  EXPECT_TRUE(
      Leaves("cfg seeds=one\n"
             "expect converge within=9s core=n1,n2\n"));
  EXPECT_FALSE(Leaves("expect converge within=9s core=n0,n1,n2\n"));
  EXPECT_TRUE(
      Leaves("at 1s wipe n0\nat 2s restart n0\n"
             "expect converge within=9s core=n0,n1\n"));
  EXPECT_TRUE(Leaves("expect converge within=9s core=n1,n4\n"));
}

TEST(ScenarioShapeTest, NodeNumbersWrapRound) {
  EXPECT_FALSE(Leaves("at 1s crash n4\nat 2s restart n1\n"));
}

TEST(ScenarioShapeTest, WeatherMayEndByAKnob) {
  EXPECT_FALSE(Leaves("noise tcp.late=1/8\nat 1s knob tcp.late 0/1\n"));
}

}  // namespace
}  // namespace orrery::sim
