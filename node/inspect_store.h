// node/inspect_store.h
//
// One store directory: its manifest, every data file that it lists, and what
// else lies there.  Files are judged as the next recovery would judge them.

#ifndef ORRERY_NODE_INSPECT_STORE_H_
#define ORRERY_NODE_INSPECT_STORE_H_

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "node/inspect_context.h"

namespace orrery {

// Whether these names are those of a store.
bool IsStore(const std::vector<std::string>& names);

// `storage`: whose it must be, if IDENTITY is at hand.
void InspectStore(const InspectedPath& at, bool is_hints,
                  std::optional<StorageId> storage, InspectContext& context);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_STORE_H_
