// sim/swarm.h
//
// Swarm turns a seed into a scenario.  It first decides which classes of
// faults exist in this run (each off with probability 1/2), then how often
// they strike (log-uniform), then topology, workload and knobs.  Leaving
// classes out finds more than a tuned mixture: faults hide each other.
//
// A run has two phases.  Until kHealAt faults strike anywhere; then everything
// is healed and restarted, clients stop, and the scenario expects convergence;
// in one run of three of a core only (lasting_faults.h).

#ifndef ORRERY_SIM_SWARM_H_
#define ORRERY_SIM_SWARM_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sim/scenario.h"

namespace orrery::sim {

// 1,000 operations a second unless said.
enum class Profile : uint8_t {
  kSwarm = 1,     // Any classes of faults.
  kLight = 2,     // As kSwarm, 160 operations a second.
  kGolden = 3,    // Short: at most 5,000 events.
  kNet = 4,       // Links and connections break, and nothing else.
  kDisk = 5,      // Power goes, disks are slow or fail.
  kChurn = 6,     // Processes die, sleep, lose their data and come again.
  kOverload = 7,  // Three times the load, and little is admitted.
};

// What the user may name.
std::span<const Profile> AllProfiles();
std::optional<Profile> ProfileOf(std::string_view name);
std::string_view NameOf(Profile profile);

Scenario SwarmScenario(uint64_t seed, Profile profile);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SWARM_H_
