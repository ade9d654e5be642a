// core/base/ready_list.h
//
// What a room has ready for whoever asked: filled during a step, taken by the
// engine before the step ends.  Two buffers change places, so that a list that
// is emptied a hundred thousand times a second allocates nothing.
//
// Invariants:
//   RDY-1  What is put in while the taken items are looked at waits for the
//          next Take().
//
// Cost: O(1); memory stays at the longest list there was, which the limits of
// the rooms bound.

#ifndef ORRERY_CORE_BASE_READY_LIST_H_
#define ORRERY_CORE_BASE_READY_LIST_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/fields.h"

namespace orrery {

template <typename T>
class ReadyList {
 public:
  void push_back(T item) { filling_.push_back(std::move(item)); }
  template <typename... Args>
  T& emplace_back(Args&&... args) {
    return filling_.emplace_back(std::forward<Args>(args)...);
  }

  // Not taken yet.
  size_t size() const { return filling_.size(); }
  bool empty() const { return filling_.empty(); }

  // What came since the last call, in order; the caller may move it away.
  // Valid until the next call.
  std::vector<T>& Take() {
    taken_.clear();
    if (!filling_.empty()) taken_.swap(filling_);  // Nearly always it is.
    return taken_;
  }

  ORRERY_FIELDS(filling_)

 private:
  std::vector<T> filling_;
  std::vector<T> taken_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_READY_LIST_H_
