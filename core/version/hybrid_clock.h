// core/version/hybrid_clock.h
//
// HybridClock draws the stamps of versions: 64-bit nanoseconds that follow the
// wall clock and never stand still or go back (Kulkarni et al., "Logical
// Physical Clocks", 2014; semantics C1, C2).  It reads no clock: the caller
// brings the wall time, corrected to that of the cluster (Turn::cluster_wall).
// It does not persist anything: whoever leases stamps
// looks at `drawn` and calls Restore at start.
//
// Invariants:
//   HLC-1  Next and Mint return stamps above every earlier Next.
//   HLC-2  last() never falls.
//   HLC-3  No stamp further than the skew bound ahead of the wall moves
//          last(); nor does a stamp minted from a basis.
//
// Threading: engine thread only.  Memory and cost: O(1).

#ifndef ORRERY_CORE_VERSION_HYBRID_CLOCK_H_
#define ORRERY_CORE_VERSION_HYBRID_CLOCK_H_

#include <cstdint>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/time.h"

namespace orrery {

// Lowest bits of a stamp minted from a basis: a hash of the actor, so that
// coordinators behind a fast clock do not give one number to two versions.
inline constexpr uint64_t kBasisStampStep = 1024;

class HybridClock {
 public:
  // max(wall, last + 1).
  [[nodiscard]] uint64_t Next(WallTime wall);

  struct Draw {
    Actor actor = {};
    uint64_t basis = 0;        // Highest stamp the write covers or meets.
    uint64_t proposed = 0;     // By the node the client spoke to; 0: none.
    Duration skew_bound = {};  // A proposal further ahead is not heard (C2).
  };
  // C1: max(proposal, next, basis + 1), and at most basis + kBasisStampStep if
  // it is the basis that decides.
  [[nodiscard]] uint64_t Mint(const Draw& draw, WallTime wall);

  // A stamp was received: last = max(last, stamp) unless it is further than
  // `skew_bound` ahead of the wall.
  void Observe(uint64_t stamp, WallTime wall, Duration skew_bound);

  // C2: whether a fresh write with this stamp and basis may be stored: within
  // the bound of the wall or of last(), or at most kBasisStampStep above the
  // basis.
  [[nodiscard]] bool Accepts(uint64_t stamp, uint64_t basis, WallTime wall,
                             Duration skew_bound) const;

  // At start: nothing at or below `high` is drawn again.
  void Restore(uint64_t high);

  uint64_t last() const { return last_; }
  // Highest stamp drawn by Next or Mint from the clock, apart from what was
  // only observed: what a durable high-water mark must cover.
  uint64_t drawn() const { return drawn_; }

  ORRERY_FIELDS(last_, drawn_)

 private:
  uint64_t last_ = 0;
  uint64_t drawn_ = 0;
};

// C1: the smallest stamp above `basis` whose low bits are the actor's.
[[nodiscard]] uint64_t StampAbove(uint64_t basis, const Actor& actor);

}  // namespace orrery

#endif  // ORRERY_CORE_VERSION_HYBRID_CLOCK_H_
