// core/storage/recovery.h
//
// Recovery brings the files of one store back into an index (storage section
// 3):
//
//   directories made -> manifest read -> of every listed file the index
//   snapshot read, else its data scanned -> W found -> unsealed files judged ->
//   records resolved by seq -> a manifest of a new generation written -> what
//   it does not list removed
//
// A snapshot stands for the data of a sealed file in which nothing is known to
// be damaged: then rot in it is not found here, but when the record is read,
// compacted or scrubbed.  Where data that was scanned does not hold, the
// snapshot names the keys that died, and only they are in doubt; without one
// nobody can tell which, and the whole store is.  Where the manifest is lost no
// snapshot is trusted, for nothing says what it must agree with.
//
// What was written and not synced before a process crash is synced before the
// manifest seals it.  Before that nothing but copies of cut bytes (quarantine)
// is written, so a crash at any point leaves the same input; after
// it, every file is sealed at a known length, so that the next recovery sees
// the same content (I5).  No file that was recovered is appended to.
//
// Invariants:
//   RVR-1  Every record in the index verified at its place, or has a row in an
//          index snapshot that the manifest agrees with; the newest seq of each
//          key wins.
//   RVR-2  Nothing acknowledged that is missing goes unreported: its key is
//          marked as damaged, or the store is suspect.
//   RVR-3  Ends in a number of steps bounded by the bytes on the disk.
//   RVR-4  A disk that gives an error is no disk that has nothing: the start
//          fails, and nothing is cut.  Only the bad sectors of a sealed file
//          are damage, which is marked and changes no byte.
//   RVR-5  A key whose newest record ranks below an older one is in doubt: the
//          older one could not be read when the newest took its place.
//
// Threading: engine thread.  Cost: one read of every index snapshot, or data
// file.

#ifndef ORRERY_CORE_STORAGE_RECOVERY_H_
#define ORRERY_CORE_STORAGE_RECOVERY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/awaited_keys.h"
#include "core/storage/file_scan.h"
#include "core/storage/file_table.h"
#include "core/storage/header_block.h"
#include "core/storage/index_snapshot_reader.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest.h"
#include "core/storage/manifest_log.h"
#include "core/storage/recovered_file.h"
#include "core/storage/segment_scan.h"
#include "core/storage/store_context.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

class Recovery {
 public:
  Recovery(StoreContext& context, FileTable& files, KeyIndex& index,
           ManifestLog& manifest, AwaitedKeys& awaited)
      : context_(context),
        files_(files),
        index_(index),
        manifest_(manifest),
        awaited_(awaited) {}

  void Start(Turn& turn);
  void OnDiskDone(const DiskDone& part, Turn& turn);
  // Appends where the values are in what was read.
  void FindValues(const DiskDone& done, std::vector<ByteSpan>* spans) const;
  // End of a turn: what was read is looked at while the disk reads on.
  void OnTick(Turn& turn);
  void OnFileOpened(uint16_t slot, Turn& turn);
  void OnFileFailed(uint16_t slot, Turn& turn);
  // The manifest log got further: started, full or failed.
  void OnManifestChanged(Turn& turn);

  bool IsDone() const {
    return step_ == Step::kDone || step_ == Step::kLateCleanup;
  }
  const std::string& failure() const { return failure_; }
  // It failed over a format that is not this program's, and not over the disk.
  bool IsRefused() const { return step_ == Step::kRefused; }
  // REQUIRES: IsDone().
  uint64_t next_seq() const;

  ORRERY_FIELDS(step_, transfer_, failure_, directories_, next_directory_,
                names_, quarantined_, manifest_generation_, manifest_size_,
                manifest_bytes_, state_, is_suspicious_, found_, next_file_,
                scan_, snapshot_, snapshot_rows_, is_naming_, seen_,
                repaired_gaps_, named_, cuts_, next_cut_, next_sync_,
                AsValue(cut_bytes_), was_tail_unsynced_, was_tail_cut_,
                max_seq_, records_, outranking_, met_before_, cleanup_,
                next_cleanup_, is_late_)

 private:
  enum class Step : uint8_t {
    kNew = 0,
    kMakeDir,
    kSyncParent,
    kList,
    kListQuarantine,
    kStatManifest,
    kOpenManifest,
    kReadManifest,
    kCloseManifest,
    kStatFile,
    kOpenFile,
    kDropCache,
    kReadHeader,
    kReadPiece,
    kReadCut,
    kOpenBad,
    kWriteBad,
    kCloseBad,
    kSyncTail,
    kRoll,
    kCleanup,
    kDone,
    kFailed,
    kLateCleanup,  // The manifest found its space after the store was open.
    kReadIndex,
    kRefused,  // Failed: a file is of a format that this program cannot read.
  };
  // A record that could not be read; its snapshot tells of it.
  struct Named {
    KeyHash hash;
    uint64_t timestamp = 0;
    DamageRange range;
    ORRERY_FIELDS(hash, timestamp, range)
  };

