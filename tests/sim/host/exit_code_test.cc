// What a campaign says by its exit status.

#include "gmock/gmock.h"
#include "sim/host/campaign.h"
#include "sim/host/exit_codes.h"
#include "sim/host/mark_catalogue.h"
#include "sim/host/progress.h"

namespace orrery::sim {
namespace {

CampaignOptions LightCampaign() {
  CampaignOptions options;
  options.profile = Profile::kLight;
  return options;
}

// Long, and everything happened in it.
CampaignSummary FullCampaign() {
  CampaignSummary summary;
  summary.seeds = 1000;
  for (const MarkRule& rule : AllMarks()) {
    summary.marks[std::string(rule.name)] = {.fired = 1, .seeds = 1};
  }
  summary.properties["O4 quorum-recency"].checked = 1;
  return summary;
}

TEST(ExitCodeTest, ACampaignInWhichAllHeldSaysSo) {
  EXPECT_EQ(ExitCodeOf(LightCampaign(), FullCampaign()), kExitHeld);
}

TEST(ExitCodeTest, AFindingIsTold) {
  CampaignSummary summary = FullCampaign();
  summary.findings.emplace_back();

  EXPECT_EQ(ExitCodeOf(LightCampaign(), summary), kExitViolated);
}

TEST(ExitCodeTest, WhatIsNotDeterministicWinsOverAFinding) {
  CampaignSummary summary = FullCampaign();
  summary.findings.emplace_back();
  summary.divergences.emplace_back();

  EXPECT_EQ(ExitCodeOf(LightCampaign(), summary), kExitNotDeterministic);
}

TEST(ExitCodeTest, ALongCampaignInWhichACommonMarkNeverFiredIsVacuous) {
  CampaignSummary summary = FullCampaign();
  summary.marks.erase("fault.crash");

  EXPECT_EQ(ExitCodeOf(LightCampaign(), summary), kExitVacuous);
  summary.seeds = 999;
  EXPECT_EQ(ExitCodeOf(LightCampaign(), summary), kExitHeld);
}

TEST(ExitCodeTest, AnOracleThatJudgedNothingIsVacuous) {
  CampaignSummary summary = FullCampaign();
  summary.properties["O4 quorum-recency"].checked = 0;

  EXPECT_EQ(ExitCodeOf(LightCampaign(), summary), kExitVacuous);
}

TEST(ExitCodeTest, ACampaignThatLeavesSomethingOutOwesNothing) {
  CampaignSummary summary = FullCampaign();
  summary.marks.clear();
  CampaignOptions without = LightCampaign();
  without.without = Ablation({"crash"});
  CampaignOptions net = LightCampaign();
  net.profile = Profile::kNet;

  EXPECT_EQ(ExitCodeOf(without, summary), kExitHeld);
  EXPECT_EQ(ExitCodeOf(net, summary), kExitHeld);
}

}  // namespace
}  // namespace orrery::sim
