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
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/fields.h"
#include "core/protocol/disk.h"

namespace orrery {

class WholeTransfer {
 public:
  // Any operation; only reads and writes come in parts.
  DiskEffect Begin(DiskEffect effect);
  // What is left to do, if anything is; else *done becomes the completion of
  // the whole.  If a part failed, *done says so and has what came before it.
  std::optional<DiskEffect> Continue(DiskDone* done);

  // What came so far of a read that comes in parts, and where its owner says
  // that values are in it: of those a snapshot keeps length and checksum.
  ByteView read() const { return read_; }
  void SetValues(std::vector<ByteSpan> values) { values_ = std::move(values); }

  // The state (base/fields.h).
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);

 private:
  template <typename Self, typename FieldVisitor>
  static void FieldsOf(Self& self, FieldVisitor& visit) {
    auto& effect = self.effect_;
    visit(effect.token, effect.verb, effect.priority, effect.file,
          effect.create, effect.exclusive, effect.path, effect.path2,
          effect.offset, effect.length, AsValue(effect.data), self.bytes_,
          self.moved_);
  }
  std::optional<DiskEffect> Rest() const;
  void GiveParts(DiskDone* done) const;
  void Clear();

  DiskEffect effect_;
  uint64_t bytes_ = 0;  // Of the whole.
  uint64_t moved_ = 0;
  ByteBuffer read_;
  std::vector<ByteSpan> values_;  // In read_, in order.
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_WHOLE_TRANSFER_H_
