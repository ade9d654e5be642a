// sim/checkers/store_answers.h
//
// O18: every answer of a node's store is what a plain map of its keys says
// (sim/store_model.h), and after healing a store keeps not much more than what
// is alive: kept <= live * 2, and for each file its header and SEAL, and some
// files that are being written.
//
// Excused: stores with damaged files, which are never compacted, and in doubt.

#ifndef ORRERY_SIM_CHECKERS_STORE_ANSWERS_H_
#define ORRERY_SIM_CHECKERS_STORE_ANSWERS_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckStoreAnswers(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_STORE_ANSWERS_H_
