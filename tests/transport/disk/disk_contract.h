// tests/transport/disk/disk_contract.h
//
// What every DiskPort promises (core/protocol/disk.h, storage section 10), as
// one suite.  A disk joins by a harness and
//
//   INSTANTIATE_TEST_SUITE_P(FileDisk, DiskContractTest,
//                            ::testing::Values(&MakeFileDiskHarness));
//
// in one source file of its test program.

#ifndef ORRERY_TESTS_TRANSPORT_DISK_DISK_CONTRACT_H_
#define ORRERY_TESTS_TRANSPORT_DISK_DISK_CONTRACT_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/ports/disk.h"
#include "gmock/gmock.h"

namespace orrery {

// A disk with an empty data directory, and the way to let it work.
class DiskHarness {
 public:
  virtual ~DiskHarness() = default;
  virtual DiskPort& disk() = 0;
  // Waits until something completes and returns what did, in order of
  // delivery.  Empty only if nothing is in flight.
  virtual std::vector<DiskDone> Pump() = 0;
};

using MakeDiskHarness = std::unique_ptr<DiskHarness> (*)();

class DiskContractTest : public ::testing::TestWithParam<MakeDiskHarness> {
 protected:
  static DiskEffect Effect(DiskVerb verb) {
    DiskEffect effect;
    effect.verb = verb;
    return effect;
  }
  static DiskEffect OnPath(DiskVerb verb, std::string path,
                           std::string path2 = "") {
    DiskEffect effect = Effect(verb);
    effect.path = std::move(path);
    effect.path2 = std::move(path2);
    return effect;
  }
  static DiskEffect OnFile(DiskVerb verb, FileNumber file, uint64_t offset = 0,
                           uint64_t length = 0) {
    DiskEffect effect = Effect(verb);
    effect.file = file;
    effect.offset = offset;
    effect.length = length;
    return effect;
  }
  static DiskEffect OpenEffect(FileNumber file, std::string path) {
    DiskEffect effect = OnPath(DiskVerb::kOpen, std::move(path));
    effect.file = file;
    effect.create = true;
    return effect;
  }
  static DiskEffect WriteEffect(FileNumber file, uint64_t offset,
                                std::vector<std::string> pieces) {
    DiskEffect effect = OnFile(DiskVerb::kWrite, file, offset);
    for (const std::string& piece : pieces) {
      effect.data.push_back(Bytes::CopyOf(piece));
    }
    return effect;
  }

  // Stamps the effect with a token of its own and submits it.
  DiskToken Submit(DiskEffect effect) {
    effect.token = {DiskOwner::kUserStore, 1, {next_slot_++, 1}};
    const DiskToken token = effect.token;
    harness_->disk().Submit(std::move(effect));
    return token;
  }

  // Submits, and waits for that completion.
  DiskDone Do(DiskEffect effect) { return Await(Submit(std::move(effect))); }

  DiskDone Await(const DiskToken& token) {
    while (true) {
      const auto it = std::find_if(
          done_.begin(), done_.end(),
          [&](const DiskDone& done) { return done.token == token; });
      if (it != done_.end()) {
        DiskDone found = std::move(*it);
        done_.erase(it);
        return found;
      }
      std::vector<DiskDone> more = harness_->Pump();
      if (more.empty()) {
        ADD_FAILURE() << "an operation never completed";
        return {};
      }
      std::move(more.begin(), more.end(), std::back_inserter(done_));
    }
  }

  FileNumber Open(std::string path) {
    const FileNumber file{++last_file_};
    EXPECT_EQ(Do(OpenEffect(file, std::move(path))).error, DiskError::kNone);
    return file;
  }
  void Write(FileNumber file, uint64_t offset, std::string text) {
    const DiskDone done = Do(WriteEffect(file, offset, {text}));
    EXPECT_EQ(done.error, DiskError::kNone);
    EXPECT_EQ(done.count, text.size());
  }
  std::string Read(FileNumber file, uint64_t offset, uint64_t length) {
    const DiskDone done = Do(OnFile(DiskVerb::kRead, file, offset, length));
    EXPECT_EQ(done.error, DiskError::kNone);
    EXPECT_EQ(done.count, done.data.size());
    return std::string(done.data.text());
  }
  std::string ReadPath(std::string path, uint64_t length) {
    const FileNumber file = Open(std::move(path));
    return Read(file, 0, length);
  }

  std::unique_ptr<DiskHarness> harness_ = GetParam()();
  std::vector<DiskDone> done_;
  uint32_t next_slot_ = 1;
  uint32_t last_file_ = 0;
};

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DiskContractTest);

