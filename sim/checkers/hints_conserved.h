// sim/checkers/hints_conserved.h
//
// O14, by looking at the stores of hints once the world has healed: every hint
// that was created was delivered, covered by what its owner has, handed to
// another, given up by the contract, or is held; what is held is what the store
// has, no more and no less; and no node of the core holds one for another.
//
// Excused: hints for a disk that was wiped, which have nobody to go to, for a
// node outside the core, and such as all other owners of the key have.

#ifndef ORRERY_SIM_CHECKERS_HINTS_CONSERVED_H_
#define ORRERY_SIM_CHECKERS_HINTS_CONSERVED_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckHintsConserved(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_HINTS_CONSERVED_H_
