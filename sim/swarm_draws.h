// sim/swarm_draws.h
//
// What the makers of scenarios draw alike: when, how often, how seldom.

#ifndef ORRERY_SIM_SWARM_DRAWS_H_
#define ORRERY_SIM_SWARM_DRAWS_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/base/prng.h"
#include "core/base/time.h"

namespace orrery::sim {

// A whole number of milliseconds.
inline Duration TimeBetween(Prng& prng, Duration low, Duration high) {
  const int64_t ms = prng.Between(low.ns / kMillisecond.ns,
                                  std::max(low, high).ns / kMillisecond.ns);
  return ms * kMillisecond;
}

// How many strikes of one class a run has: few in most runs.
inline uint32_t Strikes(Prng& prng) {
  uint32_t strikes = 1;
  while (strikes < 16 && prng.Chance(3, 5)) strikes += 1;
  return strikes;
}

// Log-uniform between one in `often` and one in `seldom`.
inline std::string RareRatio(Prng& prng, uint32_t often, uint32_t seldom) {
  uint32_t denominator = often;
  while (denominator < seldom && prng.Chance(3, 5)) denominator *= 2;
  return "1/" + std::to_string(denominator);
}

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SWARM_DRAWS_H_
