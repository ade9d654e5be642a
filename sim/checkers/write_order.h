// sim/checkers/write_order.h
//
// O4, of writes: versions follow the order in which writes were acknowledged,
// or the client is told otherwise.
//
// If the owners that acknowledged a write, and those that acknowledged another
// before it began, are together more than there are, then it has the higher
// version, or says that it is `superseded_by` a version at least as high as
// that one.  A delete without context whose R, with the earlier owners, exceeds
// them always has the higher version: it read what it removes; not so one that
// was repeated, which keeps the stamp of its first attempt; and a write with
// stamp=quorum, unless it was repeated, that is above all that a majority had
// acknowledged.  A write beside whose version others are kept loses nothing to
// a higher one, and is told of none.  Whoever is told `superseded_by` is told
// of a higher version than its own, and one that is.
//
// Excused: a holder of the earlier write lost it.

#ifndef ORRERY_SIM_CHECKERS_WRITE_ORDER_H_
#define ORRERY_SIM_CHECKERS_WRITE_ORDER_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckWriteOrder(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_WRITE_ORDER_H_