TEST_P(DiskContractTest, WhatWasWrittenIsRead) {
  const FileNumber file = Open("file");

  Write(file, 0, "hello");
  Write(file, 5, " world");

  EXPECT_EQ(Read(file, 0, 11), "hello world");
  EXPECT_EQ(Read(file, 4, 3), "o w");
}

TEST_P(DiskContractTest, AGatherListIsWrittenBackToBack) {
  const FileNumber file = Open("file");
  std::vector<std::string> pieces;
  std::string whole;
  // More pieces than one system call takes, empty ones among them.
  for (int i = 0; i < 3000; ++i) {
    pieces.push_back(std::string(static_cast<size_t>(i % 7),
                                 static_cast<char>('a' + i % 26)));
    whole += pieces.back();
  }

  const DiskDone done = Do(WriteEffect(file, 3, pieces));

  EXPECT_EQ(done.error, DiskError::kNone);
  EXPECT_EQ(done.count, whole.size());
  EXPECT_EQ(Read(file, 3, whole.size()), whole);
}

TEST_P(DiskContractTest, AHoleReadsAsZeros) {
  const FileNumber file = Open("file");

  Write(file, 10'000, "x");

  EXPECT_EQ(Read(file, 0, 10'001), std::string(10'000, '\0') + "x");
}

TEST_P(DiskContractTest, AReadPastTheEndIsShort) {
  const FileNumber file = Open("file");
  Write(file, 0, "12345");

  EXPECT_EQ(Read(file, 3, 100), "45");
  EXPECT_EQ(Read(file, 5, 100), "");
  EXPECT_EQ(Read(file, 500, 100), "");
  EXPECT_EQ(Read(file, 0, 0), "");
}

TEST_P(DiskContractTest, ALargeFileIsReadWhole) {
  const FileNumber file = Open("file");
  std::string megabyte(1 << 20, '\0');
  for (size_t i = 0; i < megabyte.size(); ++i) {
    megabyte[i] = static_cast<char>(i * 31 >> 4);
  }
  for (uint64_t i = 0; i < 20; ++i) Write(file, i << 20, megabyte);

  for (uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(Read(file, i << 20, 1 << 20), megabyte) << i;
  }
}

TEST_P(DiskContractTest, EveryTokenCompletesExactlyOnce) {
  const FileNumber file = Open("file");
  std::vector<DiskToken> submitted;
  for (uint64_t i = 0; i < 50; ++i) {
    submitted.push_back(Submit(WriteEffect(file, i * 10, {"0123456789"})));
    submitted.push_back(Submit(OnFile(DiskVerb::kRead, file, i, 10)));
    submitted.push_back(Submit(OnFile(DiskVerb::kSync, file)));
    submitted.push_back(Submit(OnPath(DiskVerb::kStat, "file")));
    submitted.push_back(Submit(OnPath(DiskVerb::kStat, "missing")));
  }

  std::vector<DiskToken> completed;
  while (completed.size() < submitted.size()) {
    const std::vector<DiskDone> done = harness_->Pump();
    ASSERT_FALSE(done.empty());
    for (const DiskDone& one : done) completed.push_back(one.token);
  }

  EXPECT_THAT(completed, ::testing::UnorderedElementsAreArray(submitted));
  EXPECT_TRUE(harness_->Pump().empty());
}

TEST_P(DiskContractTest, OverlappingOperationsKeepTheirTokens) {
  const FileNumber a = Open("a");
  const FileNumber b = Open("b");
  const DiskToken write_a = Submit(WriteEffect(a, 0, {"aaaa"}));
  const DiskToken write_b = Submit(WriteEffect(b, 0, {"bb"}));

  EXPECT_EQ(Await(write_b).count, 2u);
  EXPECT_EQ(Await(write_a).count, 4u);

  const DiskToken read_b = Submit(OnFile(DiskVerb::kRead, b, 0, 9));
  const DiskToken read_a = Submit(OnFile(DiskVerb::kRead, a, 0, 9));
  EXPECT_EQ(Await(read_a).data.text(), "aaaa");
  EXPECT_EQ(Await(read_b).data.text(), "bb");
}

TEST_P(DiskContractTest, TheCompletionSaysWhichVerb) {
  EXPECT_EQ(Do(Effect(DiskVerb::kSpace)).verb, DiskVerb::kSpace);
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "missing")).verb, DiskVerb::kStat);
}

TEST_P(DiskContractTest, OpeningWithoutCreateOfAMissingFileFails) {
  DiskEffect open = OpenEffect({9}, "missing");
  open.create = false;

  EXPECT_EQ(Do(open).error, DiskError::kNoEntry);
  EXPECT_EQ(Do(OpenEffect({9}, "no/such/directory")).error,
            DiskError::kNoEntry);
}

