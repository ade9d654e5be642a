#include "core/version/hybrid_clock.h"

#include "gtest/gtest.h"
#include "tests/core/version/version_samples.h"

namespace orrery {
namespace {

constexpr WallTime kNow{1'700'000'000'000'000'000};
constexpr uint64_t kNowStamp = 1'700'000'000'000'000'000;
constexpr Duration kBound = 500 * kMillisecond;

TEST(HybridClockTest, FollowsTheWall) {
  HybridClock clock;

  EXPECT_EQ(clock.Next(kNow), kNowStamp);
  EXPECT_EQ(clock.Next(kNow + kSecond), kNowStamp + 1'000'000'000);
}

TEST(HybridClockTest, GrowsWhileTheWallStandsOrGoesBack) {
  HybridClock clock;
  const uint64_t first = clock.Next(kNow);

  EXPECT_EQ(clock.Next(kNow), first + 1);
  EXPECT_EQ(clock.Next(kNow + (-1) * kHour), first + 2);
}

TEST(HybridClockTest, HearsStampsWithinTheBoundOnly) {
  HybridClock clock;

  clock.Observe(kNowStamp + 400'000'000, kNow, kBound);
  EXPECT_EQ(clock.last(), kNowStamp + 400'000'000);

  clock.Observe(kNowStamp + 600'000'000, kNow, kBound);
  EXPECT_EQ(clock.last(), kNowStamp + 400'000'000);
  EXPECT_EQ(clock.drawn(), 0U);
}

TEST(HybridClockTest, DrawsNothingAtOrBelowWhatWasRestored) {
  HybridClock clock;

  clock.Restore(kNowStamp + 10);

  EXPECT_EQ(clock.Next(kNow), kNowStamp + 11);
}

TEST(HybridClockTest, MintExceedsTheProposalsWallAndItsOwn) {
  HybridClock clock;

  const uint64_t stamp = clock.Mint(
      {.actor = ActorOf(1), .proposed = kNowStamp + 5, .skew_bound = kBound},
      kNow);

  EXPECT_EQ(stamp, kNowStamp + 5);
  EXPECT_EQ(clock.Next(kNow), kNowStamp + 6);
}

TEST(HybridClockTest, AProposalFromAFarFutureIsNotHeard) {
  HybridClock clock;

  const uint64_t stamp = clock.Mint(
      {.actor = ActorOf(1), .proposed = kNowStamp * 2, .skew_bound = kBound},
      kNow);

  EXPECT_EQ(stamp, kNowStamp);
}

// C1, C2: a key that holds a future stamp can be overwritten, and the future
// stays with that key.
TEST(HybridClockTest, MintingFromABasisStaysCloseAboveItAndMovesNothing) {
  HybridClock clock;
  const uint64_t basis = kNowStamp + 1'000'000'000'000;

  const uint64_t stamp = clock.Mint(
      {.actor = ActorOf(1), .basis = basis, .skew_bound = kBound}, kNow);

  EXPECT_GT(stamp, basis);
  EXPECT_LE(stamp, basis + kBasisStampStep);
  EXPECT_EQ(clock.last(), 0U);
  EXPECT_TRUE(clock.Accepts(stamp, basis, kNow, kBound));
}

TEST(HybridClockTest, TwoActorsRarelyMintTheSameFromOneBasis) {
  int equal = 0;
  for (uint64_t actor = 1; actor <= 100; ++actor) {
    if (StampAbove(5000, ActorOf(actor)) ==
        StampAbove(5000, ActorOf(actor + 100))) {
      ++equal;
    }
  }
  EXPECT_LE(equal, 2);
}

TEST(HybridClockTest, AcceptsWithinTheBoundOfWallOrLast) {
  HybridClock clock;

  EXPECT_TRUE(clock.Accepts(kNowStamp + 500'000'000, 0, kNow, kBound));
  EXPECT_FALSE(clock.Accepts(kNowStamp + 500'000'001, 0, kNow, kBound));

  clock.Restore(kNowStamp + 1'000'000'000);
  EXPECT_TRUE(clock.Accepts(kNowStamp + 1'500'000'000, 0, kNow, kBound));
}

// A retry that keeps its stamp may lie below what its coordinator holds.
TEST(HybridClockTest, AcceptsWhatLiesNearOrBelowItsBasis) {
  const HybridClock clock;
  const uint64_t basis = kNowStamp + 1'000'000'000'000;

  EXPECT_TRUE(clock.Accepts(basis - 1, basis, kNow, kBound));
  EXPECT_TRUE(clock.Accepts(basis, basis, kNow, kBound));
  EXPECT_TRUE(clock.Accepts(basis + 1024, basis, kNow, kBound));
  EXPECT_FALSE(clock.Accepts(basis + 1025, basis, kNow, kBound));
}

}  // namespace
}  // namespace orrery
