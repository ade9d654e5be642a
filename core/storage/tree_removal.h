// core/storage/tree_removal.h
//
// TreeRemoval removes a directory with all that is in it.  The operations are
// handed to whoever submits them, one at a time:
//
//   submit(removal.Begin(path));
//   on completion: if (next = removal.Continue(done)) submit(*next), else it is
//   over.
//
// What cannot be removed is left, with the directories that it lies in; nothing
// is tried twice.  No directory is synced: what a power loss brings back is
// removed by whoever looks for it again.
//
// Invariants:
//   TRM-1  Nothing outside of the path is touched.
//   TRM-2  Ends after two operations for each name and three for each
//          directory, of kDepthMax levels.
//
// Threading: none.  Memory: the names of the directories on one path.

#ifndef ORRERY_CORE_STORAGE_TREE_REMOVAL_H_
#define ORRERY_CORE_STORAGE_TREE_REMOVAL_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/fields.h"
#include "core/protocol/disk.h"

namespace orrery {

class TreeRemoval {
 public:
  // A snapshot has three; what lies deeper somebody else put there.
  static constexpr size_t kDepthMax = 8;

  DiskEffect Begin(std::string path);
  std::optional<DiskEffect> Continue(const DiskDone& done);
  // Something is left.
  bool HasFailed() const { return has_failed_; }

  ORRERY_FIELDS(levels_, has_failed_)

 private:
  struct Level {
    std::string path;
    std::vector<std::string> names;
    size_t next = 0;          // Of the names: what stands before it is done.
    bool is_leaving = false;  // The directory itself is being removed.
    ORRERY_FIELDS(path, names, next, is_leaving)
  };
  std::optional<DiskEffect> OnListed(const DiskDone& done);
  std::optional<DiskEffect> OnUnlinked(const DiskDone& done);
  DiskEffect Enter(std::string path);
  std::optional<DiskEffect> Leave();
  DiskEffect Next();

  std::vector<Level> levels_;  // From the outermost.
  bool has_failed_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_TREE_REMOVAL_H_
