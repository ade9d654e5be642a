#include "bench/draws.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"

namespace orrery::bench {
namespace {

constexpr size_t kBlockBytes = 4 << 20;

Bytes Noise(size_t bytes) {
  Prng prng(1);
  std::string block(bytes, '\0');
  for (char& c : block) c = static_cast<char>(prng.Below(256));
  return Bytes::CopyOf(block);
}

}  // namespace

std::string KeyOf(uint64_t number) {
  return absl::StrFormat("%016d", number);
}

Values::Values(size_t bytes)
    : bytes_(bytes), block_(Noise(std::max(kBlockBytes, 2 * bytes))) {}

Bytes Values::Of(uint64_t number) const {
  const uint64_t places = block_.size() - bytes_ + 1;
  return block_.Slice(static_cast<size_t>(number * 257 % places), bytes_);
}

KeyDraws::KeyDraws(uint64_t bound, double exponent, uint64_t seed)
    : bound_(bound), prng_(seed) {
  if (exponent == 0) return;
  double sum = 0;
  for (uint64_t rank = 1; rank <= bound; ++rank) {
    sum += std::pow(static_cast<double>(rank), -exponent);
    cumulative_.push_back(sum);
  }
  of_rank_.resize(bound);
  std::iota(of_rank_.begin(), of_rank_.end(), uint64_t{0});
  for (uint64_t i = bound - 1; i > 0; --i) {
    const uint64_t other = prng_.Below(i + 1);
    std::swap(of_rank_[i], of_rank_[other]);
  }
}

uint64_t KeyDraws::Next() {
  if (cumulative_.empty()) return prng_.Below(bound_);
  constexpr uint64_t kSteps = uint64_t{1} << 53;
  const double share =
      static_cast<double>(prng_.Below(kSteps)) / static_cast<double>(kSteps);
  const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(),
                                   share * cumulative_.back());
  const auto rank = static_cast<uint64_t>(at - cumulative_.begin());
  return of_rank_[std::min(rank, bound_ - 1)];
}

}  // namespace orrery::bench
