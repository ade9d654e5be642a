#include "node/dump_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

constexpr char kPrefix[] = "flight-";
constexpr char kSuffix[] = ".trace";

bool IsDump(std::string_view name) {
  return name.starts_with(kPrefix) && name.ends_with(kSuffix);
}

}  // namespace

absl::Status DumpDirectory::Make() const {
  if ((mkdir(path_.c_str(), 0700) == 0 || errno == EEXIST) &&
      access(path_.c_str(), W_OK | X_OK) == 0) {
    return absl::OkStatus();
  }
  const int error = errno;
  return absl::UnavailableError(
      absl::StrCat("flight recorder: ", path_, ": ", std::strerror(error)));
}

std::string DumpDirectory::PathOf(const std::string& name) const {
  return absl::StrCat(path_, "/", kPrefix, name, kSuffix);
}

// opendir asks for memory, which a handler must not.
bool DumpDirectory::IsFull() const {
  const int directory = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;  // Create will say what is wrong.
  size_t dumps = 0;
  alignas(dirent64) std::array<char, 4096> entries;
  ssize_t bytes = 0;
  while ((bytes = getdents64(directory, entries.data(), entries.size())) > 0) {
    for (ssize_t at = 0; at < bytes;) {
      const auto* entry =
          reinterpret_cast<const dirent64*>(entries.data() + at);
      if (IsDump(entry->d_name)) ++dumps;
      at += entry->d_reclen;
    }
  }
  close(directory);
  return dumps >= kDumpsMax;
}

int DumpDirectory::Create(const char* path) const {
  static_cast<void>(mkdir(path_.c_str(), 0700));
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

}  // namespace orrery
