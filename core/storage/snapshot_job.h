// core/storage/snapshot_job.h
//
// SnapshotJob makes snapshots of a running node's data directory, one at a
// time:
//
//   snapshots/<name>.tmp made -> the user store's part, the hints store's part
//   (StoreSnapshot) -> RING, IDENTITY -> directories synced -> renamed to
//   snapshots/<name> -> snapshots/ synced
//
// A snapshot is a data directory.  A node that starts on it sees the flag in
// IDENTITY and takes part as one whose disk was restored (DataDirectory).
//
// At a start it removes what earlier processes left unfinished.  It removes no
// snapshot, and knows no file of a store.
//
// Invariants:
//   SNP-1  What has a name without ".tmp" is complete, and durable once it was
//          reported; whatever happens before leaves a ".tmp" or nothing.
//   SNP-2  No name is used twice, and no path leaves snapshots/.
//   SNP-3  Exactly one report for each Take; what failed is removed first.
//   SNP-4  IDENTITY is written last: every stamp and seq in the files lies
//          below what it leases.
//
// Completions are those of DiskOwner kSnapshot; file number 16.
//
// Threading: engine thread.  Cost: O(files), one operation at a time.

#ifndef ORRERY_CORE_STORAGE_SNAPSHOT_JOB_H_
#define ORRERY_CORE_STORAGE_SNAPSHOT_JOB_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/ready_list.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/data_directory.h"
#include "core/storage/store.h"
#include "core/storage/tree_removal.h"
#include "core/storage/whole_file.h"

namespace orrery {

inline constexpr size_t kSnapshotNameBytesMax = 64;

// 1 to 64 letters, digits, dots, dashes and underscores; the first is no dot,
// and the end is not ".tmp".
bool IsSnapshotName(std::string_view name);

class SnapshotJob {
 public:
  // Names that are remembered, in order; further ones are there, unlisted.
  static constexpr size_t kNamesMax = 1000;

  SnapshotJob(const DataDirectory& directory, Store& user_store,
              Store& hint_store)
      : directory_(directory),
        user_store_(user_store),
        hint_store_(hint_store) {}

  // REQUIRES: once, when both stores are open.
  void OnRecovered(Turn& turn);

  struct Report {
    enum class Outcome : uint8_t {
      kDone = 1,
      kBadName = 2,
      kExists = 3,
      kBusy = 4,  // One is being made, or leftovers are being removed.
      kFull = 5,  // No space for it.
      kFailed = 6,
      kStopping = 7,  // Nothing of it is done any more.
    };
    Handle asker;
    Outcome outcome = Outcome::kDone;
    std::string name;
    std::string path;    // Relative to the data directory.
    uint64_t files = 0;  // Of data, in both stores.
    uint64_t bytes = 0;
    ORRERY_FIELDS(asker, outcome, name, path, files, bytes)
  };
  // REQUIRES: OnRecovered was called.
  void Take(Handle asker, std::string_view name, Turn& turn);
  std::vector<Report>& TakeReports() { return reports_.Take(); }
  // Goes no further, unless it is all but done.
  void OnStop();

  void OnDiskDone(const DiskDone& done, Turn& turn);
  // The store whose turn it is may have ended its part.
  void Advance(Turn& turn);

  // Of the complete ones, as last seen, at a start or a Take: an operator may
  // have removed some since.
  const std::vector<std::string>& names() const { return names_; }
  bool IsIdle() const { return step_ == Step::kIdle; }
  uint64_t StateDigest() const;

  ORRERY_FIELDS(step_, report_, names_, leftovers_, removal_, file_, reports_)

 private:
  // What is under way; one operation at a time.
  enum class Step : uint8_t {
    kIdle = 0,
    kListLeftovers,
    kRemoveLeftover,
    kLookForName,
    kMakeSnapshots,
    kSyncTop,
    kClearTmp,
    kMakeTmp,
    kMakeShard,
    kMakeHints,
    kUserStore,
    kHintStore,
    kRing,
    kIdentity,
    kSyncShard,
    kSyncTmp,
    kRename,
    kSyncSnapshots,
    kRemoveFailed,
    kStopped,  // For good.
  };

  void Submit(Step step, DiskEffect effect, Turn& turn);
  void NoteNames(const DiskDone& done);
  void OnListed(const DiskDone& done, Turn& turn);
  void LookForName(const DiskDone& done, Turn& turn);
  void RemoveNextLeftover(Turn& turn);
  void OnRemovalStep(const DiskDone& done, Turn& turn);
  void OnPrepared(const DiskDone& done, Turn& turn);
  void OnFileStep(const DiskDone& done, Turn& turn);
  void OnFinishing(const DiskDone& done, Turn& turn);
  void WriteRing(Turn& turn);
  void WriteIdentity(Turn& turn);
  void OnError(DiskError error, Turn& turn);
  void Finish();
  std::string TmpPath(std::string_view inside = {}) const;

  const DataDirectory& directory_;
  Store& user_store_;
  Store& hint_store_;

  Step step_ = Step::kIdle;
  Report report_;  // Of the one that is being made.
  std::vector<std::string> names_;
  std::vector<std::string> leftovers_;  // To remove, the last first.
  TreeRemoval removal_;
  WholeFile file_;
  ReadyList<Report> reports_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_SNAPSHOT_JOB_H_
