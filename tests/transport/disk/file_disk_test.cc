#include "transport/disk/file_disk.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "boost/asio/executor_work_guard.hpp"
#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "gmock/gmock.h"
#include "tests/transport/disk/disk_contract.h"
#include "tests/transport/disk/temporary_directory.h"

namespace orrery {
namespace {

class FileDiskHarness final : public DiskHarness {
 public:
  explicit FileDiskHarness(std::string path = "") : path_(std::move(path)) {
    if (path_.empty()) path_ = directory_.path() + "/data";
    auto disk = FileDisk::Open(
        loop_, {.directory = path_},
        [this](DiskDone done) { done_.push_back(std::move(done)); });
    ORRERY_INVARIANT(disk.ok());
    disk_ = std::move(*disk);
  }

  DiskPort& disk() override { return *disk_; }
  std::vector<DiskDone> Pump() override {
    while (done_.empty() && disk_->in_flight() > 0) loop_.run_one();
    return std::exchange(done_, {});
  }
  size_t delivered() const { return done_.size(); }
  const std::string& path() const { return path_; }

 private:
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

TEST(FileDiskTest, NothingIsDeliveredInsideSubmit) {
  FileDiskHarness harness;

  DiskEffect open = OnPath(DiskVerb::kOpen, "file");
  open.create = true;
  open.file = {1};
  DoOne(harness, open);
  DiskEffect write;
  write.verb = DiskVerb::kWrite;
  write.file = {1};
  write.data.push_back(Bytes::CopyOf("x"));
  harness.disk().Submit(write);

  EXPECT_EQ(harness.delivered(), 0u);
  EXPECT_EQ(harness.Pump().size(), 1u);
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

TEST(FileDiskTest, AnOperationOnANumberThatIsNotOpenFails) {
  FileDiskHarness harness;
  DiskEffect read;
  read.verb = DiskVerb::kRead;
  read.file = {7};
  read.length = 1;

  EXPECT_EQ(DoOne(harness, read).error, DiskError::kOther);
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

TEST(FileDiskTest, TheLockEndsWithTheDisk) {
  TemporaryDirectory directory;
  {
    FileDiskHarness first(directory.path());
    DoOne(first, OnPath(DiskVerb::kLock, "LOCK"));
  }
  FileDiskHarness second(directory.path());

  EXPECT_EQ(DoOne(second, OnPath(DiskVerb::kLock, "LOCK")).error,
            DiskError::kNone);
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
