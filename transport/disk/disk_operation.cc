#include "transport/disk/disk_operation.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>

namespace orrery {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
constexpr size_t kGatherMax = 256;  // Of IOV_MAX, 1024: 4 KiB of stack.

// A system call until it is not interrupted.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

void Finish(int64_t result, DiskDone& done) {
  if (result < 0) {
    done.error = DiskErrorOf(errno);
  } else {
    done.count = static_cast<uint64_t>(result);
  }
}

// The data directory itself is "".
const char* PathOf(const std::string& path) {
  return path.empty() ? "." : path.c_str();
}

void Open(int directory, DiskOperation& operation) {
  const DiskEffect& effect = operation.effect;
  int flags = O_RDWR | O_CLOEXEC;
  if (effect.create) flags |= O_CREAT;
  if (effect.exclusive) flags |= O_EXCL;
  operation.fd = Uninterrupted([&] {
    return ::openat(directory, PathOf(effect.path), flags, kFileMode);
  });
  if (operation.fd < 0 && errno == EROFS && !effect.create) {
    operation.fd = Uninterrupted([&] {
      return ::openat(directory, PathOf(effect.path), O_RDONLY | O_CLOEXEC);
    });
  }
  if (operation.fd < 0) operation.done.error = DiskErrorOf(errno);
}

void Close(DiskOperation& operation) {
  // Not looped: after EINTR the descriptor is gone all the same.
  if (::close(operation.fd) != 0 && errno != EINTR) {
    operation.done.error = DiskErrorOf(errno);
  }
}

void Read(DiskOperation& operation) {
  const DiskEffect& effect = operation.effect;
  const int64_t result = Uninterrupted([&] {
    return ::pread(operation.fd, operation.buffer + operation.filled,
                   effect.length - operation.filled,
                   static_cast<off_t>(effect.offset + operation.filled));
  });
  if (result < 0) {
    operation.done.error = DiskErrorOf(errno);
    operation.filled = 0;
  } else {
    operation.filled += static_cast<uint64_t>(result);
  }
  operation.done.count = operation.filled;
}

// Writes at most kGatherMax pieces of what lies `written` bytes into `data`.
int64_t WriteSome(int fd, const DiskEffect& effect, uint64_t written,
                  uint64_t* attempted) {
  std::array<iovec, kGatherMax> pieces;
  size_t count = 0;
  uint64_t skip = written;
  *attempted = 0;
  for (const Bytes& piece : effect.data) {
    if (skip >= piece.size()) {
      skip -= piece.size();
      continue;
    }
    if (count == pieces.size()) break;
    // The kernel only reads; iovec has no const.
    auto* base = const_cast<std::byte*>(piece.data()) + skip;
    pieces[count++] = {base, piece.size() - skip};
    *attempted += piece.size() - skip;
    skip = 0;
  }
  return Uninterrupted([&] {
    return ::pwritev(fd, pieces.data(), static_cast<int>(count),
                     static_cast<off_t>(effect.offset + written));
  });
}

void Write(DiskOperation& operation) {
  uint64_t written = 0;
  uint64_t total = 0;
  for (const Bytes& piece : operation.effect.data) total += piece.size();
  while (written < total) {
    uint64_t attempted = 0;
    const int64_t result =
        WriteSome(operation.fd, operation.effect, written, &attempted);
    if (result < 0) {
      // As write(2) does: an error after some bytes is a short count.
      if (written == 0) operation.done.error = DiskErrorOf(errno);
      break;
    }
    written += static_cast<uint64_t>(result);
    if (static_cast<uint64_t>(result) < attempted) break;
  }
  operation.done.count = written;
}

void Allocate(DiskOperation& operation) {
  if (operation.effect.length == 0) return;  // fallocate(2) calls it invalid.
  const auto offset = static_cast<off_t>(operation.effect.offset);
  const auto length = static_cast<off_t>(operation.effect.length);
  const int result = Uninterrupted(
      [&] { return ::fallocate(operation.fd, 0, offset, length); });
  if (result == 0 || errno != EOPNOTSUPP) {
    Finish(result, operation.done);
    return;
  }
  // A file system that cannot reserve: the size at least.
  struct stat info{};
  if (::fstat(operation.fd, &info) != 0) {
    Finish(-1, operation.done);
    return;
  }
  const off_t size = std::max(info.st_size, offset + length);
  Finish(Uninterrupted([&] { return ::ftruncate(operation.fd, size); }),
         operation.done);
}

void SyncDirectory(int directory, DiskOperation& operation) {
  const int fd = Uninterrupted([&] {
    return ::openat(directory, PathOf(operation.effect.path),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  });
  if (fd < 0) {
    operation.done.error = DiskErrorOf(errno);
    return;
  }
  Finish(Uninterrupted([&] { return ::fsync(fd); }), operation.done);
  ::close(fd);
}

void List(int directory, DiskOperation& operation) {
  const int fd = Uninterrupted([&] {
    return ::openat(directory, PathOf(operation.effect.path),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  });
  DIR* stream = fd < 0 ? nullptr : ::fdopendir(fd);
  if (stream == nullptr) {
    operation.done.error = DiskErrorOf(errno);
    if (fd >= 0) ::close(fd);
    return;
  }
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") operation.done.names.emplace_back(name);
  }
  if (errno != 0) operation.done.error = DiskErrorOf(errno);
  ::closedir(stream);
  std::sort(operation.done.names.begin(), operation.done.names.end());
}

void Stat(int directory, DiskOperation& operation) {
  struct stat info{};
  if (::fstatat(directory, PathOf(operation.effect.path), &info,
                AT_SYMLINK_NOFOLLOW) != 0) {
    operation.done.error = DiskErrorOf(errno);
    return;
  }
  operation.done.count = static_cast<uint64_t>(info.st_size);
  operation.done.inode = static_cast<uint64_t>(info.st_ino);
}

void Space(int directory, DiskOperation& operation) {
  struct statvfs info{};
  if (Uninterrupted([&] { return ::fstatvfs(directory, &info); }) != 0) {
    operation.done.error = DiskErrorOf(errno);
    return;
  }
  operation.done.count = uint64_t{info.f_bavail} * info.f_frsize;
  operation.done.total = uint64_t{info.f_blocks} * info.f_frsize;
}

void Lock(int directory, DiskOperation& operation) {
  const int fd = Uninterrupted([&] {
    return ::openat(directory, PathOf(operation.effect.path),
                    O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  });
  if (fd < 0) {
    operation.done.error = DiskErrorOf(errno);
    return;
  }
  if (Uninterrupted([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) != 0) {
    operation.done.error =
        errno == EWOULDBLOCK ? DiskError::kLocked : DiskErrorOf(errno);
    ::close(fd);
    return;
  }
  operation.fd = fd;
}

int64_t Unlink(int directory, const char* path) {
  const int result = ::unlinkat(directory, path, 0);
  if (result == 0 || errno != EISDIR) return result;
  return ::unlinkat(directory, path, AT_REMOVEDIR);
}

// The operations on names: one call and its result.
int64_t ChangeNames(int directory, const DiskEffect& effect) {
  const char* path = PathOf(effect.path);
  const char* path2 = PathOf(effect.path2);
  if (effect.verb == DiskVerb::kRename) {
    return ::renameat(directory, path, directory, path2);
  }
  if (effect.verb == DiskVerb::kLink) {
    return ::linkat(directory, path, directory, path2, 0);
  }
  if (effect.verb == DiskVerb::kUnlink) return Unlink(directory, path);
  return ::mkdirat(directory, path, kDirectoryMode);
}

}  // namespace

DiskError DiskErrorOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return DiskError::kNoEntry;
    case EEXIST:
      return DiskError::kExists;
    case EIO:
      return DiskError::kIo;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return DiskError::kNoSpace;
    case EROFS:
      return DiskError::kReadOnly;
    case EMFILE:
    case ENFILE:
      return DiskError::kTooManyFiles;
    case EACCES:
    case EPERM:
      return DiskError::kPermission;
    case ENOTEMPTY:
      return DiskError::kNotEmpty;
    default:
      return DiskError::kOther;
  }
}

bool IsInside(const std::string& path) {
  if (path.starts_with('/')) return false;
  if (path.find('\0') != std::string::npos) return false;
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('/'), rest.size());
    if (rest.substr(0, end) == "..") return false;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return true;
}

