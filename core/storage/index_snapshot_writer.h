// core/storage/index_snapshot_writer.h
//
// IndexSnapshotWriter gives every sealed data file its index snapshot, in the
// background, whoever made the file: the writer, a compaction, or an earlier
// process.  One file at a time, in order of their ids:
//
//   read the data file, verify, keep a row a record -> write `*.index.tmp` ->
//   sync -> rename -> sync the directory
//
// The data is read again instead of collecting rows while it is appended: that
// verifies it once more, serves files of earlier processes too, and no put pays
// for it.
//
// A snapshot can always be made again, so nothing here is a failure of the
// store: without space, with an error of the disk, or with data that does not
// hold, the file goes without until the next start.  It has none either while
// the manifest lists damage in it: a snapshot that was made before names what
// died, and one that is made now would not.  Nor has a file with cells, which
// recovery must read.
//
// Invariants:
//   IXW-1  A snapshot takes its name only when all of it is synced.
//   IXW-2  It has a row for each record that the manifest counts: the data was
//          read, and count and digest agree.
//   IXW-3  The data file is pinned meanwhile: it is not unlinked before its
//          snapshot can be unlinked with it.
//
// Threading: engine thread.  Cost: per step one piece of 256 KiB, read or
// written; a part of the rows is sorted when it is written.  Memory: 48 bytes a
// record of one file, at most kSnapshotRowsMax.

#ifndef ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_WRITER_H_
#define ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/file_scan.h"
#include "core/storage/file_table.h"
#include "core/storage/index_snapshot.h"
#include "core/storage/manifest_log.h"
#include "core/storage/segment_scan.h"
#include "core/storage/store_context.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

// 192 MiB of rows; a file of the default size has at most half as many.
inline constexpr uint32_t kSnapshotRowsMax = uint32_t{1} << 22;

class IndexSnapshotWriter {
 public:
  IndexSnapshotWriter(StoreContext& context, FileTable& files,
                      const ManifestLog& manifest)
      : context_(context), files_(files), manifest_(manifest) {}

  // Files may be sealed that were not, or there is space that was not.
  void Wake() {
    is_awake_ = true;
    looked_upto_ = 0;
  }
  // Begins the next file if one waits and none is under way.
  void Pump(Turn& turn);
  // Begins no more: the store closes, and a stop does not wait.
  void Close() { is_closed_ = true; }
  bool IsIdle() const { return step_ == Step::kIdle; }

  void OnDiskDone(const DiskDone& part, Turn& turn);
  // Appends where the values are in what was read.
  void FindValues(const DiskDone& done, std::vector<ByteSpan>* spans) const;
  void OnFileOpened(uint16_t slot, Turn& turn);
  void OnFileFailed(uint16_t slot, Turn& turn);

  ORRERY_FIELDS(step_, is_awake_, looked_upto_, is_closed_, transfer_, slot_,
                source_, data_length_, scan_, scanned_, rows_, next_part_,
                encoder_, AsValue(buffer_), written_, submitted_)

 private:
  enum class Step : uint8_t {
    kIdle = 0,
    kOpenData,
    kReadData,
    kOpen,
    kClear,
    kWrite,
    kExtend,
    kSync,
    kClose,
    kRename,
    kSyncDir,
    kGiveUpClose,
    kGiveUpUnlink,
  };

  void Submit(Step step, DiskEffect effect, Turn& turn);
  void Emit(DiskEffect effect, Turn& turn) const;
  std::optional<uint64_t> FindFile() const;
  bool HasRoomFor(const ManifestFile& listed) const;
  bool MayHaveOne(const ManifestFile& listed) const;
  void Begin(uint64_t id, Turn& turn);
  void StartScan(Turn& turn);
  void Continue(Turn& turn);
  void OnPieceRead(const DiskDone& part, Turn& turn);
  bool TakeItem(const SegmentScan::Item& item);
  void FinishScan(Turn& turn);
  void WriteNext(Turn& turn);
  void OnWritten(const DiskDone& done, Turn& turn);
  void Extend(Turn& turn);
  void GiveUp(Turn& turn);
  void EndFile(Turn& turn);
  std::string TmpPath() const;

  StoreContext& context_;
  FileTable& files_;
  const ManifestLog& manifest_;

  Step step_ = Step::kIdle;
  bool is_awake_ = false;
  uint64_t looked_upto_ = 0;  // File ids, since it woke.
  bool is_closed_ = false;
  WholeTransfer transfer_;
  uint16_t slot_ = 0;
  SnapshotSource source_;
  uint64_t data_length_ = 0;
  std::optional<FileScan> scan_;
  FileSummary scanned_;
  // By the first bits of the token, so that each part is sorted alone.
  std::vector<std::vector<SnapshotRow>> rows_;
  size_t next_part_ = 0;
  SnapshotEncoder encoder_;
  ByteBuffer buffer_;  // Whole blocks, but for the last.
  uint64_t written_ = 0;
  uint64_t submitted_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_WRITER_H_
