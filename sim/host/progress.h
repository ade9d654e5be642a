// sim/host/progress.h
//
// What a campaign shows while it runs and when it is done.

#ifndef ORRERY_SIM_HOST_PROGRESS_H_
#define ORRERY_SIM_HOST_PROGRESS_H_

#include <cstddef>
#include <cstdint>

#include "sim/host/campaign.h"

namespace orrery::sim {

// One line that rewrites itself on a terminal; in a log, a line a minute.
class Progress {
 public:
  explicit Progress(uint64_t total);
  void Show(uint64_t done, size_t failing, size_t unique, int64_t simulated_ns,
            uint64_t slowest_seed, int64_t slowest_ms);
  void Clear();
  void Finish();

 private:
  uint64_t total_;
  int64_t started_ms_;
  int64_t shown_ms_;
  bool terminal_;
  bool visible_ = false;
};

// A failing seed: property, sentence, and the command that shows it again.
// `known`: the same signature was told before, so one line will do.
void PrintFinding(const CampaignOptions& options, const Finding& finding,
                  bool known);

void PrintSummary(const CampaignOptions& options,
                  const CampaignSummary& summary);

// 0, 10, 11 or 12.
int ExitCodeOf(const CampaignOptions& options, const CampaignSummary& summary);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_PROGRESS_H_
