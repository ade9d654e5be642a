#include "tests/core/storage/memory_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/invariant.h"

namespace orrery {

namespace {
constexpr size_t kPage = 4096;
constexpr size_t kSector = 512;
}  // namespace

void MemoryDisk::Submit(DiskEffect effect) {
  // The real disk's threads see the bytes only; so does this one.
  Pending operation{.effect = {}, .number = ++submitted_, .content = {}};
  if (effect.verb == DiskVerb::kSync && open_.contains(effect.file.value)) {
    operation.content = open_[effect.file.value]->data;
  }
  operation.effect = std::move(effect);
  if (operation.effect.path.empty()) operation.effect.path = ".";
  pending_.push_back(std::move(operation));
}

DiskDone MemoryDisk::Perform() {
  ORRERY_INVARIANT(!pending_.empty());
  size_t i = in_order_ ? 0 : static_cast<size_t>(Below(pending_.size()));
  i = NextOf(i) < pending_.size() ? NextOf(i) : NextOf(0);
  ORRERY_INVARIANT(i < pending_.size());
  i = BeforeClose(i);
  const Pending operation = std::move(pending_[i]);
  pending_.erase(pending_.begin() + static_cast<ptrdiff_t>(i));
  ++operations_;
  DiskDone done = Run(operation);
  if (after_operation_) after_operation_(operation.effect);
  return done;
}

bool MemoryDisk::IsHeld(const Pending& operation) const {
  return holds_ && holds_(operation.effect);
}

size_t MemoryDisk::NextOf(size_t from) const {
  while (from < pending_.size() && IsHeld(pending_[from])) ++from;
  return from;
}

// A close waits for what was submitted before it: the first of that, or `i`.
size_t MemoryDisk::BeforeClose(size_t i) const {
  const DiskEffect& close = pending_[i].effect;
  if (close.verb != DiskVerb::kClose) return i;
  for (size_t earlier = 0; earlier < i; ++earlier) {
    if (pending_[earlier].effect.file == close.file) return earlier;
  }
  return i;
}

std::string MemoryDisk::ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::shared_ptr<MemoryDisk::Inode> MemoryDisk::Find(
    const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second;
}

bool MemoryDisk::IsDirectory(const std::string& path) const {
  if (path == ".") return true;
  const std::shared_ptr<Inode> inode = Find(path);
  return inode != nullptr && inode->is_directory;
}

bool MemoryDisk::IsEmpty(const std::string& directory) const {
  const auto first = names_.upper_bound(directory + "/");
  return first == names_.end() || !first->first.starts_with(directory + "/");
}

uint64_t MemoryDisk::UsedBytes() const {
  uint64_t used = 0;
  std::set<const Inode*> seen;
  for (const auto& [name, inode] : names_) {
    if (seen.insert(inode.get()).second) used += inode->data.size();
  }
  return used;
}

void MemoryDisk::Apply(const NameChange& change, Names& names) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.inode;
  const bool moves_directory = !change.removed.empty() &&
                               change.inode != nullptr &&
                               change.inode->is_directory;
  if (!moves_directory) return;
  const std::string prefix = change.removed + "/";
  std::vector<std::string> inside;
  for (const auto& [name, inode] : names) {
    if (name.starts_with(prefix)) inside.push_back(name);
  }
  for (const std::string& name : inside) {
    auto entry = names.extract(name);
    entry.key() = change.added + "/" + name.substr(prefix.size());
    names.insert(std::move(entry));
  }
}

void MemoryDisk::Change(NameChange change) {
  Apply(change, names_);
  changes_.push_back(std::move(change));
}

