// sim/checkers/store_answers.h
//
// O18: every answer of a node's store is what a plain map of its keys says
// (sim/store_model.h), and after healing a store keeps not much more than what
// is alive for longer than three intervals of compaction: kept <= live * 2, and
// for each file its header and SEAL, and some files that are being written.
//
// Excused: stores with damaged files, which are never compacted, and in doubt.
//
// And a node that met a full disk takes puts again, with its reserve whole,
// within 5 s of there being space for it.

#ifndef ORRERY_SIM_CHECKERS_STORE_ANSWERS_H_
#define ORRERY_SIM_CHECKERS_STORE_ANSWERS_H_

#include "sim/evidence.h"

namespace orrery::sim {

// Amplification, of which a compaction is due soon (storage section 7).
bool KeepsLittleThatIsDead(const StoreCounters& store,
                           const EngineOptions& options);

// Whether the node is as it should be, or its disk has too little room for
// that.
bool IsRelieved(const SpaceView& space, uint64_t free_bytes,
                const EngineOptions& options);

Verdict CheckStoreAnswers(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_STORE_ANSWERS_H_