TEST_P(DiskContractTest, ExclusiveCreationOfAnExistingFileFails) {
  DiskEffect open = OpenEffect({8}, "file");
  open.exclusive = true;
  EXPECT_EQ(Do(open).error, DiskError::kNone);

  open.file = {9};
  EXPECT_EQ(Do(open).error, DiskError::kExists);
}

TEST_P(DiskContractTest, AFileIsTheSameThroughEveryNumber) {
  const FileNumber first = Open("file");
  const FileNumber second = Open("file");

  Write(first, 0, "seen");

  EXPECT_EQ(Read(second, 0, 4), "seen");
}

TEST_P(DiskContractTest, ANumberIsFreeAgainAfterItsClose) {
  const FileNumber file = Open("first");
  Write(file, 0, "first");
  EXPECT_EQ(Do(OnFile(DiskVerb::kClose, file)).error, DiskError::kNone);

  EXPECT_EQ(Do(OpenEffect(file, "second")).error, DiskError::kNone);

  EXPECT_EQ(Read(file, 0, 5), "");
  EXPECT_EQ(ReadPath("first", 5), "first");
}

TEST_P(DiskContractTest, RenameReplacesAName) {
  Write(Open("old"), 0, "old");
  Write(Open("new"), 0, "newer");

  EXPECT_EQ(Do(OnPath(DiskVerb::kRename, "new", "old")).error,
            DiskError::kNone);

  EXPECT_EQ(ReadPath("old", 9), "newer");
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "new")).error, DiskError::kNoEntry);
  EXPECT_EQ(Do(OnPath(DiskVerb::kRename, "new", "old")).error,
            DiskError::kNoEntry);
}

TEST_P(DiskContractTest, AnUnlinkedFileLivesWhileItIsOpen) {
  const FileNumber file = Open("file");
  Write(file, 0, "alive");

  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "file")).error, DiskError::kNone);

  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "file")).error, DiskError::kNoEntry);
  EXPECT_EQ(Read(file, 0, 5), "alive");
  Write(file, 0, "still");
  EXPECT_EQ(Read(file, 0, 5), "still");
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "file")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, ALinkIsASecondNameOfTheFile) {
  const FileNumber file = Open("file");
  Write(file, 0, "one");
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "file", "other")).error,
            DiskError::kNone);

  Write(file, 0, "two");

  EXPECT_EQ(ReadPath("other", 3), "two");
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "file")).inode,
            Do(OnPath(DiskVerb::kStat, "other")).inode);
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "file")).error, DiskError::kNone);
  EXPECT_EQ(ReadPath("other", 3), "two");
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "other", "other")).error,
            DiskError::kExists);
}

TEST_P(DiskContractTest, ALinkNeedsAFileAndADirectoryToStandIn) {
  Write(Open("file"), 0, "text");
  Do(OnPath(DiskVerb::kMakeDir, "directory"));

  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "missing", "other")).error,
            DiskError::kNoEntry);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "file", "no/other")).error,
            DiskError::kNoEntry);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "file", "directory")).error,
            DiskError::kExists);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "directory", "other")).error,
            DiskError::kPermission);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLink, "file", "directory/other")).error,
            DiskError::kNone);
  EXPECT_EQ(ReadPath("directory/other", 9), "text");
}

TEST_P(DiskContractTest, ADirectoryIsRenamedWithAllThatIsInIt) {
  Do(OnPath(DiskVerb::kMakeDir, "a"));
  Do(OnPath(DiskVerb::kMakeDir, "a/b"));
  const FileNumber file = Open("a/b/file");
  Write(file, 0, "text");

  EXPECT_EQ(Do(OnPath(DiskVerb::kRename, "a", "c")).error, DiskError::kNone);

  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "a")).error, DiskError::kNoEntry);
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "a/b/file")).error, DiskError::kNoEntry);
  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "c")).names,
              ::testing::ElementsAre("b"));
  EXPECT_EQ(ReadPath("c/b/file", 9), "text");
  Write(file, 0, "more");
  EXPECT_EQ(ReadPath("c/b/file", 9), "more");
}

TEST_P(DiskContractTest, OnlyAnEmptyDirectoryIsUnlinked) {
  Do(OnPath(DiskVerb::kMakeDir, "a"));
  Open("a/file");

  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "a")).error, DiskError::kNotEmpty);
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "a/file")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "a")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kUnlink, "a")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, AllocateExtendsTheSizeWithZeros) {
  const FileNumber file = Open("file");
  Write(file, 0, "data");

  EXPECT_EQ(Do(OnFile(DiskVerb::kAllocate, file, 0, 8192)).error,
            DiskError::kNone);

  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "file")).count, 8192u);
  EXPECT_EQ(Read(file, 0, 9000), "data" + std::string(8188, '\0'));
}

