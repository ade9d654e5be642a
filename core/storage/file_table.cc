#include "core/storage/file_table.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr size_t kSlotsMax = 65536;  // RecordAddress has 16 bits.

}  // namespace

bool FileTable::Add(const DataFile& file, uint16_t* slot) {
  ORRERY_INVARIANT(!by_id_.contains(file.id));
  if (!free_.empty()) {
    *slot = free_.back();
    free_.pop_back();
    files_[*slot] = file;
  } else {
    if (files_.size() == kSlotsMax) return false;
    *slot = static_cast<uint16_t>(files_.size());
    files_.push_back(file);
  }
  by_id_[file.id] = *slot;
  if (file.state == DataFile::State::kOpen) ++open_;
  return true;
}

void FileTable::Emit(uint16_t slot, DiskEffect effect, Turn& turn) const {
  disk_.Emit({.part = StorePart::kFiles,
              .handle = {slot, 1},
              .priority = DiskPriority::kRead},
             std::move(effect), turn);
}

void FileTable::Pin(uint16_t slot) {
  ++files_[slot].pins;
  files_[slot].last_use = ++uses_;
}

void FileTable::Unpin(uint16_t slot, Turn& turn) {
  DataFile& file = files_[slot];
  ORRERY_INVARIANT(file.pins > 0);
  --file.pins;
  if (file.pins > 0) return;
  if (file.is_doomed) return Retire(slot, turn);
  // FIL-2: a file that was made, or a burst of reads, came on top.
  if (open_ > kOpenFilesMax) ReleaseHandle(turn);
}

bool FileTable::EnsureOpen(uint16_t slot, Turn& turn) {
  DataFile& file = files_[slot];
  ORRERY_INVARIANT(file.pins > 0);
  switch (file.state) {
    case DataFile::State::kOpen:
      return true;
    case DataFile::State::kOpening:
    case DataFile::State::kClosing:  // Opened again once it is closed.
      return false;
    case DataFile::State::kClosed:
      break;
    case DataFile::State::kUnlinking:
    case DataFile::State::kGone:
      ORRERY_UNREACHABLE("a pinned file is gone");
  }
  if (open_ >= kOpenFilesMax) ReleaseHandle(turn);
  file.state = DataFile::State::kOpening;
  ++open_;
  Emit(slot,
       {.verb = DiskVerb::kOpen,
        .file = disk_.NumberOfSlot(slot),
        .path = disk_.DataPath(file.id)},
       turn);
  return false;
}

void FileTable::ReleaseHandle(Turn& turn) {
  DataFile* oldest = nullptr;
  for (const auto& [id, slot] : by_id_) {
    DataFile& file = files_[slot];
    if (file.state != DataFile::State::kOpen || file.pins > 0) continue;
    if (oldest == nullptr || file.last_use < oldest->last_use) oldest = &file;
  }
  if (oldest == nullptr) return;
  oldest->state = DataFile::State::kClosing;
  const uint16_t slot = by_id_.at(oldest->id);
  Emit(slot, {.verb = DiskVerb::kClose, .file = disk_.NumberOfSlot(slot)},
       turn);
}

void FileTable::OnMade(uint16_t slot) {
  files_[slot].state = DataFile::State::kOpen;
  ++open_;
}

void FileTable::OnNotMade(uint16_t slot) {
  files_[slot].state = DataFile::State::kClosed;
}

void FileTable::Doom(uint16_t slot, Turn& turn) {
  files_[slot].is_doomed = true;
  if (files_[slot].pins == 0) Retire(slot, turn);
}

// Closes, then unlinks.  REQUIRES: doomed, not pinned.
void FileTable::Retire(uint16_t slot, Turn& turn) {
  DataFile& file = files_[slot];
  ORRERY_INVARIANT(file.pins == 0);  // FIL-1
  switch (file.state) {
    case DataFile::State::kOpen:
      file.state = DataFile::State::kClosing;
      return Emit(slot,
                  {.verb = DiskVerb::kClose, .file = disk_.NumberOfSlot(slot)},
                  turn);
    case DataFile::State::kClosed:
      file.state = DataFile::State::kUnlinking;
      return Emit(slot,
                  {.verb = DiskVerb::kUnlink, .path = disk_.DataPath(file.id)},
                  turn);
    case DataFile::State::kOpening:
    case DataFile::State::kClosing:
    case DataFile::State::kUnlinking:
    case DataFile::State::kGone:
      return;  // Its completion goes on from there.
  }
}

void FileTable::OnDiskDone(const DiskDone& done, Turn& turn) {
  const auto slot = static_cast<uint16_t>(done.token.handle.slot);
  DataFile& file = files_[slot];
  switch (file.state) {
    case DataFile::State::kOpening:
      file.open_error = done.error;
      if (done.error == DiskError::kNone) {
        file.state = DataFile::State::kOpen;
        opened_.push_back(slot);
      } else {
        file.state = DataFile::State::kClosed;
        --open_;
        if (done.error == DiskError::kTooManyFiles) ReleaseHandle(turn);
        failed_.push_back(slot);
      }
      break;
    case DataFile::State::kClosing:
      file.state = DataFile::State::kClosed;
      --open_;
      if (file.pins > 0) EnsureOpen(slot, turn);
      break;
    case DataFile::State::kUnlinking:
      if (std::exchange(file.has_index, false)) {
        return Emit(
            slot, {.verb = DiskVerb::kUnlink, .path = disk_.IndexPath(file.id)},
            turn);
      }
      // A file that could not be unlinked is unlisted; the next start tries.
      by_id_.erase(file.id);
      file.state = DataFile::State::kGone;
      free_.push_back(slot);
      return;
    case DataFile::State::kClosed:
    case DataFile::State::kOpen:
    case DataFile::State::kGone:
      ORRERY_UNREACHABLE("a file operation nobody asked for");
  }
  if (file.is_doomed && file.pins == 0) Retire(slot, turn);
}

void FileTable::Fields(FieldSaver& save) const {
  save(files_, free_, by_id_, open_, uses_, opened_, failed_);
}

void FileTable::Fields(FieldLoader& load) {
  load(files_, free_, by_id_, open_, uses_, opened_, failed_);
  for (const uint16_t slot : free_) load.Require(slot < files_.size());
  for (const auto& [id, slot] : by_id_) load.Require(slot < files_.size());
}

uint64_t FileTable::total_bytes() const {
  uint64_t total = 0;
  for (const auto& [id, slot] : by_id_) total += files_[slot].length;
  return total;
}

uint64_t FileTable::dead_bytes() const {
  uint64_t dead = 0;
  for (const auto& [id, slot] : by_id_) {
    dead += files_[slot].dead_bytes();
  }
  return dead;
}

}  // namespace orrery
