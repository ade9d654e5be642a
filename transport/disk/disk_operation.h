// transport/disk/disk_operation.h
//
// One operation of core/protocol/disk.h as system calls, on whichever thread
// runs it.  It blocks as long as the kernel does.
//
// The answer is truthful: a short count is reported as such, EINTR is looped,
// nothing else is tried again.
//
// Threading: any; two operations never share a DiskOperation.  A thread other
// than the loop's reads `effect.data` and writes through `buffer`, but copies
// and drops no Bytes: their reference counts are not atomic.

#ifndef ORRERY_TRANSPORT_DISK_DISK_OPERATION_H_
#define ORRERY_TRANSPORT_DISK_DISK_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/protocol/disk.h"

namespace orrery {

struct DiskOperation {
  DiskEffect effect;
  DiskDone done;
  // The open file that `effect.file` names; kOpen and kLock leave the new
  // descriptor here.
  int fd = -1;
  // kRead: where the bytes go, and how many are there already.
  std::byte* buffer = nullptr;
  uint64_t filled = 0;
  bool threaded = false;  // Went through the disk's threads.
};

// Translates errno.  REQUIRES: error != 0.
DiskError DiskErrorOf(int error);

// Relative to the data directory and inside it: no leading '/', no "..".
bool IsInside(const std::string& path);

// Performs the operation and fills `done` but for kRead's data, which is
// buffer[0, filled).  `directory` is the open data directory.
void Perform(int directory, DiskOperation& operation);

// kRead from the page cache only.  True if that was all of it; otherwise what
// there was stays counted in `filled` and Perform does the rest.
bool ReadCached(DiskOperation& operation);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_DISK_DISK_OPERATION_H_
