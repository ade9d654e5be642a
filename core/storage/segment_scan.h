// core/storage/segment_scan.h
//
// SegmentScan finds the records of one data file in bytes that its caller
// reads for it, piece by piece.  It says what it sees and decides nothing: what
// a gap means depends on W and on the file's kind (recovery.h).
//
//   while (!scan.IsDone()) {
//     read at scan.wanted(), at most that much;  scan.Feed(bytes read);
//     while (scan.Next(&item)) ...;
//   }
//
// Invariants:
//   SCN-1  Items come in file order, do not overlap, and every record reported
//          holds both checksums at its place.
//   SCN-2  Memory: one piece and one record; no length is believed before its
//          header_crc holds and it ends inside the file.
//   SCN-3  Every byte of the file that is not zero belongs to an item.
//
// Threading: none.  Cost: one checksum over the file; behind damage one header
// check per 8 bytes.

#ifndef ORRERY_CORE_STORAGE_SEGMENT_SCAN_H_
#define ORRERY_CORE_STORAGE_SEGMENT_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/fields.h"
#include "core/storage/record.h"

namespace orrery {

class SegmentScan {
 public:
  struct Options {
    uint64_t salt = 0;
    uint64_t from = 0;  // First record; a multiple of 8.
    uint64_t upto = 0;  // The file's size, or how much of it to believe.
    size_t key_bytes_max = 0;
    size_t piece_bytes = size_t{256} << 10;
    ORRERY_FIELDS(salt, from, upto, key_bytes_max, piece_bytes)
  };
  explicit SegmentScan(Blank) : position_(0), buffer_offset_(0) {}
  explicit SegmentScan(const Options& options);

  // The state (base/fields.h).
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);
  // What is still held of what was fed; nothing if not all of it is.
  ByteView Held(uint64_t from, size_t size) const;

  struct Piece {
    uint64_t offset = 0;
    uint64_t length = 0;
  };
  bool IsDone() const { return position_ >= options_.upto; }
  // All was fed, though not all of it may have been looked at.
  bool HasAll() const {
    return buffer_offset_ + buffer_.size() >= options_.upto;
  }
  // REQUIRES: !HasAll().
  Piece wanted() const;
  // Where the values of records are in bytes that would be fed now: what a
  // scan never looks into, but for checksums.  Behind a record that is torn
  // nobody knows what is a value.
  // `before` comes in front of them.
  void FindValues(ByteView before, ByteView bytes,
                  std::vector<ByteSpan>* spans) const;
  // What was read at wanted().offset; none: the file ends there.  What was
  // not looked at is kept.
  void Feed(ByteView bytes);

  struct Item {
    enum class Kind : uint8_t {
      kRecord = 1,
      kDamage = 2,  // Bytes that are neither a record nor zeros.
      kHole = 3,    // Whole zero pages with something behind them.
    };
    Kind kind = Kind::kRecord;
    uint64_t from = 0;
    uint64_t upto = 0;
    RecordHeader header;  // kRecord.
    ByteView record;      // kRecord: body_bytes(), until the next Feed.
  };
  // Whether there is another item in what was fed.
  bool Next(Item* item);

 private:
  enum class Step : uint8_t { kItem, kAgain, kStarved };
  void FindValuesIn(ByteView all, uint64_t offset, size_t skip,
                    std::vector<ByteSpan>* spans) const;
  Step TryRecord(Item* item);
  Step SkipZeros();
  void NoteZeros(uint64_t zeros);
  void AddDamage(uint64_t upto);
  bool TakeGap(Item* item);
  ByteView rest() const;

  Options options_;
  uint64_t position_;
  uint64_t needed_ = kRecordHeaderBytes;  // From position_ on.
  ByteBuffer buffer_;
  uint64_t buffer_offset_;
  // A gap not reported yet, and the end of whole zero pages before position_.
  bool has_damage_ = false;
  uint64_t damage_from_ = 0;
  uint64_t damage_upto_ = 0;
  bool in_zeros_ = false;
  uint64_t zeros_from_ = 0;
  bool has_hole_ = false;
  uint64_t hole_from_ = 0;
  uint64_t hole_upto_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_SEGMENT_SCAN_H_
