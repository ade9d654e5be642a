#include "core/storage/tree_removal.h"

#include <utility>

#include "core/base/invariant.h"

namespace orrery {

DiskEffect TreeRemoval::Begin(std::string path) {
  ORRERY_INVARIANT(levels_.empty());
  has_failed_ = false;
  return Enter(std::move(path));
}

DiskEffect TreeRemoval::Enter(std::string path) {
  levels_.push_back({.path = std::move(path), .names = {}});
  return {.verb = DiskVerb::kList, .path = levels_.back().path};
}

std::optional<DiskEffect> TreeRemoval::Continue(const DiskDone& done) {
  ORRERY_INVARIANT(!levels_.empty());
  if (done.verb == DiskVerb::kList) return OnListed(done);
  ORRERY_INVARIANT(done.verb == DiskVerb::kUnlink);
  return OnUnlinked(done);
}

std::optional<DiskEffect> TreeRemoval::OnListed(const DiskDone& done) {
  if (done.error != DiskError::kNone) {
    has_failed_ |= done.error != DiskError::kNoEntry;
    return Leave();
  }
  levels_.back().names = done.names;
  return Next();
}

std::optional<DiskEffect> TreeRemoval::OnUnlinked(const DiskDone& done) {
  Level& level = levels_.back();
  const bool is_gone =
      done.error == DiskError::kNone || done.error == DiskError::kNoEntry;
  if (level.is_leaving) {
    has_failed_ |= !is_gone;
    return Leave();
  }
  const bool is_directory = done.error == DiskError::kNotEmpty;
  if (is_directory && levels_.size() < kDepthMax) {
    return Enter(level.path + "/" + level.names[level.next]);
  }
  has_failed_ |= !is_gone;
  ++level.next;
  return Next();
}

// The innermost directory is done with, and so is its name.
std::optional<DiskEffect> TreeRemoval::Leave() {
  levels_.pop_back();
  if (levels_.empty()) return std::nullopt;
  ++levels_.back().next;
  return Next();
}

DiskEffect TreeRemoval::Next() {
  Level& level = levels_.back();
  if (level.next < level.names.size()) {
    return {.verb = DiskVerb::kUnlink,
            .path = level.path + "/" + level.names[level.next]};
  }
  level.is_leaving = true;
  return {.verb = DiskVerb::kUnlink, .path = level.path};
}

}  // namespace orrery
