// A slice of what `make crash-points` does with a hundred histories.

#include "tests/core/storage/crash_points.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

// Catalogue B8.
TEST(CrashPointsTest, EveryMomentOfAFewHistoriesIsRecovered) {
  uint64_t recoveries = 0;
  uint64_t indexed = 0;
  for (uint64_t history = 1; history <= 6; ++history) {
    const CrashPoints::Report report =
        CrashPoints({.history = history, .pieces_max = 6, .samples = 6}).Play();

    EXPECT_EQ(report.failure, "");
    EXPECT_GT(report.moments, 20u);
    recoveries += report.recoveries;
    indexed += report.indexed;
  }
  EXPECT_GT(recoveries, 5000u);
  EXPECT_GT(indexed, 1000u);
}

}  // namespace
}  // namespace orrery
