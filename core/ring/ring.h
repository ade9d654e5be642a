// core/ring/ring.h
//
// Ring answers who owns a token under one RingState.  It is immutable: a new
// epoch makes a new Ring.  It does not know who is alive.
//
// Placement (CONTRACT section 5): the owners of a token are the first
// min(N, NORMAL members) distinct nodes clockwise from the first virtual node
// whose token is >= it, wrapping after the last.  Equal tokens are ordered by
// node name, bytewise.
//
// Invariants:
//   RNG-1  Tokens ascend; equal tokens ascend by node name.
//   RNG-2  ranges() partition the ring: each ends where a token stands, none
//          is empty, the first wraps.  No ranges if nobody is NORMAL.
//   RNG-3  Owners of a range are distinct NORMAL members.
//
// Threading: immutable, any thread.  Cost: construction O(T log T) for T
// tokens; lookup is an index on the top bits (16 for large rings) and a short
// search, it allocates nothing for N <= 3.

#ifndef ORRERY_CORE_RING_RING_H_
#define ORRERY_CORE_RING_RING_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/ids.h"
#include "core/ring/preference_list.h"
#include "core/ring/ring_state.h"

namespace orrery {

class Ring {
 public:
  // (after, end]; after >= end wraps; after == end is the whole ring.
  struct Range {
    uint64_t after = 0;
    uint64_t end = 0;
    PreferenceList owners;
  };
  struct Vnode {
    uint64_t token = 0;
    NodeId node;
    friend bool operator==(const Vnode&, const Vnode&) = default;
  };

  // REQUIRES: IsValid(state).
  explicit Ring(RingState state);

  const RingState& state() const { return state_; }
  uint64_t hash() const { return hash_; }
  Epoch epoch() const { return state_.epoch; }

  // Empty if nobody is NORMAL.
  PreferenceList OwnersOf(uint64_t token) const;

  const std::vector<Range>& ranges() const { return ranges_; }
  // REQUIRES: !ranges().empty().
  const Range& RangeOf(uint64_t token) const;

  // Every NORMAL node that is no owner of `token`, in clockwise order: the
  // i-th stands in for the i-th unreachable owner.  O(tokens).
  std::vector<NodeId> NonOwnersClockwise(uint64_t token) const;

  // All virtual nodes in ring order.
  std::vector<Vnode> Vnodes() const;

  bool IsOwner(uint64_t token, const Owner& owner) const;

  // Whether `token` is in (after, end], wrap-aware.
  static bool Contains(uint64_t token, uint64_t after, uint64_t end);

 private:
  void PlaceVnodes();
  void BuildIndex();
  void BuildRanges();
  PreferenceList Walk(size_t first) const;
  size_t FirstAtOrAfter(uint64_t token) const;

  RingState state_;
  uint64_t hash_;
  uint32_t copies_ = 0;           // min(N, NORMAL members).
  std::vector<uint64_t> tokens_;  // Ascending; parallel to nodes_.
  std::vector<uint32_t> nodes_;   // Index into state_.members.
  uint32_t index_shift_ = 0;
  std::vector<uint32_t> index_;     // Top bits -> first token not below them.
  std::vector<Range> ranges_;       // By end; parallel to distinct tokens.
  std::vector<uint32_t> range_of_;  // Token position -> range.
};

}  // namespace orrery

#endif  // ORRERY_CORE_RING_RING_H_
