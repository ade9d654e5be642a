// sim/checkers/write_order.h
//
// O4, of writes: versions follow the order in which writes were acknowledged,
// or the client is told otherwise.
//
// A write whose W and that of a write acknowledged before it began together
// exceed the owners has the higher version, or says that it is
// `superseded_by` a version at least as high as that one.  A delete without
// context whose R does so always has the higher version: it read what it
// removes.  Whoever is told `superseded_by` is told of a version that is.
//
// Excused: a holder of the earlier write lost it; and a write that was
// repeated, which keeps the stamp of its first attempt.

#ifndef ORRERY_SIM_CHECKERS_WRITE_ORDER_H_
#define ORRERY_SIM_CHECKERS_WRITE_ORDER_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckWriteOrder(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_WRITE_ORDER_H_