void MemoryDisk::Open(const DiskEffect& effect, DiskDone& done) {
  std::shared_ptr<Inode> inode = Find(effect.path);
  if (inode == nullptr &&
      (!effect.create || !IsDirectory(ParentOf(effect.path)))) {
    done.error = DiskError::kNoEntry;
    return;
  }
  if (inode != nullptr && effect.exclusive) {
    done.error = DiskError::kExists;
    return;
  }
  if (inode != nullptr && inode->is_directory) {
    done.error = DiskError::kOther;
    return;
  }
  const auto refused = fail_opens_.find(effect.path);
  if (refused != fail_opens_.end() && refused->second != DiskError::kNone) {
    done.error = refused->second;
    return;
  }
  if (fail_create_.has_value() && inode == nullptr) {
    done.error = *std::exchange(fail_create_, std::nullopt);
    return;
  }
  if (inode == nullptr) {
    inode = std::make_shared<Inode>();
    inode->number = next_inode_++;
    Change({.removed = {}, .added = effect.path, .inode = inode});
  }
  ORRERY_INVARIANT(!open_.contains(effect.file.value));
  open_[effect.file.value] = inode;
  open_paths_[effect.file.value] = effect.path;
}

void MemoryDisk::Write(const DiskEffect& effect, DiskDone& done,
                       uint64_t limit) {
  Inode& inode = *open_.at(effect.file.value);
  std::string bytes;
  for (const Bytes& part : effect.data) bytes += part.text();
  bytes.resize(std::min<size_t>(bytes.size(), static_cast<size_t>(limit)));
  if (bytes.empty()) return;
  const size_t end = static_cast<size_t>(effect.offset) + bytes.size();
  if (end > inode.data.size()) {
    if (UsedBytes() + end - inode.data.size() > capacity_) {
      done.error = DiskError::kNoSpace;
      return;
    }
    inode.data.resize(end, '\0');
  }
  std::memcpy(inode.data.data() + effect.offset, bytes.data(), bytes.size());
  done.count = bytes.size();
}

void MemoryDisk::Read(const DiskEffect& effect, DiskDone& done) {
  const std::string& path = open_paths_[effect.file.value];
  if (failing_[path]) {
    done.error = DiskError::kIo;
    return;
  }
  const std::string& data = open_[effect.file.value]->data;
  uint64_t end = std::min<uint64_t>(effect.offset + effect.length, data.size());
  const auto bad = bad_pages_.find(path);
  const bool is_met = bad != bad_pages_.end() && bad->second < end &&
                      effect.offset < bad->second + kPage;
  if (is_met) {  // As pread(2): short before it, and then an error.
    end = bad->second;
    if (effect.offset >= end) done.error = DiskError::kIo;
  }
  if (effect.offset < end) {
    done.data = Bytes::CopyOf(std::string_view(data).substr(
        static_cast<size_t>(effect.offset),
        static_cast<size_t>(end - effect.offset)));
  }
  done.count = done.data.size();
}

// What rename(2) says.
DiskError MemoryDisk::RefusalOfRename(const DiskEffect& effect) const {
  const std::shared_ptr<Inode> moved = Find(effect.path);
  const std::shared_ptr<Inode> replaced = Find(effect.path2);
  if (moved == nullptr) return DiskError::kNoEntry;
  if (!IsDirectory(ParentOf(effect.path2))) return DiskError::kNoEntry;
  if (effect.path2.starts_with(effect.path + "/")) return DiskError::kOther;
  if (replaced == nullptr || replaced == moved) return DiskError::kNone;
  if (moved->is_directory && !replaced->is_directory) {
    return DiskError::kNoEntry;
  }
  if (replaced->is_directory && !moved->is_directory) return DiskError::kOther;
  return IsEmpty(effect.path2) ? DiskError::kNone : DiskError::kNotEmpty;
}

