// bench/store_on_disk.h
//
// One Store of core/storage over one FileDisk of transport/disk, on an event
// loop of its own: what a node does with it, without requests, peers, replicas.
//
// Threading: one thread, and the disk's own.

#ifndef ORRERY_BENCH_STORE_ON_DISK_H_
#define ORRERY_BENCH_STORE_ON_DISK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measurement.h"
#include "boost/asio/executor_work_guard.hpp"
#include "boost/asio/io_context.hpp"
#include "core/protocol/timers.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "transport/disk/file_disk.h"

namespace orrery::bench {

// What was asked of the disk.
struct DiskEffort {
  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t bytes_written = 0;
  uint64_t syncs = 0;

  DiskEffort Since(const DiskEffort& before) const {
    return {reads - before.reads, writes - before.writes,
            bytes_written - before.bytes_written, syncs - before.syncs};
  }
};

class StoreOnDisk {
 public:
  // A data directory that it makes if it is missing; files of earlier processes
  // are in it, or none.
  StoreOnDisk(std::string directory, const Store::Options& options);
  // As after kill -9: what was not closed is not closed.
  ~StoreOnDisk();

  // A new process of the same machine; returns when the store is open.
  void Start();
  // A clean stop.
  void Stop();

  void Put(uint32_t ticket, std::string key, Bytes value);
  void Get(uint32_t ticket, std::string_view key);
  void Compact();
  // One turn of the event loop: what has completed, timers, the batch that
  // gathered.  Waits if there is nothing.
  void Turn();
  std::vector<StoreReply>& TakeReplies() { return store_->TakeReplies(); }
  // Until nothing is queued, written, read or compacted, nor any file removed.
  void Settle();
  // Until nothing is worth compacting.
  void CompactAll();

  const Store& store() const { return *store_; }
  const DiskEffort& effort() const { return effort_; }
  const std::string& directory() const { return directory_; }
  std::vector<std::string> DataFiles() const;

 private:
  void Do(const std::function<void(orrery::Turn&)>& action);
  void Submit(DiskEffect effect);
  void RunTimers();

  const std::string directory_;
  const Store::Options options_;
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{loop_.get_executor()};
  std::unique_ptr<FileDisk> disk_;
  std::unique_ptr<SpaceGovernor> space_;
  std::unique_ptr<Store> store_;
  TimerHeap timers_;
  Effects effects_;
  bool more_ = false;
  uint32_t generation_ = 0;
  DiskEffort effort_;
};

// Puts `count` records with `window` of them in flight, as so many writers do,
// and returns when all are answered.  Ends the program unless all are kOk; one
// that is refused because too much is not yet synced is put again.
struct PutLoad {
  uint64_t count = 0;
  uint64_t window = 1;
  std::function<std::string(uint64_t)> key;
  std::function<Bytes(uint64_t)> value;
};
struct PutTimes {
  Latencies waits;  // From the first try of a put to its answer.
  // Processor time of this thread for each turn of the loop and what was put
  // before it: what the machine does beside it does not count.
  Latencies turns;
};
void RunPuts(StoreOnDisk& store, const PutLoad& load,
             PutTimes* times = nullptr);

}  // namespace orrery::bench

#endif  // ORRERY_BENCH_STORE_ON_DISK_H_
