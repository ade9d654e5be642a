#include "sim/host/ablation.h"

#include <set>
#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "sim/scenario_text.h"

namespace orrery::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Key;

constexpr std::string_view kWithFaults =
    "orrery-sim 1\n"
    "cfg nodes=3\n"
    "noise udp.dup=1/50 udp.loss=1/8\n"
    "at 1s op 1 put c0 k1\n"
    "at 2s crash n1\n"
    "at 3s disk n0 full\n"
    "at 3s disk n0 stall for=1s\n"
    "at 4s clock n2 step=-5s\n"
    "at 5s restart n1\n"
    "at 6s heal all\n";

Scenario ReadForAblation(std::string_view text) {
  return std::get<Scenario>(ParseScenario(text));
}

std::string LeftWithout(const std::set<std::string>& names) {
  return PrintScenario(Ablation(names).Of(ReadForAblation(kWithFaults)));
}

TEST(AblationTest, WithNothingLeftOutTheScenarioStays) {
  EXPECT_EQ(LeftWithout({}), kWithFaults);
}

TEST(AblationTest, AKindOfStepGoesAndWhatMendsItStays) {
  const std::string left = LeftWithout({"crash"});

  EXPECT_EQ(left.find("crash"), std::string::npos);
  EXPECT_NE(left.find("at 5s restart n1\n"), std::string::npos);
  EXPECT_NE(left.find("at 3s disk n0 full\n"), std::string::npos);
}

TEST(AblationTest, OneKindOfADisksFaultsGoes) {
  const std::string left = LeftWithout({"disk.stall"});

  EXPECT_EQ(left.find("stall"), std::string::npos);
  EXPECT_NE(left.find("at 3s disk n0 full\n"), std::string::npos);
  EXPECT_EQ(LeftWithout({"disk"}).find("disk"), std::string::npos);
}

TEST(AblationTest, NoiseGoesByItsName) {
  EXPECT_NE(LeftWithout({"udp.loss"}).find("noise udp.dup=1/50\n"),
            std::string::npos);
  EXPECT_EQ(LeftWithout({"udp.loss", "udp.dup"}).find("noise"),
            std::string::npos);
}

TEST(AblationTest, WhatCanBeLeftOutIsNamed) {
  const std::set<std::string> names =
      RemovableNames(ReadForAblation(kWithFaults));

  EXPECT_THAT(names, IsSupersetOf({"crash", "disk", "disk.full", "disk.stall",
                                   "clock.step", "udp.loss"}));
  for (const char* stays : {"op", "restart", "heal"}) {
    EXPECT_FALSE(names.contains(stays)) << stays;
  }
}

TEST(AblationTest, WhatAnOracleSaidIsForgotten) {
  SeedReport report;
  for (const char* oracle : {"O4", "O11"}) {
    Violation violation;
    violation.oracle = oracle;
    report.violations.push_back(violation);
  }

  Ablation({"O4"}).ForgetIn(&report);

  ASSERT_EQ(report.violations.size(), 1u);
  EXPECT_EQ(report.violations[0].oracle, "O11");
}

TEST(AblationTest, WhatAnOracleCountedIsForgotten) {
  SeedReport report;
  for (const char* name : {"O1 survives", "O11 convergence", "O4 recency"}) {
    report.properties[name].failed = 1;
  }

  Ablation({"O1", "O4"}).ForgetIn(&report);

  EXPECT_THAT(report.properties, ElementsAre(Key("O11 convergence")));
}

TEST(AblationTest, AnExcuseIsForgottenWithTheLastOracleThatUsesIt) {
  SeedReport report;
  report.excuses = {{"O4 its holder lost it", 1}, {"O4 O5 it lost some", 1}};

  Ablation({"O4"}).ForgetIn(&report);
  EXPECT_THAT(report.excuses, ElementsAre(Key("O4 O5 it lost some")));

  Ablation({"O4", "O5"}).ForgetIn(&report);
  EXPECT_THAT(report.excuses, IsEmpty());
}

}  // namespace
}  // namespace orrery::sim
