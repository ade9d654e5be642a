#include "core/hint/replay_throttle.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(ReplayThrottleTest, StartsFull) {
  ReplayThrottle throttle({.bytes_per_second = 10, .burst_bytes = 100},
                          Instant{0});

  EXPECT_TRUE(throttle.TryTake(100, Instant{0}));
  EXPECT_FALSE(throttle.TryTake(1, Instant{0}));
}

TEST(ReplayThrottleTest, ARefusalTakesNothing) {
  ReplayThrottle throttle({.bytes_per_second = 10, .burst_bytes = 100},
                          Instant{0});
  ASSERT_TRUE(throttle.TryTake(60, Instant{0}));

  EXPECT_FALSE(throttle.TryTake(41, Instant{0}));

  EXPECT_TRUE(throttle.TryTake(40, Instant{0}));
}

TEST(ReplayThrottleTest, RefillsAtItsRate) {
  ReplayThrottle throttle({.bytes_per_second = 10, .burst_bytes = 100},
                          Instant{0});
  ASSERT_TRUE(throttle.TryTake(100, Instant{0}));

  EXPECT_FALSE(throttle.TryTake(21, Instant{0} + 2 * kSecond));
  EXPECT_TRUE(throttle.TryTake(20, Instant{0} + 2 * kSecond));
}

// THR-1
TEST(ReplayThrottleTest, NeverHoldsMoreThanABurst) {
  ReplayThrottle throttle({.bytes_per_second = 10, .burst_bytes = 100},
                          Instant{0});

  ASSERT_TRUE(throttle.TryTake(100, Instant{0} + 1000 * kSecond));

  EXPECT_FALSE(throttle.TryTake(1, Instant{0} + 1000 * kSecond));
}

TEST(ReplayThrottleTest, PollingFasterThanOneByteAccruesStillMakesProgress) {
  ReplayThrottle throttle({.bytes_per_second = 1000, .burst_bytes = 1},
                          Instant{0});
  ASSERT_TRUE(throttle.TryTake(1, Instant{0}));

  int granted = 0;
  for (int64_t ns = 0; ns <= kSecond.ns; ns += 1000) {
    if (throttle.TryTake(1, Instant{ns})) ++granted;
  }

  EXPECT_EQ(granted, 1000);
}

TEST(ReplayThrottleTest, SaysWhenBytesWillBeAvailable) {
  ReplayThrottle throttle({.bytes_per_second = 3, .burst_bytes = 10},
                          Instant{0});
  ASSERT_TRUE(throttle.TryTake(10, Instant{0}));

  const Instant when = throttle.WhenAvailable(1, Instant{0});

  EXPECT_EQ(when, Instant{333'333'334});
  EXPECT_FALSE(throttle.TryTake(1, when - Duration{1}));
  EXPECT_TRUE(throttle.TryTake(1, when));
}

TEST(ReplayThrottleTest, TheLargestOptionsAndAYearDoNotOverflow) {
  constexpr int64_t kLargest = int64_t{1} << 30;
  ReplayThrottle throttle(
      {.bytes_per_second = kLargest, .burst_bytes = kLargest}, Instant{0});
  ASSERT_TRUE(throttle.TryTake(kLargest, Instant{0}));

  EXPECT_TRUE(throttle.TryTake(kLargest, Instant{0} + 365 * 24 * kHour));
}

}  // namespace
}  // namespace orrery
