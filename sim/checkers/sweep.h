// sim/checkers/sweep.h
//
// The common walks of O4, O5, O6 and O10 over a run in order of time.  Sweep:
// each read is shown the highest versions among what had returned before it
// was invoked.
//
// Cost: O(n log n) in the operations of the run.

#ifndef ORRERY_SIM_CHECKERS_SWEEP_H_
#define ORRERY_SIM_CHECKERS_SWEEP_H_

#include <cstdint>
#include <vector>

#include "sim/evidence.h"

namespace orrery::sim {

struct Moment {
  Instant at;
  bool begins = false;  // An invocation; else a return.
  uint32_t index = 0;   // Of the operation in the history.
};

// What begins at the very instant of a return may count as concurrent with it:
// it comes first.
bool Before(const Moment& a, const Moment& b);

// Calls `judge(earlier, read)` for each read that returned, with each of the
// `earlier` operations that raised the highest version among `counts(op)`
// before the read was invoked, if the read is below it: highest first, until
// `judge` returns true.
using Counts = bool (*)(const Evidence&, const Operation& op);
// Returns true when this pair settles the read: a violation, or none.
using Judge = bool (*)(const Evidence&, const Operation& earlier,
                       const Operation& read, Verdict* verdict);

void Sweep(const Evidence& evidence, Counts counts, Counts reads, Judge judge,
           Verdict* verdict);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_SWEEP_H_
