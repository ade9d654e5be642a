#include "node/read_only_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

// O_NONBLOCK: nobody waits for the other end of a pipe.
constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

absl::Status ErrorOf(const std::string& path, int error) {
  return absl::ErrnoToStatus(error, path);
}

}  // namespace

absl::StatusOr<ReadOnlyFile> ReadOnlyFile::Open(const std::string& path) {
  int fd = ::open(path.c_str(), kFlags | O_NOATIME);
  // O_NOATIME is the owner's.
  if (fd < 0 && errno == EPERM) fd = ::open(path.c_str(), kFlags);
  if (fd < 0) return ErrorOf(path, errno);
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return ErrorOf(path, error);
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is no regular file"));
  }
  return ReadOnlyFile(fd, static_cast<uint64_t>(info.st_size), path);
}

ReadOnlyFile::ReadOnlyFile(int fd, uint64_t size, std::string path)
    : fd_(fd), size_(size), path_(std::move(path)) {}

ReadOnlyFile::ReadOnlyFile(ReadOnlyFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      path_(std::move(other.path_)) {}

ReadOnlyFile::~ReadOnlyFile() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<ByteBuffer> ReadOnlyFile::Read(uint64_t offset,
                                              uint64_t length) const {
  ByteBuffer bytes(static_cast<size_t>(length));
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count =
        ::pread(fd_, bytes.data() + filled, bytes.size() - filled,
                static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrorOf(path_, errno);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

bool ReadOnlyFile::TryLock() const {
  int result = ::flock(fd_, LOCK_SH | LOCK_NB);
  while (result != 0 && errno == EINTR) {
    result = ::flock(fd_, LOCK_SH | LOCK_NB);
  }
  return result == 0 || errno != EWOULDBLOCK;
}

}  // namespace orrery
