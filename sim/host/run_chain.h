// sim/host/run_chain.h
//
// A run's digest after every event, and the comparison of two such chains: the
// first event at which two runs of one scenario differ is where determinism
// broke, whatever the symptom later.

#ifndef ORRERY_SIM_HOST_RUN_CHAIN_H_
#define ORRERY_SIM_HOST_RUN_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/world.h"

namespace orrery::sim {

struct ChainLink {
  uint64_t digest = 0;
  int64_t at_ns = 0;
  uint32_t node = 0;
  uint32_t event = 0;  // Index in EventBody.
};

// Of a run of its own process.  Empty: the run died.
std::vector<ChainLink> ChainOf(const Scenario& scenario);

// The first place at which they differ; the length of both if they do not.
size_t FirstDifference(const std::vector<ChainLink>& first,
                       const std::vector<ChainLink>& second);

// Runs `scenario` once more in a process of its own, whose allocator hands out
// other bytes, and compares.  Empty: equal.  Else one sentence.
std::string CompareWithSecondRun(const Scenario& scenario,
                                 const RunOptions& options, uint64_t digest);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_RUN_CHAIN_H_
