// sim/checkers/no_resurrection.h
//
// O10: a value that an acknowledged delete outranks is never read by a quorum
// read that starts after that delete was acknowledged, nor at all once the
// world has healed.  Of keys with siblings kept_siblings.h judges.

#ifndef ORRERY_SIM_CHECKERS_NO_RESURRECTION_H_
#define ORRERY_SIM_CHECKERS_NO_RESURRECTION_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckNoResurrection(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_NO_RESURRECTION_H_
