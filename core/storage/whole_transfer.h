// core/storage/whole_transfer.h
//
// WholeTransfer makes one read or write of a disk that reports short counts
// into one that moves all of it, or reaches the end of the file, or fails
// (storage section 10: the disk retries nothing).  For those who have one
// operation under way at a time.
//
//   submit(transfer.Begin(effect));
//   on completion: if (rest = transfer.Continue(&done)) submit(*rest), else
//   `done` is that of the whole.
//
// Invariants:
//   WHT-1  Whoever gets a whole read knows that the file ends where it ends.
//   WHT-2  Every part but the last moves at least a byte, so that it ends.
//
// Threading: none.  Cost: a read that comes in parts is copied once a part.

#ifndef ORRERY_CORE_STORAGE_WHOLE_TRANSFER_H_
#define ORRERY_CORE_STORAGE_WHOLE_TRANSFER_H_

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/protocol/disk.h"

namespace orrery {

class WholeTransfer {
 public:
  // Any operation; only reads and writes come in parts.
  const DiskEffect& Begin(const DiskEffect& effect);
  // What is left to do, if anything is; else *done becomes the completion of
  // the whole.
  std::optional<DiskEffect> Continue(DiskDone* done);

  // A part was moved, and another one is under way.
  bool IsInParts() const { return moved_ != 0; }

  ORRERY_FIELDS(effect_.token, effect_.verb, effect_.priority, effect_.file,
                effect_.create, effect_.exclusive, effect_.path, effect_.path2,
                effect_.offset, effect_.length, AsValue(effect_.data), bytes_,
                moved_, read_)

 private:
  std::optional<DiskEffect> Rest() const;

  DiskEffect effect_;
  uint64_t bytes_ = 0;  // Of the whole.
  uint64_t moved_ = 0;
  ByteBuffer read_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_WHOLE_TRANSFER_H_