bool ReadCached(DiskOperation& operation) {
  const DiskEffect& effect = operation.effect;
  const iovec piece{operation.buffer, effect.length};
  const int64_t result = Uninterrupted([&] {
    return ::preadv2(operation.fd, &piece, 1, static_cast<off_t>(effect.offset),
                     RWF_NOWAIT);
  });
  if (result > 0) operation.filled = static_cast<uint64_t>(result);
  operation.done.count = operation.filled;
  return operation.filled == effect.length;
}

void Perform(int directory, DiskOperation& operation) {
  const DiskEffect& effect = operation.effect;
  DiskDone& done = operation.done;
  switch (effect.verb) {
    case DiskVerb::kOpen:
      return Open(directory, operation);
    case DiskVerb::kClose:
      return Close(operation);
    case DiskVerb::kRead:
      return Read(operation);
    case DiskVerb::kWrite:
      return Write(operation);
    case DiskVerb::kAllocate:
      return Allocate(operation);
    case DiskVerb::kSync:
      return Finish(Uninterrupted([&] { return ::fdatasync(operation.fd); }),
                    done);
    case DiskVerb::kSyncDir:
      return SyncDirectory(directory, operation);
    case DiskVerb::kTruncate:
      return Finish(Uninterrupted([&] {
                      return ::ftruncate(operation.fd,
                                         static_cast<off_t>(effect.length));
                    }),
                    done);
    case DiskVerb::kRename:
    case DiskVerb::kLink:
    case DiskVerb::kUnlink:
    case DiskVerb::kMakeDir:
      return Finish(
          Uninterrupted([&] { return ChangeNames(directory, effect); }), done);
    case DiskVerb::kList:
      return List(directory, operation);
    case DiskVerb::kStat:
      return Stat(directory, operation);
    case DiskVerb::kSpace:
      return Space(directory, operation);
    case DiskVerb::kDropCache:
      // Returns the error instead of setting errno; it is advice.
      (void)::posix_fadvise(operation.fd, 0, 0, POSIX_FADV_DONTNEED);
      return;
    case DiskVerb::kLock:
      return Lock(directory, operation);
  }
}

}  // namespace orrery
