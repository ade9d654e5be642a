#include "sim/sim_clock.h"

#include "gmock/gmock.h"

namespace orrery::sim {
namespace {

constexpr Instant kStart{0};
constexpr Instant kLater{10 * kSecond.ns};

Duration Passed(const SimClock& clock, Instant from, Instant to) {
  return clock.Wall(to) - clock.Wall(from);
}

TEST(SimClockTest, AnUntouchedClockRunsTrue) {
  const SimClock clock;

  EXPECT_EQ(Passed(clock, kStart, kLater), 10 * kSecond);
}

TEST(SimClockTest, AJumpGoesEitherWay) {
  SimClock clock;
  const WallTime before = clock.Wall(kLater);

  clock.Fault({0, ClockStep::Kind::kStep, -5 * kSecond.ns}, kLater);

  EXPECT_EQ(clock.Wall(kLater) - before, Duration{-5 * kSecond.ns});
}

TEST(SimClockTest, ADriftIsInPartsPerMillion) {
  SimClock clock;

  clock.Fault({0, ClockStep::Kind::kDrift, 100}, kStart);

  EXPECT_EQ(Passed(clock, kStart, kLater), 10 * kSecond + kMillisecond);
}

TEST(SimClockTest, AFrozenClockStandsAndThenCatchesUp) {
  SimClock clock;

  clock.Fault({0, ClockStep::Kind::kFreeze, kSecond.ns}, kStart);

  EXPECT_EQ(Passed(clock, kStart, Instant{kSecond.ns - 1}), Duration{0});
  EXPECT_EQ(Passed(clock, kStart, kLater), 10 * kSecond);
}

}  // namespace
}  // namespace orrery::sim
