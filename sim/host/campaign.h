// sim/host/campaign.h
//
// Campaign runs a range of seeds in forked workers.  A worker that dies is a
// finding (O0: the text of the failed invariant, a signal, a sanitizer's
// report), another takes its place, and the campaign goes on.
//
// Seeds are handed out in order, one at a time, through shared memory, where
// each worker also says which seed it is at.

#ifndef ORRERY_SIM_HOST_CAMPAIGN_H_
#define ORRERY_SIM_HOST_CAMPAIGN_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/host/ablation.h"
#include "sim/host/mark_catalogue.h"
#include "sim/host/seed_report.h"
#include "sim/scenario.h"
#include "sim/swarm.h"

namespace orrery::sim {

struct CampaignOptions {
  uint64_t first = 1;
  uint64_t last = 1;
  Profile profile = Profile::kSwarm;
  uint32_t jobs = 1;
  uint32_t check_every = 20;  // One seed in so many is run twice; 0: none.
  uint64_t stop_after = 0;    // Failing seeds; 0: never.
  int64_t time_limit_s = 0;   // 0: none.
  std::string out = "out";
  bool shrink = true;  // One seed of each kind of failure, at the end.
  // Done before: not run again.
  std::set<uint64_t> skip;
  Ablation without;
  // A seed that takes longer hangs, which is a finding.  Wide, because a busy
  // machine may hold a worker up for a minute.
  int64_t hang_after_s = 600;
};

struct Finding {
  uint64_t seed = 0;
  uint64_t digest = 0;
  Violation violation;  // The first of the seed.
  size_t others = 0;    // Further violations of the same seed.
};

struct CampaignSummary {
  uint64_t seeds = 0;  // That were run.
  uint64_t run_twice = 0;
  uint64_t events = 0;
  int64_t simulated_ns = 0;
  int64_t elapsed_ms = 0;
  uint64_t slowest_seed = 0;
  int64_t slowest_ms = 0;
  std::vector<Finding> findings;
  std::vector<Finding> divergences;
  std::map<std::string, uint64_t> signatures;  // Seeds of each.
  std::map<std::string, PropertyCount> properties;
  std::map<std::string, MarkCount> tally;
  std::map<std::string, MarkCount> marks;
  std::map<std::string, MarkCount> excuses;
  bool complete = false;  // Every seed was run.
};

struct Checkpoint;

// `from`: what an earlier process came to; null: nothing.  A checkpoint is
// written now and then, and at the end if the campaign was stopped early.
CampaignSummary RunCampaign(const CampaignOptions& options,
                            const Checkpoint* from);

// What the seed stands for in this campaign.
Scenario ScenarioOf(const CampaignOptions& options, uint64_t seed);

// Writes the scenario of a failing seed into `options.out`; returns its path.
std::string SaveScenario(const CampaignOptions& options, uint64_t seed);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_CAMPAIGN_H_
