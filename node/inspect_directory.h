// node/inspect_directory.h
//
// A whole data directory, and whether a node runs on it.

#ifndef ORRERY_NODE_INSPECT_DIRECTORY_H_
#define ORRERY_NODE_INSPECT_DIRECTORY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "node/inspect_context.h"
#include "node/read_only_file.h"

namespace orrery {

// Whether these names are those of a data directory.
bool IsDataDirectory(const std::vector<std::string>& names);

// Keeps nodes off the data directory that `path` is, or lies in, as long as the
// file is held; nothing if there is no LOCK, as in a snapshot, even where a
// node runs on what the snapshot is of.  FailedPrecondition: a node runs.
absl::StatusOr<std::optional<ReadOnlyFile>> LockOf(const std::string& path);

void InspectDirectory(const InspectedPath& at, InspectContext& context);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_DIRECTORY_H_
