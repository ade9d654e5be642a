#include "core/engine/stamp_lease.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr Duration kBound = 500 * kMillisecond;
constexpr Instant kStart{7 * kSecond.ns};
constexpr WallTime kMark{1'700'000'000'000'000'000};

class StampLeaseTest : public testing::Test {
 protected:
  StampLeaseTest() { lease_.Restore(static_cast<uint64_t>(kMark.ns), kStart); }

  StampLease lease_{kBound};
};

TEST_F(StampLeaseTest, IsPastOnceTimeIsNearTheMark) {
  const WallTime near = kMark + kBound / -2;

  EXPECT_FALSE(lease_.IsPast(near + Duration{-1}, kStart));
  EXPECT_TRUE(lease_.IsPast(near, kStart));
}

TEST_F(StampLeaseTest, IsPastAfterASecondWhateverTheTime) {
  EXPECT_FALSE(lease_.IsPast(kMark + (-1) * kHour, kStart));
  EXPECT_FALSE(
      lease_.IsPast(kMark + (-1) * kHour, kStart + kSecond - Duration{1}));
  EXPECT_TRUE(lease_.IsPast(kMark + (-1) * kHour, kStart + kSecond));
}

TEST_F(StampLeaseTest, WhatIsPastStaysSo) {
  EXPECT_TRUE(lease_.IsPast(kMark, kStart));
  EXPECT_TRUE(lease_.IsPast(kMark + (-1) * kHour, kStart));
  EXPECT_TRUE(lease_.is_past());
}

TEST(StampLeaseFreshTest, AFreshDirectoryWaitsForNothing) {
  StampLease lease(kBound);
  lease.Restore(0, kStart);

  EXPECT_TRUE(lease.IsPast(WallTime{0}, kStart));
}

}  // namespace
}  // namespace orrery
