#include "sim/directory_tree.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "sim/weather.h"

namespace orrery::sim {

std::string_view DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

std::optional<DirectoryTree::Inode> DirectoryTree::Find(
    std::string_view path) const {
  if (path.empty()) return kDirectory;
  const auto it = names_.find(path);
  if (it == names_.end()) return std::nullopt;
  return it->second;
}

bool DirectoryTree::IsDirectory(std::string_view path) const {
  return Find(path) == std::optional<Inode>(kDirectory);
}

bool DirectoryTree::IsEmptyDirectory(std::string_view path) const {
  return IsDirectory(path) && List(path).empty();
}

std::vector<std::string> DirectoryTree::List(std::string_view directory) const {
  const std::string prefix =
      directory.empty() ? "" : std::string(directory) + "/";
  std::vector<std::string> found;
  for (auto it = names_.lower_bound(prefix); it != names_.end(); ++it) {
    const std::string_view path = it->first;
    if (!path.starts_with(prefix)) break;
    const std::string_view rest = path.substr(prefix.size());
    if (rest.find('/') != std::string_view::npos) continue;
    found.emplace_back(rest);
  }
  return found;
}

void DirectoryTree::Link(Inode inode) {
  if (inode != kDirectory) ++links_[inode];
}

void DirectoryTree::Unlink(Inode inode) {
  if (inode == kDirectory) return;
  const auto it = links_.find(inode);
  ORRERY_INVARIANT(it != links_.end());
  if (--it->second == 0) links_.erase(it);
}

void DirectoryTree::Put(const std::string& path, std::optional<Inode> inode) {
  const auto it = names_.find(path);
  if (it != names_.end()) Unlink(it->second);
  if (inode.has_value()) Link(*inode);
  if (it == names_.end()) {
    if (inode.has_value()) names_.emplace(path, *inode);
  } else if (inode.has_value()) {
    it->second = *inode;
  } else {
    names_.erase(it);
  }
}

void DirectoryTree::Set(std::string_view path, std::optional<Inode> inode) {
  const std::string name(path);
  Change change{++changes_, std::string(DirectoryOf(path)), {}};
  change.names.push_back({name, Find(path), inode});
  Put(name, inode);
  pending_.push_back(std::move(change));
}

void DirectoryTree::Rename(std::string_view from, std::string_view to) {
  Change change{++changes_, std::string(DirectoryOf(to)), {}};
  const std::optional<Inode> moved = Find(from);
  change.names.push_back({std::string(from), moved, std::nullopt});
  change.names.push_back({std::string(to), Find(to), moved});
  if (moved == std::optional<Inode>(kDirectory)) {
    change.moves_directory = true;
    const std::string prefix = std::string(from) + "/";
    for (auto it = names_.lower_bound(prefix);
         it != names_.end() && it->first.starts_with(prefix); ++it) {
      std::string inside(to);
      inside += it->first.substr(from.size());
      const std::optional<Inode> inode = it->second;
      change.names.push_back({it->first, inode, std::nullopt});
      change.names.push_back({inside, Find(inside), inode});
    }
    MovePending(pending_.size(), std::string(from), std::string(to));
  }
  for (const Name& name : change.names) Put(name.path, name.after);
  pending_.push_back(std::move(change));
}

// The first `upto` changes were made in a directory that has another path now.
void DirectoryTree::MovePending(size_t upto, const std::string& from,
                                const std::string& to) {
  const std::string prefix = from + "/";
  const auto move = [&](std::string& path) {
    if (path.starts_with(prefix)) path = to + path.substr(from.size());
  };
  for (size_t i = 0; i < upto; ++i) {
    Change& change = pending_[i];
    if (change.directory == from) change.directory = to;
    move(change.directory);
    for (Name& name : change.names) move(name.path);
  }
}

void DirectoryTree::MarkSynced(std::string_view directory, uint64_t changes) {
  std::erase_if(pending_, [&](const Change& change) {
    return change.directory == directory && change.number <= changes;
  });
}

bool DirectoryTree::MayReturn(Inode inode) const {
  return std::any_of(
      pending_.begin(), pending_.end(), [inode](const Change& change) {
        return std::any_of(change.names.begin(), change.names.end(),
                           [inode](const Name& name) {
                             return name.before == std::optional(inode);
                           });
      });
}

void DirectoryTree::Undo(const Change& change) {
  for (size_t i = change.names.size(); i > 0; --i) {
    const Name& name = change.names[i - 1];
    Put(name.path, name.before);
  }
}

void DirectoryTree::LosePower(uint64_t seed) {
  // One mode for the whole crash: a prefix in order, or each for itself.
  const uint64_t mode = Fate(seed, Lot::kPowerMode, 1);
  const uint64_t prefix =
      pending_.empty() ? 0 : (mode >> 8) % (pending_.size() + 1);
  for (size_t i = pending_.size(); i > 0; --i) {
    const uint64_t fate = Fate(seed, Lot::kEntryFate, pending_[i - 1].number);
    const bool kept = mode % 2 == 0 ? i - 1 < prefix : fate % 2 == 0;
    if (kept) continue;
    Undo(pending_[i - 1]);
    const Change& change = pending_[i - 1];
    if (change.moves_directory) {
      const std::string from = change.names[0].path;
      const std::string to = change.names[1].path;
      MovePending(i - 1, to, from);
    }
  }
  pending_.clear();
  // What lay in a directory that vanished is gone with it.
  std::vector<std::string> orphans;
  for (const auto& [path, inode] : names_) {
    std::string_view directory = DirectoryOf(path);
    while (!directory.empty() && IsDirectory(directory)) {
      directory = DirectoryOf(directory);
    }
    if (!directory.empty()) orphans.push_back(path);
  }
  for (const std::string& path : orphans) Put(path, std::nullopt);
}

void DirectoryTree::BecomeContentOf(std::string_view directory) {
  ORRERY_INVARIANT(IsDirectory(directory));
  const std::string prefix = std::string(directory) + "/";
  const auto old = std::exchange(names_, {});
  links_.clear();
  pending_.clear();
  for (const auto& [path, inode] : old) {
    if (path.starts_with(prefix)) Put(path.substr(prefix.size()), inode);
  }
}

void DirectoryTree::Clear() {
  names_.clear();
  links_.clear();
  pending_.clear();
}

}  // namespace orrery::sim
