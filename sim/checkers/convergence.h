// sim/checkers/convergence.h
//
// O11: within the bound after healing all owners of every key, as far as they
// are of the core that was healed, hold the same object, without anybody having
// read it; and then every key can be read by a quorum.
//
// Excused: owners that are gone or in doubt without anyone to ask, a key whose
// highest version was lost with its only copy (its owner may not vote before it
// is written again), and damage that was found just before the end.

#ifndef ORRERY_SIM_CHECKERS_CONVERGENCE_H_
#define ORRERY_SIM_CHECKERS_CONVERGENCE_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckConvergence(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_CONVERGENCE_H_
