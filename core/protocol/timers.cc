#include "core/protocol/timers.h"

#include <utility>

namespace orrery {

bool IsClientDeadline(TimerKind kind) {
  switch (kind) {
    case TimerKind::kPutDeadline:
    case TimerKind::kGetDeadline:
    case TimerKind::kForwardDeadline:
    case TimerKind::kListDeadline:
    case TimerKind::kRingWait:
      return true;
    default:
      return false;
  }
}

void TimerHeap::Arm(TimerKind kind, Handle handle, Instant deadline) {
  Cancel(kind, handle);
  const Key key{deadline, next_seq_++};
  by_deadline_.emplace(key, Name{kind, handle});
  by_name_.emplace(Name{kind, handle}, key);
}

void TimerHeap::Cancel(TimerKind kind, Handle handle) {
  const auto found = by_name_.find(Name{kind, handle});
  if (found == by_name_.end()) return;
  by_deadline_.erase(found->second);
  by_name_.erase(found);
}

bool TimerHeap::IsArmed(TimerKind kind, Handle handle) const {
  return by_name_.contains(Name{kind, handle});
}

std::optional<Instant> TimerHeap::NextDeadline() const {
  if (by_deadline_.empty()) return std::nullopt;
  return by_deadline_.begin()->first.deadline;
}

std::optional<TimerHeap::Due> TimerHeap::PopDue(Instant now) {
  if (by_deadline_.empty()) return std::nullopt;
  const auto first = by_deadline_.begin();
  if (first->first.deadline > now) return std::nullopt;
  const Due due{first->second.kind, first->second.handle,
                first->first.deadline};
  by_name_.erase(first->second);
  by_deadline_.erase(first);
  return due;
}

void TimerHeap::Postpone(Duration late) {
  absl::btree_map<Key, Name> moved;
  for (const auto& [key, name] : by_deadline_) {
    const bool stays = IsClientDeadline(name.kind);
    const Key then{stays ? key.deadline : key.deadline + late, key.seq};
    moved.emplace(then, name);
    by_name_[name] = then;
  }
  by_deadline_ = std::move(moved);
}

}  // namespace orrery
