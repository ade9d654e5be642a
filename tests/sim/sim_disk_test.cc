#include "sim/sim_disk.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "tests/core/ports/disk_contract.h"

namespace orrery::sim {
namespace {

class SimDiskHarness final : public DiskHarness {
 public:
  SimDiskHarness() { disk_.StartProcess(process_); }

  DiskPort& disk() override { return disk_; }
  std::vector<DiskDone> Pump() override {
    std::vector<DiskDone> done;
    while (done.empty() && !queue_.empty()) {
      std::optional<DiskDone> one = disk_.Complete(queue_.Pop());
      if (one.has_value()) done.push_back(std::move(*one));
    }
    return done;
  }

  void Restart() override {
    disk_.EndProcess();
    disk_.StartProcess(++process_);
  }

  bool MakeCountsShort() override {
    noise_.disk_short = {1, 1};
    return true;
  }
  bool ForbidGrowthPast(uint64_t) override {
    disk_.Fault({0, DiskStep::Kind::kFull, 0});
    return true;
  }
  bool MakeReadOnly() override {
    disk_.Fault({0, DiskStep::Kind::kReadOnly, 0});
    return true;
  }

  SimDisk& sim_disk() { return disk_; }
  void LosePower() {
    disk_.EndProcess();
    disk_.LosePower(0, 0);
    disk_.StartProcess(++process_);
  }

 private:
  Noise noise_;
  EventQueue queue_;
  Tally tally_;
  SimDisk disk_{{.seed = 1, .node = 0}, noise_, queue_, tally_};
  uint32_t process_ = 1;
};

std::unique_ptr<DiskHarness> MakeSimDiskHarness() {
  return std::make_unique<SimDiskHarness>();
}

class SimDiskTest : public ::testing::Test {
 protected:
  DiskDone Do(DiskEffect effect) {
    effect.token = {DiskOwner::kUserStore, 0, {++slot_, 1}};
    harness_.disk().Submit(std::move(effect));
    std::vector<DiskDone> done = harness_.Pump();
    EXPECT_EQ(done.size(), 1u);
    return done.empty() ? DiskDone{} : std::move(done.front());
  }
  DiskError Open(std::string path) {
    return Do({.verb = DiskVerb::kOpen,
               .file = {1},
               .create = true,
               .path = std::move(path)})
        .error;
  }
  DiskError Write(std::string text) {
    return Do({.verb = DiskVerb::kWrite,
               .file = {1},
               .data = {Bytes::CopyOf(text)}})
        .error;
  }
  void Close() { Do({.verb = DiskVerb::kClose, .file = {1}}); }
  DiskError Sync() { return Do({.verb = DiskVerb::kSync, .file = {1}}).error; }
  static DiskStep Rot(DiskTarget::Kind of, uint32_t at) {
    DiskStep step{0, DiskStep::Kind::kRot, 0};
    step.of.kind = of;
    step.at = at;
    return step;
  }
  DiskError SyncRoot() {
    return Do({.verb = DiskVerb::kSyncDir, .path = "."}).error;
  }
  std::string Read() {
    return std::string(
        Do({.verb = DiskVerb::kRead, .file = {1}, .length = 100}).data.text());
  }

