// node/read_only_file.h
//
// A regular file that is only looked at: it is opened for reading, without a
// trace in its access time where the system allows that, and never waited for.
//
// Errors: what the system says, with the path.
//
// Threading: none.

#ifndef ORRERY_NODE_READ_ONLY_FILE_H_
#define ORRERY_NODE_READ_ONLY_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/bytes.h"

namespace orrery {

class ReadOnlyFile {
 public:
  // NotFound, or FailedPrecondition if it is no regular file.
  static absl::StatusOr<ReadOnlyFile> Open(const std::string& path);
  ReadOnlyFile(ReadOnlyFile&& other) noexcept;
  ReadOnlyFile& operator=(ReadOnlyFile&&) = delete;
  ~ReadOnlyFile();

  // When it was opened.
  uint64_t size() const { return size_; }
  // Fewer than `length` bytes only at the end.
  absl::StatusOr<ByteBuffer> Read(uint64_t offset, uint64_t length) const;

  // Takes the lock that a running node holds on LOCK, shared, until the file is
  // closed; false: a node has it.
  bool TryLock() const;

 private:
  ReadOnlyFile(int fd, uint64_t size, std::string path);

  int fd_;
  uint64_t size_;
  std::string path_;
};

}  // namespace orrery

#endif  // ORRERY_NODE_READ_ONLY_FILE_H_