void MemoryDisk::Rename(const DiskEffect& effect, DiskDone& done) {
  done.error = fail_rename_.has_value()
                   ? *std::exchange(fail_rename_, std::nullopt)
                   : RefusalOfRename(effect);
  if (done.error != DiskError::kNone) return;
  const std::shared_ptr<Inode> inode = Find(effect.path);
  if (inode == Find(effect.path2)) return;  // One file.
  Change({.removed = effect.path, .added = effect.path2, .inode = inode});
  // What is inside a directory goes with it.
  const std::string prefix = effect.path + "/";
  std::vector<std::string> inside;
  for (const auto& [name, node] : names_) {
    if (name.starts_with(prefix)) inside.push_back(name);
  }
  for (const std::string& name : inside) {
    Change({.removed = name,
            .added = effect.path2 + "/" + name.substr(prefix.size()),
            .inode = names_[name]});
  }
}

void MemoryDisk::Link(const DiskEffect& effect, DiskDone& done) {
  const std::shared_ptr<Inode> inode = Find(effect.path);
  if (fail_link_.has_value()) {
    done.error = *std::exchange(fail_link_, std::nullopt);
  } else if (inode == nullptr || !IsDirectory(ParentOf(effect.path2))) {
    done.error = DiskError::kNoEntry;
  } else if (Find(effect.path2) != nullptr) {
    done.error = DiskError::kExists;
  } else if (inode->is_directory) {
    done.error = DiskError::kPermission;
  } else {
    Change({.removed = {}, .added = effect.path2, .inode = inode});
  }
}

DiskDone MemoryDisk::Run(const Pending& operation) {
  const DiskEffect& effect = operation.effect;
  DiskDone done{.token = effect.token, .verb = effect.verb};
  const auto is_open = [&] { return open_.contains(effect.file.value); };
  switch (effect.verb) {
    case DiskVerb::kOpen:
      Open(effect, done);
      break;
    case DiskVerb::kClose:
      ORRERY_INVARIANT(is_open());
      open_.erase(effect.file.value);
      open_paths_.erase(effect.file.value);
      break;
    case DiskVerb::kRead:
      ORRERY_INVARIANT(is_open());
      Read(effect, done);
      break;
    case DiskVerb::kWrite: {
      ORRERY_INVARIANT(is_open());
      if (fail_write_.has_value()) {
        done.error = *std::exchange(fail_write_, std::nullopt);
        break;
      }
      uint64_t limit = UINT64_MAX;
      if (short_writes_ && Chance(1, 3)) limit = 1 + Below(5000);
      Write(effect, done, limit);
      break;
    }
    case DiskVerb::kAllocate: {
      ORRERY_INVARIANT(is_open());
      Inode& inode = *open_[effect.file.value];
      const auto end = static_cast<size_t>(effect.offset + effect.length);
      if (effect.length == 0) break;
      if (end > inode.data.size()) {
        if (UsedBytes() + end - inode.data.size() > capacity_) {
          done.error = DiskError::kNoSpace;
          break;
        }
        inode.data.resize(end, '\0');
      }
      break;
    }
    case DiskVerb::kSync: {
      ORRERY_INVARIANT(is_open());
      Inode& inode = *open_[effect.file.value];
      if (fail_sync_.has_value()) {
        // The pages count as clean, and are not on the disk.
        done.error = *std::exchange(fail_sync_, std::nullopt);
        break;
      }
      if (operation.number < inode.synced_by) break;
      inode.synced_by = operation.number;
      inode.durable = operation.content;
      break;
    }
    case DiskVerb::kSyncDir: {
      if (!IsDirectory(effect.path)) {
        done.error = DiskError::kNoEntry;
        break;
      }
      std::vector<NameChange> rest;
      for (const NameChange& change : changes_) {
        const std::string& name =
            change.added.empty() ? change.removed : change.added;
        if (ParentOf(name) == effect.path) {
          Apply(change, durable_names_);
        } else {
          rest.push_back(change);
        }
      }
      changes_ = rest;
      break;
    }
    case DiskVerb::kTruncate:
      ORRERY_INVARIANT(is_open());
      open_[effect.file.value]->data.resize(static_cast<size_t>(effect.length),
                                            '\0');
      break;
    case DiskVerb::kRename:
      Rename(effect, done);
      break;
    case DiskVerb::kLink:
      Link(effect, done);
      break;
    case DiskVerb::kUnlink:
      if (Find(effect.path) == nullptr) {
        done.error = DiskError::kNoEntry;
      } else if (!IsEmpty(effect.path)) {
        done.error = DiskError::kNotEmpty;
      } else {
        Change({.removed = effect.path, .added = {}, .inode = nullptr});
      }
      break;
    case DiskVerb::kMakeDir: {
      if (Find(effect.path) != nullptr) {
        done.error = DiskError::kExists;
        break;
      }
      if (!IsDirectory(ParentOf(effect.path))) {
        done.error = DiskError::kNoEntry;
        break;
      }
      auto inode = std::make_shared<Inode>();
      inode->is_directory = true;
      inode->number = next_inode_++;
      Change({.removed = {}, .added = effect.path, .inode = inode});
      break;
    }
    case DiskVerb::kList:
      if (!IsDirectory(effect.path)) {
        done.error = DiskError::kNoEntry;
        break;
      }
      for (const auto& [name, inode] : names_) {
        if (ParentOf(name) != effect.path) continue;
        const size_t slash = name.rfind('/');
        done.names.push_back(
            slash == std::string::npos ? name : name.substr(slash + 1));
      }
      break;
    case DiskVerb::kStat: {
      const auto inode = Find(effect.path);
      if (inode == nullptr) {
        done.error = DiskError::kNoEntry;
        break;
      }
      done.count = inode->data.size();
      done.inode = inode->number;
      break;
    }
    case DiskVerb::kLock:
      if (!IsDirectory(ParentOf(effect.path))) {
        done.error = DiskError::kNoEntry;
      } else if (IsDirectory(effect.path)) {
        done.error = DiskError::kOther;
      } else if (!locks_.insert(effect.path).second) {
        done.error = DiskError::kLocked;
      }
      break;
    case DiskVerb::kSpace:
      done.count = total_ == 0 ? capacity_ : std::min(capacity_, total_);
      done.count -= std::min(done.count, UsedBytes());
      done.total = total_;
      break;
    case DiskVerb::kDropCache:
      break;
  }
  return done;
}

