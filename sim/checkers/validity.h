// sim/checkers/validity.h
//
// O3: each value that is read was written to that key by an operation that
// began before the read ended and was not refused; one write has one version.

#ifndef ORRERY_SIM_CHECKERS_VALIDITY_H_
#define ORRERY_SIM_CHECKERS_VALIDITY_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckValidity(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_VALIDITY_H_
