// sim/checkers/kept_siblings.h
//
// O2, O4 and O10 of keys with siblings: what a read shows is exactly what was
// written and not seen by a later write, as far as the read can know.
//
//   Nothing is missing: the value of each write that was acknowledged before
//   the read began, by so many owners that the read met one of them, is shown,
//   or some write or delete that may have been applied before the read ended
//   had seen the version that was acknowledged.
//   Nothing is left over: no value is shown of which an acknowledged write or
//   delete, that the read had to meet, had seen every version.
//
// A write has seen what the context it carried covers; a delete without one,
// what its read found: perhaps anything that was written before it ended, and
// certainly what was acknowledged before it began by owners that its R had to
// meet.  A put that asked for no siblings may be outranked, so of those nothing
// is ever missed.  After the world has healed the last reads are judged alike,
// whoever acknowledged what.
//
// Excused: a disk lost it, or what had replaced it.
//
// Cost: reads times writes of a key, and a look at the vectors for each pair of
// writes.

#ifndef ORRERY_SIM_CHECKERS_KEPT_SIBLINGS_H_
#define ORRERY_SIM_CHECKERS_KEPT_SIBLINGS_H_

#include "sim/evidence.h"

namespace orrery::sim {

// REQUIRES: OpenContexts.
Verdict CheckKeptSiblings(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_KEPT_SIBLINGS_H_
