#include "tests/core/ports/disk_contract.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

namespace orrery {

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

TEST_P(DiskContractTest, ReadsAndWritesOfNoBytesChangeNothing) {
  const FileNumber file = Open("file");
  Write(file, 0, "12345");

  for (const uint64_t offset : {0u, 3u, 5u, 500u}) {
    const DiskDone none = Do(WriteEffect(file, offset, {}));
    EXPECT_EQ(none.error, DiskError::kNone);
    EXPECT_EQ(none.count, 0u);
    EXPECT_EQ(Do(WriteEffect(file, offset, {"", ""})).count, 0u);
    EXPECT_EQ(Read(file, offset, 0), "");
  }
  EXPECT_EQ(Do(OnFile(DiskVerb::kAllocate, file, 9000, 0)).error,
            DiskError::kNone);

  EXPECT_EQ(SizeOf("file"), 5u);
  EXPECT_EQ(Read(file, 0, 10), "12345");
}

TEST_P(DiskContractTest, OffsetsBeyondFourGibibytesAreTakenWhole) {
  if (!harness_->HasSparseFiles()) GTEST_SKIP() << "it would hold the hole";
  constexpr uint64_t kFar = (uint64_t{5} << 30) + 4095;
  const FileNumber file = Open("file");
  Write(file, kFar % (uint64_t{1} << 32), "near");

  Write(file, kFar, "far away");

  EXPECT_EQ(SizeOf("file"), kFar + 8);
  EXPECT_EQ(Read(file, kFar - 2, 100), std::string(2, '\0') + "far away");
  EXPECT_EQ(Read(file, kFar % (uint64_t{1} << 32), 4), "near");
  EXPECT_EQ(Read(file, uint64_t{1} << 62, 100), "");
}

TEST_P(DiskContractTest, WritesInFlightKeepApart) {
  const FileNumber file = Open("file");
  std::vector<DiskToken> writes;
  std::string whole;
  for (uint64_t i = 0; i < 100; ++i) {
    const std::string piece(97, static_cast<char>('!' + i % 90));
    writes.push_back(Submit(WriteEffect(file, i * 97, {piece})));
    whole += piece;
  }

  for (const DiskToken& write : writes) EXPECT_EQ(Await(write).count, 97u);

  EXPECT_EQ(Read(file, 0, 20'000), whole);
}

TEST_P(DiskContractTest, ShortCountsAreTrue) {
  const FileNumber file = Open("file");
  const std::string text = std::string(5000, 'a') + std::string(5000, 'b');
  if (!harness_->MakeCountsShort()) GTEST_SKIP();

  DiskDone written;
  for (int i = 0; i < 100; ++i) {
    written = Do(WriteEffect(file, 0, {text}));
    EXPECT_EQ(written.error, DiskError::kNone);
    if (written.count < text.size()) break;
    Do(OnFile(DiskVerb::kTruncate, file, 0, 0));
  }

  ASSERT_GE(written.count, 1u);
  ASSERT_LT(written.count, text.size());
  EXPECT_EQ(SizeOf("file"), written.count);
  const DiskDone read = Do(OnFile(DiskVerb::kRead, file, 0, text.size()));
  EXPECT_GE(read.count, 1u);
  EXPECT_LE(read.count, written.count);
  EXPECT_EQ(read.data.text(), text.substr(0, read.count));
}

TEST_P(DiskContractTest, WithoutSpaceNothingGrowsAndTheRestGoesOn) {
  const FileNumber file = Open("file");
  Write(file, 0, std::string(4096, 'x'));
  if (!harness_->ForbidGrowthPast(4096)) GTEST_SKIP();

  const DiskDone grown = Do(WriteEffect(file, 4096, {"more"}));
  EXPECT_EQ(grown.error, DiskError::kNoSpace);
  EXPECT_EQ(grown.count, 0u);
  EXPECT_EQ(Do(OnFile(DiskVerb::kAllocate, file, 0, 8192)).error,
            DiskError::kNoSpace);

  Write(file, 1, "yy");
  EXPECT_EQ(Read(file, 0, 4), "xyyx");
  EXPECT_EQ(SizeOf("file"), 4096u);
}

TEST_P(DiskContractTest, AReadOnlyDiskIsReadAndNotChanged) {
  const FileNumber file = Open("file");
  Write(file, 0, "hello");
  Do(OnFile(DiskVerb::kClose, file));
  if (!harness_->MakeReadOnly()) GTEST_SKIP();

  for (const ReadOnlyStep& step : StepsOnAReadOnlyDisk()) {
    EXPECT_EQ(Do(step.effect).error, step.error)
        << static_cast<int>(step.effect.verb);
  }
}

TEST_P(DiskContractTest, WhatWasCompletedOutlivesTheProcess) {
  Write(Open("file"), 0, "kept");
  Do(OnPath(DiskVerb::kRename, "file", "renamed"));

  harness_->Restart();

  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "file")).error, DiskError::kNoEntry);
  EXPECT_EQ(ReadPath("renamed", 9), "kept");
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

TEST_P(DiskContractTest, NoVerbCompletesInsideSubmitAndEachDoesOnce) {
  const FileNumber file = Open("file");
  Write(file, 0, "bytes");
  Do(OnPath(DiskVerb::kMakeDir, "d"));
  Open("gone");
  const std::vector<DiskEffect> every = {
      OpenEffect({99}, "other"),
      OnFile(DiskVerb::kRead, file, 0, 5),
      WriteEffect(file, 0, {"BYTES"}),
      OnFile(DiskVerb::kAllocate, file, 0, 10),
      OnFile(DiskVerb::kSync, file),
      OnPath(DiskVerb::kSyncDir, "d"),
      OnFile(DiskVerb::kTruncate, file, 0, 10),
      OnPath(DiskVerb::kRename, "file", "new"),
      OnPath(DiskVerb::kLink, "d/absent", "d/also"),
      OnPath(DiskVerb::kUnlink, "gone"),
      OnPath(DiskVerb::kMakeDir, "e"),
      OnPath(DiskVerb::kList, "d"),
      OnPath(DiskVerb::kStat, "d"),
      Effect(DiskVerb::kSpace),
      OnFile(DiskVerb::kDropCache, file),
      OnPath(DiskVerb::kLock, "LOCK"),
      OnFile(DiskVerb::kClose, file),
  };

  std::vector<std::pair<DiskToken, DiskVerb>> submitted;
  for (const DiskEffect& effect : every) {
    submitted.emplace_back(Submit(effect), effect.verb);
    EXPECT_EQ(harness_->delivered(), 0u);
  }
  std::vector<std::pair<DiskToken, DiskVerb>> completed;
  while (completed.size() < submitted.size()) {
    const std::vector<DiskDone> done = harness_->Pump();
    ASSERT_FALSE(done.empty());
    for (const DiskDone& one : done)
      completed.emplace_back(one.token, one.verb);
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

TEST_P(DiskContractTest, ACloseWaitsForWhatWasSubmittedBeforeIt) {
  for (uint64_t round = 0; round < 20; ++round) {
    const FileNumber file = Open("file");
    Write(file, 0, "bytes");
    std::vector<DiskToken> reads;
    for (int i = 0; i < 5; ++i) {
      reads.push_back(Submit(OnFile(DiskVerb::kRead, file, 0, 5)));
    }
    const DiskToken sync = Submit(OnFile(DiskVerb::kSync, file));

    const DiskToken close = Submit(OnFile(DiskVerb::kClose, file));

    for (const DiskToken& read : reads) {
      EXPECT_EQ(Await(read).data.text(), "bytes");
    }
    EXPECT_EQ(Await(sync).error, DiskError::kNone);
    EXPECT_EQ(Await(close).error, DiskError::kNone);
  }
}

TEST_P(DiskContractTest, ANumberInUseIsNotTakenTwice) {
  if (harness_->IsStrict()) GTEST_SKIP();
  const FileNumber file = Open("file");
  Write(file, 0, "bytes");

  EXPECT_EQ(Do(OpenEffect(file, "other")).error, DiskError::kOther);

  EXPECT_EQ(Read(file, 0, 5), "bytes");
  EXPECT_EQ(Do(OnPath(DiskVerb::kStat, "other")).error, DiskError::kNoEntry);
}

TEST_P(DiskContractTest, AnOperationOnANumberThatIsNotOpenFails) {
  if (harness_->IsStrict()) GTEST_SKIP();
  for (const DiskVerb verb :
       {DiskVerb::kClose, DiskVerb::kRead, DiskVerb::kAllocate, DiskVerb::kSync,
        DiskVerb::kTruncate, DiskVerb::kDropCache}) {
    EXPECT_EQ(Do(OnFile(verb, {7}, 0, 1)).error, DiskError::kOther);
  }
  EXPECT_EQ(Do(WriteEffect({7}, 0, {"x"})).error, DiskError::kOther);
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

TEST_P(DiskContractTest, AllocateExtendsTheSizeWithZeros) {
  const FileNumber file = Open("file");
  Write(file, 0, "data");

  EXPECT_EQ(Do(OnFile(DiskVerb::kAllocate, file, 0, 8192)).error,
            DiskError::kNone);

  EXPECT_EQ(SizeOf("file"), 8192u);
  EXPECT_EQ(Read(file, 0, 9000), "data" + std::string(8188, '\0'));
}

TEST_P(DiskContractTest, AllocateNeverShrinks) {
  const FileNumber file = Open("file");
  Write(file, 0, std::string(5000, 'x'));

  EXPECT_EQ(Do(OnFile(DiskVerb::kAllocate, file, 0, 100)).error,
            DiskError::kNone);

  EXPECT_EQ(SizeOf("file"), 5000u);
}

TEST_P(DiskContractTest, AllocateBeyondTheEndLeavesNoGap) {
  const FileNumber file = Open("file");
  Write(file, 0, "data");

  EXPECT_EQ(Do(OnFile(DiskVerb::kAllocate, file, 8192, 4096)).error,
            DiskError::kNone);

  EXPECT_EQ(SizeOf("file"), 12'288u);
  EXPECT_EQ(Read(file, 0, 20'000), "data" + std::string(12'284, '\0'));
}

TEST_P(DiskContractTest, AllocateKeepsTheBytesThatAreThere) {
  const FileNumber file = Open("file");
  Write(file, 0, std::string(6000, 'x'));

  EXPECT_EQ(Do(OnFile(DiskVerb::kAllocate, file, 0, 5000)).error,
            DiskError::kNone);

  EXPECT_EQ(Read(file, 0, 9000), std::string(6000, 'x'));
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

TEST_P(DiskContractTest, BytesThatWereCutDoNotComeBack) {
  const FileNumber file = Open("file");
  Write(file, 0, std::string(9000, 'x'));
  Do(OnFile(DiskVerb::kTruncate, file, 0, 4));

  Write(file, 8000, "y");

  EXPECT_EQ(Read(file, 0, 9000), "xxxx" + std::string(7996, '\0') + "y");
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
  EXPECT_GE(space.total, space.count);
}

}  // namespace orrery
