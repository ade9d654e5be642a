// sim/host/worker.h
//
// Worker is one forked process that takes seeds from the shared board, runs
// them, and writes a report of each to its pipe.

#ifndef ORRERY_SIM_HOST_WORKER_H_
#define ORRERY_SIM_HOST_WORKER_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "sim/host/campaign.h"
#include "sim/host/child.h"
#include "sim/host/seed_report.h"

namespace orrery::sim {

inline constexpr uint32_t kWorkersMax = 64;

// Lies in memory that all processes share.
struct Board {
  std::atomic<uint64_t> next_seed;
  std::atomic<uint64_t> stop;  // Not zero: no worker takes another seed.
  struct Slot {
    std::atomic<uint64_t> seed;  // That is running; 0: none.
    std::atomic<int64_t> since_ms;
  };
  Slot slots[kWorkersMax];
};

Board* MakeBoard(uint64_t first_seed);

class Worker {
 public:
  // Forks.
  Worker(const CampaignOptions& options, Board* board, uint32_t slot);

  Child& child() { return child_; }
  const Child& child() const { return child_; }
  uint32_t slot() const { return slot_; }

  // The next whole report, if one has come.
  std::optional<SeedReport> NextReport();

 private:
  Child child_;
  uint32_t slot_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_WORKER_H_
