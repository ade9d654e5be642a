#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/storage/snapshot_job.h"
#include "sim/sim_disk.h"
#include "sim/weather.h"

namespace orrery::sim {

void SimDisk::StartProcess(uint32_t process) {
  ORRERY_INVARIANT(process_ == 0);
  process_ = process;
}

// Each operation in flight happened, or not; of a write, perhaps a part.
void SimDisk::EndProcess() {
  if (process_ == 0) return;
  std::vector<std::pair<uint64_t, uint32_t>> in_flight;
  for (uint32_t i = 0; i < operations_.size(); ++i) {
    if (operations_[i].pending) {
      in_flight.emplace_back(operations_[i].number, i);
    }
  }
  Sort(in_flight.begin(), in_flight.end());
  for (const auto& [number, index] : in_flight) {
    Operation& operation = operations_[index];
    const uint64_t fate =
        Fate(options_.seed, Lot::kCrashApplies, options_.node, number);
    if (fate % 4 < 2) {
      Perform(operation);
    } else if (fate % 4 == 2 && operation.effect.verb == DiskVerb::kWrite) {
      ApplyTorn(operation, fate);
    }
    operation.pending = false;
    operation.effect = {};
    free_operations_.push_back(index);
  }
  process_ = 0;
  open_.clear();
  locks_.clear();
  for (auto& [number, inode] : inodes_) inode->opens = 0;
  ForgetUnnamed();
}

// A write that the crash cut short.
void SimDisk::ApplyTorn(const Operation& operation, uint64_t fate) {
  Inode* inode = InodeOf(operation.effect.file);
  if (inode == nullptr || full_ || writes_fail_) return;
  std::string joined;
  for (const Bytes& part : operation.effect.data) joined += part.text();
  if (joined.empty()) return;
  tally_.Count("fault.write_cut_short");
  joined.resize((fate >> 16) % joined.size());
  Alter(inode->image, [&](FileImage& image) {
    image.Write(operation.effect.offset, joined);
  });
}

void SimDisk::LosePower(std::optional<uint32_t> keep,
                        std::optional<uint32_t> torn) {
  ORRERY_INVARIANT(process_ == 0);
  ++power_losses_;
  PowerLoss loss{.seed = Fate(options_.seed, Lot::kPowerMode, options_.node,
                              power_losses_),
                 .torn = noise_.disk_torn,
                 .keep = keep,
                 .torn_sectors = torn,
                 .garbage = noise_.disk_garbage};
  // In a quarter of the crashes nothing dirty reached the disk.
  if (!keep.has_value() && loss.seed % 4 == 0) loss.keep = 0;
  for (auto& [number, inode] : inodes_) {
    if (inode->image.IsDirty()) tally_.Count("fault.dirty_file");
    if (inode->is_ghost) {
      inode->image.LosePower(loss, number);
      continue;
    }
    Alter(inode->image,
          [&](FileImage& image) { image.LosePower(loss, number); });
  }
  tree_.LosePower(loss.seed);
  for (auto& [number, inode] : inodes_) {
    if (!inode->is_ghost || !tree_.IsNamed(number)) continue;
    tally_.Count("fault.name_back");
    inode->is_ghost = false;
    used_bytes_ += BlocksOf(inode->image.size());
  }
  ForgetUnnamed();
}

void SimDisk::Wipe() {
  ORRERY_INVARIANT(process_ == 0);
  tree_.Clear();
  inodes_.clear();
  used_bytes_ = 0;
}

bool SimDisk::Restore() {
  ORRERY_INVARIANT(process_ == 0);
  if (!tree_.IsDirectory("snapshots")) return false;
  std::string newest;
  for (const std::string& name : tree_.List("snapshots")) {
    if (IsSnapshotName(name)) newest = name;
  }
  if (newest.empty()) return false;
  tree_.BecomeContentOf("snapshots/" + newest);
  ForgetUnnamed();
  return true;
}

bool SimDisk::IsFaulty() const {
  return queue_.now() < stalled_until_ || slower_by_.ns != 0 || full_ ||
         sync_fails_ || reads_fail_ || writes_fail_ || read_only_ ||
         no_handles_ || capacity_ != options_.capacity;
}

void SimDisk::Fault(const DiskStep& step) {
  if (step.kind != DiskStep::Kind::kOk) ++faults_;
  switch (step.kind) {
    case DiskStep::Kind::kOk:
      slower_by_ = {};
      full_ = false;
      capacity_ = options_.capacity;
      sync_fails_ = false;
      reads_fail_ = false;
      writes_fail_ = false;
      read_fails_once_ = false;
      write_fails_once_ = false;
      read_only_ = false;
      no_handles_ = false;
      astray_.reset();
      return;
    case DiskStep::Kind::kStall:
      tally_.Count("fault.disk_stall");
      stalled_until_ = queue_.now() + Duration{step.value};
      return;
    case DiskStep::Kind::kSlow:
      tally_.Count("fault.disk_slow");
      slower_by_ = {step.value};
      return;
    case DiskStep::Kind::kFull:
      full_ = true;
      return;
    case DiskStep::Kind::kSyncFails:
      sync_fails_ = true;
      return;
    case DiskStep::Kind::kReadFails:
      reads_fail_ = true;
      return;
    case DiskStep::Kind::kWriteFails:
      writes_fail_ = true;
      return;
    case DiskStep::Kind::kReadFailsOnce:
      read_fails_once_ = true;
      return;
    case DiskStep::Kind::kWriteFailsOnce:
      write_fails_once_ = true;
      return;
    case DiskStep::Kind::kReadOnly:
      read_only_ = true;
      return;
    case DiskStep::Kind::kNoHandles:
      no_handles_ = true;
      return;
    case DiskStep::Kind::kRoom:
      capacity_ = used_bytes_ + static_cast<uint64_t>(step.value);
      return;
    case DiskStep::Kind::kRot:
      return Rot(step);
    case DiskStep::Kind::kLoseWrite:
    case DiskStep::Kind::kMisdirect:
      astray_ = step;
      return;
    case DiskStep::Kind::kLoseFile:
      return LoseFile(step);
  }
}

uint64_t SimDisk::free_bytes() const {
  return full_ ? 0 : capacity_ - std::min(capacity_, used_bytes_);
}

// For the file to reach so far.
bool SimDisk::HasSpace(const FileImage& image, uint64_t end) const {
  if (end <= image.size()) return true;
  const uint64_t more = BlocksOf(end) - BlocksOf(image.size());
  return !full_ && used_bytes_ + more <= capacity_;
}

// Drops the file if neither a name nor an open handle holds it.
void SimDisk::ForgetIfUnnamed(uint64_t number) {
  const auto it = inodes_.find(number);
  if (it == inodes_.end()) return;
  if (it->second->opens > 0 || tree_.IsNamed(number)) return;
  Inode& inode = *it->second;
  if (!inode.is_ghost) used_bytes_ -= BlocksOf(inode.image.size());
  inode.is_ghost = tree_.MayReturn(number);
  if (!inode.is_ghost) inodes_.erase(it);
}

void SimDisk::ForgetUnnamed() {
  std::vector<uint64_t> numbers;
  numbers.reserve(inodes_.size());
  for (const auto& [number, inode] : inodes_) numbers.push_back(number);
  for (const uint64_t number : numbers) ForgetIfUnnamed(number);
}

}  // namespace orrery::sim
