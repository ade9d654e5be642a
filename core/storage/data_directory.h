// core/storage/data_directory.h
//
// DataDirectory is the conversation with one data directory about whose it is:
// LOCK, IDENTITY and RING.  It decides whether this process may start here and
// under which generation.  It knows no record, no store and no peer.
//
// At a start: lock; read RING; read IDENTITY (or format it); raise the
// generation, lease the next seqs, mark as not clean; sync.  Only then is
// phase() kOpen.  Later saves are queued and done in order.
//
// The boot id and the inode in IDENTITY are those of the last start whose
// recovery ended (MarkRecovered), not of the last start: a process that dies
// while it recovers must not take with it what a power loss means for the
// stores.  They also move after a clean stop, which leaves nothing to doubt.
//
// Invariants:
//   DIR-1  identity().generation was never durable before this start, and is
//          when phase() is kOpen.  Nor was it the generation of a process on
//          the directory that this one was copied from: the first of all is the
//          wall clock's second, and that of a copy 2^20 above it, which is how
//          many starts more than one a second it leaves room for.
//   DIR-2  A token is in TakeSaved() only after what it names is synced.
//   DIR-3  A foreign or newer directory is never written to.
//   DIR-4  machine_restarted() and moved() hold at every start until one
//          reaches MarkRecovered or a clean stop, and after MarkDoubtful again.
//   DIR-5  A full disk fails no save of RING: it waits, and what else there is
//          to save goes on.  (IDENTITY is overwritten in place.)
//
// Files, relative to the data directory (the shell has made it): LOCK,
// IDENTITY, RING, RING.tmp.  Its own directory is named ".".  Completions are
// those of DiskOwner kIdentity and kRing; file numbers are 1 to 15.
//
// Threading: engine thread.  Cost: a handful of disk operations per call.

#ifndef ORRERY_CORE_STORAGE_DATA_DIRECTORY_H_
#define ORRERY_CORE_STORAGE_DATA_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/ready_list.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/identity.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

class DataDirectory {
 public:
  struct OpenOptions {
    std::string node_name;
    StorageId fresh_storage;  // Used only if the directory is formatted.
    Id128 fresh_index_seed;   // Likewise.
    Id128 boot_id;
    ORRERY_FIELDS(node_name, fresh_storage, fresh_index_seed, boot_id)
  };
  // REQUIRES: called once, first.
  void Open(const OpenOptions& options, Turn& turn);
  void OnDiskDone(const DiskDone& part, Turn& turn);

  enum class Phase : uint8_t { kOpening = 1, kOpen = 2, kFailed = 3 };
  Phase phase() const { return phase_; }
  const std::string& failure() const { return failure_; }
  // Locked by another process, or the disk failed: 1.  Another node's, or of a
  // newer format: 2.
  int failure_exit_code() const { return failure_exit_code_; }

  // REQUIRES for all below: phase() is, or was, kOpen.
  const Identity& identity() const { return identity_; }
  // The boot id changed since the last recovery and there was no clean stop:
  // unsynced writes may be gone.  Also if a slot is damaged, which may have
  // been the one that says so, or if the process before this one had doubt that
  // it could not save.
  bool machine_restarted() const { return machine_restarted_; }
  bool was_clean() const { return was_clean_; }
  bool fresh() const { return fresh_; }
  // IDENTITY has another inode than it names, or says that it is a snapshot's:
  // the directory was copied or restored.
  bool moved() const { return moved_; }
  // The payload of RING as read at the start, or as last saved.
  const std::optional<Bytes>& ring() const { return ring_; }
  // There is a cluster id, and RING cannot be read.
  bool ring_unreadable() const { return ring_unreadable_; }

  // The bytes of IDENTITY and RING in a snapshot of this directory, as of now.
  // No RING: there is none here.
  Bytes IdentityOfSnapshot() const;
  std::optional<Bytes> RingOfSnapshot() const;

  // The cluster id goes into IDENTITY first if it is new, then RING is
  // replaced.
  void SaveRing(uint64_t token, ClusterId cluster, Bytes ring, Turn& turn);
  // Raises hlc_high; lower values are ignored.
  void SaveHlcHigh(uint64_t hlc_high, Turn& turn);
  // What hlc_high is durable: no stamp above it may be drawn.
  uint64_t durable_hlc_high() const { return durable_hlc_high_; }
  // The stores are recovered, and their suspicions are durable (DIR-4).
  void MarkRecovered(Turn& turn);
  // They found doubt that they cannot say: the next start is told, as after a
  // power loss, unless MarkRecovered comes first.  If the disk takes nothing,
  // no start is told, and this process goes on.
  void MarkDoubtful(Turn& turn);
  void MarkClean(uint64_t token, Turn& turn);
  // kDirectoryRetry: perhaps there is space again.
  void OnRetry(Turn& turn);

