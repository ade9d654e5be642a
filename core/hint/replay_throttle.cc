#include "core/hint/replay_throttle.h"

#include "core/base/invariant.h"

namespace orrery {

namespace {

// 1 GiB times a century of nanoseconds does not fit 64 bits.
__extension__ typedef __int128 Wide;

constexpr int64_t kOptionMax = int64_t{1} << 30;

Wide NanosecondsFor(int64_t bytes, int64_t bytes_per_second) {
  const Wide total = Wide{bytes} * kSecond.ns;
  return (total + bytes_per_second - 1) / bytes_per_second;
}

}  // namespace

ReplayThrottle::ReplayThrottle(const Options& options, Instant now)
    : options_(options),
      available_bytes_(options.burst_bytes),
      refilled_to_(now) {
  ORRERY_INVARIANT(1 <= options_.bytes_per_second);
  ORRERY_INVARIANT(options_.bytes_per_second <= kOptionMax);
  ORRERY_INVARIANT(1 <= options_.burst_bytes);
  ORRERY_INVARIANT(options_.burst_bytes <= kOptionMax);
}

bool ReplayThrottle::TryTake(int64_t bytes, Instant now) {
  ORRERY_INVARIANT(0 < bytes);
  ORRERY_INVARIANT(bytes <= options_.burst_bytes);
  Refill(now);
  if (bytes > available_bytes_) return false;
  available_bytes_ -= bytes;
  CheckInvariants();
  return true;
}

Instant ReplayThrottle::WhenAvailable(int64_t bytes, Instant now) {
  ORRERY_INVARIANT(0 < bytes);
  ORRERY_INVARIANT(bytes <= options_.burst_bytes);
  Refill(now);
  if (bytes <= available_bytes_) return now;
  const Wide wait =
      NanosecondsFor(bytes - available_bytes_, options_.bytes_per_second);
  return refilled_to_ + Duration{static_cast<int64_t>(wait)};
}

void ReplayThrottle::Refill(Instant now) {
  ORRERY_INVARIANT(refilled_to_ <= now);
  const Duration elapsed = now - refilled_to_;
  const Wide earned = Wide{elapsed.ns} * options_.bytes_per_second / kSecond.ns;
  if (available_bytes_ + earned >= options_.burst_bytes) {  // THR-1
    available_bytes_ = options_.burst_bytes;
    refilled_to_ = now;
    return;
  }
  const auto bytes = static_cast<int64_t>(earned);
  available_bytes_ += bytes;
  const Wide paid = NanosecondsFor(bytes, options_.bytes_per_second);
  refilled_to_ = refilled_to_ + Duration{static_cast<int64_t>(paid)};
}

void ReplayThrottle::CheckInvariants() const {
  ORRERY_INVARIANT(0 <= available_bytes_);
  ORRERY_INVARIANT(available_bytes_ <= options_.burst_bytes);  // THR-1
}

}  // namespace orrery
