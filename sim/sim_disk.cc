#include "sim/sim_disk.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "sim/weather.h"

namespace orrery::sim {
namespace {

constexpr Range kStall{50 * kMillisecond, 2 * kSecond};
constexpr Range kLate{kMillisecond, 100 * kMillisecond};
// 500 MB/s: what a byte costs on top of an operation's latency.
constexpr int64_t kBytesPerMicrosecond = 500;

uint64_t BytesOf(const DiskEffect& effect) {
  uint64_t bytes = 0;
  for (const Bytes& part : effect.data) bytes += part.size();
  return effect.verb == DiskVerb::kRead ? effect.length : bytes;
}

}  // namespace

SimDisk::SimDisk(const Options& options, const Noise& noise, EventQueue& queue,
                 Tally& tally)
    : options_(options),
      noise_(noise),
      queue_(queue),
      tally_(tally),
      capacity_(options.capacity) {}

void SimDisk::Submit(DiskEffect effect) {
  ORRERY_INVARIANT(process_ != 0);
  if (effect.path == ".") effect.path.clear();
  uint32_t index = 0;
  if (free_operations_.empty()) {
    index = static_cast<uint32_t>(operations_.size());
    operations_.emplace_back();
  } else {
    index = free_operations_.back();
    free_operations_.pop_back();
  }
  Operation& operation = operations_[index];
  operation.number = ++submitted_;
  operation.pending = true;
  operation.upto = 0;
  if (effect.verb == DiskVerb::kSync) {
    const Inode* inode = InodeOf(effect.file);
    if (inode != nullptr) operation.upto = inode->image.writes();  // DSK-2
  } else if (effect.verb == DiskVerb::kSyncDir) {
    operation.upto = tree_.changes();
  }
  const Duration latency = LatencyOf(effect, operation.number);
  Instant at = queue_.now() + latency;
  if (at < stalled_until_) at = stalled_until_ + latency;
  if (effect.verb == DiskVerb::kClose) at = std::max(at, LastOf(effect.file));
  operation.effect = std::move(effect);
  operation.at = at;
  queue_.Schedule(at, {.process = process_,
                       .payload = index,
                       .node = static_cast<uint16_t>(options_.node),
                       .what = Happening::kDiskDone});
}

Duration SimDisk::LatencyOf(const DiskEffect& effect, uint64_t number) {
  const uint64_t fate =
      Fate(options_.seed, Lot::kDiskLatency, options_.node, number);
  const bool syncs =
      effect.verb == DiskVerb::kSync || effect.verb == DiskVerb::kSyncDir;
  Duration latency =
      Within(fate, syncs ? noise_.disk_sync : noise_.disk_latency);
  // A heavy tail: one in 64 takes ten times as long.
  if (fate % 64 == 0) latency = latency * 10;
  latency = latency + slower_by_ +
            kMicrosecond * static_cast<int64_t>(BytesOf(effect)) /
                kBytesPerMicrosecond;
  const uint64_t late =
      Fate(options_.seed, Lot::kDiskLate, options_.node, number);
  if (Falls(late, noise_.disk_late)) {
    tally_.Count("fault.disk_late");
    latency = latency + Within(Mix64(late), kLate);
  }
  const uint64_t stall =
      Fate(options_.seed, Lot::kDiskStall, options_.node, number);
  if (Falls(stall, noise_.disk_stall)) {
    tally_.Count("fault.disk_stall");
    latency = latency + Within(Mix64(stall), kStall);
  }
  return latency;
}

std::optional<DiskDone> SimDisk::Complete(const Occasion& occasion) {
  if (occasion.process != process_) return std::nullopt;  // DSK-1
  Operation& operation = operations_[occasion.payload];
  ORRERY_INVARIANT(operation.pending);
  operation.pending = false;
  if (IsOvertaking(operation.number)) tally_.Count("fault.disk_reordered");
  DiskDone done = Perform(operation);
  operation.effect = {};
  free_operations_.push_back(occasion.payload);
  return done;
}

DiskDone SimDisk::Perform(Operation& operation) {
  DiskDone done;
  done.token = operation.effect.token;
  done.verb = operation.effect.verb;
  if (read_only_ && ChangesDisk(operation.effect)) {
    tally_.Count("fault.read_only");
    has_failed_ = true;
    done.error = DiskError::kReadOnly;
    return done;
  }
  switch (operation.effect.verb) {
    case DiskVerb::kOpen:
      Open(operation.effect, &done);
      break;
    case DiskVerb::kClose:
    case DiskVerb::kRead:
    case DiskVerb::kWrite:
    case DiskVerb::kAllocate:
    case DiskVerb::kSync:
    case DiskVerb::kTruncate:
    case DiskVerb::kDropCache:
      PerformOnFile(operation, &done);
      break;
    case DiskVerb::kSyncDir:
      if (!tree_.IsDirectory(operation.effect.path)) {
        done.error = DiskError::kNoEntry;
      } else if (sync_fails_) {
        sync_fails_ = false;
        has_failed_ = true;
        tally_.Count("fault.sync_failed");
        done.error = DiskError::kIo;
      } else {
        tree_.MarkSynced(operation.effect.path, operation.upto);
        ForgetUnnamed();
      }
      break;
    case DiskVerb::kRename:
    case DiskVerb::kLink:
    case DiskVerb::kUnlink:
    case DiskVerb::kList:
    case DiskVerb::kStat:
      PerformOnNames(operation.effect, &done);
      break;
    case DiskVerb::kMakeDir:
      MakeDirectory(operation.effect, &done);
      break;
    case DiskVerb::kLock:
      Lock(operation.effect, &done);
      break;
    case DiskVerb::kSpace: {
      done.count = free_bytes();
      done.total = options_.capacity;
      break;
    }
  }
  return done;
}

// One that was submitted before it is still under way.
bool SimDisk::IsOvertaking(uint64_t number) const {
  return std::any_of(operations_.begin(), operations_.end(),
                     [number](const Operation& other) {
                       return other.pending && other.number < number;
                     });
}

// When the last operation on the file that is under way completes.
Instant SimDisk::LastOf(FileNumber file) const {
  Instant last;
  for (const Operation& other : operations_) {
    if (!other.pending || other.effect.file != file) continue;
    last = std::max(last, other.at);
  }
  return last;
}

void SimDisk::Open(const DiskEffect& effect, DiskDone* done) {
  if (InodeOf(effect.file) != nullptr) {
    done->error = DiskError::kOther;  // The number is in use.
    return;
  }
  if (no_handles_) {
    tally_.Count("fault.no_handles");
    has_failed_ = true;
    done->error = DiskError::kTooManyFiles;
    return;
  }
  const std::optional<uint64_t> found = tree_.Find(effect.path);
  if (found.has_value() && effect.create && effect.exclusive) {
    done->error = DiskError::kExists;
    return;
  }
  if (found.has_value()) {
    if (*found == DirectoryTree::kDirectory) {
      done->error = DiskError::kOther;
      return;
    }
    Inode& inode = InodeNumber(*found);
    inode.path = effect.path;
    ++inode.opens;
    open_.InsertOrAssign(effect.file.value, &inode);
    done->inode = *found;
    return;
  }
  if (!effect.create || !tree_.IsDirectory(DirectoryOf(effect.path))) {
    done->error = DiskError::kNoEntry;
    return;
  }
  if (full_) {
    // A data directory may be begun or not; of one that is there, more is
    // asked.
    if (used_bytes_ == 0) has_failed_ = true;
    tally_.Count("fault.no_space");
    done->error = DiskError::kNoSpace;
    return;
  }
  Inode& inode = InodeNumber(next_inode_++);
  inode.opens = 1;
  inode.path = effect.path;
  tree_.Set(effect.path, inode.number);
  open_.InsertOrAssign(effect.file.value, &inode);
  done->inode = inode.number;
}

SimDisk::Inode* SimDisk::InodeOf(FileNumber file) {
  Inode* const* found = open_.Find(file.value);
  return found == nullptr ? nullptr : *found;
}

// Made if there is none.
SimDisk::Inode& SimDisk::InodeNumber(uint64_t number) {
  std::unique_ptr<Inode>& inode = inodes_[number];
  if (inode == nullptr) {
    inode = std::make_unique<Inode>();
    inode->number = number;
  }
  return *inode;
}

void SimDisk::PerformOnFile(Operation& operation, DiskDone* done) {
  const DiskEffect& effect = operation.effect;
  Inode* inode = InodeOf(effect.file);
  if (inode == nullptr) {
    done->error = DiskError::kOther;
    return;
  }
  switch (effect.verb) {
    case DiskVerb::kClose:
      --inode->opens;
      open_.Erase(effect.file.value);
      ForgetIfUnnamed(inode->number);
      return;
    case DiskVerb::kRead:
      Read(operation, inode->image, done);
      return;
    case DiskVerb::kWrite:
      Write(operation, *inode, done);
      return;
    case DiskVerb::kAllocate:
      if (effect.length == 0) return;
      if (!HasSpace(inode->image, effect.offset + effect.length)) {
        tally_.Count("fault.no_space");
        done->error = DiskError::kNoSpace;
        return;
      }
      Alter(inode->image, [&](FileImage& image) {
        image.Extend(effect.offset + effect.length);
      });
      return;
    case DiskVerb::kSync:
      Sync(operation, inode->image, done);
      return;
    case DiskVerb::kTruncate:
      Alter(inode->image,
            [&](FileImage& image) { image.Truncate(effect.length); });
      return;
    case DiskVerb::kDropCache:
      return;
    case DiskVerb::kOpen:
    case DiskVerb::kSyncDir:
    case DiskVerb::kRename:
    case DiskVerb::kLink:
    case DiskVerb::kUnlink:
    case DiskVerb::kMakeDir:
    case DiskVerb::kList:
    case DiskVerb::kStat:
    case DiskVerb::kSpace:
    case DiskVerb::kLock:
      break;
  }
  ORRERY_UNREACHABLE("not an operation on an open file");
}

bool SimDisk::FailsToRead(uint64_t number) {
  const uint64_t fate =
      Fate(options_.seed, Lot::kDiskReadError, options_.node, number);
  const bool is_once = std::exchange(read_fails_once_, false);
  const bool is_transient = is_once || Falls(fate, noise_.disk_read_error);
  if (is_transient) tally_.Count("fault.read_failed_once");
  if (reads_fail_) tally_.Count("fault.read_failed");
  return reads_fail_ || is_transient;
}

bool SimDisk::FailsToWrite() {
  const bool is_once = std::exchange(write_fails_once_, false);
  if (is_once) tally_.Count("fault.write_failed_once");
  if (writes_fail_) tally_.Count("fault.write_failed");
  const bool fails = writes_fail_ || is_once;
  // The next start reads such a file from the disk, as after a failed sync.
  if (fails) ++failed_syncs_;
  return fails;
}

// At least one, if any were asked for.
uint64_t SimDisk::MovedBytes(uint64_t asked, uint64_t number) {
  const uint64_t fate =
      Fate(options_.seed, Lot::kDiskShort, options_.node, number);
  if (asked < 2 || !Falls(fate, noise_.disk_short)) return asked;
  return 1 + Mix64(fate) % (asked - 1);
}

void SimDisk::Read(const Operation& operation, const FileImage& image,
                   DiskDone* done) {
  if (FailsToRead(operation.number)) {
    ++lies_;
    has_failed_ = true;
    done->error = DiskError::kIo;
    return;
  }
  const DiskEffect& effect = operation.effect;
  const uint64_t length = MovedBytes(effect.length, operation.number);
  done->data = image.Read(effect.offset, length);
  done->count = done->data.size();
  if (done->count == length && length < effect.length) {
    tally_.Count("fault.short_read");
  }
}

// One write to the image, however many parts: power loss sees it whole.
std::string_view SimDisk::WholeOf(const DiskEffect& effect,
                                  std::string* joined) {
  if (effect.data.size() == 1) return effect.data.front().text();
  joined->reserve(BytesOf(effect));
  for (const Bytes& part : effect.data) *joined += part.text();
  return *joined;
}

void SimDisk::Write(const Operation& operation, Inode& inode, DiskDone* done) {
  const DiskEffect& effect = operation.effect;
  if (FailsToWrite()) {
    has_failed_ = true;
    done->error = DiskError::kIo;
    return;
  }
  FileImage& image = inode.image;
  const uint64_t asked = BytesOf(effect);
  if (asked == 0) return;
  const uint64_t bytes = MovedBytes(asked, operation.number);
  if (bytes < asked) tally_.Count("fault.short_write");
  // Bytes that the file has already are written over, full disk or not.
  const uint64_t end = effect.offset + bytes;
  if (!HasSpace(image, end)) {
    tally_.Count("fault.no_space");
    done->error = DiskError::kNoSpace;
    return;
  }
  done->count = bytes;
  std::string joined;
  const std::string_view whole = WholeOf(effect, &joined).substr(0, bytes);
  if (astray_.has_value() && ClassOfPath(inode.path) == astray_->of.kind) {
    const DiskStep step = *std::exchange(astray_, std::nullopt);
    LoseWrite(inode, effect.offset, whole);
    if (step.kind == DiskStep::Kind::kMisdirect) {
      Misdirect(step, effect.offset, whole);
    }
    return;
  }
  Alter(image, [&](FileImage& file) { file.Write(effect.offset, whole); });
}

void SimDisk::Sync(const Operation& operation, FileImage& image,
                   DiskDone* done) {
  if (sync_fails_) {
    // The pages count as clean, and what is on the disk is the old bytes.
    sync_fails_ = false;
    ++failed_syncs_;
    has_failed_ = true;
    tally_.Count("fault.sync_failed");
    PowerLoss loss{
        .seed = Fate(options_.seed, Lot::kPageFate, operation.number),
        .torn = {1, 2},
        .keep = std::nullopt,
        .torn_sectors = std::nullopt,
        .garbage = {}};
    Alter(image,
          [&](FileImage& file) { file.LosePower(loss, operation.number); });
    done->error = DiskError::kIo;
    return;
  }
  image.MarkSynced(operation.upto);
}

void SimDisk::MakeDirectory(const DiskEffect& effect, DiskDone* done) {
  if (tree_.Find(effect.path).has_value()) {
    done->error = DiskError::kExists;
  } else if (!tree_.IsDirectory(DirectoryOf(effect.path))) {
    done->error = DiskError::kNoEntry;
  } else {
    tree_.Set(effect.path, DirectoryTree::kDirectory);
  }
}

void SimDisk::Lock(const DiskEffect& effect, DiskDone* done) {
  if (std::find(locks_.begin(), locks_.end(), effect.path) != locks_.end()) {
    done->error = DiskError::kLocked;
    return;
  }
  if (tree_.IsDirectory(effect.path)) {
    done->error = DiskError::kOther;
    return;
  }
  if (!tree_.Find(effect.path).has_value()) {
    if (!tree_.IsDirectory(DirectoryOf(effect.path))) {
      done->error = DiskError::kNoEntry;
      return;
    }
    tree_.Set(effect.path, InodeNumber(next_inode_++).number);
  }
  locks_.push_back(effect.path);
}

// What rename(2) says.
DiskError SimDisk::RefusalOfRename(const DiskEffect& effect,
                                   bool is_directory) const {
  if (!tree_.IsDirectory(DirectoryOf(effect.path2))) return DiskError::kNoEntry;
  if (is_directory && effect.path2.starts_with(effect.path + "/")) {
    return DiskError::kOther;
  }
  const std::optional<uint64_t> replaced = tree_.Find(effect.path2);
  if (!replaced.has_value()) return DiskError::kNone;
  const bool replaces_directory = *replaced == DirectoryTree::kDirectory;
  if (is_directory && !replaces_directory) return DiskError::kNoEntry;
  if (!is_directory && replaces_directory) return DiskError::kOther;
  if (is_directory && effect.path != effect.path2 &&
      !tree_.IsEmptyDirectory(effect.path2)) {
    return DiskError::kNotEmpty;
  }
  return DiskError::kNone;
}

void SimDisk::Rename(const DiskEffect& effect, uint64_t moved, DiskDone* done) {
  const bool is_directory = moved == DirectoryTree::kDirectory;
  done->error = RefusalOfRename(effect, is_directory);
  if (done->error != DiskError::kNone) return;
  const std::optional<uint64_t> replaced = tree_.Find(effect.path2);
  if (effect.path == effect.path2) return;
  if (!is_directory && replaced == std::optional(moved)) return;  // One file.
  tree_.Rename(effect.path, effect.path2);
  if (replaced.has_value()) ForgetIfUnnamed(*replaced);
  if (!is_directory) {
    InodeNumber(moved).path = effect.path2;
    return;
  }
  const std::string prefix = effect.path + "/";
  for (auto& [number, inode] : inodes_) {
    if (!inode->path.starts_with(prefix)) continue;
    inode->path.replace(0, effect.path.size(), effect.path2);
  }
}

void SimDisk::Link(const DiskEffect& effect, uint64_t inode, DiskDone* done) {
  if (tree_.Find(effect.path2).has_value()) {
    done->error = DiskError::kExists;
  } else if (!tree_.IsDirectory(DirectoryOf(effect.path2))) {
    done->error = DiskError::kNoEntry;
  } else if (inode == DirectoryTree::kDirectory) {
    done->error = DiskError::kPermission;
  } else if (full_) {  // A name takes space too.
    tally_.Count("fault.no_space");
    done->error = DiskError::kNoSpace;
  } else {
    tree_.Set(effect.path2, inode);
  }
}

// Operations on a name that must exist.
void SimDisk::PerformOnNames(const DiskEffect& effect, DiskDone* done) {
  const std::optional<uint64_t> found = tree_.Find(effect.path);
  if (!found.has_value()) {
    done->error = DiskError::kNoEntry;
    return;
  }
  const bool is_directory = *found == DirectoryTree::kDirectory;
  if (effect.verb == DiskVerb::kRename) {
    Rename(effect, *found, done);
  } else if (effect.verb == DiskVerb::kLink) {
    Link(effect, *found, done);
  } else if (effect.verb == DiskVerb::kUnlink) {
    if (is_directory && !tree_.IsEmptyDirectory(effect.path)) {
      done->error = DiskError::kNotEmpty;
      return;
    }
    tree_.Set(effect.path, std::nullopt);
    ForgetIfUnnamed(*found);
  } else if (effect.verb == DiskVerb::kList) {
    if (!is_directory) {
      done->error = DiskError::kNoEntry;
      return;
    }
    done->names = tree_.List(effect.path);
  } else {
    ORRERY_INVARIANT(effect.verb == DiskVerb::kStat);
    done->inode = *found;
    if (!is_directory) done->count = InodeNumber(*found).image.size();
  }
}

}  // namespace orrery::sim
