// core/storage/index_snapshot.h
//
// The bytes of an index snapshot, `<file id>.index` (storage section 2): what
// the index has to know of each record of one sealed data file, so that a start
// reads 48 bytes a record and not the records.  It can always be made again
// from the data, and standing apart from it, it names the keys that die with a
// bad sector.
//
//   header block (ORRERYIX), at 80: data_length 8, digest 4, row_bytes 4,
//     record_count 4, tombstone_count 4, least and greatest seq, least and
//     greatest timestamp (8 each), hash_check 8, block_count 4
//   blocks of 65,536 bytes: CRC-32C 4 (of the rest), row count 4, rows, zeros
//   row, 48 bytes: token 8, key_hash 8, seq 8, timestamp 8, offset/8 4,
//     length/8 3, flags 1 (1: tombstone), version digest 8
//
// One row per user record, in order of (token, key_hash, seq).  Rows may grow
// at their end: row_bytes says how long they are.
//
// Invariants:
//   IXS-1  Nothing of a block is believed before its checksum holds, and of the
//          header before its own does.
//   IXS-2  A snapshot of another file, an earlier life of the file, another
//          seed, or more or other records than the manifest lists, is none.
//   IXS-3  A row lies inside the data, and comes behind the one before it.
//
// Threading: none.  Cost: one checksum over the bytes; allocates nothing per
// row.

#ifndef ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_H_
#define ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_H_

#include <compare>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/siphash.h"
#include "core/storage/control_record.h"
#include "core/storage/header_block.h"
#include "core/storage/key_index.h"
#include "core/storage/record.h"

namespace orrery {

inline constexpr size_t kSnapshotBlockBytes = 65536;
inline constexpr size_t kSnapshotBlockHeadBytes = 8;
inline constexpr size_t kSnapshotRowBytes = 48;
inline constexpr size_t kSnapshotRowsPerBlock =
    (kSnapshotBlockBytes - kSnapshotBlockHeadBytes) / kSnapshotRowBytes;

// In as many bytes as on the disk.
struct SnapshotRow {
  KeyHash hash;
  uint64_t seq = 0;
  uint64_t timestamp = 0;
  uint64_t digest = 0;
  uint32_t offset_units = 0;  // Of 8 bytes.
  uint32_t length_units = 0;  // 24 bits, and kTombstone.
  ORRERY_FIELDS(hash, seq, timestamp, digest, offset_units, length_units)

  static constexpr uint32_t kTombstone = uint32_t{1} << 24;
  static constexpr uint32_t kLengthUnitsMax = kTombstone - 1;  // 128 MiB.

  uint64_t offset() const { return uint64_t{offset_units} * kRecordAlign; }
  uint64_t bytes() const {
    return uint64_t{length_units & kLengthUnitsMax} * kRecordAlign;
  }
  bool tombstone() const { return (length_units & kTombstone) != 0; }
  friend bool operator==(const SnapshotRow&, const SnapshotRow&) = default;
};
static_assert(sizeof(SnapshotRow) == kSnapshotRowBytes);
// The order of rows.  Two records of a file do not stand at one place.
bool IsBefore(const SnapshotRow& a, const SnapshotRow& b);

// What a snapshot is of, and must agree with.
struct SnapshotSource {
  StorageId storage;
  uint64_t file = 0;
  uint64_t salt = 0;    // Of the data file.
  FileSummary summary;  // As the manifest lists it.
  uint64_t hash_check = 0;
  ORRERY_FIELDS(storage, file, salt, summary, hash_check)

  // The key_hash of the empty key: another seed has another one.
  static uint64_t HashCheckOf(SipKey index_key);
};

// With rows of 48 bytes.
uint64_t SnapshotBlocksOf(uint64_t rows);
constexpr uint64_t SnapshotBytesOf(uint64_t blocks) {
  return kHeaderBlockBytes + blocks * kSnapshotBlockBytes;
}

// What the header block of a snapshot says that it is of; it is believed when
// the block's own checksum holds.  REQUIRES: kHeaderBlockBytes.
SnapshotSource SnapshotSourceIn(const HeaderBlock& header, ByteView block);

struct SnapshotStamp {
  uint64_t created = 0;  // Wall time in nanoseconds.
  uint64_t generation = 0;
};
// Fills kHeaderBlockBytes.
void EncodeSnapshotHeader(const SnapshotSource& source,
                          const SnapshotStamp& stamp, std::byte* to);

// Appends blocks to a buffer, row by row.
class SnapshotEncoder {
 public:
  // REQUIRES: rows come in order; `out` is the same buffer until the block is
  // whole, and nothing else is appended to it.
  void Add(const SnapshotRow& row, ByteBuffer& out);
  // Ends the block that was begun, if one was.
  void Finish(ByteBuffer& out);
  bool IsBetweenBlocks() const { return rows_ == 0; }
  // How much of the last block is not its zeros.
  size_t last_block_bytes() const { return last_block_bytes_; }
  ORRERY_FIELDS(rows_, last_block_bytes_)

 private:
  uint32_t rows_ = 0;  // Of the block that was begun.
  size_t last_block_bytes_ = 0;
};

// Reads one, piece by piece.
//
//   decoder.TakeHeader(first 4,096 bytes);
//   each block: decoder.TakeBlock(65,536 bytes); while (decoder.Next(&row)) ...
//   decoder.IsWhole()
class SnapshotDecoder {
 public:
  explicit SnapshotDecoder(Blank) {}
  explicit SnapshotDecoder(const SnapshotSource& source) : source_(source) {}

  // IXS-2.  Whether it is a snapshot of the source.
  [[nodiscard]] bool TakeHeader(ByteView header);
  // REQUIRES: a good header.
  uint64_t blocks_left() const { return blocks_left_; }
  // IXS-1.  `block` is borrowed until Next has said false.
  // REQUIRES: blocks_left() > 0.
  [[nodiscard]] bool TakeBlock(ByteView block);
  // The next row of that block.  False: there is none, or what is there cannot
  // be, and IsWhole() never will be.
  bool Next(SnapshotRow* row);
  // All blocks were read, and held what the header says.
  bool IsWhole() const;
  // A row was not where rows are (IXS-3).
  bool IsBad() const { return is_bad_; }

  // Nothing of a block outlives a step.
  ORRERY_FIELDS(source_, row_bytes_, blocks_left_, seen_, last_, is_bad_)

 private:
  bool IsPossible(const SnapshotRow& row) const;

  SnapshotSource source_;
  size_t row_bytes_ = 0;
  uint64_t blocks_left_ = 0;
  FileSummary seen_;  // Of the rows so far; without data_length and digest.
  SnapshotRow last_;
  bool is_bad_ = false;
  ByteView rows_;  // Of the block, not given yet.
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_H_