  SimDiskHarness harness_;
  uint32_t slot_ = 0;
};

TEST_F(SimDiskTest, APowerLossKeepsOnlyWhatWasSynced) {
  Open("f");
  SyncRoot();
  Write("hello");
  Sync();
  Write("HELLO");

  harness_.LosePower();

  EXPECT_EQ(Open("f"), DiskError::kNone);
  EXPECT_EQ(Read(), "hello");
}

TEST_F(SimDiskTest, ANameThatComesBackBringsWhatWasInTheFile) {
  uint32_t back = 0;
  for (int round = 0; round < 32; ++round) {
    Open("a");
    Write("hello");
    Sync();
    SyncRoot();
    Do({.verb = DiskVerb::kUnlink, .path = "a"});
    harness_.LosePower();
    const uint64_t size = Do({.verb = DiskVerb::kStat, .path = "a"}).count;
    const uint64_t used = harness_.sim_disk().used_bytes();
    EXPECT_EQ(used, size == 0 ? 0u : 4096u);  // Whole blocks.
    if (size == 0) continue;
    ++back;
    Open("a");
    EXPECT_EQ(Read(), "hello");
    Do({.verb = DiskVerb::kUnlink, .path = "a"});
    harness_.Restart();
    SyncRoot();
  }
  EXPECT_GT(back, 0u);
  EXPECT_LT(back, 32u);
}

TEST_F(SimDiskTest, WhatARenameReplacedComesBackWhole) {
  uint32_t old = 0;
  Open("a");
  Write("hello");
  Sync();
  SyncRoot();
  Close();
  for (int round = 0; round < 32; ++round) {
    Open("a.tmp");
    Write("HELLO");
    Sync();
    Do({.verb = DiskVerb::kRename, .path = "a.tmp", .path2 = "a"});
    harness_.LosePower();
    Open("a");
    const std::string found = Read();
    Close();
    EXPECT_TRUE(found == "hello" || found == "HELLO") << found;
    if (found == "hello") ++old;
  }
  EXPECT_GT(old, 0u);
}

TEST_F(SimDiskTest, AfterASyncOfTheDirectoryNoNameComesBack) {
  for (int round = 0; round < 16; ++round) {
    Open("a");
    Write("hello");
    Sync();
    SyncRoot();
    Do({.verb = DiskVerb::kUnlink, .path = "a"});
    SyncRoot();
    harness_.LosePower();
    EXPECT_EQ(Do({.verb = DiskVerb::kStat, .path = "a"}).error,
              DiskError::kNoEntry);
    EXPECT_EQ(harness_.sim_disk().used_bytes(), 0u);
  }
}

TEST_F(SimDiskTest, ALinkIsLostOrKeptAndTheFileIsTheOtherNames) {
  uint32_t lost = 0;
  for (int round = 0; round < 32; ++round) {
    Open("a");
    Write("hello");
    Sync();
    SyncRoot();
    ASSERT_EQ(Do({.verb = DiskVerb::kLink, .path = "a", .path2 = "b"}).error,
              DiskError::kNone);
    harness_.LosePower();
    lost +=
        Do({.verb = DiskVerb::kStat, .path = "b"}).error == DiskError::kNoEntry
            ? 1U
            : 0U;
    Do({.verb = DiskVerb::kUnlink, .path = "b"});
    SyncRoot();
    EXPECT_EQ(Open("a"), DiskError::kNone);
    EXPECT_EQ(Read(), "hello");
    harness_.Restart();
  }
  EXPECT_GT(lost, 0u);
  EXPECT_LT(lost, 32u);
}

// A snapshot's blocks stay when compaction has removed the file.
TEST_F(SimDiskTest, ASyncedLinkKeepsTheFileOfAnUnlinkedName) {
  Open("a");
  Write("hello");
  Sync();
  Do({.verb = DiskVerb::kLink, .path = "a", .path2 = "b"});
  SyncRoot();
  Do({.verb = DiskVerb::kUnlink, .path = "a"});
  SyncRoot();

  harness_.LosePower();

  EXPECT_EQ(Open("a"), DiskError::kNone);
  EXPECT_EQ(Read(), "");
  harness_.Restart();
  EXPECT_EQ(Open("b"), DiskError::kNone);
  EXPECT_EQ(Read(), "hello");
}

TEST_F(SimDiskTest, ALinkTakesSpaceForItsNameAlone) {
  Open("a");
  Write("hello");
  const uint64_t used = harness_.sim_disk().used_bytes();
  Do({.verb = DiskVerb::kLink, .path = "a", .path2 = "b"});
  EXPECT_EQ(harness_.sim_disk().used_bytes(), used);
  harness_.sim_disk().Fault({0, DiskStep::Kind::kFull, 0});

  EXPECT_EQ(Do({.verb = DiskVerb::kLink, .path = "a", .path2 = "c"}).error,
            DiskError::kNoSpace);
}

TEST_F(SimDiskTest, ADeadProcessGetsNoCompletion) {  // DSK-1
  harness_.disk().Submit({.verb = DiskVerb::kList, .path = ""});

  harness_.Restart();

  EXPECT_TRUE(harness_.Pump().empty());
}

TEST_F(SimDiskTest, AFullDiskRefusesWritesAndRecovers) {
  Open("f");

  harness_.sim_disk().Fault({0, DiskStep::Kind::kFull, 0});
  EXPECT_EQ(Write("hello"), DiskError::kNoSpace);
  EXPECT_EQ(Do({.verb = DiskVerb::kSpace}).count, 0u);

  harness_.sim_disk().Fault({0, DiskStep::Kind::kOk, 0});
  EXPECT_EQ(Write("hello"), DiskError::kNone);
}

TEST_F(SimDiskTest, AFullDiskStillTakesWhatIsWrittenOver) {
  Open("f");
  Write("hello");

  harness_.sim_disk().Fault({0, DiskStep::Kind::kFull, 0});
  EXPECT_EQ(Write("HELLO"), DiskError::kNone);
  EXPECT_EQ(Write("hello, world"), DiskError::kNoSpace);
  EXPECT_EQ(Read(), "HELLO");
  EXPECT_FALSE(harness_.sim_disk().HasFailed());
}

TEST_F(SimDiskTest, WhatOthersLeaveIsCountedInBlocks) {
  Open("f");
  Write("hello");
  EXPECT_EQ(harness_.sim_disk().used_bytes(), kPageBytes);

  harness_.sim_disk().Fault({0, DiskStep::Kind::kRoom, kPageBytes});
  const DiskDone space = Do({.verb = DiskVerb::kSpace});
  EXPECT_EQ(space.count, kPageBytes);
  EXPECT_EQ(space.total, uint64_t{1} << 34);
  EXPECT_EQ(Write(std::string(2 * kPageBytes + 1, 'x')), DiskError::kNoSpace);
  EXPECT_EQ(Write(std::string(2 * kPageBytes, 'x')), DiskError::kNone);
  EXPECT_EQ(Do({.verb = DiskVerb::kSpace}).count, 0u);

  // Until it is closed an unlinked file keeps its blocks.
  Do({.verb = DiskVerb::kUnlink, .path = "f"});
  EXPECT_EQ(Do({.verb = DiskVerb::kSpace}).count, 0u);
  Do({.verb = DiskVerb::kClose, .file = {1}});
  EXPECT_EQ(Do({.verb = DiskVerb::kSpace}).count, 2 * kPageBytes);
  harness_.sim_disk().Fault({0, DiskStep::Kind::kOk, 0});
  EXPECT_EQ(Do({.verb = DiskVerb::kSpace}).count, uint64_t{1} << 34);
}

TEST_F(SimDiskTest, AFailedSyncLeavesCleanPagesAndTheNextSucceeds) {
  Open("f");
  Write("hello");

  harness_.sim_disk().Fault({0, DiskStep::Kind::kSyncFails, 0});

  EXPECT_EQ(Sync(), DiskError::kIo);
  EXPECT_EQ(Sync(), DiskError::kNone);
}

TEST_F(SimDiskTest, AnErrorThatDoesNotLastIsOver) {
  Open("f");
  Write("hello");

  harness_.sim_disk().Fault({0, DiskStep::Kind::kReadFailsOnce, 0});
  const DiskEffect read{.verb = DiskVerb::kRead, .file = {1}, .length = 5};
  EXPECT_EQ(Do(read).error, DiskError::kIo);
  EXPECT_EQ(Do(read).error, DiskError::kNone);
  harness_.sim_disk().Fault({0, DiskStep::Kind::kWriteFailsOnce, 0});
  EXPECT_EQ(Write("hello"), DiskError::kIo);
  EXPECT_EQ(Write("hello"), DiskError::kNone);
}

TEST_F(SimDiskTest, AReadOnlyDiskIsReadAndNotChanged) {
  Open("f");
  Write("hello");

  harness_.sim_disk().Fault({0, DiskStep::Kind::kReadOnly, 0});

  EXPECT_EQ(Write("HELLO"), DiskError::kReadOnly);
  EXPECT_EQ(Sync(), DiskError::kReadOnly);
  EXPECT_EQ(Open("g"), DiskError::kReadOnly);
  EXPECT_EQ(Read(), "hello");
}

TEST_F(SimDiskTest, WithoutHandlesNothingIsOpenedAndTheRestGoesOn) {
  Open("f");

  harness_.sim_disk().Fault({0, DiskStep::Kind::kNoHandles, 0});

  EXPECT_EQ(Do({.verb = DiskVerb::kOpen, .file = {2}, .path = "f"}).error,
            DiskError::kTooManyFiles);
  EXPECT_EQ(Write("hello"), DiskError::kNone);
}

TEST_F(SimDiskTest, RotFlipsOneBitOfBytesAtRestForGood) {
  Do({.verb = DiskVerb::kMakeDir, .path = "shard-0000"});
  Open("IDENTITY");
  SyncRoot();
  Write("hello");
  harness_.sim_disk().Fault(Rot(DiskTarget::Kind::kIdentity, 400));
  EXPECT_EQ(Read(), "hello") << "it was not at rest";
  Sync();

  harness_.sim_disk().Fault(Rot(DiskTarget::Kind::kIdentity, 400));
  const std::string rotten = Read();
  harness_.LosePower();
  Open("IDENTITY");

  EXPECT_NE(rotten, "hello");
  EXPECT_EQ(rotten.substr(0, 2), "he");
  EXPECT_EQ(rotten.substr(3), "lo");
  EXPECT_EQ(Read(), rotten);
  const std::vector<Struck> struck = harness_.sim_disk().TakeStruck();
  ASSERT_EQ(struck.size(), 1U);
  EXPECT_EQ(struck[0].path, "IDENTITY");
  EXPECT_EQ(struck[0].offset, 2U);
}

TEST_F(SimDiskTest, IndexSnapshotsOfBothStoresRot) {
  EXPECT_EQ(ClassOfPath("shard-0000/0000000000000001.index.tmp"),
            DiskTarget::Kind::kIndex);
  EXPECT_EQ(ClassOfPath("shard-0000/1.index"), DiskTarget::Kind::kNone);
  for (const std::string directory : {"shard-0000", "shard-0000/hints"}) {
    Do({.verb = DiskVerb::kMakeDir, .path = directory});
    const std::string path = directory + "/0000000000000001.index";
    Open(path);
    Write("hello");
    Sync();

    harness_.sim_disk().Fault(Rot(DiskTarget::Kind::kIndex, 999));

    const std::vector<Struck> struck = harness_.sim_disk().TakeStruck();
    ASSERT_EQ(struck.size(), 1U);
    EXPECT_EQ(struck[0].path, path);
    EXPECT_FALSE(struck[0].InHints()) << "no record of a hint";
    Close();
  }
}

TEST_F(SimDiskTest, NoPowerLossBringsALostFileBack) {
  DiskStep lose{0, DiskStep::Kind::kLoseFile, 0};
  lose.of.kind = DiskTarget::Kind::kIdentity;
  for (int round = 0; round < 16; ++round) {
    Open("IDENTITY");
    Write("hello");
    Sync();
    SyncRoot();
    harness_.sim_disk().Fault(lose);
    harness_.LosePower();
    EXPECT_EQ(Do({.verb = DiskVerb::kStat, .path = "IDENTITY"}).error,
              DiskError::kNoEntry);
  }
}

TEST_F(SimDiskTest, RotOfNothingDoesNothing) {  // Every step is total.
  harness_.sim_disk().Fault(Rot(DiskTarget::Kind::kData, 0));
  DiskStep of_a_key = Rot(DiskTarget::Kind::kKey, 999);
  of_a_key.of.key = 5;
  harness_.sim_disk().Fault(of_a_key);

  EXPECT_FALSE(harness_.sim_disk().HasStruck());
}

TEST_F(SimDiskTest, ALostWriteIsAcknowledgedAndTheOldBytesStay) {
  Open("IDENTITY");
  Write("hello");
  DiskStep step{0, DiskStep::Kind::kLoseWrite, 0};
  step.of.kind = DiskTarget::Kind::kIdentity;

  harness_.sim_disk().Fault(step);

  EXPECT_EQ(Write("HELLO"), DiskError::kNone);
  EXPECT_EQ(Read(), "hello");
  EXPECT_EQ(Write("Hello"), DiskError::kNone);
  EXPECT_EQ(Read(), "Hello");
}

TEST_F(SimDiskTest, AMisdirectedWriteLandsElsewhereWhole) {
  Open("IDENTITY");
  Write(std::string(8192, '.'));
  Sync();
  DiskStep step{0, DiskStep::Kind::kMisdirect, 0};
  step.of.kind = DiskTarget::Kind::kIdentity;
  step.at = 500;

  harness_.sim_disk().Fault(step);
  Write("hello");
  const std::string content(
      Do({.verb = DiskVerb::kRead, .file = {1}, .length = 8192}).data.text());

  EXPECT_EQ(content.substr(0, 5), ".....");
  EXPECT_EQ(content.substr(4096, 6), "hello.");
}

TEST_F(SimDiskTest, AJudgeMayForbidAStrike) {
  class Never : public StrikeJudge {
   public:
    bool Permits(uint32_t, const Struck&) override { return false; }
  } never;
  harness_.sim_disk().SetJudge(never);
  Open("IDENTITY");
  Write("hello");
  Sync();

  harness_.sim_disk().Fault(Rot(DiskTarget::Kind::kIdentity, 0));

  EXPECT_EQ(Read(), "hello");
  EXPECT_FALSE(harness_.sim_disk().HasStruck());
}

TEST_F(SimDiskTest, SpaceIsUsedUntilNeitherNameNorHandleHoldsTheFile) {
  Open("a");
  Write("12345");
  EXPECT_EQ(harness_.sim_disk().used_bytes(), 4096u);

  Do({.verb = DiskVerb::kUnlink, .path = "a"});
  EXPECT_EQ(harness_.sim_disk().used_bytes(), 4096u);

  Do({.verb = DiskVerb::kClose, .file = {1}});
  EXPECT_EQ(harness_.sim_disk().used_bytes(), 0u);
}

TEST_F(SimDiskTest, AWipedDiskIsEmpty) {
  Open("f");
  harness_.sim_disk().EndProcess();

  harness_.sim_disk().Wipe();

  harness_.sim_disk().StartProcess(9);
  EXPECT_TRUE(Do({.verb = DiskVerb::kList, .path = ""}).names.empty());
}

}  // namespace
}  // namespace orrery::sim

namespace orrery {

INSTANTIATE_TEST_SUITE_P(SimDisk, DiskContractTest,
                         ::testing::Values(&sim::MakeSimDiskHarness));

}  // namespace orrery
