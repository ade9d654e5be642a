// sim/sim_disk.h
//
// SimDisk is the data directory of one simulated machine, behind the same port
// as the real one.  It outlives processes: a process crash keeps what was
// written, a power loss keeps what was synced and some of the rest.
//
// An operation takes effect when it completes, after a latency that is keyed
// by its number.  When the process dies, each operation in flight either
// happened or did not.
//
// Invariants:
//   DSK-1  Exactly one completion per operation, never inside Submit; none
//          for an operation of a dead process.
//   DSK-2  A sync promises the writes that completed before it was submitted.
//
// Faults: stalls, slowness, operations that later ones overtake, no space, no
// handles, a read-only file system, failed syncs (the pages then count as
// clean and their old bytes are on the disk), reads and writes that fail, once
// or for a while, or move fewer bytes than asked.  And those that no error
// tells of (sim_disk_damage.cc): rot of bytes at rest, writes that are
// acknowledged and land elsewhere or nowhere, a file that is gone.  What they
// took is in TakeStruck().

#ifndef ORRERY_SIM_SIM_DISK_H_
#define ORRERY_SIM_SIM_DISK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/lookup_map.h"
#include "core/ports/disk.h"
#include "core/protocol/disk.h"
#include "sim/directory_tree.h"
#include "sim/disk_census.h"
#include "sim/event_queue.h"
#include "sim/file_image.h"
#include "sim/scenario.h"
#include "sim/settings.h"
#include "sim/tally.h"

namespace orrery::sim {

// Whether a fault that no error tells of may take what it would take.
class StrikeJudge {
 public:
  virtual ~StrikeJudge() = default;
  virtual bool Permits(uint32_t node, const Struck& struck) = 0;
};

class SimDisk : public DiskPort {
 public:
  struct Options {
    uint64_t seed = 1;
    uint32_t node = 0;
    uint64_t capacity = 1ull << 34;
  };

  SimDisk(const Options& options, const Noise& noise, EventQueue& queue,
          Tally& tally);

  // From the process that StartProcess named.
  void Submit(DiskEffect effect) override;
  // The queue popped a kDiskDone of this node.  Nothing: that process is dead.
  std::optional<DiskDone> Complete(const Occasion& occasion);

  void StartProcess(uint32_t process);
  void EndProcess();
  // REQUIRES: no process.
  void LosePower(std::optional<uint32_t> keep, std::optional<uint32_t> torn);
  void Wipe();
  // The newest snapshot, by name, takes the place of the data directory.
  // False: there is none.  REQUIRES: no process.
  bool Restore();
  void Fault(const DiskStep& step);
  // Without one every strike is permitted.
  void SetJudge(StrikeJudge& judge) { judge_ = &judge; }
  bool HasStruck() const { return !struck_.empty(); }
  // What was damaged since the last call, in order of time.
  std::vector<Struck> TakeStruck() { return std::exchange(struck_, {}); }
  // W, as a recovery would find it now: what no watermark in these files covers
  // looks like a tail that was never written.
  LogPlace DurablePlace(DiskTarget::Kind of) const;
  // The user records that hold, there and behind, in no order.
  std::vector<StoredRecord> RecordsFrom(DiskTarget::Kind of,
                                        LogPlace from) const;

  // And writes: what was not synced by then may be gone with the process.
  uint32_t failed_syncs() const { return failed_syncs_; }
  // Whether it ever gave an error that is not for lack of space.
  bool HasFailed() const { return has_failed_; }
  // Steps that made it worse.
  uint32_t faults() const { return faults_; }
  // Whether one of them is at work.
  bool IsFaulty() const;
  // Reads that failed or gave bytes that are not what was written, so far.
  uint64_t lies() const { return lies_; }
  // In blocks, of files that are unlinked and open too.
  uint64_t used_bytes() const { return used_bytes_; }
  uint64_t free_bytes() const;
  // Of the process: files it has open, operations that have not completed.
  uint64_t open_files() const { return open_.size(); }
  uint64_t operations_under_way() const {
    return operations_.size() - free_operations_.size();
  }

