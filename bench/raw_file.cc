#include "bench/raw_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace orrery::bench {
namespace {

// As many bytes as anyone writes at once, and not zeros.
const std::string& Filling(uint64_t bytes) {
  static std::string filling;
  while (filling.size() < bytes) {
    filling.push_back(static_cast<char>(filling.size() * 31 >> 3));
  }
  return filling;
}

void Check(bool holds, const char* verb, const std::string& path) {
  if (!holds) Fail(absl::StrCat(verb, " ", path, ": ", std::strerror(errno)));
}

int OpenToRead(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  Check(fd >= 0, "open", path);
  return fd;
}

}  // namespace

void Fail(const std::string& what) {
  std::fprintf(stderr, "bench_storage: %s\n", what.c_str());
  std::exit(1);
}

RawFile::RawFile(const std::string& path)
    : path_(path),
      fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
  Check(fd_ >= 0, "open", path_);
}

RawFile::~RawFile() {
  ::close(fd_);
  ::unlink(path_.c_str());
}

void RawFile::Allocate(uint64_t bytes) const {
  const int result = ::fallocate(fd_, 0, 0, static_cast<off_t>(bytes));
  Check(result == 0 || errno == EOPNOTSUPP, "allocate", path_);
  Sync();
}

void RawFile::Append(uint64_t bytes) {
  const ssize_t result = ::pwrite(fd_, Filling(bytes).data(), bytes,
                                  static_cast<off_t>(end_));
  Check(result == static_cast<ssize_t>(bytes), "write", path_);
  end_ += bytes;
}

void RawFile::Sync() const { Check(::fdatasync(fd_) == 0, "sync", path_); }

std::vector<std::string> FilesIn(const std::string& directory,
                                 const std::string& suffix) {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    if (entry.path().native().ends_with(suffix)) {
      paths.push_back(entry.path().native());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

uint64_t ReadWhole(const std::vector<std::string>& paths, uint64_t piece) {
  uint64_t total = 0;
  std::string buffer(piece, '\0');
  for (const std::string& path : paths) {
    const int fd = OpenToRead(path);
    uint64_t at = 0;
    while (true) {
      const ssize_t result =
          ::pread(fd, buffer.data(), piece, static_cast<off_t>(at));
      Check(result >= 0, "read", path);
      if (result == 0) break;
      at += static_cast<uint64_t>(result);
    }
    total += at;
    ::close(fd);
  }
  return total;
}

void DropCache(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const int fd = OpenToRead(path);
    (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
}

uint64_t BytesOf(const std::vector<std::string>& paths) {
  uint64_t bytes = 0;
  for (const std::string& path : paths) {
    bytes += std::filesystem::file_size(path);
  }
  return bytes;
}

uint64_t AllocatedBytesOf(const std::vector<std::string>& paths) {
  uint64_t bytes = 0;
  for (const std::string& path : paths) {
    struct stat info{};
    Check(::stat(path.c_str(), &info) == 0, "stat", path);
    bytes += static_cast<uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace orrery::bench
