#include "node/metrics_text.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTextTest, WritesFamiliesWithTheirSamples) {
  MetricsText text;
  text.Counter("a_total", "All of a.");
  text.Sample(1, {{"kind", "x"}});
  text.Sample(2, {{"kind", "q\"\\\n"}});
  text.OneGauge("b", "One b.", 3);

  EXPECT_EQ(text.Take(),
            "# HELP a_total All of a.\n# TYPE a_total counter\n"
            "a_total{kind=\"x\"} 1\na_total{kind=\"q\\\"\\\\\\n\"} 2\n"
            "# HELP b One b.\n# TYPE b gauge\nb 3\n");
}

TEST(MetricsTextTest, HistogramsAreCumulative) {
  LatencyHistogram latency;
  latency.Record(60 * kMicrosecond);
  latency.Record(3 * kMillisecond);
  latency.Record(60 * kSecond);
  MetricsText text;
  text.Histogram("h_seconds", "Latency.");
  text.Latency(latency, {{"verb", "get"}});
  const std::string rendered = text.Take();

  EXPECT_THAT(rendered,
              HasSubstr("h_seconds_bucket{verb=\"get\",le=\"0.00005\"} 0\n"));
  EXPECT_THAT(rendered,
              HasSubstr("h_seconds_bucket{verb=\"get\",le=\"0.0001\"} 1\n"));
  EXPECT_THAT(rendered,
              HasSubstr("h_seconds_bucket{verb=\"get\",le=\"5\"} 2\n"));
  EXPECT_THAT(rendered,
              HasSubstr("h_seconds_bucket{verb=\"get\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(rendered, HasSubstr("h_seconds_sum{verb=\"get\"} 60.00306\n"));
  EXPECT_THAT(rendered, HasSubstr("h_seconds_count{verb=\"get\"} 3\n"));
}

}  // namespace
}  // namespace orrery
