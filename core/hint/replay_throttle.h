// core/hint/replay_throttle.h
//
// ReplayThrottle decides how fast stored hints may flow back to recovered
// peers.  It is a token bucket over caller-supplied time: it never reads a
// clock, sends nothing, and does not know what a hint is.
//
// Time that has not yet paid for a whole byte stays banked: the mark up to
// which refills were granted advances only by the time that whole bytes cost,
// rounded up.
//
// Invariants:
//   THR-1  available_bytes <= options.burst_bytes.
//   THR-2  Over any interval, bytes granted <= burst + rate * elapsed.
//
// Threading: engine thread only.  Memory: O(1).  Cost: O(1) per call.

#ifndef ORRERY_CORE_HINT_REPLAY_THROTTLE_H_
#define ORRERY_CORE_HINT_REPLAY_THROTTLE_H_

#include <cstdint>

#include "core/base/fields.h"
#include "core/base/time.h"

namespace orrery {

class ReplayThrottle {
 public:
  struct Options {
    int64_t bytes_per_second = 0;  // In [1, 1 GiB].
    int64_t burst_bytes = 0;       // In [1, 1 GiB]; also the largest grant.
    ORRERY_FIELDS(bytes_per_second, burst_bytes)
  };

  explicit ReplayThrottle(Blank) {}
  // Starts full at `now`.
  ReplayThrottle(const Options& options, Instant now);

  // Takes `bytes` and returns true, or takes nothing and returns false.
  // REQUIRES: 0 < bytes <= options.burst_bytes.
  // REQUIRES: `now` is not earlier than in any previous call.
  bool TryTake(int64_t bytes, Instant now);

  // The earliest time at which TryTake(bytes) succeeds if nothing else is
  // taken before.  REQUIRES: as TryTake.
  Instant WhenAvailable(int64_t bytes, Instant now);

  int64_t available_bytes() const { return available_bytes_; }
  void CheckInvariants() const;

  ORRERY_FIELDS(options_, available_bytes_, refilled_to_)

 private:
  void Refill(Instant now);

  Options options_;
  int64_t available_bytes_ = 0;
  Instant refilled_to_;  // Time up to which whole bytes have been paid for.
};

}  // namespace orrery

#endif  // ORRERY_CORE_HINT_REPLAY_THROTTLE_H_
