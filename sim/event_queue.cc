#include "sim/event_queue.h"

#include <algorithm>
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
  const size_t size = heap_.size();
  if (size == 0) return top;
  size_t index = 0;
  while (true) {
    const size_t first = 4 * index + 1;
    if (first >= size) break;
    size_t least = first;
    const size_t end = std::min(first + 4, size);
    for (size_t child = first + 1; child < end; ++child) {
      if (Before(heap_[child], heap_[least])) least = child;
    }
    if (!Before(heap_[least], moving)) break;
    heap_[index] = heap_[least];
    index = least;
  }
  heap_[index] = moving;
  return top;
}

}  // namespace orrery::sim
