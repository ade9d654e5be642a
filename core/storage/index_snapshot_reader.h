// core/storage/index_snapshot_reader.h
//
// IndexSnapshotReader reads one index snapshot from its header to its end and
// says whether it is what it should be: one of the data file that the manifest
// lists, whole, and as it was written.
//
//   emit(reader.Open());
//   on completion: if (next = reader.Take(done)) emit(*next), else
//     while (reader.Next(&row)) ...;
//     IsEnded(): the file is closed, IsGood() tells.  Otherwise emit(Go()).
//
// Rows come although a later block may be bad: their own block held.
//
// Threading: none.  Cost: one read of 1 MiB at a time.

#ifndef ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_READER_H_
#define ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_READER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/storage/index_snapshot.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

class IndexSnapshotReader {
 public:
  struct Options {
    FileNumber file;  // Free; closed again at the end.
    std::string path;
    // What the disk has, not what the page cache says of it.
    bool drops_cache = false;
    ORRERY_FIELDS(file, path, drops_cache)
  };
  explicit IndexSnapshotReader(Blank blank) : decoder_(blank) {}
  IndexSnapshotReader(const SnapshotSource& source, Options options)
      : options_(std::move(options)),
        decoder_(source),
        blocks_(SnapshotBlocksOf(source.summary.record_count)) {}

  DiskEffect Open() const;
  // The completion of what was asked for.  What is to be asked for next, unless
  // rows came or it is at its end.
  std::optional<DiskEffect> Take(const DiskDone& part);
  // Of what was read last.
  bool Next(SnapshotRow* row);
  // Goes on, or closes.  REQUIRES: Next said false, and not IsEnded().
  DiskEffect Go();

  bool IsEnded() const { return step_ == Step::kEnded; }
  // REQUIRES: IsEnded().
  bool IsGood() const { return is_good_; }
  // It could not even be opened, and not because there is none.
  bool IsOutOfReach() const { return is_out_of_reach_; }
  // Of the read that ended last.
  uint64_t read_bytes() const { return length_; }

  // Nothing of what was read outlives a step.
  ORRERY_FIELDS(options_, decoder_, blocks_, transfer_, step_, offset_, length_,
                is_bad_, is_good_, is_out_of_reach_)

 private:
  enum class Step : uint8_t { kOpen, kDropCache, kRead, kClose, kEnded };

  DiskEffect Read();
  void TakePiece(const DiskDone& done);

  Options options_;
  SnapshotDecoder decoder_;
  uint64_t blocks_ = 0;  // Of rows as this version writes them.
  WholeTransfer transfer_;
  Step step_ = Step::kOpen;
  uint64_t offset_ = 0;  // Of the next read.
  uint64_t length_ = 0;
  bool is_bad_ = false;
  bool is_good_ = false;
  bool is_out_of_reach_ = false;
  Bytes piece_;
  ByteView rest_;  // Of piece_: blocks not taken yet.
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_INDEX_SNAPSHOT_READER_H_
