// core/storage/file_scan.h
//
// FileScan reads one data file from its first record to its end and gives what
// is in it, in order: SegmentScan over a disk that gives bytes in parts, or an
// error, and takes its time.  It decides nothing about what it sees.
//
//   emit(scan.Read());
//   on completion: if (rest = scan.Take(done)) emit(*rest), else
//     while (scan.Next(&item)) ...;
//     HasFailed(): failed_at() says where.  IsDone(): that was all.
//     Otherwise emit(scan.Read()) - before the items are looked at, if the disk
//     is to work meanwhile.
//
// Invariants:
//   FSC-1  One read at a time; none when IsDone() or HasFailed().
//   FSC-2  What an error costs is a page, not a piece: a piece that the disk
//          does not give is asked for again page by page.
//   FSC-3  Memory: what SegmentScan holds, and one piece more if a read begins
//          before the items of the last are taken.
//
// Threading: none.  Cost: one copy of what is read.

#ifndef ORRERY_CORE_STORAGE_FILE_SCAN_H_
#define ORRERY_CORE_STORAGE_FILE_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/storage/segment_scan.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

class FileScan {
 public:
  enum class OnError : uint8_t {
    kFail = 1,        // It has failed where the piece begins.
    kFailAtPage = 2,  // It has failed where the page begins that is not given.
    kPassPage = 3,    // That page is bytes that cannot be a record: damage.
  };
  struct Options {
    FileNumber file;
    OnError on_error = OnError::kFail;
    SegmentScan::Options segment;
    ORRERY_FIELDS(file, on_error, segment)
  };
  explicit FileScan(Blank blank) : scan_(blank) {}
  explicit FileScan(const Options& options)
      : options_(options), scan_(options.segment) {}

  // Of what lies behind all that was read.  REQUIRES: WantsMore().
  DiskEffect Read();
  bool WantsMore() const;
  // The read's completion.  What is still to be asked for, if the disk gave
  // less than it has.
  std::optional<DiskEffect> Take(const DiskDone& part);
  bool HasFailed() const { return failed_at_.has_value(); }
  // REQUIRES: HasFailed().
  uint64_t failed_at() const { return *failed_at_; }
  DiskError error() const { return error_; }
  // Of the read that ended last.
  uint64_t read_bytes() const { return length_; }

  // Whether there is another item in what was read.  Its record is valid until
  // the next Take.
  bool Next(SegmentScan::Item* item) { return scan_.Next(item); }
  // REQUIRES: Next said false.
  bool IsDone() const { return !is_reading_ && scan_.IsDone(); }

  // Appends where the values are in what was read.  REQUIRES: Take comes next.
  void FindValues(const DiskDone& done, std::vector<ByteSpan>* spans) const;
  // SegmentScan::Held.
  ByteView Held(uint64_t from, size_t size) const {
    return scan_.Held(from, size);
  }

  ORRERY_FIELDS(options_, scan_, transfer_, is_reading_, offset_, length_,
                careful_upto_, failed_at_, error_)

 private:
  void TakeError(const DiskDone& done);

  Options options_;
  SegmentScan scan_;
  WholeTransfer transfer_;
  bool is_reading_ = false;
  uint64_t offset_ = 0;  // Of the read.
  uint64_t length_ = 0;
  uint64_t careful_upto_ = 0;  // Page by page, because of an error (FSC-2).
  std::optional<uint64_t> failed_at_;
  DiskError error_ = DiskError::kNone;  // The last that was met.
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_FILE_SCAN_H_
