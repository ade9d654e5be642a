// sim/checkers/quorum_recency.h
//
// O4: with R + W above the number of owners, a read that starts after an
// acknowledged write returns that version or a higher one.  W is the number of
// owners that the answer said had stored it; it is never below what was asked.
// Of keys with siblings kept_siblings.h judges.
//
// Excused with `sync=off`: all who acknowledged the write lost it with their
// power, or some did and W was below min(configured W, majority).

#ifndef ORRERY_SIM_CHECKERS_QUORUM_RECENCY_H_
#define ORRERY_SIM_CHECKERS_QUORUM_RECENCY_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckQuorumRecency(const Evidence& evidence);

// May what the write stored be missing at a quorum of `read`, because of what
// disks lost?
bool MayBeLost(const Evidence& evidence, const Operation& write,
               const Operation& read);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_QUORUM_RECENCY_H_
