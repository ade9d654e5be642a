// bench/draws.h
//
// Keys and values of a load.

#ifndef ORRERY_BENCH_DRAWS_H_
#define ORRERY_BENCH_DRAWS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/prng.h"

namespace orrery::bench {

constexpr size_t kBenchKeyBytes = 16;
std::string KeyOf(uint64_t number);  // kBenchKeyBytes of it.

// Values of one size that differ, cut from one block so that drawing one costs
// nothing.
class Values {
 public:
  explicit Values(size_t bytes);
  size_t bytes() const { return bytes_; }
  Bytes Of(uint64_t number) const;

 private:
  size_t bytes_;
  Bytes block_;
};

// Numbers below a bound, every one as likely, or by Zipf's law: the k-th most
// frequent 1/k^exponent as often as the first.  The frequent ones are spread
// over the range.
class KeyDraws {
 public:
  // exponent 0: uniform.
  KeyDraws(uint64_t bound, double exponent, uint64_t seed);
  uint64_t Next();

 private:
  uint64_t bound_;
  Prng prng_;
  std::vector<double> cumulative_;  // Empty: uniform.
  std::vector<uint64_t> of_rank_;
};

}  // namespace orrery::bench

#endif  // ORRERY_BENCH_DRAWS_H_
