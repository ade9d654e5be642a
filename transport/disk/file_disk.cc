#include "transport/disk/file_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/post.hpp"

namespace orrery {
namespace {

// Makes the directory and those above it that are missing.
int MakeDirectories(const std::string& path) {
  for (size_t end = path.find('/', 1); end != std::string::npos;
       end = path.find('/', end + 1)) {
    const std::string parent = path.substr(0, end);
    if (::mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST) return errno;
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return errno;
  return 0;
}

bool NeedsFile(DiskVerb verb) {
  switch (verb) {
    case DiskVerb::kClose:
    case DiskVerb::kRead:
    case DiskVerb::kWrite:
    case DiskVerb::kAllocate:
    case DiskVerb::kSync:
    case DiskVerb::kTruncate:
    case DiskVerb::kDropCache:
      return true;
    case DiskVerb::kOpen:
    case DiskVerb::kSyncDir:
    case DiskVerb::kRename:
    case DiskVerb::kLink:
    case DiskVerb::kUnlink:
    case DiskVerb::kMakeDir:
    case DiskVerb::kList:
    case DiskVerb::kStat:
    case DiskVerb::kSpace:
    case DiskVerb::kLock:
      return false;
  }
  return false;
}

// Background work on files goes through the threads even where the page cache
// would serve: it must not hold up the loop.
bool IsForeground(const DiskEffect& effect) {
  return effect.priority <= DiskPriority::kRead;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileDisk>> FileDisk::Open(
    boost::asio::io_context& loop, const Options& options, Deliver deliver) {
  const int error = MakeDirectories(options.directory);
  if (error != 0) {
    return absl::ErrnoToStatus(
        error, absl::StrCat("make data directory ", options.directory));
  }
  const int directory =
      ::open(options.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("open data directory ", options.directory));
  }
  if (::faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) != 0) {
    const int access_error = errno;
    ::close(directory);
    return absl::ErrnoToStatus(
        access_error,
        absl::StrCat("write to data directory ", options.directory));
  }
  return std::unique_ptr<FileDisk>(
      new FileDisk(loop, directory, options.threads, std::move(deliver)));
}

FileDisk::FileDisk(boost::asio::io_context& loop, int directory, size_t threads,
                   Deliver deliver)
    : loop_(loop),
      directory_(directory),
      deliver_(std::move(deliver)),
      self_(std::make_shared<FileDisk*>(this)),
      threads_(std::make_unique<DiskThreads>(threads)) {}

FileDisk::~FileDisk() {
  threads_.reset();
  self_.reset();
  for (const auto& [number, file] : files_) ::close(file.fd);
  // Descriptors that an undelivered kOpen or kLock made.
  for (const auto& [address, operation] : operations_) {
    const DiskVerb verb = operation->effect.verb;
    if (verb != DiskVerb::kOpen && verb != DiskVerb::kLock) continue;
    if (operation->fd >= 0) ::close(operation->fd);
  }
  for (const int fd : locks_) ::close(fd);
  ::close(directory_);
}

void FileDisk::Submit(DiskEffect effect) {
  auto owned = std::make_unique<DiskOperation>();
  DiskOperation& operation = *owned;
  operation.effect = std::move(effect);
  operation.done.token = operation.effect.token;
  operation.done.verb = operation.effect.verb;
  operations_.emplace(&operation, std::move(owned));
  Start(operation);
}

void FileDisk::Start(DiskOperation& operation) {
  const DiskEffect& effect = operation.effect;
  if (!IsInside(effect.path) || !IsInside(effect.path2)) {
    return FailWith(operation, DiskError::kPermission);
  }
  OpenFile* file = FileOf(operation);
  if (effect.verb == DiskVerb::kOpen && file != nullptr) {
    return FailWith(operation, DiskError::kOther);  // The number is in use.
  }
  if (!NeedsFile(effect.verb)) return RunOnThread(operation);

  if (file == nullptr || file->close != nullptr) {
    return FailWith(operation, DiskError::kOther);
  }
  operation.fd = file->fd;
  if (effect.verb == DiskVerb::kRead) return StartRead(operation);
  if (effect.verb == DiskVerb::kWrite) return StartWrite(*file, operation);
  if (effect.verb == DiskVerb::kClose) return StartClose(*file, operation);
  RunOnThread(operation);
}

void FileDisk::StartRead(DiskOperation& operation) {
  const DiskEffect& effect = operation.effect;
  operation.done.data = Bytes::Allocate(effect.length, &operation.buffer);
  if (effect.length == 0) return Complete(operation);
  if (IsForeground(effect) && effect.length <= kInlineReadBytesMax &&
      ReadCached(operation)) {
    return Complete(operation);
  }
  ++threaded_reads_;
  RunOnThread(operation);
}

void FileDisk::StartWrite(OpenFile& file, DiskOperation& operation) {
  if (!IsForeground(operation.effect)) return RunOnThread(operation);
  Perform(directory_, operation);
  NoteWritten(file, operation);
  Complete(operation);
}

void FileDisk::StartClose(OpenFile& file, DiskOperation& operation) {
  file.close = &operation;
  CloseIfIdle(file);
}

void FileDisk::NoteWritten(OpenFile& file, const DiskOperation& operation) {
  const uint64_t count = operation.done.count;
  if (count == 0) return;
  const uint64_t from = operation.effect.offset;
  const bool clean = file.dirty_bytes == 0;
  file.dirty_from = clean ? from : std::min(file.dirty_from, from);
  file.dirty_to = clean ? from + count : std::max(file.dirty_to, from + count);
  file.dirty_bytes += count;
  if (file.dirty_bytes < kWriteBackBytes || file.writing_back) return;
  StartWriteBack(operation.effect.file, file);
}

void FileDisk::StartWriteBack(FileNumber number, OpenFile& file) {
  const int fd = file.fd;
  const auto from = static_cast<off64_t>(file.dirty_from);
  const auto length = static_cast<off64_t>(file.dirty_to - file.dirty_from);
  file.dirty_bytes = 0;
  file.writing_back = true;
  ++file.running;
  threads_->Add(DiskPriority::kRead, [this, number, fd, from, length] {
    // Only a start: what it cannot do, the next sync does and reports.
    (void)::sync_file_range(fd, from, length, SYNC_FILE_RANGE_WRITE);
    const std::lock_guard lock(mutex_);
    written_back_.push_back(number);
    PostDelivery();
  });
}

FileDisk::OpenFile* FileDisk::FileOf(const DiskOperation& operation) {
  const auto it = files_.find(operation.effect.file.value);
  return it == files_.end() ? nullptr : &it->second;
}

void FileDisk::RunOnThread(DiskOperation& operation) {
  operation.threaded = true;
  if (OpenFile* file = FileOf(operation)) ++file->running;
  threads_->Add(operation.effect.priority, [this, &operation] {
    Perform(directory_, operation);
    const std::lock_guard lock(mutex_);
    thread_ready_.push_back(&operation);
    PostDelivery();
  });
}

void FileDisk::FailWith(DiskOperation& operation, DiskError error) {
  operation.done.error = error;
  Complete(operation);
}

void FileDisk::Complete(DiskOperation& operation) {
  ready_.push_back(&operation);
  const std::lock_guard lock(mutex_);
  PostDelivery();
}

// REQUIRES: mutex_ is held.
void FileDisk::PostDelivery() {
  if (delivery_posted_) return;
  delivery_posted_ = true;
  boost::asio::post(loop_, [self = std::weak_ptr<FileDisk*>(self_)] {
    if (const auto disk = self.lock()) (*disk)->DeliverReady();
  });
}

void FileDisk::DeliverReady() {
  std::vector<DiskOperation*> ready = std::exchange(ready_, {});
  std::vector<FileNumber> written_back;
  {
    const std::lock_guard lock(mutex_);
    delivery_posted_ = false;
    ready.insert(ready.end(), thread_ready_.begin(), thread_ready_.end());
    thread_ready_.clear();
    written_back.swap(written_back_);
  }
  for (const FileNumber number : written_back) {
    OpenFile& file = files_.find(number.value)->second;  // It waits for us.
    file.writing_back = false;
    --file.running;
    CloseIfIdle(file);
  }
  for (DiskOperation* operation : ready) {
    Settle(*operation);
    const auto owned = std::move(operations_.extract(operation).mapped());
    deliver_(std::move(owned->done));
  }
}

// What the loop has to remember of an operation that is done.
void FileDisk::Settle(DiskOperation& operation) {
  DiskDone& done = operation.done;
  const bool succeeded = done.error == DiskError::kNone;
  OpenFile* file = FileOf(operation);
  if (operation.threaded && file != nullptr) --file->running;
  switch (operation.effect.verb) {
    case DiskVerb::kOpen:
      if (succeeded) Remember(operation);
      break;
    case DiskVerb::kLock:
      if (succeeded) locks_.push_back(operation.fd);
      break;
    case DiskVerb::kClose:
      if (file != nullptr && file->close == &operation) {
        files_.erase(operation.effect.file.value);
        return;
      }
      break;
    case DiskVerb::kRead:
      done.data = succeeded ? done.data.Slice(0, operation.filled) : Bytes();
      break;
    case DiskVerb::kWrite:
      if (operation.threaded && file != nullptr) NoteWritten(*file, operation);
      break;
    case DiskVerb::kAllocate:
    case DiskVerb::kSync:
    case DiskVerb::kSyncDir:
    case DiskVerb::kTruncate:
    case DiskVerb::kRename:
    case DiskVerb::kLink:
    case DiskVerb::kUnlink:
    case DiskVerb::kMakeDir:
    case DiskVerb::kList:
    case DiskVerb::kStat:
    case DiskVerb::kSpace:
    case DiskVerb::kDropCache:
      break;
  }
  if (file != nullptr) CloseIfIdle(*file);
}

void FileDisk::Remember(DiskOperation& operation) {
  const auto [it, is_new] = files_.try_emplace(operation.effect.file.value);
  if (is_new) {
    it->second.fd = operation.fd;
    return;
  }
  ::close(operation.fd);
  operation.done.error = DiskError::kOther;  // The number is in use.
}

void FileDisk::CloseIfIdle(OpenFile& file) {
  if (file.running != 0 || file.close == nullptr) return;
  if (file.closing) return;
  file.closing = true;
  RunOnThread(*file.close);
}

}  // namespace orrery