void MemoryDisk::CrashProcess() {
  for (const Pending& operation : pending_) {
    const DiskEffect& effect = operation.effect;
    const bool may_run = effect.verb == DiskVerb::kOpen ||
                         open_.contains(effect.file.value) ||
                         effect.file.value == 0;
    if (!may_run || Chance(1, 2)) continue;
    if (effect.verb == DiskVerb::kClose) continue;
    if (effect.verb == DiskVerb::kWrite && Chance(1, 2)) {
      DiskDone done;
      Write(effect, done, Below(9000));
      continue;
    }
    Run(operation);
  }
  ForgetProcess();
}

void MemoryDisk::ForgetProcess() {
  pending_.clear();
  open_.clear();
  open_paths_.clear();
  locks_.clear();
  fail_sync_.reset();
  fail_write_.reset();
  fail_link_.reset();
  fail_create_.reset();
}

void MemoryDisk::LosePages(Inode& inode) {
  std::string after = inode.durable;
  const size_t new_size = inode.data.size();
  if (new_size != after.size() && Chance(1, 2)) {
    after.resize(new_size, '\0');
  }
  for (size_t page = 0; page < after.size(); page += kPage) {
    const uint64_t fate = Below(3);
    for (size_t at = page; at < std::min(page + kPage, after.size());
         at += kSector) {
      const bool is_new = fate == 1 || (fate == 2 && Chance(1, 2));
      if (!is_new || at >= new_size) continue;
      const size_t length =
          std::min({kSector, after.size() - at, new_size - at});
      std::memcpy(after.data() + at, inode.data.data() + at, length);
    }
  }
  inode.data = after;
  inode.durable = after;
}