  void Submit(Step step, DiskEffect effect, Turn& turn);
  void MakeNextDirectory(Turn& turn);
  void OnListed(const DiskDone& done, Turn& turn);
  void OnManifestRead(Turn& turn);
  void RebuildWithoutManifest();
  void ScanNextFile(Turn& turn);
  void OnFileStat(const DiskDone& done, Turn& turn);
  void LookAtFile(Turn& turn);
  void OnFileReady(Turn& turn);
  void ReadHeader(Turn& turn);
  void OnHeaderRead(const DiskDone& done, Turn& turn);
  void FailUnread(uint64_t offset, DiskError error, Turn& turn);
  void ReadPiece(Turn& turn);
  void OnPieceRead(const DiskDone& part, Turn& turn);
  void TakeItems();
  void StartScan(Turn& turn);
  void FinishScan(Turn& turn);
  void FinishFile(Turn& turn);

  bool WasMetBefore(const SnapshotRow& row) const;
  bool IsListedDamaged(uint64_t id) const;
  bool StandsForData(const RecoveredFile& file) const;
  bool WantsNames(const RecoveredFile& file) const;
  void OpenSnapshot(Turn& turn);
  void EmitSnapshotStep(DiskEffect effect, Turn& turn);
  void OnSnapshotStep(const DiskDone& part, Turn& turn);
  void TakeSnapshotRow(const SnapshotRow& row);
  void EndSnapshot(Turn& turn);
  bool WasRepaired(const SnapshotRow& row) const;
  void FindRepairedGaps();
  void SettleNames(Turn& turn);
  void SettleNamesOf(const RecoveredFile& file, size_t* next, Turn& turn);
  bool AreKeysKnown(uint64_t file) const;

  void JudgeFiles(Turn& turn);
  void ApplyVerdict(RecoveredFile& file, const FileVerdict& verdict,
                    Turn& turn);
  static bool Wins(const RecoveredRow& row, const IndexEntry& indexed);
  bool IsAwaited(const Named& record) const;
  void NoteLost(const IndexEntry& indexed, const RecoveredRow& row,
                uint16_t slot);
  void KeepWhatOutranks();
  void Resolve(const RecoveredRow& row, uint16_t slot);
  void DecideSuspicion(Turn& turn);
  void AddSuspicion(SuspectReason reason);
  void QuarantineNext(Turn& turn);
  void SyncNextTail(Turn& turn);
  void Roll(Turn& turn);
  void PlanCleanup();
  void CleanupNext(Turn& turn);
  void Finish(Turn& turn);
  void ReleaseCuts(Turn& turn);
  void FailAt(const std::string& path, std::string_view what, DiskError error,
              Turn& turn);
  void Fail(const std::string& why, Turn& turn);
  void Refuse(std::string_view path, const FileFormat& format, Turn& turn);
  void OnManifestStep(const DiskDone& done, Turn& turn);
  void OnCutDone(const DiskDone& done, Turn& turn);

  StoreContext& context_;
  FileTable& files_;
  KeyIndex& index_;
  ManifestLog& manifest_;
  AwaitedKeys& awaited_;

  Step step_ = Step::kNew;
  WholeTransfer transfer_;
  std::string failure_;
  std::vector<std::pair<std::string, std::string>> directories_;  // And parent.
  size_t next_directory_ = 0;
  std::vector<std::string> names_;
  std::vector<std::string> quarantined_;

  uint64_t manifest_generation_ = 0;  // Highest on the disk.
  uint64_t manifest_size_ = 0;
  ByteBuffer manifest_bytes_;
  ManifestState state_;
  bool is_suspicious_ = false;  // The manifest is lost.

  std::vector<RecoveredFile> found_;
  size_t next_file_ = 0;
  std::optional<FileScan> scan_;

  std::optional<IndexSnapshotReader> snapshot_;
  uint64_t snapshot_rows_ = 0;  // Taken of it.
  bool is_naming_ = false;      // It only tells what the scan did not see.
  std::vector<uint64_t> seen_;  // By the scan: offsets, in order.
  std::vector<DamageRange> repaired_gaps_;  // Of that file, in order.
  std::vector<Named> named_;                // By file.

  struct Cut {
    uint16_t slot = 0;
    uint64_t file = 0;
    uint64_t from = 0;
    uint64_t upto = 0;    // What is copied.
    uint64_t length = 0;  // What the file keeps.
    bool is_dropped = false;
    ORRERY_FIELDS(slot, file, from, upto, length, is_dropped)
  };
  std::vector<Cut> cuts_;
  size_t next_cut_ = 0;
  size_t next_sync_ = 0;
  Bytes cut_bytes_;
  bool was_tail_unsynced_ = false;
  bool was_tail_cut_ = false;
  uint64_t max_seq_ = 0;
  uint64_t records_ = 0;
  // Seen to rank above its key's newest record so far (RVR-5).
  struct Outranking {
    KeyHash hash;
    uint64_t timestamp = 0;
    uint16_t slot = 0;
    ORRERY_FIELDS(hash, timestamp, slot)
  };
  std::vector<Outranking> outranking_;
  absl::btree_set<KeyHash> met_before_;  // RecoveredRow::met_before.
  std::vector<DiskEffect> cleanup_;
  size_t next_cleanup_ = 0;
  bool is_late_ = false;  // Nothing is removed yet.
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_RECOVERY_H_
