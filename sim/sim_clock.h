// sim/sim_clock.h
//
// SimClock is the wall clock of one simulated machine: virtual time, seen
// through an offset, a drift, jumps and freezes.  Monotonic time is exact; it
// only leaps when its process was paused.

#ifndef ORRERY_SIM_SIM_CLOCK_H_
#define ORRERY_SIM_SIM_CLOCK_H_

#include <cstdint>

#include "core/base/time.h"
#include "sim/scenario.h"

namespace orrery::sim {

class SimClock {
 public:
  WallTime Wall(Instant now) const {
    if (now < frozen_until_) return {frozen_wall_ns_};
    const int64_t passed = now.ns - since_.ns;
    return {base_wall_ns_ + passed + passed / kPpm * drift_ppm_ +
            passed % kPpm * drift_ppm_ / kPpm};
  }

  void Fault(const ClockStep& step, Instant now) {
    const WallTime wall = Wall(now);
    switch (step.kind) {
      case ClockStep::Kind::kStep:
        frozen_until_ = {};
        base_wall_ns_ = wall.ns + step.value;
        since_ = now;
        return;
      case ClockStep::Kind::kDrift:
        base_wall_ns_ = wall.ns;
        since_ = now;
        drift_ppm_ = step.value;
        return;
      case ClockStep::Kind::kFreeze:
        frozen_wall_ns_ = wall.ns;
        frozen_until_ = now + Duration{step.value};
        return;
    }
  }

 private:
  static constexpr int64_t kPpm = 1'000'000;
  // 2024-01-01T00:00:00Z: where simulated history begins.
  static constexpr int64_t kEpochWall = 1'704'067'200'000'000'000;

  int64_t base_wall_ns_ = kEpochWall;
  Instant since_;
  int64_t drift_ppm_ = 0;
  Instant frozen_until_;
  int64_t frozen_wall_ns_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SIM_CLOCK_H_
