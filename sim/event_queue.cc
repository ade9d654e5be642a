#include "sim/event_queue.h"

#include <cstddef>

namespace orrery::sim {

void EventQueue::SiftUp(size_t index) {
  const Occasion moving = heap_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 4;
    if (!Before(moving, heap_[parent])) break;
    heap_[index] = heap_[parent];
    index = parent;
  }
  heap_[index] = moving;
}

// 0: it has none.
size_t EventQueue::LeastChild(size_t parent) const {
  const size_t first = 4 * parent + 1;
  const size_t size = heap_.size();
  if (first + 4 <= size) {
    const size_t left =
        first + (Before(heap_[first + 1], heap_[first]) ? 1 : 0);
    const size_t right =
        first + (Before(heap_[first + 3], heap_[first + 2]) ? 3 : 2);
    return Before(heap_[right], heap_[left]) ? right : left;
  }
  if (first >= size) return 0;
  size_t least = first;
  for (size_t child = first + 1; child < size; ++child) {
    if (Before(heap_[child], heap_[least])) least = child;
  }
  return least;
}

Occasion EventQueue::Pop() {
  ORRERY_INVARIANT(!empty());
  if (LaneIsFirst()) {
    const Occasion first = lane_.front();
    lane_.pop_front();
    AdvanceTo({first.at_ns});
    return first;
  }
  const Occasion top = heap_.front();
  AdvanceTo({top.at_ns});
  const Occasion moving = heap_.back();
  heap_.pop_back();
  if (heap_.empty()) return top;
  // The hole goes down to a leaf, the last occasion goes into it and then up:
  // it came from a leaf, so it seldom goes far.
  size_t hole = 0;
  for (size_t next = LeastChild(hole); next != 0; next = LeastChild(hole)) {
    heap_[hole] = heap_[next];
    hole = next;
  }
  heap_[hole] = moving;
  SiftUp(hole);
  return top;
}

}  // namespace orrery::sim
