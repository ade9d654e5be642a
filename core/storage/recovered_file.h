// core/storage/recovered_file.h
//
// What recovery saw in one data file, and what it means (storage section 3):
// a torn tail is cut, damage before W is corruption, neither is silent.
// Decisions only: who reads the file and builds the index is Recovery.
//
// Invariants:
//   RCF-1  In synced mode, and without damage, what is kept of all files
//          together is a prefix of what was appended.
//   RCF-2  Nothing that lies before W, or in a sealed file, is ever cut.
//   RCF-3  A sealed file that does not hold what its SEAL counts has a damaged
//          range, and so has one with a hole before W, however small.
//
// Threading: none.

#ifndef ORRERY_CORE_STORAGE_RECOVERED_FILE_H_
#define ORRERY_CORE_STORAGE_RECOVERED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/fields.h"
#include "core/storage/control_record.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest.h"
#include "core/storage/segment_scan.h"

namespace orrery {

struct RecoveredRow {
  KeyHash hash;
  uint64_t digest = 0;
  uint64_t timestamp = 0;
  uint64_t seq = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint32_t crc = 0;
  bool tombstone = false;
  bool damaged = false;  // Only its index snapshot tells of it.
  // An earlier process met that damage: what it stored since took the place of
  // what it could not read.
  bool met_before = false;
  ORRERY_FIELDS(hash, digest, timestamp, seq, offset, bytes, crc, tombstone,
                damaged, met_before)

  // Of a user record that verified.
  static RecoveredRow Of(const SegmentScan::Item& item, const RecordView& view,
                         const KeyHash& hash) {
    return {.hash = hash,
            .digest = view.digest,
            .timestamp = item.header.timestamp,
            .seq = item.header.seq,
            .offset = item.from,
            .bytes = item.header.bytes(),
            .crc = item.header.crc,
            .tombstone = item.header.deleted};
  }
  FileSummary::Member member() const {
    return {
        .crc = crc, .seq = seq, .timestamp = timestamp, .tombstone = tombstone};
  }
};

struct RecoveredFile {
  ManifestFile listed;
  uint16_t slot = 0;
  bool is_missing = false;  // No such file, or nothing of it can be read.
  bool has_bad_header = false;
  bool is_synced_mode = false;  // Its records were acknowledged after a sync.
  bool has_cells = false;
  bool has_snapshot = false;  // A file of that name; until it is found bad.
  bool are_keys_known =
      false;          // Its snapshot named all that could not be read.
  uint64_t size = 0;  // Physical.

  // From the scan, in file order.
  FileSummary summary;             // Of all user records seen.
  std::vector<RecoveredRow> rows;  // Kept only if the file is not sealed.
  std::vector<DamageRange> gaps;
  std::optional<uint64_t> first_begin;    // Of the first valid record.
  uint64_t last_end = kHeaderBlockBytes;  // Of the last one.
  uint64_t seal_end = 0;
  std::optional<Seal> seal;         // Its last record is a SEAL.
  std::optional<LogPlace> durable;  // Greatest that a watermark names.
  ORRERY_FIELDS(listed, slot, is_missing, has_bad_header, is_synced_mode,
                has_cells, has_snapshot, are_keys_known, size, summary, rows,
                gaps, first_begin, last_end, seal_end, seal, durable)

  // Of a sealed file: all that it must hold was seen.
  bool IsWhole() const {
    return !is_missing && summary.HasRecordsOf(listed.summary);
  }

  // A user record, or a control record's payload, or a gap.
  void TakeRow(const RecoveredRow& row);
  void TakeControl(const SegmentScan::Item& item, ByteView payload);
  void TakeGap(uint64_t from, uint64_t upto);

 private:
  void TakeZerosBefore(uint64_t from, uint64_t padding = 0);
};

struct FileVerdict {
  bool is_dropped = false;           // Holds nothing: unlisted.
  size_t kept_rows = 0;              // Of rows, from the front.
  uint64_t length = 0;               // All that counts.
  FileSummary summary;               // Of what is kept.
  std::optional<uint64_t> cut_at;    // A torn tail begins here.
  std::vector<DamageRange> damages;  // New ones.
};

// Files that are not sealed, in order of their ids.
class TailJudge {
 public:
  // `durable` is W.
  explicit TailJudge(LogPlace durable) : durable_(durable) {}

  FileVerdict Judge(const RecoveredFile& file);

 private:
  FileVerdict Keep(const RecoveredFile& file, size_t rows) const;
  static std::optional<uint64_t> FirstBad(const RecoveredFile& file);

  LogPlace durable_;
  // Synced mode: an earlier file ends before it was full, so that nothing
  // behind it was ever acknowledged.
  bool is_cut_ = false;
};

// A sealed file: only new damage is in the verdict.
FileVerdict JudgeSealed(const RecoveredFile& file,
                        const std::vector<DamageRange>& known);

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_RECOVERED_FILE_H_
