#include "transport/disk/file_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "boost/asio/executor_work_guard.hpp"
#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "gmock/gmock.h"
#include "tests/core/ports/disk_contract.h"
#include "tests/transport/disk/temporary_directory.h"

namespace orrery {
namespace {

class FileDiskHarness final : public DiskHarness {
 public:
  explicit FileDiskHarness(std::string path = "") : path_(std::move(path)) {
    if (path_.empty()) path_ = directory_.path() + "/data";
    OpenDisk();
  }
  ~FileDiskHarness() override {
    if (!limits_.has_value()) return;
    ::setrlimit(RLIMIT_FSIZE, &*limits_);
    ::signal(SIGXFSZ, SIG_DFL);
  }

  DiskPort& disk() override { return *disk_; }
  std::vector<DiskDone> Pump() override {
    while (done_.empty() && disk_->in_flight() > 0) loop_.run_one();
    return std::exchange(done_, {});
  }
  size_t delivered() const override { return done_.size(); }
  void Restart() override {
    disk_.reset();
    OpenDisk();
  }

  // A write that crosses the process's limit is short.
  bool MakeCountsShort() override { return ForbidGrowthPast(4096); }
  // One behind it is EFBIG, which callers see as they see ENOSPC.
  bool ForbidGrowthPast(uint64_t bytes) override {
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    limits_ = limit;
    limit.rlim_cur = bytes;
    ::signal(SIGXFSZ, SIG_IGN);
    return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
  }
  // Needs a mount of its own: AReadOnlyFileSystemIsReadAndNotChanged.
  bool MakeReadOnly() override { return false; }

  FileDisk& file_disk() { return *disk_; }
  const std::string& path() const { return path_; }

 private:
  void OpenDisk() {
    auto disk = FileDisk::Open(
        loop_, {.directory = path_},
        [this](DiskDone done) { done_.push_back(std::move(done)); });
    ORRERY_INVARIANT(disk.ok());
    disk_ = std::move(*disk);
  }

