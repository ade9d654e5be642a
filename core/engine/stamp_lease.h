// core/engine/stamp_lease.h
//
// StampLease keeps a durable high-water mark above the stamps that this node
// draws, so that they go on growing over a restart whatever the wall clock
// does (semantics section 2, HLC).  The mark is raised ahead by half the skew
// bound, at most once per quarter of it, and only while stamps are drawn: an
// idle node writes nothing.
//
// After a start no write is coordinated before cluster time plus half the bound
// has passed the mark, or a second has (IsPast): so stamps run ahead of cluster
// time by half the bound at most, whatever number of processes came before.
//
// A mark that lags (a slow disk) costs nothing but the guarantee over a
// restart with a clock that was set back; dots stay unique by generation.

#ifndef ORRERY_CORE_ENGINE_STAMP_LEASE_H_
#define ORRERY_CORE_ENGINE_STAMP_LEASE_H_

#include <cstdint>

#include "core/base/fields.h"
#include "core/base/time.h"
#include "core/protocol/turn.h"
#include "core/storage/data_directory.h"
#include "core/version/hybrid_clock.h"

namespace orrery {

class StampLease {
 public:
  explicit StampLease(Duration skew_bound) : skew_bound_(skew_bound) {}

  // After every step: arms the renewal if stamps were drawn beyond the mark.
  void Watch(const HybridClock& clock, Turn& turn);
  // kHlcLease fired.
  void Renew(const HybridClock& clock, DataDirectory& directory, Turn& turn);
  // At start: the mark of the last process.
  void Restore(uint64_t high, Instant now);
  // Whether what the last process may have drawn is past.  Once it is, it
  // stays. REQUIRES: `cluster_now` is known cluster time.
  [[nodiscard]] bool IsPast(WallTime cluster_now, Instant now);
  bool is_past() const { return is_past_; }

  ORRERY_FIELDS(high_, restored_, restored_at_, is_past_)

 private:
  Duration skew_bound_;
  uint64_t high_ = 0;
  uint64_t restored_ = 0;
  Instant restored_at_;
  bool is_past_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_STAMP_LEASE_H_
