// core/base/prng.h
//
// Prng is xoshiro256**: one stream of pseudo-random numbers for one purpose.
// The same seed gives the same numbers on every machine and compiler.  It is
// not for secrets.
//
// Draw into named locals, one per statement: the order in which a compiler
// evaluates two draws in one expression is its own (simulation.md, rule 2).
//
// Cost: 32 bytes, about a nanosecond per draw; allocates nothing.

#ifndef ORRERY_CORE_BASE_PRNG_H_
#define ORRERY_CORE_BASE_PRNG_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "core/base/coding.h"
#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/invariant.h"

namespace orrery {

class Prng {
 public:
  using Entropy = std::span<const std::byte, 32>;

  explicit Prng(uint64_t seed) {
    // SplitMix64, as the authors of xoshiro advise: no all-zero state.
    for (uint64_t& word : state_) {
      seed += kGoldenGamma;
      word = SplitMix(seed);
    }
  }

  // The `stream`-th of many independent streams of one entropy.
  Prng(Entropy entropy, uint64_t stream) : Prng(Fold(entropy, stream)) {
    for (size_t i = 0; i < state_.size(); ++i) {
      state_[i] ^= LoadU64(entropy.data() + 8 * i);
    }
    // A state of zeros is the one that xoshiro cannot leave.
    if ((state_[0] | state_[1] | state_[2] | state_[3]) == 0) state_[0] = 1;
  }

  [[nodiscard]] uint64_t Next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound), by Lemire's multiplication: exact, because the few
  // draws that would favour small numbers are drawn again.
  // REQUIRES: bound > 0.
  [[nodiscard]] uint64_t Below(uint64_t bound) {
    ORRERY_INVARIANT(bound > 0);
    Wide product = Wide{Next()} * bound;
    if (static_cast<uint64_t>(product) < bound) {
      const uint64_t unfair = (0 - bound) % bound;
      while (static_cast<uint64_t>(product) < unfair) {
        product = Wide{Next()} * bound;
      }
    }
    return static_cast<uint64_t>(product >> 64);
  }

  // Uniform in [low, high].  REQUIRES: low <= high.
  [[nodiscard]] int64_t Between(int64_t low, int64_t high) {
    ORRERY_INVARIANT(low <= high);
    const uint64_t span =
        static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    const uint64_t offset = span == 0 ? Next() : Below(span);
    return static_cast<int64_t>(static_cast<uint64_t>(low) + offset);
  }

  // True in `numerator` of `denominator` cases.
  // REQUIRES: 0 < denominator and numerator <= denominator.
  [[nodiscard]] bool Chance(uint64_t numerator, uint64_t denominator) {
    ORRERY_INVARIANT(numerator <= denominator);
    return Below(denominator) < numerator;
  }

  template <typename T>
  void Shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) {
      const size_t j = Below(i);
      if (j != i - 1) std::swap(items[i - 1], items[j]);
    }
  }

  ORRERY_FIELDS(state_)

 private:
  __extension__ typedef unsigned __int128 Wide;

  static constexpr uint64_t kGoldenGamma = 0x9e3779b97f4a7c15ULL;

  static constexpr uint64_t SplitMix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  static uint64_t Fold(Entropy entropy, uint64_t stream) {
    Hasher hasher;
    hasher.Add(stream);
    hasher.AddBytes(entropy);
    return hasher.Value();
  }

  std::array<uint64_t, 4> state_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_PRNG_H_
