// sim/checkers/damage_is_told.h
//
// O19, no silent corruption: a record that a fault of the disk took without an
// error is told of when somebody looks at it (reads it, recovers it, copies
// it), and is repaired; it is never answered as absent, as an older version or
// as something else.
//
// If nobody looks, a scrub finds it, in a file that is older than the process.
//
// Not judged: what was overwritten, or not looked at in the time of two passes.
// Excused: what stood behind all watermarks when its process ended,
// what no other node has any more, and what was found just before the end.

#ifndef ORRERY_SIM_CHECKERS_DAMAGE_IS_TOLD_H_
#define ORRERY_SIM_CHECKERS_DAMAGE_IS_TOLD_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckDamageIsTold(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_DAMAGE_IS_TOLD_H_
