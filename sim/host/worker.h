// sim/host/worker.h
//
// Worker is one forked process that takes seeds from the shared board, runs
// them, and writes a report of each to its pipe.  What it prints to stderr
// (a failed invariant, a sanitizer's report) the campaign reads after it died.

#ifndef ORRERY_SIM_HOST_WORKER_H_
#define ORRERY_SIM_HOST_WORKER_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "sim/host/campaign.h"
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

int64_t MonotonicMs();

class Worker {
 public:
  // Forks.
  Worker(const CampaignOptions& options, Board* board, uint32_t slot);
  Worker(Worker&& other) noexcept;
  Worker& operator=(Worker&& other) noexcept;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  int fd() const { return pipe_; }
  uint32_t slot() const { return slot_; }

  // Reads what has come.  False: the worker has ended.
  bool ReadSome();
  // The next whole report, if one has come.
  std::optional<SeedReport> NextReport();

  void Kill();
  struct Death {
    bool clean = false;
    std::string how;  // One line.
  };
  // REQUIRES: ReadSome() returned false, or Kill().
  Death Bury();

 private:
  void Close();

  pid_t process_ = -1;
  int pipe_ = -1;
  int errors_ = -1;  // Its stderr.
  uint32_t slot_ = 0;
  std::string unread_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_WORKER_H_
