// sim/checkers/dots_unique.h
//
// O21: a dot names one version for ever, over restarts, power losses and
// wipes.

#ifndef ORRERY_SIM_CHECKERS_DOTS_UNIQUE_H_
#define ORRERY_SIM_CHECKERS_DOTS_UNIQUE_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckDotsUnique(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_DOTS_UNIQUE_H_
