// node/inspect_index_snapshot.h
//
// Looks at one index snapshot (`.index`): whether its blocks and rows hold, and
// whether it is of the data file that the manifest lists.  One that is not as
// it should be costs no record: the next start reads the data file instead,
// and makes it anew.
//
// Not checked: that the rows are those of the data file, which only an index
// seed and both files could tell.
//
// Memory: one block.

#ifndef ORRERY_NODE_INSPECT_INDEX_SNAPSHOT_H_
#define ORRERY_NODE_INSPECT_INDEX_SNAPSHOT_H_

#include <cstdint>
#include <optional>

#include "core/base/ids.h"
#include "core/storage/manifest.h"
#include "node/inspect_context.h"

namespace orrery {

struct IndexSnapshotOptions {
  std::optional<uint64_t> id;  // By its name.
  std::optional<StorageId> storage;
  std::optional<ManifestFile> listed;  // Sealed.
};

void InspectIndexSnapshot(const InspectedPath& at,
                          const IndexSnapshotOptions& options,
                          InspectContext& context);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_INDEX_SNAPSHOT_H_
