// sim/checkers/monotonic_reads.h
//
// O5: reads of a key by a majority or more never go back: a read that starts
// after another ended returns that version or a higher one.
//
// Excused: all who are known to have stored the version lost it.

#ifndef ORRERY_SIM_CHECKERS_MONOTONIC_READS_H_
#define ORRERY_SIM_CHECKERS_MONOTONIC_READS_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckMonotonicReads(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_MONOTONIC_READS_H_
