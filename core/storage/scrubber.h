// core/storage/scrubber.h
//
// Scrubber reads every sealed file again, so that what rots is found while
// other copies of it live, whether or not anybody asks for it (storage section
// 9; Schroeder, Damouras and Gill, "Understanding Latent Sector Errors and How
// to Protect Against Them", 2010).
//
// One file at a time, spread evenly over EngineOptions::scrub_pass, from the
// disk rather than from the page cache: header block, every record, what lies
// between them, and the index snapshot.  The manifest knows how far a pass
// came.
//
//   a record is not there -> DAMAGE, its key is repaired from other replicas
//   only something beside the records is not as written -> compaction rewrites
//     the file
//   its index snapshot is not as written, or not of these records -> it is made
//     again
//   the disk gives an error -> page by page; a page that it does not give is
//     damage, after a second try
//
// Invariants:
//   SCR-1  It changes nothing but what it says of damage.
//   SCR-2  A file is called damaged only after it was read twice.
//   SCR-3  Every sealed file is looked at within a pass, restarts aside: after
//          a start the first one waits for kAfterStart at most.
//
// Threading: engine thread.  Cost: limits.scrub_rate bytes a second while it
// reads; memory one piece and 8 bytes a record.

#ifndef ORRERY_CORE_STORAGE_SCRUBBER_H_
#define ORRERY_CORE_STORAGE_SCRUBBER_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ready_list.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/counters.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/file_audit.h"
#include "core/storage/file_scan.h"
#include "core/storage/file_table.h"
#include "core/storage/index_snapshot_reader.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest_log.h"
#include "core/storage/store_context.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

class Scrubber {
 public:
  static constexpr Duration kAfterStart = 10 * kMinute;

  Scrubber(StoreContext& context, FileTable& files, const KeyIndex& index,
           ManifestLog& manifest)
      : context_(context), files_(files), index_(index), manifest_(manifest) {}

  // The store is open.
  void Start(Turn& turn);
  // All files from the first on, one after the other, as an operator asks.
  TaskAnswer CheckAll(Turn& turn);
  bool IsIdle() const { return step_ == Step::kIdle; }
  void Count(StoreCounters* counters) const;
  // No further file is begun.
  void Stop() { is_stopped_ = true; }

  void OnTimer(Turn& turn);
  void OnDiskDone(const DiskDone& part, Turn& turn);
  void OnFileOpened(uint16_t slot, Turn& turn);
  void OnFileFailed(uint16_t slot, Turn& turn);
  void OnTick(Turn& turn);
  // Appends where the values are in what was read.
  void FindValues(const DiskDone& done, std::vector<ByteSpan>* spans) const;

  // Whether a file lacks its index snapshot that had one, since it was asked.
  bool TakeFoundBadIndex() { return std::exchange(found_bad_index_, false); }
  // Entries whose records are not there.
  std::vector<DamagedEntry>& TakeDamaged() { return damaged_.Take(); }
  // New damage, all of whose entries were among those.
  std::vector<DamageRange>& TakeLookedInto() { return looked_into_.Take(); }

  ORRERY_FIELDS(step_, transfer_, slot_, scan_, audit_, snapshot_,
                has_strange_row_, found_bad_index_, is_second_, is_header_bad_,
                is_pressed_, begins_anew_, is_stopped_, damaged_, looked_into_)

 private:
  enum class Step : uint8_t {
    kIdle = 0,
    kOpen,
    kDropCache,
    kReadHeader,
    kRead,
    kPause,
    kMarkDamaged,
    kReadIndex,
  };

  void Submit(Step step, DiskEffect effect, Turn& turn);
  void Emit(DiskEffect effect, Turn& turn) const;
  std::optional<uint16_t> NextFile() const;
  void Begin(uint16_t slot, Turn& turn);
  void DropCache(Turn& turn);
  void ReadHeader(Turn& turn);
  void OnHeaderRead(const DiskDone& done, Turn& turn);
  void ReadPiece(Turn& turn);
  void OnPieceRead(const DiskDone& part, Turn& turn);
  void FinishScan(Turn& turn);
  void SayDamage(Turn& turn);
  void CheckIndex(Turn& turn);
  void OnIndexStep(const DiskDone& part, Turn& turn);
  void EndIndex(Turn& turn);
  void PauseFor(uint64_t bytes, Turn& turn);
  void FinishFile(Turn& turn);
  void ArmNext(Duration after, Turn& turn) const;
  Duration Spacing() const;
  FileNumber file_number() const;

  StoreContext& context_;
  FileTable& files_;
  const KeyIndex& index_;
  ManifestLog& manifest_;

  Step step_ = Step::kIdle;
  WholeTransfer transfer_;
  uint16_t slot_ = 0;
  std::optional<FileScan> scan_;
  FileAudit audit_;
  std::optional<IndexSnapshotReader> snapshot_;
  bool has_strange_row_ = false;  // Of no record that was seen.
  bool found_bad_index_ = false;
  bool is_second_ = false;
  bool is_header_bad_ = false;
  bool is_pressed_ = false;   // An operator waits: file after file.
  bool begins_anew_ = false;  // After the file that is being read.
  bool is_stopped_ = false;
  ReadyList<DamagedEntry> damaged_;
  ReadyList<DamageRange> looked_into_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_SCRUBBER_H_
