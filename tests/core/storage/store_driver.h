// tests/core/storage/store_driver.h
//
// Drives one Store over a MemoryDisk: time, ticks, timers and completions.

#ifndef ORRERY_TESTS_CORE_STORAGE_STORE_DRIVER_H_
#define ORRERY_TESTS_CORE_STORAGE_STORE_DRIVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/protocol/timers.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "tests/core/storage/memory_disk.h"

namespace orrery {

inline Store::Options SmallStore() {
  Store::Options options;
  options.directory = "shard-0000";
  options.max_file_bytes = 64 << 10;
  options.limits.key_segments = 4;
  options.limits.allocate_step = 16 << 10;
  return options;
}

class StoreDriver {
 public:
  StoreDriver(MemoryDisk& disk, const Store::Options& options)
      : disk_(disk), options_(options) {}

  // Whose files they are, if another program made them.
  void OpenAs(const Store::Open& open) {
    open_ = open;
    generation_ = open.generation;
  }
  // As if so many processes had been there before.
  void SetGeneration(uint32_t generation) { generation_ = generation; }
  uint32_t generation() const { return generation_; }
  // A new process: generation rises, the old store is gone.
  void Start(bool machine_restarted = false);
  // As SIGTERM ends one, which the next start knows.
  void StopCleanly();
  // Until open or failed.
  void StartAndRecover(bool machine_restarted = false);
  // One completion, or the tick that is due.  False: nothing to do.
  bool RunOne();
  void Settle();
  // Lets time pass, timers included.
  void Advance(Duration duration);

  uint32_t Put(std::string key, std::string value, bool must_sync = false);
  uint32_t Delete(std::string key);
  uint32_t PutWith(StorePut put);
  uint32_t Get(std::string_view key);
  // Settles and returns the answer to a ticket.
  StoreReply ReplyTo(uint32_t ticket);
  std::optional<StoreReply> TryReply(uint32_t ticket);
  std::string ValueOf(std::string_view key);  // "-" absent, "x" deleted.

  Store& store() { return *store_; }
  // Until then a disk that was full once stays so.
  void StartSpace() {
    Do([&](Turn& turn) { space_->Start(turn); });
  }
  SpaceGovernor& space() { return *space_; }
  MemoryDisk& disk() { return disk_; }
  const std::vector<Note>& notes() const { return notes_; }
  bool SawMark(std::string_view mark) const;
  size_t CountNotes(Note::Kind kind) const;
  // Whether a recovery found no manifest that it could believe.
  bool SawManifestLost() const;
  std::vector<StoreReply> TakeReplies();
  std::vector<Store::Change> TakeChanges() { return store_->TakeChanges(); }

  // Every key was exchanged with the other owners.
  void EndKeyDoubts() {
    Do([&](Turn& turn) { store().EndKeyDoubts(turn); });
    Settle();
  }
  template <typename Action>
  void Do(const Action& action) {
    Effects effects;
    Turn turn{{now_, WallTime{now_.ns}}, effects, timers_};
    action(turn);
    while (space_->TakeNews()) store_->OnSpace(turn);
    for (DiskEffect& effect : effects.disk) disk_.Submit(std::move(effect));
    for (const std::string_view mark : effects.marks) marks_.emplace_back(mark);
    for (Note& note : effects.notes) notes_.push_back(std::move(note));
    more_ |= effects.more;
    store_->CheckInvariants();
  }

 private:
  MemoryDisk& disk_;
  Store::Options options_;
  std::unique_ptr<SpaceGovernor> space_;
  std::unique_ptr<Store> store_;
  TimerHeap timers_;
  Instant now_{1};
  bool more_ = false;
  bool was_clean_ = false;
  Store::Open open_{.storage = {{7, 9}}, .index_seed = {0x1234, 0x5678}};
  uint32_t generation_ = 0;
  uint32_t next_ticket_ = 1;
  std::vector<StoreReply> replies_;
  std::vector<std::string> marks_;
  std::vector<Note> notes_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_STORE_DRIVER_H_
