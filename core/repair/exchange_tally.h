// core/repair/exchange_tally.h
//
// ExchangeTally counts with whom each owned range was exchanged completely
// since this process started, and so when a copy in doubt may vote again: once
// it has met o - w* + 1 other owners of every range it owns, or all of them if
// there are fewer (semantics, Readiness; membership section 7).  Any write
// acknowledged by w* owners was then met in at least one of them.
//
// An owner that is in doubt itself may lack the very write, so it is not among
// the o - w* + 1; but who met all others has met whatever there is.
//
// It neither exchanges nor knows whether this copy is in doubt.
//
// Threading: engine thread.  Cost: linear in owned ranges, once a ring.

#ifndef ORRERY_CORE_REPAIR_EXCHANGE_TALLY_H_
#define ORRERY_CORE_REPAIR_EXCHANGE_TALLY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/ring/ring.h"

namespace orrery {

class ExchangeTally {
 public:
  // Forgets everything and starts over with the ranges of `self`.
  void SetRing(const Ring* ring, NodeId self);

  // This node, as opener, holds all that `peer` held in the range.  Ignored
  // unless both own it.
  void Record(uint64_t range_end, NodeId peer, bool peer_in_doubt);

  // False without a ring; true at once for a node without other owners.
  bool IsComplete() const { return has_ring_ && incomplete_ == 0; }

  uint64_t StateDigest() const;

  ORRERY_FIELDS(has_ring_, incomplete_, ranges_)

 private:
  struct Range {
    uint64_t end = 0;
    uint32_t needed = 0;
    absl::InlinedVector<NodeId, 2> others;
    absl::InlinedVector<NodeId, 2> met;
    absl::InlinedVector<NodeId, 2> met_sound;  // Of these, not in doubt.
    bool is_complete = false;
    ORRERY_FIELDS(end, needed, others, met, met_sound, is_complete)
  };

  bool has_ring_ = false;
  size_t incomplete_ = 0;
  std::vector<Range> ranges_;  // By end.
};

}  // namespace orrery

#endif  // ORRERY_CORE_REPAIR_EXCHANGE_TALLY_H_
