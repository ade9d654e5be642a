// sim/checkers/requests_complete.h
//
// O16: each request is answered exactly once, in time, unless its node died;
// and when clients have gone no conversation is left over.

#ifndef ORRERY_SIM_CHECKERS_REQUESTS_COMPLETE_H_
#define ORRERY_SIM_CHECKERS_REQUESTS_COMPLETE_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckRequestsComplete(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_REQUESTS_COMPLETE_H_
