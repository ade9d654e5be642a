// tests/core/storage/directory_driver.h
//
// Drives all that a node keeps on a disk, as the engine does: DataDirectory,
// both stores and SnapshotJob over a MemoryDisk.

#ifndef ORRERY_TESTS_CORE_STORAGE_DIRECTORY_DRIVER_H_
#define ORRERY_TESTS_CORE_STORAGE_DIRECTORY_DRIVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/protocol/timers.h"
#include "core/storage/data_directory.h"
#include "core/storage/snapshot_job.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "tests/core/storage/memory_disk.h"

namespace orrery {

class DirectoryDriver {
 public:
  using Content = std::map<std::string, std::string>;

  struct Options {
    bool sync_writes = false;
    uint64_t max_file_bytes = 16 << 10;
  };
  DirectoryDriver(MemoryDisk& disk, const Options& options)
      : disk_(disk), options_(options) {}

  // A new process on the machine that is booted as `boot`.
  void Start(uint64_t boot = 1);
  // Until both stores are open and nothing is left to do, or it has failed.
  void StartAndSettle(uint64_t boot = 1);
  bool IsOpen() const;

  bool RunOne();
  void Settle();
  void Advance(Duration duration);

  // To the store; returns the ticket.
  uint32_t Put(std::string key, std::string value,
               StoreId store = StoreId::kUser);
  uint32_t Delete(std::string key, StoreId store = StoreId::kUser);
  bool IsAnswered(uint32_t ticket) const;
  void Compact();
  void SaveRing(const std::string& ring);
  // Every one of these keys: "-" absent, "x" deleted, "!" unreadable.
  Content Read(const std::vector<std::string>& keys,
               StoreId store = StoreId::kUser);

  void Take(std::string_view name);
  // Takes one and settles.
  SnapshotJob::Report TakeAndSettle(std::string_view name);
  std::vector<SnapshotJob::Report>& reports() { return reports_; }

  DataDirectory& directory() { return *directory_; }
  SnapshotJob& snapshots() { return *snapshots_; }
  Store& store(StoreId id) {
    return id == StoreId::kUser ? *user_store_ : *hint_store_;
  }
  WallTime wall;
  bool SawMark(std::string_view mark) const;

 private:
  struct Answer {
    StoreStatus status = StoreStatus::kOk;
    std::string value;
  };
  template <typename Action>
  void Do(const Action& action) {
    Effects effects;
    Turn turn{{now_, wall}, effects, timers_};
    action(turn);
    AfterStep(turn);
    for (DiskEffect& effect : effects.disk) disk_.Submit(std::move(effect));
    for (const std::string_view mark : effects.marks) marks_.emplace_back(mark);
    more_ |= effects.more;
  }
  void AfterStep(Turn& turn);
  void Boot(Turn& turn);
  uint32_t Issue(StorePut put, StoreId store);

  MemoryDisk& disk_;
  Options options_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<SpaceGovernor> space_;  // Of a disk that cannot tell.
  std::unique_ptr<Store> user_store_;
  std::unique_ptr<Store> hint_store_;
  std::unique_ptr<SnapshotJob> snapshots_;
  bool are_opening_ = false;
  bool has_recovered_ = false;
  bool has_noted_ = false;
  TimerHeap timers_;
  Instant now_{1};
  bool more_ = false;
  uint32_t next_ticket_ = 1;
  std::map<uint32_t, Answer> answers_;
  std::vector<SnapshotJob::Report> reports_;
  std::vector<std::string> marks_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_DIRECTORY_DRIVER_H_