TEST_P(DiskContractTest, AllocateNeverShrinks) {
  const FileNumber file = Open("file");
  Write(file, 0, std::string(5000, 'x'));

  EXPECT_EQ(Do(OnFile(DiskVerb::kAllocate, file, 0, 100)).error,
            DiskError::kNone);

  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "file")).count, 5000u);
}

TEST_P(DiskContractTest, TruncateCutsAndExtends) {
  const FileNumber file = Open("file");
  Write(file, 0, "0123456789");

  EXPECT_EQ(Do(OnFile(DiskVerb::kTruncate, file, 0, 4)).error,
            DiskError::kNone);
  EXPECT_EQ(Read(file, 0, 10), "0123");

  EXPECT_EQ(Do(OnFile(DiskVerb::kTruncate, file, 0, 6)).error,
            DiskError::kNone);
  EXPECT_EQ(Read(file, 0, 10), std::string("0123\0\0", 6));
}

TEST_P(DiskContractTest, StatTellsSizeAndInode) {
  Write(Open("a"), 0, "12345");
  Open("b");

  const DiskDone a = Do(OnPath(DiskVerb::kStat, "a"));
  const DiskDone b = Do(OnPath(DiskVerb::kStat, "b"));

  EXPECT_EQ(a.count, 5u);
  EXPECT_EQ(b.count, 0u);
  EXPECT_NE(a.inode, 0u);
  EXPECT_NE(a.inode, b.inode);
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "c")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, ListTellsNamesInOrder) {
  Open("b");
  Open("a");
  Do(OnPath(DiskVerb::kMakeDir, "c"));
  Open("c/d");

  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "")).names,
              ::testing::ElementsAre("a", "b", "c"));
  EXPECT_THAT(Do(OnPath(DiskVerb::kList, "c")).names,
              ::testing::ElementsAre("d"));
  EXPECT_EQ(Do(OnPath(DiskVerb::kList, "missing")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, MakingADirectoryTwiceSaysItExists) {
  EXPECT_EQ(Do(OnPath(DiskVerb::kMakeDir, "d")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kMakeDir, "d")).error, DiskError::kExists);
  EXPECT_EQ(Do(OnPath(DiskVerb::kMakeDir, "x/y")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, SyncsOfFilesAndDirectoriesSucceed) {
  const FileNumber file = Open("file");
  Write(file, 0, "x");

  EXPECT_EQ(Do(OnFile(DiskVerb::kSync, file)).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kSyncDir, "")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kMakeDir, "d")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kSyncDir, "d")).error, DiskError::kNone);
  EXPECT_EQ(Do(OnPath(DiskVerb::kSyncDir, "missing")).error,
            DiskError::kNoEntry);
}

TEST_P(DiskContractTest, DroppingTheCacheKeepsTheBytes) {
  const FileNumber file = Open("file");
  Write(file, 0, "kept");
  EXPECT_EQ(Do(OnFile(DiskVerb::kSync, file)).error, DiskError::kNone);

  EXPECT_EQ(Do(OnFile(DiskVerb::kDropCache, file)).error, DiskError::kNone);

  EXPECT_EQ(Read(file, 0, 4), "kept");
}

TEST_P(DiskContractTest, ThereIsSpace) {
  const DiskDone space = Do(Effect(DiskVerb::kSpace));

  EXPECT_EQ(space.error, DiskError::kNone);
  EXPECT_GT(space.count, 0u);
}

TEST_P(DiskContractTest, ALockIsHeldOnce) {
  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "LOCK")).error, DiskError::kNone);

  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "LOCK")).error, DiskError::kLocked);
  EXPECT_EQ(Do(OnPath(DiskVerb::kLock, "OTHER")).error, DiskError::kNone);
}

TEST_P(DiskContractTest, EveryPriorityIsServed) {
  const FileNumber file = Open("file");
  for (const DiskPriority priority :
       {DiskPriority::kCommit, DiskPriority::kRead, DiskPriority::kCompaction,
        DiskPriority::kScrub}) {
    DiskEffect write = WriteEffect(file, 0, {"bytes"});
    write.priority = priority;
    EXPECT_EQ(Do(write).count, 5u);

    DiskEffect read = OnFile(DiskVerb::kRead, file, 0, 5);
    read.priority = priority;
    EXPECT_EQ(Do(read).data.text(), "bytes");
  }
}

}  // namespace orrery

#endif  // ORRERY_TESTS_TRANSPORT_DISK_DISK_CONTRACT_H_
