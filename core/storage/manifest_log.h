// core/storage/manifest_log.h
//
// ManifestLog makes edits durable, one at a time and in order, and rolls the
// manifest into a new generation when it has grown.
//
// A roll: write MANIFEST-<generation>.tmp with one BASE, sync, rename, sync the
// directory; only then does the next edit go there, and the old one is removed.
// A crash leaves the old or the new manifest, both complete.
//
// Invariants:
//   LOG-1  state() is exactly what the edits reported by TakeDurable() say.
//   LOG-2  No edit is submitted before the one before it is synced.
//   LOG-3  After a failed write or sync nothing is written any more; ENOSPC is
//          no failure: the edit did not happen, and Retry submits it again.
//
// Threading: engine thread.  Cost: one write and one sync per edit.

#ifndef ORRERY_CORE_STORAGE_MANIFEST_LOG_H_
#define ORRERY_CORE_STORAGE_MANIFEST_LOG_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/ready_list.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/manifest.h"
#include "core/storage/store_disk.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

// Whose edit it was: comes back in TakeDurable.
struct EditOrigin {
  enum class Kind : uint8_t {
    kNone = 0,  // Nobody waits.
    kAdd = 1,
    kSeal = 2,
    kPoison = 3,
    kSwap = 4,
    kDrop = 5,
  };
  Kind kind = Kind::kNone;
  uint64_t file = 0;
  ORRERY_FIELDS(kind, file)
};

class ManifestLog {
 public:
  explicit ManifestLog(const StoreDisk& disk) : disk_(disk) {}

  struct Start {
    StorageId storage;
    uint32_t generation = 0;  // Of the process start.
    uint64_t salt_seed = 0;
    uint64_t manifest_generation = 0;  // The one to write; above all seen.
    ManifestState state;
  };
  // Rolls into a manifest of its own; then IsStarted().
  void StartFrom(Start start, Turn& turn);
  bool IsStarted() const { return is_started_; }

  void Append(Edit edit, EditOrigin origin, Turn& turn);
  void OnDiskDone(const DiskDone& part, Turn& turn);
  std::vector<EditOrigin>& TakeDurable() { return durable_.Take(); }

  bool IsFailed() const { return is_failed_; }
  DiskError error() const { return error_; }  // Of which it failed.
  bool IsFull() const { return is_full_; }
  void Retry(Turn& turn);  // After kNoSpace.
  // Rolls now if that gives space back, and less than `room` is enough for it.
  void RollForRelief(uint64_t room, Turn& turn);
  // Only this process knows of some damage or doubt: there was no space to say
  // it, or the manifest has failed.
  bool HidesDoubt() const { return hides_doubt_; }
  bool IsIdle() const { return step_ == Step::kIdle && queue_.empty(); }

  const ManifestState& state() const { return state_; }
  uint64_t manifest_generation() const { return generation_; }

  ORRERY_FIELDS(step_, storage_, process_generation_, salt_seed_, state_,
                generation_, next_generation_, salt_, offset_, allocated_,
                next_edit_, roll_at_, base_end_, submitted_bytes_,
                grows_little_, roll_wanted_, is_started_, is_failed_, error_,
                is_full_, hides_doubt_, queue_, durable_, transfer_)

 private:
  enum class Step : uint8_t {
    kIdle = 0,
    kOpenTmp,
    kTruncateTmp,
    kWriteTmp,
    kSyncTmp,
    kRename,
    kSyncDir,
    kCloseOld,
    kUnlinkOld,
    kCloseTmp,  // Of a roll that found no space.
    kAllocate,
    kWrite,
    kSync,
  };
  struct Queued {
    Edit edit;
    EditOrigin origin;
    ORRERY_FIELDS(edit, origin)
  };

  void Submit(Step step, DiskEffect effect, Turn& turn);
  void Continue(Turn& turn);
  void StartRoll(Turn& turn);
  void WriteBase(Turn& turn);
  void OnRolled(Turn& turn);
  void WriteEdit(Turn& turn);
  void OnError(const DiskDone& done, Turn& turn);
  void LookForDoubt();
  uint64_t SaltOf(uint64_t generation) const;
  std::string TmpPath() const;

  const StoreDisk& disk_;
  Step step_ = Step::kIdle;
  WholeTransfer transfer_;
  StorageId storage_;
  uint32_t process_generation_ = 0;
  uint64_t salt_seed_ = 0;
  ManifestState state_;
  uint64_t generation_ = 0;       // In use; 0: none yet.
  uint64_t next_generation_ = 0;  // Of the roll.
  uint64_t salt_ = 0;
  uint64_t offset_ = 0;  // Where the next edit goes.
  uint64_t allocated_ = 0;
  uint64_t next_edit_ = 1;
  uint64_t roll_at_ = 0;
  uint64_t base_end_ = 0;  // Where the first edit went.
  uint64_t submitted_bytes_ = 0;
  bool grows_little_ = false;  // For want of space: by what one edit needs.
  bool roll_wanted_ = false;
  bool is_started_ = false;
  bool is_failed_ = false;
  DiskError error_ = DiskError::kNone;
  bool is_full_ = false;
  bool hides_doubt_ = false;  // The base, or an edit, that was not written.
  std::deque<Queued> queue_;
  ReadyList<EditOrigin> durable_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_MANIFEST_LOG_H_
