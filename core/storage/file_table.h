// core/storage/file_table.h
//
// FileTable knows the data files of one store: which are open, who uses them,
// how much of each is alive.  Index entries name files by slot; a slot is used
// again only when its file is unlinked and nothing points to it.
//
// It opens and closes files; it knows no record.  With a file goes its index
// snapshot.
//
// Invariants:
//   FIL-1  No file is unlinked, closed or evicted while pinned.
//   FIL-2  At most kOpenFilesMax files are open, pinned and active ones aside.
//
// Threading: engine thread.  Cost: O(1); evicting looks at all open files.

#ifndef ORRERY_CORE_STORAGE_FILE_TABLE_H_
#define ORRERY_CORE_STORAGE_FILE_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/fields.h"
#include "core/base/ready_list.h"
#include "core/base/time.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/header_block.h"
#include "core/storage/store_disk.h"

namespace orrery {

// Half of the usual descriptor limit (storage section 8).
inline constexpr size_t kOpenFilesMax = 512;

struct DataFile {
  enum class State : uint8_t {
    kClosed = 1,
    kOpening = 2,
    kOpen = 3,
    kClosing = 4,
    kUnlinking = 5,
    kGone = 6,  // The slot is free.
  };
  uint64_t id = 0;
  DataFileKind kind = DataFileKind::kUser;
  uint64_t salt = 0;
  State state = State::kClosed;
  uint32_t pins = 0;
  bool sealed = false;
  bool damaged = false;  // Left alone by compaction until that is repaired.
  // The next recovery is to find what it has, though nothing points to it.
  bool shows_doubt = false;
  bool has_cells = false;
  // Something beside its records is not as it was written: to be rewritten.
  bool is_worn = false;
  bool is_doomed = false;  // Unlinked at zero pins.
  bool has_index = false;  // Its index snapshot, or what should be one, exists.
  bool lacks_index = true;                  // It should be written.
  DiskError open_error = DiskError::kNone;  // Of the last try to open it.
  uint64_t length = 0;                      // Bytes that count.
  uint64_t live_bytes = 0;
  uint64_t last_use = 0;
  // No compaction takes it before then: one freed little (VIC-1).
  Instant cools_until;
  Duration cool_down;

  // Behind the header block, and of those what no entry points to: overwritten
  // records, control records, padding.
  uint64_t used_bytes() const {
    return length - std::min<uint64_t>(length, kHeaderBlockBytes);
  }
  uint64_t dead_bytes() const {
    return used_bytes() - std::min(used_bytes(), live_bytes);
  }

  ORRERY_FIELDS(id, kind, salt, state, pins, sealed, damaged, shows_doubt,
                has_cells, is_worn, is_doomed, has_index, lacks_index,
                open_error, length, live_bytes, last_use, cools_until,
                cool_down)
};

class FileTable {
 public:
  explicit FileTable(const StoreDisk& disk) : disk_(disk) {}

  // A slot for a file that exists in state `state`; false: no slot is free.
  bool Add(const DataFile& file, uint16_t* slot);
  DataFile& At(uint16_t slot) { return files_[slot]; }
  const DataFile& At(uint16_t slot) const { return files_[slot]; }
  // REQUIRES: the file is in the table.
  uint16_t SlotOf(uint64_t id) const { return by_id_.at(id); }
  bool Contains(uint64_t id) const { return by_id_.contains(id); }
  // By id, in order.
  const absl::btree_map<uint64_t, uint16_t>& by_id() const { return by_id_; }

  void Pin(uint16_t slot);
  void Unpin(uint16_t slot, Turn& turn);
  // Whether it is open; if not, it is being opened, and TakeOpened or
  // TakeFailed tells.  REQUIRES: pinned.
  bool EnsureOpen(uint16_t slot, Turn& turn);
  // A file that its maker added as kOpening is open, or never came to be.
  void OnMade(uint16_t slot);
  void OnNotMade(uint16_t slot);
  // The file is no longer listed: closed and unlinked at zero pins.
  // REQUIRES: nothing in the index points to it.
  void Doom(uint16_t slot, Turn& turn);
  // There are too few: closes the file that nobody used for the longest time.
  void ReleaseHandle(Turn& turn);

  void OnDiskDone(const DiskDone& done, Turn& turn);
  std::vector<uint16_t>& TakeOpened() { return opened_.Take(); }
  std::vector<uint16_t>& TakeFailed() { return failed_.Take(); }

  // The state (base/fields.h).
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);

  uint64_t total_bytes() const;
  uint64_t dead_bytes() const;
  size_t size() const { return by_id_.size(); }
  bool HasSlot(uint16_t slot) const { return slot < files_.size(); }

 private:
  void Emit(uint16_t slot, DiskEffect effect, Turn& turn) const;
  void Retire(uint16_t slot, Turn& turn);

  const StoreDisk& disk_;
  std::deque<DataFile> files_;
  std::vector<uint16_t> free_;
  absl::btree_map<uint64_t, uint16_t> by_id_;
  size_t open_ = 0;
  uint64_t uses_ = 0;
  ReadyList<uint16_t> opened_;
  ReadyList<uint16_t> failed_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_FILE_TABLE_H_
