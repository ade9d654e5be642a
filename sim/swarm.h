// sim/swarm.h
//
// Swarm turns a seed into a scenario.  It first decides which classes of
// faults exist in this run (each off with probability 1/2), then how often
// they strike (log-uniform), then topology, workload and knobs.  Leaving
// classes out finds more than a tuned mixture: faults hide each other.
//
// A run has two phases.  Until kHealAt faults strike anywhere; then everything
// is healed and restarted, clients stop, and the scenario expects convergence.

#ifndef ORRERY_SIM_SWARM_H_
#define ORRERY_SIM_SWARM_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/scenario.h"

namespace orrery::sim {

enum class Profile : uint8_t {
  kSwarm = 1,   // 1,000 operations a second.
  kLight = 2,   // 160.
  kGolden = 3,  // Short: at most 5,000 events.
};

std::optional<Profile> ProfileOf(std::string_view name);
std::string_view NameOf(Profile profile);

Scenario SwarmScenario(uint64_t seed, Profile profile);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SWARM_H_
