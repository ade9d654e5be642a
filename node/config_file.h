// node/config_file.h
//
// Reads the JSON file of --config into given values.  Members keep their order
// and their repetitions, so that those can be reported.

#ifndef ORRERY_NODE_CONFIG_FILE_H_
#define ORRERY_NODE_CONFIG_FILE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "node/config_value.h"

namespace orrery {

// A configuration file is a page of text.
inline constexpr size_t kConfigFileBytesMax = 1 << 20;

using ConfigMembers = std::vector<std::pair<std::string, GivenValue>>;

// Errors: the file cannot be read; it is not one JSON object.
absl::StatusOr<ConfigMembers> ReadConfigFile(const std::string& path);

absl::StatusOr<ConfigMembers> ParseConfigText(std::string_view json);

}  // namespace orrery

#endif  // ORRERY_NODE_CONFIG_FILE_H_
