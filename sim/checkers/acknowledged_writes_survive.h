// sim/checkers/acknowledged_writes_survive.h
//
// O1: once the world has healed, each acknowledged write is stored by an owner
// of its key, or a version that outranks it is.  Judged by inspecting stores.
//
// Excused: every node that acknowledged it was wiped, or lost power before its
// sync was due (`sync=off`), or is outside the core that was healed.

#ifndef ORRERY_SIM_CHECKERS_ACKNOWLEDGED_WRITES_SURVIVE_H_
#define ORRERY_SIM_CHECKERS_ACKNOWLEDGED_WRITES_SURVIVE_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckAcknowledgedWritesSurvive(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_ACKNOWLEDGED_WRITES_SURVIVE_H_
