// core/storage/store_snapshot.h
//
// StoreSnapshot makes one store's part of a snapshot, in a directory that is
// there and empty:
//
//   the active file sealed -> at the moment that its SEAL edit is durable, the
//   sealed files are the snapshot: pinned -> linked, one by one -> a manifest
//   of just these -> directory synced -> unpinned
//
// Nothing is copied: the store goes on meanwhile, and what compaction replaces
// keeps its blocks by the links.  It knows no IDENTITY and no name of the
// snapshot, and removes nothing when it fails: that is SnapshotJob's.
//
// Invariants:
//   SSN-1  What is linked is exactly the state at one place of the log, which
//          is behind all that was answered before Begin (A6).
//   SSN-2  What is linked is pinned until its link is there: no compaction
//          unlinks it before (A7, FIL-1).
//   SSN-3  Exactly one result for each Begin.
//
// Threading: engine thread.  Cost: O(files), one operation at a time.

#ifndef ORRERY_CORE_STORAGE_STORE_SNAPSHOT_H_
#define ORRERY_CORE_STORAGE_STORE_SNAPSHOT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/file_table.h"
#include "core/storage/manifest.h"
#include "core/storage/manifest_log.h"
#include "core/storage/segment_writer.h"
#include "core/storage/store_context.h"
#include "core/storage/whole_file.h"

namespace orrery {

class StoreSnapshot {
 public:
  StoreSnapshot(StoreContext& context, FileTable& files,
                const ManifestLog& manifest, SegmentWriter& writer)
      : context_(context),
        files_(files),
        manifest_(manifest),
        writer_(writer) {}

  // REQUIRES: IsIdle(), the last result was taken.
  void Begin(std::string directory, Turn& turn);
  bool IsIdle() const { return step_ == Step::kIdle; }
  std::optional<StoreSnapshotResult> TakeResult();

  void OnDiskDone(const DiskDone& done, Turn& turn);
  // The file's SEAL edit became durable just now.
  void OnSealed(uint64_t file, Turn& turn);
  // The writer may have failed.
  void OnWriterChanged(Turn& turn);

  ORRERY_FIELDS(step_, directory_, awaited_, state_, links_, next_link_, bytes_,
                manifest_file_, result_)

 private:
  enum class Step : uint8_t {
    kIdle = 0,
    kAwaitSeal,
    kLink,
    kManifest,
    kSyncDir,
  };
  struct Link {
    uint64_t file = 0;
    uint16_t slot = 0;
    ORRERY_FIELDS(file, slot)
  };

  void Emit(DiskEffect effect, Turn& turn) const;
  void FixState(Turn& turn);
  void LinkNext(Turn& turn);
  void WriteManifest(Turn& turn);
  void Fail(DiskError error, const std::string& path, Turn& turn);
  void Finish(DiskError error, Turn& turn);

  StoreContext& context_;
  FileTable& files_;
  const ManifestLog& manifest_;
  SegmentWriter& writer_;

  Step step_ = Step::kIdle;
  std::string directory_;
  uint64_t awaited_ = 0;  // The file whose SEAL edit is awaited.
  ManifestState state_;   // Of the snapshot.
  std::vector<Link> links_;
  size_t next_link_ = 0;
  uint64_t bytes_ = 0;
  WholeFile manifest_file_;
  std::optional<StoreSnapshotResult> result_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_STORE_SNAPSHOT_H_
