// sim/directory_tree.h
//
// DirectoryTree is the names on a simulated disk: which path is which file,
// and what of that survives a power loss.  Changes of a directory are durable
// from the SyncDir of that directory on; before it, a power loss keeps an
// ordered prefix or any subset of them.
//
// Paths are relative, with '/' between names; "" is the root directory.
//
// Invariants:
//   DIR-1  Without changes since its last sync, a directory loses nothing.
//
// Cost: O(log names) a call; List O(names found), LosePower O(names).

#ifndef ORRERY_SIM_DIRECTORY_TREE_H_
#define ORRERY_SIM_DIRECTORY_TREE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"

namespace orrery::sim {

class DirectoryTree {
 public:
  // 0: a directory.  Others: the file's number on this disk (its inode).
  using Inode = uint64_t;
  static constexpr Inode kDirectory = 0;

  std::optional<Inode> Find(std::string_view path) const;
  bool IsDirectory(std::string_view path) const;
  bool IsEmptyDirectory(std::string_view path) const;
  std::vector<std::string> List(std::string_view directory) const;

  // Sets, replaces (a value) or removes (none) what a path names, as one
  // change of its directory.
  void Set(std::string_view path, std::optional<Inode> inode);
  // Both names in one atomic change.  What lies in a directory goes with it.
  void Rename(std::string_view from, std::string_view to);
  // Nothing brings the name back.
  void Lose(std::string_view path) { Put(std::string(path), std::nullopt); }

  // Changes of the directory so far; SyncDir makes durable those that were
  // counted when it began.
  uint64_t changes() const { return changes_; }
  void MarkSynced(std::string_view directory, uint64_t changes);

  // The directory takes the place of the root, and all else is gone; durable.
  // REQUIRES: it is one.
  void BecomeContentOf(std::string_view directory);

  void LosePower(uint64_t seed);
  // Whether some path names the file.
  bool IsNamed(Inode inode) const { return links_.contains(inode); }
  // Whether a power loss may give it a name again.
  bool MayReturn(Inode inode) const;
  void Clear();

 private:
  struct Name {
    std::string path;
    std::optional<Inode> before;
    std::optional<Inode> after;
  };
  struct Change {
    uint64_t number;
    std::string directory;
    std::vector<Name> names;
    bool moves_directory = false;  // From the first name to the second.
  };

  void Put(const std::string& path, std::optional<Inode> inode);
  void Link(Inode inode);
  void Unlink(Inode inode);
  void Undo(const Change& change);
  void MovePending(size_t upto, const std::string& from, const std::string& to);

  absl::btree_map<std::string, Inode, std::less<>> names_;
  absl::btree_map<Inode, uint32_t> links_;  // How many paths name a file.
  std::vector<Change> pending_;
  uint64_t changes_ = 0;
};

// "a/b/c" lies in "a/b"; "a" in "".
std::string_view DirectoryOf(std::string_view path);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_DIRECTORY_TREE_H_
