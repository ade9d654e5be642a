// sim/checkers/convergence.h
//
// O11: within the bound after healing all owners of every key, as far as they
// are of the core that was healed, hold the same object, without anybody having
// read it; and then every key can be read by a quorum.

#ifndef ORRERY_SIM_CHECKERS_CONVERGENCE_H_
#define ORRERY_SIM_CHECKERS_CONVERGENCE_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckConvergence(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_CONVERGENCE_H_
