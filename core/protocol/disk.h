// core/protocol/disk.h
//
// The operations a disk performs and how it answers (storage section 10).
//
//   - Exactly one completion per token, never inside the submit call, in any
//     order.  Nothing is cancelled; an operation may take for ever.
//   - The result is truthful: a short count is reported, nothing but EINTR is
//     retried by the disk.
//   - A Sync promises only the writes completed before it was submitted.
//   - Paths are relative to the node's data directory, with '/' between names.
//   - Files are named by numbers that the core chooses (FileNumber), from the
//     submission of kOpen until the completion of kClose.
//     A kClose waits for what was submitted before it.
//   - kRead of a missing part is a short read; kOpen without `create` of a
//     missing file is kNoEntry.  Reads, writes and kAllocate of no bytes
//     succeed and change nothing.
//   - kRename takes a directory with what is in it, and replaces a file by a
//     file or an empty directory by a directory.
//   - A disk is what tests/core/ports/disk_contract_test.cc says.

#ifndef ORRERY_CORE_PROTOCOL_DISK_H_
#define ORRERY_CORE_PROTOCOL_DISK_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"

namespace orrery {

enum class DiskVerb : uint8_t {
  kOpen = 1,      // file, path, create, exclusive
  kClose = 2,     // file
  kRead = 3,      // file, offset, length -> data (maybe short)
  kWrite = 4,     // file, offset, data (gather list) -> count
  kAllocate = 5,  // file, offset, length: blocks reserved, size extended, zeros
  kSync = 6,      // file: data and size
  kSyncDir = 7,   // path of a directory
  kTruncate = 8,  // file, length
  kRename = 9,    // path -> path2, replaces
  kLink = 10,     // path of a file -> path2; kExists if it is there
  kUnlink = 11,   // path; a directory only if it is empty, else kNotEmpty
  kMakeDir = 12,  // path; kExists if it is there
  kList = 13,     // path of a directory -> names (sorted)
  kStat = 14,     // path -> count = size, inode
  kSpace = 15,    // -> count = free bytes, total
  kDropCache = 16,  // file
  kLock = 17,       // path: flock-like, held until the process ends; kLocked
};

// Persisted in traces; errno is translated once, in the disk.
enum class DiskError : uint8_t {
  kNone = 0,
  kNoEntry = 1,
  kExists = 2,
  kIo = 3,
  kNoSpace = 4,
  kReadOnly = 5,
  kTooManyFiles = 6,
  kPermission = 7,
  kLocked = 8,
  kNotEmpty = 9,
  kOther = 10,
};

// For a sentence: "RING cannot be read: permission denied".
constexpr std::string_view WordsOf(DiskError error) {
  switch (error) {
    case DiskError::kNone:
      return "no error";
    case DiskError::kNoEntry:
      return "no such file or directory";
    case DiskError::kExists:
      return "it exists";
    case DiskError::kIo:
      return "input/output error";
    case DiskError::kNoSpace:
      return "no space left";
    case DiskError::kReadOnly:
      return "the file system is read-only";
    case DiskError::kTooManyFiles:
      return "too many open files";
    case DiskError::kPermission:
      return "permission denied";
    case DiskError::kLocked:
      return "locked by another process";
    case DiskError::kNotEmpty:
      return "the directory is not empty";
    case DiskError::kOther:
      return "an error of another kind";
  }
  return "";
}

enum class DiskPriority : uint8_t {
  kCommit = 0,
  kRead = 1,
  kCompaction = 2,
  kScrub = 3
};

struct FileNumber {
  uint32_t value = 0;  // 0: none.
  ORRERY_FIELDS(value)
  friend constexpr auto operator<=>(const FileNumber&,
                                    const FileNumber&) = default;
};

// Whose completion it is.  `owner` is a DiskOwner that the engine dispatches
// by; the handle is the owner's own.
enum class DiskOwner : uint8_t {
  kNone = 0,
  kBoot = 1,
  kIdentity = 2,
  kRing = 3,
  kUserStore = 4,
  kHintStore = 5,
  kSnapshot = 6,
  kReserve = 7,
};

struct DiskToken {
  DiskOwner owner = DiskOwner::kNone;
  uint8_t part = 0;  // Sub-machine within the owner; the owner's own meaning.
  Handle handle;
  ORRERY_FIELDS(owner, part, handle)
  friend constexpr auto operator<=>(const DiskToken&,
                                    const DiskToken&) = default;
};

using BytesList = absl::InlinedVector<Bytes, 1>;  // One, if values are small.

// What is left of the parts behind their first `skip` bytes.
inline BytesList After(const BytesList& parts, uint64_t skip) {
  BytesList rest;
  for (const Bytes& part : parts) {
    if (skip >= part.size()) {
      skip -= part.size();
      continue;
    }
    const auto from = static_cast<size_t>(skip);
    rest.push_back(part.Slice(from, part.size() - from));
    skip = 0;
  }
  return rest;
}

struct DiskEffect {
  DiskToken token;
  DiskVerb verb = DiskVerb::kStat;
  DiskPriority priority = DiskPriority::kCommit;
  FileNumber file;
  bool create = false;
  bool exclusive = false;
  std::string path;
  std::string path2;
  uint64_t offset = 0;
  uint64_t length = 0;
  BytesList data;  // Written back to back at `offset`.
  ORRERY_FIELDS(token, verb, priority, file, create, exclusive, path, path2,
                offset, length, data)
};

// Whether the operation can change what is on the disk.
constexpr bool ChangesDisk(const DiskEffect& effect) {
  switch (effect.verb) {
    case DiskVerb::kOpen:
      return effect.create;
    case DiskVerb::kWrite:
    case DiskVerb::kAllocate:
    case DiskVerb::kSync:
    case DiskVerb::kSyncDir:
    case DiskVerb::kTruncate:
    case DiskVerb::kRename:
    case DiskVerb::kLink:
    case DiskVerb::kUnlink:
    case DiskVerb::kMakeDir:
    case DiskVerb::kLock:  // Its file is opened for writing.
      return true;
    case DiskVerb::kClose:
    case DiskVerb::kRead:
    case DiskVerb::kList:
    case DiskVerb::kStat:
    case DiskVerb::kSpace:
    case DiskVerb::kDropCache:
      return false;
  }
  return false;
}

struct DiskDone {
  DiskToken token;
  DiskVerb verb = DiskVerb::kStat;
  DiskError error = DiskError::kNone;
  uint64_t count = 0;              // Bytes moved, or size, or free bytes.
  uint64_t inode = 0;              // kStat.
  uint64_t total = 0;              // kSpace: of the disk; 0: unknown.
  Bytes data;                      // kRead.
  std::vector<std::string> names;  // kList.
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_DISK_H_
