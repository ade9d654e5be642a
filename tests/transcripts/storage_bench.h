// tests/transcripts/storage_bench.h
//
// One Store on a disk in memory, a step at a time: operations wait in flight,
// in order, until the transcript lets one complete.

#ifndef ORRERY_TESTS_TRANSCRIPTS_STORAGE_BENCH_H_
#define ORRERY_TESTS_TRANSCRIPTS_STORAGE_BENCH_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/protocol/disk.h"
#include "core/protocol/effects.h"
#include "core/protocol/timers.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/transcripts/transcript.h"

namespace orrery::transcripts {

class StorageBench {
 public:
  StorageBench(const Store::Options& options, uint64_t seed);

  // A new process, until its store is open or has failed.
  void Open(bool machine_restarted);
  // The process ends.  Power: so does all that was not synced, page by page.
  void Crash();
  void LosePower();
  bool IsRunning() const { return store_ != nullptr; }

  uint64_t Put(StorePut put);  // Its ticket.
  uint64_t Get(std::string_view key);
  void Tick();
  // Whether there was an operation in flight.
  bool CompleteOne();
  // Until nothing is in flight and nothing wants a tick.
  void Settle();
  void Advance(Duration time);  // Settles.
  void Compact();
  void Close();
  void ClearSuspect();

  Store& store() { return *store_; }
  MemoryDisk& disk() { return disk_; }
  size_t in_flight() const { return in_flight_.size(); }
  // What happened since the last call, in order.
  Lines TakeLines();

 private:
  template <typename Action>
  void Do(const Action& action);
  void EndProcess();
  void Say(std::string line) { lines_.push_back(std::move(line)); }
  void SayReply(const StoreReply& reply);
  std::string FileName(const DiskEffect& effect);
  std::string OperationText(const DiskEffect& effect);

  Store::Options options_;
  MemoryDisk disk_;
  std::unique_ptr<SpaceGovernor> space_;
  std::unique_ptr<Store> store_;
  TimerHeap timers_;
  Instant now_{kSecond.ns};
  bool wants_tick_ = false;
  uint32_t generation_ = 0;
  uint32_t next_ticket_ = 1;
  std::map<uint32_t, std::string> file_names_;  // By FileNumber.
  std::deque<std::string> in_flight_;
  Lines lines_;
};

// "1.data" for "shard-0000/0000000000000001.data".
std::string ShortPath(std::string_view path);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_STORAGE_BENCH_H_
