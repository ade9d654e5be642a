// node/directory_names.h
//
// The names in a directory, sorted.  Errors: what the system says.

#ifndef ORRERY_NODE_DIRECTORY_NAMES_H_
#define ORRERY_NODE_DIRECTORY_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace orrery {

absl::StatusOr<std::vector<std::string>> DirectoryNames(
    const std::string& path);

}  // namespace orrery

#endif  // ORRERY_NODE_DIRECTORY_NAMES_H_