 private:
  struct Inode {
    uint64_t number = 0;
    FileImage image;
    std::string path;  // As it was opened, or renamed to.
    uint32_t opens = 0;
    // Without a name, until its directory is synced: a power loss may give the
    // name back, and all that was in the file.  Its space is free.
    bool is_ghost = false;
  };
  struct Operation {
    DiskEffect effect;
    uint64_t number = 0;
    Instant at;         // When it completes.
    uint64_t upto = 0;  // kSync, kSyncDir: writes or changes before it.
    bool pending = false;
  };

  Duration LatencyOf(const DiskEffect& effect, uint64_t number);
  DiskDone Perform(Operation& operation);
  void PerformOnFile(Operation& operation, DiskDone* done);
  void PerformOnNames(const DiskEffect& effect, DiskDone* done);
  void MakeDirectory(const DiskEffect& effect, DiskDone* done);
  DiskError RefusalOfRename(const DiskEffect& effect, bool is_directory) const;
  void Rename(const DiskEffect& effect, uint64_t moved, DiskDone* done);
  void Link(const DiskEffect& effect, uint64_t inode, DiskDone* done);
  void Lock(const DiskEffect& effect, DiskDone* done);
  void Open(const DiskEffect& effect, DiskDone* done);
  void Read(const Operation& operation, const FileImage& image, DiskDone* done);
  void Write(const Operation& operation, Inode& inode, DiskDone* done);
  static std::string_view WholeOf(const DiskEffect& effect,
                                  std::string* joined);
  bool FailsToRead(uint64_t number);
  bool FailsToWrite();
  uint64_t MovedBytes(uint64_t asked, uint64_t number);
  bool IsOvertaking(uint64_t number) const;
  Instant LastOf(FileNumber file) const;

  struct Spot {
    std::string path;
    Inode* inode = nullptr;
    uint64_t offset = 0;
  };
  std::vector<std::string> PathsOf(DiskTarget::Kind of) const;
  std::optional<Spot> SpotOf(const DiskStep& step);
  std::optional<Spot> SpotOfKey(const DiskStep& step);
  bool Strikes(Struck struck);
  void Rot(const DiskStep& step);
  void LoseFile(const DiskStep& step);
  void LoseWrite(const Inode& inode, uint64_t offset, std::string_view bytes);
  void Misdirect(const DiskStep& step, uint64_t offset, std::string_view bytes);

  void Sync(const Operation& operation, FileImage& image, DiskDone* done);
  void ApplyTorn(const Operation& operation, uint64_t fate);
  Inode* InodeOf(FileNumber file);
  Inode& InodeNumber(uint64_t number);
  bool HasSpace(const FileImage& image, uint64_t end) const;
  static uint64_t BlocksOf(uint64_t bytes) {
    return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  }
  // Changes one file and keeps `used_bytes_` right.
  template <typename Change>
  void Alter(FileImage& image, Change change) {
    used_bytes_ -= BlocksOf(image.size());
    change(image);
    used_bytes_ += BlocksOf(image.size());
  }
  void ForgetIfUnnamed(uint64_t number);
  void ForgetUnnamed();

  Options options_;
  const Noise& noise_;
  EventQueue& queue_;
  Tally& tally_;

  DirectoryTree tree_;
  absl::btree_map<uint64_t, std::unique_ptr<Inode>> inodes_;
  uint64_t next_inode_ = 1;
  uint64_t used_bytes_ = 0;           // Of all of them.
  LookupMap<uint32_t, Inode*> open_;  // By FileNumber.
  std::vector<std::string> locks_;

  std::vector<Operation> operations_;
  std::vector<uint32_t> free_operations_;
  uint64_t submitted_ = 0;
  uint32_t process_ = 0;  // 0: none.
  uint32_t power_losses_ = 0;
  uint32_t failed_syncs_ = 0;
  bool has_failed_ = false;
  uint32_t faults_ = 0;

  Instant stalled_until_;
  Duration slower_by_;
  bool full_ = false;
  uint64_t capacity_;  // Less than options_ say while there is little room.
  bool sync_fails_ = false;
  bool reads_fail_ = false;
  bool writes_fail_ = false;
  bool read_fails_once_ = false;
  bool write_fails_once_ = false;
  bool read_only_ = false;
  bool no_handles_ = false;
  std::optional<DiskStep> astray_;  // What becomes of the next such write.
  StrikeJudge* judge_ = nullptr;
  std::vector<Struck> struck_;
  uint64_t lies_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SIM_DISK_H_
