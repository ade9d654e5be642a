// node/inspect_data_verdict.h
//
// What was seen in a data file, judged as recovery would judge it, with what
// the manifest says of the file; without a manifest by its own SEAL.
//
// Invariants:
//   IDV-1  One damaged place is one finding of damage, whatever else disagrees
//          because of it.

#ifndef ORRERY_NODE_INSPECT_DATA_VERDICT_H_
#define ORRERY_NODE_INSPECT_DATA_VERDICT_H_

#include <vector>

#include "core/storage/manifest.h"
#include "core/storage/recovered_file.h"
#include "node/inspect_context.h"
#include "node/inspect_data_file.h"

namespace orrery {

// Findings of a file whose manifest is not at hand.
void JudgeAlone(const InspectedPath& at, const DataFileLook& look,
                InspectContext& context);
// Of one that the manifest lists as sealed.
void JudgeListedSealed(const InspectedPath& at, const DataFileLook& look,
                       const std::vector<DamageRange>& known,
                       InspectContext& context);
// Of one that it lists and that was not sealed: `verdict` is recovery's.
void JudgeTail(const InspectedPath& at, const DataFileLook& look,
               const FileVerdict& verdict, InspectContext& context);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_DATA_VERDICT_H_
