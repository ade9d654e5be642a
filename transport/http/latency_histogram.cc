#include "transport/http/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace orrery {

size_t LatencyHistogram::BucketOf(uint64_t ns) {
  constexpr uint64_t kHighest = (uint64_t{1} << kValueBits) - 1;
  ns = std::min(ns, kHighest);
  const int width = static_cast<int>(std::bit_width(ns));
  const int shift = std::max(0, width - kSubBits - 1);
  return static_cast<size_t>(shift) * kSubBuckets +
         static_cast<size_t>(ns >> shift);
}

uint64_t LatencyHistogram::HighestOf(size_t bucket) {
  if (bucket < 2 * kSubBuckets) return bucket;
  const size_t shift = bucket / kSubBuckets - 1;
  const uint64_t base = bucket - shift * kSubBuckets;
  return ((base + 1) << shift) - 1;
}

void LatencyHistogram::Record(Duration latency) {
  const int64_t ns = std::max<int64_t>(latency.ns, 0);
  ++counts_[BucketOf(static_cast<uint64_t>(ns))];
  ++count_;
  sum_ = sum_ + Duration{ns};
  max_ = std::max(max_, Duration{ns});
}

void LatencyHistogram::Add(const LatencyHistogram& other) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ = sum_ + other.sum_;
  max_ = std::max(max_, other.max_);
}

Duration LatencyHistogram::Percentile(uint32_t millionths) const {
  if (count_ == 0) return {};
  constexpr uint64_t kMillion = 1'000'000;
  const uint64_t rank =
      std::max<uint64_t>(1, (count_ * millionths + kMillion - 1) / kMillion);
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) {
      return std::min(max_, Duration{static_cast<int64_t>(HighestOf(i))});
    }
  }
  return max_;
}

uint64_t LatencyHistogram::CountUpTo(Duration limit) const {
  const size_t last =
      BucketOf(static_cast<uint64_t>(std::max<int64_t>(limit.ns, 0)));
  uint64_t seen = 0;
  for (size_t i = 0; i <= last; ++i) seen += counts_[i];
  return seen;
}

}  // namespace orrery