  // Tokens that became durable since the last call.  A failed save: kFailed.
  std::vector<uint64_t>& TakeSaved() { return saved_.Take(); }

  // RING found no space since the last call.
  bool TakeNoSpace() { return std::exchange(no_space_, false); }

  // A save that does not wait for space is under way.
  bool IsSaving() const { return step_ != Step::kIdle || !jobs_.empty(); }
  bool IsIdle() const {
    return step_ == Step::kIdle && jobs_.empty() && waiting_.empty();
  }
  uint64_t StateDigest() const;

  ORRERY_FIELDS(options_, phase_, step_, identity_open_, failure_,
                failure_exit_code_, identity_, slots_, inode_,
                machine_restarted_, was_clean_, fresh_, moved_,
                marked_doubtful_, ring_unreadable_, ring_, ring_file_bytes_,
                durable_hlc_high_, jobs_, waiting_, saved_, transfer_,
                no_space_)

 private:
  // The operation whose completion is awaited; one at a time.
  enum class Step : uint8_t {
    kIdle = 0,
    kLock,
    kOpenIdentity,
    kReadIdentity,
    kStatIdentity,
    kLookForData,
    kSetAside,
    kWriteIdentity,
    kSyncIdentity,
    kSyncDirAfterFormat,
    kStatRing,
    kOpenRing,
    kReadRing,
    kCloseRing,
    kOpenRingTmp,
    kWriteRingTmp,
    kSyncRingTmp,
    kCloseRingTmp,
    kRenameRing,
    kSyncDirAfterRing,
    kCloseRingForLack,
  };
  struct Job {
    enum class Kind : uint8_t {
      kRing = 1,
      kHlc = 2,
      kRecovered = 3,
      kClean = 4,
      kDoubtful = 5,
    };
    Kind kind = Kind::kHlc;
    uint64_t token = 0;
    ClusterId cluster;
    Bytes ring;
    uint64_t hlc_high = 0;
    ORRERY_FIELDS(kind, token, cluster, ring, hlc_high)
  };

  void Submit(Step step, DiskEffect effect, Turn& turn);
  void OnOpeningDone(const DiskDone& done, Turn& turn);
  void OnRingStep(const DiskDone& done, Turn& turn);
  bool OnAbsence(const DiskDone& done, Turn& turn);
  void OnSavingDone(const DiskDone& done, Turn& turn);
  void Judge(Turn& turn);
  void LookForData(Turn& turn);
  void OnDataLookedFor(const DiskDone& done, Turn& turn);
  void Format(Turn& turn);
  void RaiseGeneration(Turn& turn);
  void WriteIdentity(Turn& turn);
  void OnIdentitySynced(Turn& turn);
  void ReadRing(Turn& turn);
  void OpenIdentity(Turn& turn);
  void FinishOpen(Turn& turn);
  void WriteRing(Turn& turn);
  void StartNextJob(Turn& turn);
  void FinishJob(Turn& turn);
  static bool SavesRingFile(Step step);
  void SetRingAside(Turn& turn);
  static std::string_view DeedOf(Step step);
  void FailStep(DiskError error);
  void FailShort(std::string_view file, uint64_t count, uint64_t wanted);
  void Fail(std::string why, int exit_code);
  uint64_t NextSalt() const;

  OpenOptions options_;
  Phase phase_ = Phase::kOpening;
  Step step_ = Step::kIdle;
  WholeTransfer transfer_;
  bool identity_open_ = false;
  std::string failure_;
  int failure_exit_code_ = 0;
  Identity identity_;
  IdentitySlots slots_;  // As read at the start.
  uint64_t inode_ = 0;
  bool machine_restarted_ = false;
  bool was_clean_ = false;
  bool fresh_ = false;
  bool moved_ = false;
  bool marked_doubtful_ = false;
  bool ring_unreadable_ = false;
  std::optional<Bytes> ring_;
  size_t ring_file_bytes_ = 0;
  uint64_t durable_hlc_high_ = 0;
  std::deque<Job> jobs_;
  std::deque<Job> waiting_;  // Rings, in order: the disk is full (DIR-5).
  ReadyList<uint64_t> saved_;
  bool no_space_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_DATA_DIRECTORY_H_
