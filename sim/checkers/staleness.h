// sim/checkers/staleness.h
//
// O9, measured: how stale are reads that nothing is promised of, R + W <= N?
// A key is k-atomic if each read may be placed between its begin and its end
// so that it returns one of the k newest writes before it; the order of writes
// is that of their versions, which is the order in which the last write wins.
// Then a read deviates exactly if something that returned before it began had
// a version at least k places above its own.
//
// Deviations are counted and told, and fail nothing.
//
// Cost: O(n log n).

#ifndef ORRERY_SIM_CHECKERS_STALENESS_H_
#define ORRERY_SIM_CHECKERS_STALENESS_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict MeasureOneAtomic(const Evidence& evidence);
Verdict MeasureTwoAtomic(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_STALENESS_H_
