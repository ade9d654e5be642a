// transport/http/latency_histogram.h
//
// LatencyHistogram counts durations in log-linear buckets: 32 to each power of
// two, so that a percentile is at most 1/32 (3.2 %) above the truth, from one
// nanosecond to 36 minutes, in 10 KiB.  (HdrHistogram does the same; Debian 12
// does not package it.)
//
// Invariants:
//   HST-1  Percentile never lies below the exact percentile of what was
//          recorded, nor more than 1/32 above it.
//
// Threading: none.  Cost: Record is O(1) and allocates nothing.

#ifndef ORRERY_TRANSPORT_HTTP_LATENCY_HISTOGRAM_H_
#define ORRERY_TRANSPORT_HTTP_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/time.h"

namespace orrery {

class LatencyHistogram {
 public:
  void Record(Duration latency);
  void Add(const LatencyHistogram& other);

  uint64_t count() const { return count_; }
  Duration sum() const { return sum_; }
  Duration max() const { return max_; }

  // The latency that `millionths` of the records do not
  // exceed: 999'900 is p99.99.  Zero if nothing was recorded.
  Duration Percentile(uint32_t millionths) const;

  // How many records lie at or below `limit`, as exact as its bucket.
  uint64_t CountUpTo(Duration limit) const;

 private:
  static constexpr int kSubBits = 5;
  static constexpr size_t kSubBuckets = size_t{1} << kSubBits;
  static constexpr int kValueBits = 41;
  static constexpr size_t kBuckets =
      (kValueBits - kSubBits) * kSubBuckets + kSubBuckets;

  static size_t BucketOf(uint64_t ns);
  static uint64_t HighestOf(size_t bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  Duration sum_;
  Duration max_;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_LATENCY_HISTOGRAM_H_
