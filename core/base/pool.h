// core/base/pool.h
//
// Pool holds at most `capacity` objects that live while a conversation lasts.
// A Handle names a slot and its generation, so that a completion that arrives
// after its conversation ended finds nobody.
//
// Invariants:
//   POOL-1  A handle returned by Create is never equal to an earlier one (of
//           this process, until one slot was used 2^20 times; with StartAt
//           also of the last 4,095 processes).
//   POOL-2  size() <= capacity().
//
// Cost: O(1) per call.  Slots are allocated in Create up to the high-water
// mark and reused afterwards; objects are constructed and destroyed in place.

#ifndef ORRERY_CORE_BASE_POOL_H_
#define ORRERY_CORE_BASE_POOL_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/invariant.h"

namespace orrery {

template <typename T>
class Pool {
 public:
  explicit Pool(uint32_t capacity) : capacity_(capacity) {}

  // For handles that travel: an answer to an earlier process of this node may
  // arrive after a restart, and must find nobody.  The generation of the
  // process goes into the upper 12 bits of every handle's `gen`.
  // REQUIRES: Create was never called.
  void StartAt(uint32_t process_generation) {
    ORRERY_INVARIANT(slots_.empty());
    first_gen_ = process_generation << kUsesBits;
  }

  bool IsFull() const { return size_ == capacity_; }
  bool empty() const { return size_ == 0; }
  uint32_t size() const { return size_; }
  uint32_t capacity() const { return capacity_; }

  // REQUIRES: !IsFull().
  template <typename... Args>
  Handle Create(Args&&... args) {
    ORRERY_INVARIANT(size_ < capacity_);  // POOL-2
    uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
      slots_.back().gen = first_gen_;
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    Slot& entry = slots_[slot];
    ++entry.gen;
    if ((entry.gen & kUsesMask) == 0) entry.gen = first_gen_ + 1;
    entry.object.emplace(std::forward<Args>(args)...);
    ++size_;
    return {slot, entry.gen};
  }

  // Null if the handle's conversation has ended.
  T* Find(Handle handle) {
    if (handle.IsNone() || handle.slot >= slots_.size()) return nullptr;
    Slot& entry = slots_[handle.slot];
    if (entry.gen != handle.gen || !entry.object.has_value()) return nullptr;
    return &*entry.object;
  }

  const T* Find(Handle handle) const {
    return const_cast<Pool*>(this)->Find(handle);
  }

  // REQUIRES: Find(handle) != nullptr.
  void Destroy(Handle handle) {
    ORRERY_INVARIANT(Find(handle) != nullptr);
    slots_[handle.slot].object.reset();
    free_.push_back(handle.slot);
    --size_;
  }

  // Visits live objects in slot order: visitor(Handle, T&).  The visitor may
  // destroy the object it is shown.
  template <typename Visitor>
  void ForEach(Visitor&& visitor) {
    for (uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (!slots_[slot].object.has_value()) continue;
      visitor(Handle{slot, slots_[slot].gen}, *slots_[slot].object);
    }
  }

  // The state (fields.h); an object is loaded into one made of `blank`, or of a
  // Blank.
  template <typename Visitor, typename... Args>
  void Fields(Visitor& visit, const Args&... blank) {
    static_assert(Visitor::kLoads);
    slots_.clear();
    free_.clear();
    size_ = 0;
    visit(first_gen_);
    const size_t count = visit.Count();
    visit.Require(count <= capacity_);
    for (size_t i = 0; i < count && visit.ok(); ++i) {
      Slot& slot = slots_.emplace_back();
      bool has = false;
      visit(slot.gen, has);
      if (!has || !visit.ok()) continue;
      Emplace(slot.object, blank...);
      visit(*slot.object);
      ++size_;
    }
    visit(free_);
    visit.Require(FreeIsAllThatIsEmpty());
  }
  template <typename Visitor, typename... Args>
  void Fields(Visitor& visit, const Args&...) const {
    visit(first_gen_);
    visit.Count(slots_.size());
    for (const Slot& slot : slots_) visit(slot.gen, slot.object);
    visit(free_);
  }

 private:
  struct Slot {
    uint32_t gen = 0;
    std::optional<T> object;
  };

  template <typename... Args>
  static void Emplace(std::optional<T>& object, const Args&... blank) {
    if constexpr (sizeof...(Args) != 0) {
      object.emplace(blank...);
    } else if constexpr (std::is_constructible_v<T, Blank>) {
      object.emplace(Blank{});
    } else {
      object.emplace();
    }
  }
  bool FreeIsAllThatIsEmpty() const {
    if (free_.size() != slots_.size() - size_) return false;
    std::vector<bool> seen(slots_.size());
    for (const uint32_t slot : free_) {
      if (slot >= slots_.size() || slots_[slot].object.has_value())
        return false;
      if (seen[slot]) return false;
      seen[slot] = true;
    }
    return true;
  }

  static constexpr uint32_t kUsesBits = 20;
  static constexpr uint32_t kUsesMask = (1u << kUsesBits) - 1;

  uint32_t capacity_;
  uint32_t size_ = 0;
  uint32_t first_gen_ = 0;
  std::deque<Slot> slots_;  // Addresses stay valid while the pool grows.
  std::vector<uint32_t> free_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_POOL_H_
