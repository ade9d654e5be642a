#include "core/protocol/timers.h"

#include <algorithm>
#include <vector>

#include "core/base/total_order.h"

namespace orrery {

bool IsClientDeadline(TimerKind kind) {
  switch (kind) {
    case TimerKind::kPutDeadline:
    case TimerKind::kGetDeadline:
    case TimerKind::kForwardDeadline:
    case TimerKind::kListDeadline:
    case TimerKind::kStampDeadline:
    case TimerKind::kInspectDeadline:
    case TimerKind::kRingWait:
      return true;
    default:
      return false;
  }
}

void TimerHeap::Arm(TimerKind kind, Handle handle, Instant deadline) {
  const Name name = NameOf(kind, handle);
  const uint32_t* known = by_name_.Find(name);
  if (known != nullptr) {  // TIM-2
    Settle(entries_[*known].place, {deadline, next_seq_++, *known});
    return;
  }
  const uint32_t entry = TakeEntry();
  entries_[entry].kind = kind;
  entries_[entry].handle = handle;
  by_name_.Insert(name, entry);
  heap_.emplace_back();
  Settle(heap_.size() - 1, {deadline, next_seq_++, entry});
}

uint32_t TimerHeap::TakeEntry() {
  if (free_entries_.empty()) {
    entries_.emplace_back();
    return static_cast<uint32_t>(entries_.size() - 1);
  }
  const uint32_t entry = free_entries_.back();
  free_entries_.pop_back();
  return entry;
}

// Puts `armed` where it belongs, given that nothing stands at `hole`.
void TimerHeap::Settle(size_t hole, const Armed& armed) {
  while (hole > 0) {
    const size_t parent = (hole - 1) / 2;
    if (!Before(armed, heap_[parent])) break;
    Put(hole, heap_[parent]);
    hole = parent;
  }
  while (true) {
    size_t child = 2 * hole + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) {
      ++child;
    }
    if (!Before(heap_[child], armed)) break;
    Put(hole, heap_[child]);
    hole = child;
  }
  Put(hole, armed);
}

void TimerHeap::Remove(size_t place) {
  const uint32_t entry = heap_[place].entry;
  by_name_.Erase(NameOf(entries_[entry].kind, entries_[entry].handle));
  free_entries_.push_back(entry);
  const Armed last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) Settle(place, last);
}

void TimerHeap::Cancel(TimerKind kind, Handle handle) {
  const uint32_t* entry = by_name_.Find(NameOf(kind, handle));
  if (entry != nullptr) Remove(entries_[*entry].place);
}

bool TimerHeap::IsArmed(TimerKind kind, Handle handle) const {
  return by_name_.Contains(NameOf(kind, handle));
}

std::optional<Instant> TimerHeap::NextDeadline() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().deadline;
}

std::optional<TimerHeap::Due> TimerHeap::PopDue(Instant now) {
  if (heap_.empty() || heap_.front().deadline > now) return std::nullopt;
  const Entry& entry = entries_[heap_.front().entry];
  const Due due{entry.kind, entry.handle, heap_.front().deadline};
  Remove(0);
  return due;
}

void TimerHeap::Fields(FieldSaver& save) const {
  std::vector<Armed> armed = heap_;
  Sort(armed.begin(), armed.end(), Before);
  save(next_seq_);
  save.Count(armed.size());
  for (const Armed& one : armed) {
    const Entry& entry = entries_[one.entry];
    save(entry.kind, entry.handle, one.deadline, one.seq);
  }
}

void TimerHeap::Fields(FieldLoader& load) {
  *this = TimerHeap();
  load(next_seq_);
  const size_t count = load.Count();
  Armed last;
  for (size_t i = 0; i < count && load.ok(); ++i) {
    Entry entry{};
    Armed armed;
    load(entry.kind, entry.handle, armed.deadline, armed.seq);
    load.Require(armed.seq < next_seq_ && (i == 0 || Before(last, armed)));
    load.Require(!IsArmed(entry.kind, entry.handle));
    if (!load.ok()) return;
    armed.entry = TakeEntry();
    last = armed;
    entries_[armed.entry] = entry;
    by_name_.Insert(NameOf(entry.kind, entry.handle), armed.entry);
    heap_.emplace_back();
    Settle(heap_.size() - 1, armed);
  }
}

void TimerHeap::Postpone(Duration late) {
  std::vector<Armed> before;
  before.swap(heap_);
  for (Armed& armed : before) {
    const bool stays = IsClientDeadline(entries_[armed.entry].kind);
    if (!stays) armed.deadline = armed.deadline + late;
    heap_.emplace_back();
    Settle(heap_.size() - 1, armed);
  }
}

}  // namespace orrery
