#include "transport/http/latency_histogram.h"

#include <algorithm>
#include <vector>

#include "core/base/prng.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(LatencyHistogramTest, IsZeroWhenEmpty) {
  const LatencyHistogram histogram;

  EXPECT_EQ(histogram.Percentile(500'000), Duration{0});
  EXPECT_EQ(histogram.count(), 0u);
}

TEST(LatencyHistogramTest, SmallLatenciesAreExact) {
  LatencyHistogram histogram;
  for (int64_t ns = 1; ns <= 50; ++ns) histogram.Record({ns});

  EXPECT_EQ(histogram.Percentile(500'000), Duration{25});
  EXPECT_EQ(histogram.Percentile(1'000'000), Duration{50});
  EXPECT_EQ(histogram.CountUpTo({10}), 10u);
}

// HST-1
TEST(LatencyHistogramTest, PercentilesAreAtMostOneIn32AboveTheTruth) {
  Prng prng(1);
  std::vector<int64_t> exact;
  LatencyHistogram histogram;
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = prng.Below(40);
    exact.push_back(static_cast<int64_t>(prng.Next() >> (63 - bits)));
    histogram.Record({exact.back()});
  }
  std::sort(exact.begin(), exact.end());

  for (const uint32_t millionths :
       {1u, 10'000u, 500'000u, 990'000u, 999'900u, 1'000'000u}) {
    const size_t rank =
        std::max<size_t>(1, (exact.size() * millionths + 999'999) / 1'000'000);
    const int64_t truth = exact[rank - 1];
    const int64_t told = histogram.Percentile(millionths).ns;
    EXPECT_GE(told, truth) << millionths;
    EXPECT_LE(told, truth + truth / 32 + 1) << millionths;
  }
}

TEST(LatencyHistogramTest, AddingTwoIsRecordingBoth) {
  LatencyHistogram a, b, both;
  for (int64_t ns = 1; ns < 100000; ns += 7) {
    (ns % 2 == 0 ? a : b).Record({ns});
    both.Record({ns});
  }

  a.Add(b);

  EXPECT_EQ(a.count(), both.count());
  EXPECT_EQ(a.sum(), both.sum());
  EXPECT_EQ(a.max(), both.max());
  EXPECT_EQ(a.Percentile(990'000), both.Percentile(990'000));
}

TEST(LatencyHistogramTest, TakesLatenciesBeyondItsRange) {
  LatencyHistogram histogram;

  histogram.Record({-5});
  histogram.Record(kHour * 10);

  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.max(), kHour * 10);
}

}  // namespace
}  // namespace orrery
