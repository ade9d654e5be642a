// sim/checkers/expectations.h
//
// What the `expect` lines of a hand-written scenario say of single operations.

#ifndef ORRERY_SIM_CHECKERS_EXPECTATIONS_H_
#define ORRERY_SIM_CHECKERS_EXPECTATIONS_H_

#include <vector>

#include "sim/evidence.h"
#include "sim/settings.h"
#include "sim/tally.h"

namespace orrery::sim {

// REQUIRES: every expectation but kConverge and kMark is of an operation.
Verdict CheckExpectations(const Evidence& evidence,
                          const std::vector<Expectation>& expectations,
                          const Tally& marks);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_EXPECTATIONS_H_
