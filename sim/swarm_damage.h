// sim/swarm_damage.h
//
// What disks of a seed do without an error, or with one that does not last:
// short counts, operations that are overtaken, garbage in torn sectors, reads
// that fail once; rot, writes that land elsewhere or nowhere, a file that is
// gone.  A stream of its own draws all of it: it moves nothing else.

#ifndef ORRERY_SIM_SWARM_DAMAGE_H_
#define ORRERY_SIM_SWARM_DAMAGE_H_

#include "sim/swarm_weather.h"

namespace orrery::sim {

// `may_lose_bytes`: no other disk of the run loses what it acknowledged.  Then
// one disk may: with a second the cluster is beyond its budget.
SwarmFaults DamageOf(const SwarmShape& shape, bool may_lose_bytes);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SWARM_DAMAGE_H_
