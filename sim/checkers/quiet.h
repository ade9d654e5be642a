// sim/checkers/quiet.h
//
// O15: once replicas are equal nothing is sent to make them equal.  Judged over
// a window of two rounds of anti-entropy after the bound of convergence, among
// nodes of the core:
//   - no digests of keys, no objects, no repair of a replica, but for a few of
//     each record whose damage was found just before the end or meanwhile;
//   - roots of ranges at most as often as rounds begin;
//   - no delivery of hints, unless some are held for a node that is gone, and
//     then with pauses between the tries;
//   - without loss, and with every node there, no more datagrams than pings and
//     their answers, and no more other frames than one a second.

#ifndef ORRERY_SIM_CHECKERS_QUIET_H_
#define ORRERY_SIM_CHECKERS_QUIET_H_

#include "core/base/time.h"
#include "sim/evidence.h"

namespace orrery::sim {

// How long the window is.
Duration QuietWindow(const EngineOptions& engine);

Verdict CheckQuiet(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_QUIET_H_
