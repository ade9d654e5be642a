// sim/checkers/siblings_exact.h
//
// O2, as far as the last write wins (of keys with siblings kept_siblings.h
// judges): once the world has healed, every owner
// shows, and the final read returns, one version that the ledger knows, of a
// write that was not refused; and it is the highest, by stamp and then by the
// tie-break of rank, that any replica acknowledged and kept.  Only writes whose
// outcome nobody knows may be missing.
//
// Excused: a higher version all of whose holders lost it.

#ifndef ORRERY_SIM_CHECKERS_SIBLINGS_EXACT_H_
#define ORRERY_SIM_CHECKERS_SIBLINGS_EXACT_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckSiblingsExact(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_SIBLINGS_EXACT_H_
