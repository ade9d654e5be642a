// sim/weather.h
//
// Micro-noise is keyed, not streamed: what happens to the k-th message of a
// lane, or to a sector in a crash, is a hash of its name and the seed.  So
// deleting one step of a scenario leaves the other weather as it was.

#ifndef ORRERY_SIM_WEATHER_H_
#define ORRERY_SIM_WEATHER_H_

#include <cstdint>

#include "core/base/hash.h"
#include "core/base/time.h"
#include "sim/settings.h"

namespace orrery::sim {

// What a fate is drawn for.  Values are part of every digest.
enum class Lot : uint8_t {
  kDelay = 1,
  kLoss = 2,
  kDuplicate = 3,
  kLate = 4,
  kResetDelivers = 5,
  kRedial = 6,
  kDiskLatency = 7,
  kDiskStall = 8,
  kCrashApplies = 9,
  kPageFate = 10,
  kSectorFate = 11,
  kSizeFate = 12,
  kEntryFate = 13,
  kPowerMode = 14,
  kTickLate = 15,
  kEntropy = 16,
  kBoot = 17,
  kStart = 18,
  kClientChoice = 19,
  kDamage = 40,
  kReplay = 41,
  kTail = 42,
  kPieces = 43,
  kDiskShort = 50,
  kDiskReadError = 51,
  kDiskLate = 52,
  kGarbage = 53,
  kRot = 54,
};

constexpr uint64_t Fate(uint64_t seed, Lot lot, uint64_t a, uint64_t b = 0) {
  const uint64_t purpose = Mix64(seed ^ (static_cast<uint64_t>(lot) << 56));
  return Mix64(Mix64(purpose ^ a) + b * 0x9e3779b97f4a7c15ULL);
}

// True for `ratio` of all fates.
constexpr bool Falls(uint64_t fate, Ratio ratio) {
  return ((fate >> 32) * ratio.den) >> 32 < ratio.num;
}

// Uniform in the range.
constexpr Duration Within(uint64_t fate, Range range) {
  const uint64_t span = static_cast<uint64_t>(range.high.ns - range.low.ns) + 1;
  return {range.low.ns + static_cast<int64_t>((fate >> 8) % span)};
}

}  // namespace orrery::sim

#endif  // ORRERY_SIM_WEATHER_H_
