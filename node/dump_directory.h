// node/dump_directory.h
//
// DumpDirectory is where the dumps of flight recorders lie, kDumpsMax at most:
// a process that dies at every start would fill the disk.  It counts what is
// there whenever it is asked, so that whoever takes some away needs to tell
// nobody.
//
// It may be shared by processes; they may then, at the same moment, make one
// more each.
//
// Threading: any, and signal handlers, but for Make.

#ifndef ORRERY_NODE_DUMP_DIRECTORY_H_
#define ORRERY_NODE_DUMP_DIRECTORY_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace orrery {

class DumpDirectory {
 public:
  static constexpr size_t kDumpsMax = 8;

  explicit DumpDirectory(std::string path) : path_(std::move(path)) {}

  // If it is not there.  Unavailable: no files can be made in it.
  absl::Status Make() const;
  // Of a dump of this name, without the directory.
  std::string PathOf(const std::string& name) const;
  // As many as there may be.
  bool IsFull() const;
  // A new file at a path of PathOf, to be written; makes the directory if
  // somebody took it away.  -1: errno says why not.
  int Create(const char* path) const;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace orrery

#endif  // ORRERY_NODE_DUMP_DIRECTORY_H_
