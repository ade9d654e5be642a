// clang-format off
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
// clang-format on

#include "core/hint/replay_throttle.h"

namespace orrery {
namespace {

// THR-2: no schedule of calls can beat the configured rate.
RC_GTEST_PROP(ReplayThrottleProperty,
              GrantsNeverExceedBurstPlusRateTimesElapsed, ()) {
  const auto rate = *rc::gen::inRange<int64_t>(1, 5000);
  const auto burst = *rc::gen::inRange<int64_t>(1, 500);
  ReplayThrottle throttle({.bytes_per_second = rate, .burst_bytes = burst},
                          Instant{0});
  Instant now{0};
  int64_t granted = 0;

  const auto calls = *rc::gen::inRange(0, 60);
  for (int call = 0; call < calls; ++call) {
    now = now + Duration{*rc::gen::inRange<int64_t>(0, kSecond.ns / 2)};
    const auto bytes = *rc::gen::inRange<int64_t>(1, burst + 1);
    if (throttle.TryTake(bytes, now)) granted += bytes;

    throttle.CheckInvariants();
    const double limit =
        static_cast<double>(burst) +
        static_cast<double>(rate) * static_cast<double>(now.ns) / 1e9;
    RC_ASSERT(static_cast<double>(granted) <= limit + 1e-6);
  }
}

// Whoever waits as told is served.
RC_GTEST_PROP(ReplayThrottleProperty, WhenAvailableIsTheEarliestTime, ()) {
  const auto rate = *rc::gen::inRange<int64_t>(1, 5000);
  const auto burst = *rc::gen::inRange<int64_t>(1, 500);
  ReplayThrottle throttle({.bytes_per_second = rate, .burst_bytes = burst},
                          Instant{0});
  RC_ASSERT(throttle.TryTake(burst, Instant{0}));
  const auto bytes = *rc::gen::inRange<int64_t>(1, burst + 1);

  const Instant when = throttle.WhenAvailable(bytes, Instant{0});

  ReplayThrottle early = throttle;
  RC_ASSERT(!early.TryTake(bytes, when - Duration{1}));
  RC_ASSERT(throttle.TryTake(bytes, when));
}

}  // namespace
}  // namespace orrery
