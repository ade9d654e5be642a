#include "core/engine/stamp_lease.h"

namespace orrery {

namespace {

// The longest wait, for a cluster whose clocks were set back.
constexpr Duration kPastAfter = kSecond;

}  // namespace

void StampLease::Restore(uint64_t high, Instant now) {
  high_ = high;
  restored_ = high;
  restored_at_ = now;
}

bool StampLease::IsPast(WallTime cluster_now, Instant now) {
  if (is_past_) return true;
  const auto reached =
      static_cast<uint64_t>((cluster_now + skew_bound_ / 2).ns);
  is_past_ = restored_ <= reached || now - restored_at_ >= kPastAfter;
  return is_past_;
}

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