void MemoryDisk::DropOrphans() {
  std::erase_if(names_, [this](const auto& entry) {
    std::string parent = ParentOf(entry.first);
    while (parent != "." && names_.contains(parent)) parent = ParentOf(parent);
    return parent != ".";
  });
}

void MemoryDisk::LosePower() {
  CrashProcess();
  Names after = durable_names_;
  const bool is_prefix = Chance(1, 2);
  for (const NameChange& change : changes_) {
    if (Chance(1, 2)) {
      Apply(change, after);
    } else if (is_prefix) {
      break;
    }
  }
  changes_.clear();
  names_ = std::move(after);
  DropOrphans();
  durable_names_ = names_;
  std::set<Inode*> seen;
  for (auto& [name, inode] : names_) {
    if (seen.insert(inode.get()).second) LosePages(*inode);
  }
}

std::vector<std::string> MemoryDisk::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [name, inode] : names_) {
    if (!inode->is_directory) paths.push_back(name);
  }
  return paths;
}

std::vector<std::string> MemoryDisk::PathsEndingWith(
    const std::string& suffix) const {
  std::vector<std::string> paths = Paths();
  std::erase_if(paths, [&suffix](const std::string& path) {
    return !path.ends_with(suffix);
  });
  return paths;
}

std::string MemoryDisk::Content(const std::string& path) const {
  return Find(path)->data;
}

void MemoryDisk::SetContent(const std::string& path,
                            const std::string& content) {
  std::shared_ptr<Inode> inode = Find(path);
  if (inode == nullptr) {
    for (std::string parent = ParentOf(path); parent != ".";
         parent = ParentOf(parent)) {
      if (Find(parent) == nullptr) MakeDirectory(parent);
    }
    inode = std::make_shared<Inode>();
    inode->number = next_inode_++;
    names_[path] = inode;
    durable_names_[path] = inode;
  }
  inode->data = content;
  inode->durable = content;
}

void MemoryDisk::MakeDirectory(const std::string& path) {
  auto inode = std::make_shared<Inode>();
  inode->is_directory = true;
  names_[path] = inode;
  durable_names_[path] = inode;
}

MemoryDisk MemoryDisk::Clone() const {
  MemoryDisk copy(1);
  copy.next_inode_ = next_inode_;
  copy.submitted_ = submitted_;
  for (const auto& [name, inode] : names_) {
    copy.names_[name] = std::make_shared<Inode>(*inode);
    copy.durable_names_[name] = copy.names_[name];
  }
  return copy;
}

MemoryDisk MemoryDisk::CopyOf(const std::string& directory) const {
  MemoryDisk copy = MovedFrom(directory);
  for (auto& [name, inode] : copy.names_) {
    inode->number = copy.next_inode_++;
  }
  return copy;
}

MemoryDisk MemoryDisk::MovedFrom(const std::string& directory) const {
  MemoryDisk moved(1);
  moved.in_order_ = true;
  moved.next_inode_ = next_inode_;
  moved.submitted_ = submitted_;
  const std::string prefix = directory + "/";
  for (const auto& [name, inode] : names_) {
    if (!name.starts_with(prefix)) continue;
    const std::string inside = name.substr(prefix.size());
    moved.names_[inside] = std::make_shared<Inode>(*inode);
    moved.names_[inside]->durable = inode->data;
    moved.durable_names_[inside] = moved.names_[inside];
  }
  return moved;
}

void MemoryDisk::FlipBit(const std::string& path, uint64_t byte, int bit) {
  Inode& inode = *Find(path);
  const auto at = static_cast<size_t>(byte);
  inode.data[at] = static_cast<char>(inode.data[at] ^ (1 << bit));
  if (at < inode.durable.size()) {
    inode.durable[at] = static_cast<char>(inode.durable[at] ^ (1 << bit));
  }
}

}  // namespace orrery
