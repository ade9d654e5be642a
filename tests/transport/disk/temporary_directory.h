// tests/transport/disk/temporary_directory.h
//
// A directory that lives as long as the object.

#ifndef ORRERY_TESTS_TRANSPORT_DISK_TEMPORARY_DIRECTORY_H_
#define ORRERY_TESTS_TRANSPORT_DISK_TEMPORARY_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "core/base/invariant.h"

namespace orrery {

class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_(std::filesystem::temp_directory_path() / "orrery-XXXXXX") {
    ORRERY_INVARIANT(::mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_TRANSPORT_DISK_TEMPORARY_DIRECTORY_H_
