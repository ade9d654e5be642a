#include "core/quorum/answer_times.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(AnswerTimesTest, StartsAtTwentyMilliseconds) {
  const AnswerTimes times;

  EXPECT_NEAR(static_cast<double>(times.SpareDelay().ns),
              static_cast<double>(kSpareDelayFirst.ns), 10.0);
}

TEST(AnswerTimesTest, FollowsWhatPeersTake) {
  AnswerTimes times;

  for (int i = 0; i < 200; ++i) times.Record(4 * kMillisecond);

  EXPECT_NEAR(static_cast<double>(times.SpareDelay().ns),
              static_cast<double>((12 * kMillisecond).ns), 1e5);
}

// ANS-1
TEST(AnswerTimesTest, StaysBetweenItsBounds) {
  AnswerTimes fast;
  AnswerTimes slow;

  for (int i = 0; i < 500; ++i) {
    fast.Record(Duration{100});
    slow.Record(10 * kSecond);
  }

  EXPECT_EQ(fast.SpareDelay(), kSpareDelayMin);
  EXPECT_EQ(slow.SpareDelay(), kSpareDelayMax);
}

}  // namespace
}  // namespace orrery