  std::optional<rlimit> limits_;  // As they were.
  TemporaryDirectory directory_;
  std::string path_;
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
      work_{loop_.get_executor()};
  std::vector<DiskDone> done_;
  std::unique_ptr<FileDisk> disk_;
};

std::unique_ptr<DiskHarness> MakeFileDiskHarness() {
  return std::make_unique<FileDiskHarness>();
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(FileDisk, DiskContractTest,
                         ::testing::Values(&MakeFileDiskHarness));

namespace {

DiskEffect OnPath(DiskVerb verb, std::string path) {
  DiskEffect effect;
  effect.verb = verb;
  effect.path = std::move(path);
  return effect;
}

DiskDone DoOne(DiskHarness& harness, DiskEffect effect) {
  harness.disk().Submit(std::move(effect));
  std::vector<DiskDone> done = harness.Pump();
  EXPECT_EQ(done.size(), 1u);
  return done.empty() ? DiskDone{} : std::move(done[0]);
}

TEST(FileDiskTest, PathsOutsideTheDirectoryAreRefused) {
  FileDiskHarness harness;
  for (const char* path : {"../x", "a/../../x", "..", "a/..", "/etc/passwd"}) {
    EXPECT_EQ(DoOne(harness, OnPath(DiskVerb::kStat, path)).error,
              DiskError::kPermission)
        << path;
  }
  EXPECT_EQ(DoOne(harness, OnPath(DiskVerb::kStat, "..a/b..")).error,
            DiskError::kNoEntry);
}

mode_t ModeOf(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

TEST(FileDiskTest, FilesAndDirectoriesAreTheOwnersAlone) {
  FileDiskHarness harness;
  DoOne(harness, OnPath(DiskVerb::kMakeDir, "d"));
  DiskEffect open = OnPath(DiskVerb::kOpen, "d/file");
  open.create = true;
  open.file = {1};
  DoOne(harness, open);

  EXPECT_EQ(ModeOf(harness.path()), 0700u);
  EXPECT_EQ(ModeOf(harness.path() + "/d"), 0700u);
  EXPECT_EQ(ModeOf(harness.path() + "/d/file"), 0600u);
}

TEST(FileDiskTest, TwoDisksCannotLockOneDirectory) {
  FileDiskHarness first;
  FileDiskHarness second(first.path());

  EXPECT_EQ(DoOne(first, OnPath(DiskVerb::kLock, "LOCK")).error,
            DiskError::kNone);
  EXPECT_EQ(DoOne(second, OnPath(DiskVerb::kLock, "LOCK")).error,
            DiskError::kLocked);
}

TEST(FileDiskTest, B9WhatAnEarlierProcessLeftInLockBlocksNobody) {
  for (const std::string left : {"", "4711\n", "\xff of another program"}) {
    FileDiskHarness harness;
    std::ofstream(harness.path() + "/LOCK") << left;

    EXPECT_EQ(DoOne(harness, OnPath(DiskVerb::kLock, "LOCK")).error,
              DiskError::kNone)
        << left;
  }
}

TEST(FileDiskTest, ADirectoryThatCannotBeMadeIsNamed) {
  TemporaryDirectory directory;
  std::ofstream(directory.path() + "/file") << "not a directory";
  boost::asio::io_context loop;

  const auto disk = FileDisk::Open(
      loop, {.directory = directory.path() + "/file/data"}, nullptr);

  ASSERT_FALSE(disk.ok());
  EXPECT_THAT(std::string(disk.status().message()),
              ::testing::HasSubstr(directory.path() + "/file/data"));
}

TEST(FileDiskTest, ErrnoBecomesAClosedEnumeration) {
  EXPECT_EQ(DiskErrorOf(ENOENT), DiskError::kNoEntry);
  EXPECT_EQ(DiskErrorOf(ENOTDIR), DiskError::kNoEntry);
  EXPECT_EQ(DiskErrorOf(EEXIST), DiskError::kExists);
  EXPECT_EQ(DiskErrorOf(EIO), DiskError::kIo);
  EXPECT_EQ(DiskErrorOf(ENOSPC), DiskError::kNoSpace);
  EXPECT_EQ(DiskErrorOf(EDQUOT), DiskError::kNoSpace);
  EXPECT_EQ(DiskErrorOf(EROFS), DiskError::kReadOnly);
  EXPECT_EQ(DiskErrorOf(EMFILE), DiskError::kTooManyFiles);
  EXPECT_EQ(DiskErrorOf(ENFILE), DiskError::kTooManyFiles);
  EXPECT_EQ(DiskErrorOf(EACCES), DiskError::kPermission);
  EXPECT_EQ(DiskErrorOf(ENOTEMPTY), DiskError::kNotEmpty);
  EXPECT_EQ(DiskErrorOf(EINVAL), DiskError::kOther);
}

TEST(FileDiskTest, AFullDeviceIsNoSpace) {
  DiskOperation operation;
  operation.effect.verb = DiskVerb::kWrite;
  operation.effect.data.push_back(Bytes::CopyOf("x"));
  std::FILE* full = std::fopen("/dev/full", "r+");
  ASSERT_NE(full, nullptr);
  operation.fd = ::fileno(full);

  Perform(-1, operation);

  EXPECT_EQ(operation.done.error, DiskError::kNoSpace);
  EXPECT_EQ(operation.done.count, 0u);
  std::fclose(full);
}

constexpr size_t kPage = 4096;

// The read path never blocks the event loop: what the page cache cannot answer
// at once goes to the threads.
class FileDiskReadTest : public ::testing::Test {
 protected:
  // A synced file of 64 different pages, open as number 1.
  FileDiskReadTest() {
    for (size_t i = 0; i < 64; ++i) {
      content_ += std::string(kPage, static_cast<char>('0' + i));
    }
    DiskEffect open = OnPath(DiskVerb::kOpen, "file");
    open.create = true;
    open.file = {1};
    DoOne(harness_, open);
    DiskEffect write;
    write.verb = DiskVerb::kWrite;
    write.file = {1};
    write.data.push_back(Bytes::CopyOf(content_));
    EXPECT_EQ(DoOne(harness_, write).count, content_.size());
    DoOne(harness_, {.verb = DiskVerb::kSync, .file = {1}});
  }

  // Takes the file out of the page cache; false where the cache is the file.
  bool DropCache() {
    DoOne(harness_, {.verb = DiskVerb::kDropCache, .file = {1}});
    return !IsCached(0);
  }
  bool IsCached(size_t page) {
    const int fd = ::open((harness_.path() + "/file").c_str(), O_RDONLY);
    void* map = ::mmap(nullptr, content_.size(), PROT_READ, MAP_SHARED, fd, 0);
    std::vector<unsigned char> resident(content_.size() / kPage);
    EXPECT_EQ(::mincore(map, content_.size(), resident.data()), 0);
    ::munmap(map, content_.size());
    ::close(fd);
    return (resident[page] & 1) != 0;
  }
  // Brings one page into the cache and none of its neighbours.
  void Warm(size_t page) {
    const int fd = ::open((harness_.path() + "/file").c_str(), O_RDONLY);
    (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
    std::string bytes(kPage, '\0');
    EXPECT_EQ(
        ::pread(fd, bytes.data(), kPage, static_cast<off_t>(page * kPage)),
        static_cast<ssize_t>(kPage));
    ::close(fd);
  }
  // How many reads that one gave to the threads.
  uint64_t ReadsOnThreads(uint64_t offset, uint64_t length,
                          DiskPriority priority = DiskPriority::kRead) {
    const uint64_t before = harness_.file_disk().threaded_reads();
    const DiskDone done = DoOne(harness_, {.verb = DiskVerb::kRead,
                                           .priority = priority,
                                           .file = {1},
                                           .offset = offset,
                                           .length = length});
    EXPECT_EQ(done.error, DiskError::kNone);
    EXPECT_EQ(done.data.text(), content_.substr(offset, length));
    return harness_.file_disk().threaded_reads() - before;
  }

  FileDiskHarness harness_;
  std::string content_;
};

TEST_F(FileDiskReadTest, WhatThePageCacheHoldsIsReadOnTheLoop) {
  EXPECT_EQ(ReadsOnThreads(5, 3 * kPage), 0u);
}

TEST_F(FileDiskReadTest, WhatThePageCacheCannotAnswerGoesToAThread) {
  if (!DropCache()) GTEST_SKIP() << "a file system that lives in the cache";

  EXPECT_EQ(ReadsOnThreads(10 * kPage + 5, kPage), 1u);
}

TEST_F(FileDiskReadTest, WhatIsHalfCachedIsReadWhole) {
  if (!DropCache()) GTEST_SKIP() << "a file system that lives in the cache";
  Warm(20);
  ASSERT_TRUE(IsCached(20));
  ASSERT_FALSE(IsCached(21));

  EXPECT_EQ(ReadsOnThreads(20 * kPage, 2 * kPage), 1u);
}

TEST_F(FileDiskReadTest, ALongReadAndBackgroundReadsGoToAThread) {
  std::string more(FileDisk::kInlineReadBytesMax, 'x');
  DiskEffect write;
  write.verb = DiskVerb::kWrite;
  write.file = {1};
  write.offset = content_.size();
  write.data.push_back(Bytes::CopyOf(more));
  DoOne(harness_, write);
  content_ += more;

  EXPECT_EQ(ReadsOnThreads(0, FileDisk::kInlineReadBytesMax), 0u);
  EXPECT_EQ(ReadsOnThreads(0, FileDisk::kInlineReadBytesMax + 1), 1u);
  EXPECT_EQ(ReadsOnThreads(0, 10, DiskPriority::kCompaction), 1u);
  EXPECT_EQ(ReadsOnThreads(0, 10, DiskPriority::kScrub), 1u);
}

// Alone in a mount namespace where `path` is a read-only file system: the
// number of the first step that goes wrong, from 1; 0: none; -1: not permitted.
int FirstWrongStepOnAReadOnlyMount(const std::string& path) {
  if (::unshare(CLONE_NEWNS) != 0) return -1;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", path.c_str(), "tmpfs", 0, nullptr) != 0) {
    return -1;
  }
  std::ofstream(path + "/file") << "hello";
  if (::mount("none", path.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) !=
      0) {
    return -1;
  }
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
  std::string buffer(100, '\0');
  int fd = -1;
  int number = 0;
  for (const ReadOnlyStep& step : StepsOnAReadOnlyDisk()) {
    ++number;
    DiskOperation operation;
    operation.effect = step.effect;
    operation.fd = fd;
    operation.buffer = reinterpret_cast<std::byte*>(buffer.data());
    Perform(directory, operation);
    if (operation.done.error != step.error) return number;
    if (step.effect.verb == DiskVerb::kOpen) fd = operation.fd;
  }
  return buffer.starts_with("hello") ? 0 : number + 1;
}

TEST(FileDiskTest, AReadOnlyFileSystemIsReadAndNotChanged) {
  TemporaryDirectory directory;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(FirstWrongStepOnAReadOnlyMount(directory.path()));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);

  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 255) GTEST_SKIP() << "no right to mount";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(FileDiskTest, ADiskWithWorkInFlightCanBeDestroyed) {
  auto harness = std::make_unique<FileDiskHarness>();
  for (uint32_t i = 1; i < 100; ++i) {
    DiskEffect open = OnPath(DiskVerb::kOpen, "file");
    open.create = true;
    open.file = {i};
    harness->disk().Submit(open);
    harness->disk().Submit(OnPath(DiskVerb::kSyncDir, ""));
  }

  harness.reset();
}

// A child writes records and reports each completed write through a pipe,
// until it is killed.  What it reported must be in the file: a process crash
// keeps what was written.
constexpr size_t kRecordBytes = 64;

[[noreturn]] void WriteRecordsForever(const std::string& path, int report) {
  FileDiskHarness harness(path);
  DiskEffect open = OnPath(DiskVerb::kOpen, "log");
  open.create = true;
  open.file = {1};
  DoOne(harness, open);
  for (uint32_t i = 0;; ++i) {
    std::string record(kRecordBytes, static_cast<char>(i));
    StoreU32(reinterpret_cast<std::byte*>(record.data()), i);
    DiskEffect write;
    write.verb = DiskVerb::kWrite;
    write.file = {1};
    write.offset = i * kRecordBytes;
    write.data.push_back(Bytes::CopyOf(record));
    if (DoOne(harness, write).count != kRecordBytes) ::_exit(1);
    if (::write(report, &i, sizeof(i)) != sizeof(i)) ::_exit(1);
  }
}

TEST(FileDiskTest, WhatWasCompletedSurvivesAKill) {
  TemporaryDirectory directory;
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) WriteRecordsForever(directory.path(), pipe_ends[1]);
  ::close(pipe_ends[1]);

  uint32_t last = 0;
  uint32_t reported = 0;
  while (::read(pipe_ends[0], &reported, sizeof(reported)) ==
         sizeof(reported)) {
    last = reported;
    if (last == 500) ::kill(child, SIGKILL);
  }
  ::close(pipe_ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  std::ifstream log(directory.path() + "/log", std::ios::binary);
  for (uint32_t i = 0; i <= last; ++i) {
    std::string record(kRecordBytes, '\0');
    log.read(record.data(), kRecordBytes);
    ASSERT_EQ(LoadU32(reinterpret_cast<std::byte*>(record.data())), i);
    ASSERT_EQ(record.back(), static_cast<char>(i));
  }
}

}  // namespace
}  // namespace orrery
