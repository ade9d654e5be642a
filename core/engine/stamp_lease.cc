#include "core/engine/stamp_lease.h"

namespace orrery {

void StampLease::Watch(const HybridClock& clock, Turn& turn) {
  const auto margin = static_cast<uint64_t>((skew_bound_ / 4).ns);
  if (clock.drawn() + margin <= high_) return;
  if (turn.timers.IsArmed(TimerKind::kHlcLease, {})) return;
  turn.timers.Arm(TimerKind::kHlcLease, {}, turn.now() + skew_bound_ / 4);
}

void StampLease::Renew(const HybridClock& clock, DataDirectory& directory,
                       Turn& turn) {
  high_ = clock.drawn() + static_cast<uint64_t>((skew_bound_ / 2).ns);
  directory.SaveHlcHigh(high_, turn);
}

}  // namespace orrery
