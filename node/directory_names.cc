#include "node/directory_names.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace orrery {

absl::StatusOr<std::vector<std::string>> DirectoryNames(
    const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator at(path, error);
  const std::filesystem::directory_iterator end;
  while (!error && at != end) {
    names.push_back(at->path().filename().string());
    at.increment(error);
  }
  if (error) {
    return absl::ErrnoToStatus(error.value(), path);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace orrery
