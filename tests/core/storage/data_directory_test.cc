#include "core/storage/data_directory.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/protocol/limits.h"
#include "core/protocol/timers.h"
#include "core/storage/header_block.h"
#include "core/storage/identity.h"
#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/other_format.h"

namespace orrery {
namespace {

class DataDirectoryTest : public testing::Test {
 protected:
  void Start(std::string name = "n1", uint64_t boot = 1) {
    directory_ = std::make_unique<DataDirectory>();
    Do([&](Turn& turn) {
      directory_->Open({.node_name = std::move(name),
                        .fresh_storage = {{11, 22}},
                        .fresh_index_seed = {33, 44},
                        .boot_id = {0, boot}},
                       turn);
    });
  }
  void Open(std::string name = "n1", uint64_t boot = 1) {
    Start(std::move(name), boot);
    Settle();
  }
  void Settle() {
    while (!disk_.IsIdle()) RunOne();
  }
  void RunOne() {
    const DiskDone done = disk_.Perform();
    Do([&](Turn& turn) { directory_->OnDiskDone(done, turn); });
  }
  template <typename Action>
  void Do(const Action& action) {
    Effects effects;
    Turn turn{{.wall = wall_}, effects, timers_};
    action(turn);
    for (DiskEffect& effect : effects.disk) disk_.Submit(std::move(effect));
    for (Note& note : effects.notes) notes_.push_back(std::move(note));
  }
  // "IDENTITY at 4096", or nothing: what was said to be bad.
  std::string BadRootFile() const {
    for (const Note& note : notes_) {
      if (note.kind != Note::Kind::kRootFileBad) continue;
      return note.text + " at " + std::to_string(note.number);
    }
    return "";
  }
  void Reopen(std::string name = "n1", uint64_t boot = 1) {
    disk_.CrashProcess();
    Open(std::move(name), boot);
  }
  void SaveRing(uint64_t token, uint64_t cluster, const std::string& ring) {
    Do([&](Turn& turn) {
      directory_->SaveRing(token, {{0, cluster}}, Bytes::CopyOf(ring), turn);
    });
  }
  void MarkRecovered() {
    Do([&](Turn& turn) { directory_->MarkRecovered(turn); });
    Settle();
  }
  bool IsOpen() const {
    return directory_->phase() == DataDirectory::Phase::kOpen;
  }

  MemoryDisk disk_{3};
  std::vector<Note> notes_;
  WallTime wall_;
  TimerHeap timers_;
  std::unique_ptr<DataDirectory> directory_;
};

TEST_F(DataDirectoryTest, AnEmptyDirectoryIsFormatted) {
  Open();

  ASSERT_TRUE(IsOpen());
  EXPECT_TRUE(directory_->fresh());
  EXPECT_FALSE(directory_->machine_restarted());
  EXPECT_EQ(directory_->identity().storage.hi, 11u);
  EXPECT_EQ(directory_->identity().generation, 1u);
  EXPECT_EQ(directory_->identity().first_seq, uint64_t{1} << 32);
  EXPECT_FALSE(directory_->ring().has_value());
  EXPECT_FALSE(directory_->ring_unreadable());
}

// Members remember the disk that was wiped: the new one must be newer.
TEST_F(DataDirectoryTest, AFormattedDirectoryBeginsAtTheWallClocksSecond) {
  wall_ = {1'700'000'000 * kSecond.ns};
  Open();
  EXPECT_EQ(directory_->identity().generation, 1'700'000'001u);
  wall_ = {5 * kSecond.ns};
  Reopen();
  EXPECT_EQ(directory_->identity().generation, 1'700'000'002u);
}

TEST_F(DataDirectoryTest, EveryStartRaisesTheGenerationAndLeasesNewSeqs) {
  Open();
  const Identity first = directory_->identity();
  Reopen();
  const Identity second = directory_->identity();

  EXPECT_EQ(second.storage, first.storage);
  EXPECT_EQ(second.generation, first.generation + 1);
  EXPECT_GE(second.first_seq, first.seq_lease);
  EXPECT_EQ(second.first_seq % (uint64_t{1} << 32), 0u);
  EXPECT_FALSE(directory_->fresh());
}

TEST_F(DataDirectoryTest, TheGenerationIsNeverUsedTwiceWhereverAStartCrashes) {
  Open();
  disk_.LosePower();
  uint32_t known = 1;
  for (int steps = 0; steps < 12; ++steps) {
    Start();
    for (int i = 0; i < steps && !disk_.IsIdle(); ++i) RunOne();
    if (IsOpen()) {
      EXPECT_GT(directory_->identity().generation, known);
      known = directory_->identity().generation;
    }
    disk_.LosePower();
  }
  Open();

  ASSERT_TRUE(IsOpen());
  EXPECT_GT(directory_->identity().generation, known);
  EXPECT_EQ(directory_->identity().storage.hi, 11u);
}

// Catalogue B10.
TEST_F(DataDirectoryTest, ALockedDirectoryIsRefused) {
  Open();
  Start();  // No crash: the first still holds the lock.
  Settle();

  EXPECT_EQ(directory_->phase(), DataDirectory::Phase::kFailed);
  EXPECT_EQ(directory_->failure_exit_code(), 1);
}

TEST_F(DataDirectoryTest, AnotherNodesDirectoryIsRefusedUnwritten) {
  Open();
  const std::string before = disk_.Content("IDENTITY");
  Reopen("n2");

  EXPECT_EQ(directory_->phase(), DataDirectory::Phase::kFailed);
  EXPECT_EQ(directory_->failure_exit_code(), 2);
  EXPECT_NE(directory_->failure().find("n1"), std::string::npos);
  EXPECT_EQ(disk_.Content("IDENTITY"), before);
}

TEST_F(DataDirectoryTest, AMachineRestartIsToldFromAProcessRestart) {
  Open();
  Reopen("n1", 1);
  EXPECT_FALSE(directory_->machine_restarted());
  Reopen("n1", 2);
  EXPECT_TRUE(directory_->machine_restarted());
  MarkRecovered();
  Reopen("n1", 2);
  EXPECT_FALSE(directory_->machine_restarted());

  Do([&](Turn& turn) { directory_->MarkClean(5, turn); });
  Settle();
  EXPECT_EQ(directory_->TakeSaved(), std::vector<uint64_t>{5});
  Reopen("n1", 3);
  EXPECT_TRUE(directory_->was_clean());
  EXPECT_FALSE(directory_->machine_restarted());
}

TEST_F(DataDirectoryTest, DoubtThatTheStoresCannotSaveIsToldToTheNextStart) {
  Open();
  Do([&](Turn& turn) { directory_->MarkDoubtful(turn); });
  Settle();
  Reopen();
  EXPECT_TRUE(directory_->machine_restarted());
  Reopen();
  EXPECT_TRUE(directory_->machine_restarted());

  Do([&](Turn& turn) { directory_->MarkDoubtful(turn); });
  MarkRecovered();
  Reopen();
  EXPECT_FALSE(directory_->machine_restarted());
}

// What was good before is still there for the next start, and for later saves.
TEST_F(DataDirectoryTest, DoubtThatTheDiskDoesNotTakeEndsNobody) {
  Open();
  const uint64_t newest = directory_->identity().revision % 2 * 4096;
  const std::string slot = disk_.Content("IDENTITY").substr(newest, 4096);
  disk_.FailNextWrite(DiskError::kIo);
  Do([&](Turn& turn) { directory_->MarkDoubtful(turn); });
  Settle();
  ASSERT_TRUE(IsOpen());
  EXPECT_FALSE(directory_->IsSaving());

  Do([&](Turn& turn) { directory_->SaveHlcHigh(77, turn); });
  Settle();
  EXPECT_EQ(disk_.Content("IDENTITY").substr(newest, 4096), slot);
  Reopen();

  ASSERT_TRUE(IsOpen());
  EXPECT_EQ(directory_->identity().hlc_high, 77U);
}

// Light seed 1425: the process died between its start and the verdict over its
// files; the next one took the lost tail for a mere process crash.
TEST_F(DataDirectoryTest, AMachineRestartIsNotForgottenByADeathInRecovery) {
  Open("n1", 1);
  Reopen("n1", 2);
  EXPECT_TRUE(directory_->machine_restarted());
  Reopen("n1", 2);
  EXPECT_TRUE(directory_->machine_restarted());
  Reopen("n1", 2);
  EXPECT_TRUE(directory_->machine_restarted());
}

TEST_F(DataDirectoryTest, ADeathInRecoveryAfterACleanStopRaisesNoDoubt) {
  Open("n1", 1);
  Do([&](Turn& turn) { directory_->MarkClean(5, turn); });
  Settle();
  Reopen("n1", 2);
  EXPECT_FALSE(directory_->machine_restarted());
  Reopen("n1", 2);
  EXPECT_FALSE(directory_->machine_restarted());
}

TEST_F(DataDirectoryTest, ARingIsReadBackAndItsClusterWithIt) {
  Open();
  SaveRing(1, 99, "ring-one");
  SaveRing(2, 99, "two");
  Settle();
  EXPECT_EQ(directory_->TakeSaved(), (std::vector<uint64_t>{1, 2}));

  disk_.LosePower();
  Open();

  ASSERT_TRUE(directory_->ring().has_value());
  EXPECT_EQ(directory_->ring()->text(), "two");
  EXPECT_EQ(directory_->identity().cluster.lo, 99u);
}

TEST_F(DataDirectoryTest, ACrashAnywhereInASaveLeavesTheOldOrTheNewRing) {
  for (int steps = 0; steps < 20; ++steps) {
    MemoryDisk fresh(static_cast<uint64_t>(steps));
    disk_ = fresh;
    Open();
    SaveRing(1, 99, "old");
    Settle();
    directory_->TakeSaved();
    SaveRing(2, 99, "new-and-longer");
    for (int i = 0; i < steps && !disk_.IsIdle(); ++i) RunOne();
    const bool was_saved = !directory_->TakeSaved().empty();

    disk_.LosePower();
    Open();

    ASSERT_TRUE(IsOpen());
    ASSERT_TRUE(directory_->ring().has_value());
    const std::string ring(directory_->ring()->text());
    EXPECT_TRUE(ring == "new-and-longer" || (ring == "old" && !was_saved));
  }
}

TEST_F(DataDirectoryTest, ADamagedRingIsUnreadableAndNoneIsNot) {
  Open();
  SaveRing(1, 99, "ring");
  Settle();
  disk_.FlipBit("RING", 4097, 2);
  Reopen();

  EXPECT_TRUE(IsOpen());
  EXPECT_FALSE(directory_->ring().has_value());
  EXPECT_TRUE(directory_->ring_unreadable());
  EXPECT_EQ(BadRootFile(), "RING at 0");
}

TEST_F(DataDirectoryTest, WhatCannotBeReadOrWrittenIsNamedWithItsError) {
  Open();
  SaveRing(1, 99, "ring");
  Settle();
  for (const std::string file : {"IDENTITY", "RING"}) {
    disk_.FailReads(file, true);
    Reopen();

    EXPECT_EQ(directory_->phase(), DataDirectory::Phase::kFailed);
    EXPECT_EQ(directory_->failure(),
              file + " cannot be read: input/output error");
    EXPECT_EQ(directory_->failure_exit_code(), 1);
    disk_.FailReads(file, false);
  }

  disk_.CrashProcess();
  disk_.FailNextWrite(DiskError::kReadOnly);
  Open();

  EXPECT_EQ(directory_->failure(),
            "IDENTITY cannot be written: the file system is read-only");
}

TEST_F(DataDirectoryTest, OneBadSlotIsSurvived) {
  Open();
  Reopen();
  const uint32_t generation = directory_->identity().generation;
  ASSERT_EQ(BadRootFile(), "");
  // The newer slot is the one of revision 2.
  disk_.FlipBit("IDENTITY", 100, 1);
  Reopen();

  ASSERT_TRUE(IsOpen());
  EXPECT_EQ(directory_->identity().storage.hi, 11u);
  EXPECT_EQ(directory_->identity().generation, generation + 1);
  EXPECT_TRUE(directory_->machine_restarted());
  EXPECT_EQ(BadRootFile(), "IDENTITY at 0");
}

TEST_F(DataDirectoryTest, ASlotThatNobodyWouldWriteIsNoIdentity) {
  const Bytes valid = EncodeIdentitySlot({.node_name = "n1"}, 7);
  ByteBuffer file(valid.view().begin(), valid.view().end());
  file.resize(kIdentityBytes);
  ASSERT_TRUE(DecodeIdentity(file).newest.has_value());

  // The length of the name, behind what stands at fixed places.
  constexpr size_t kNameLengthAt =
      kHeaderExtraAt + 16 + 16 + 8 + 8 + 16 + 8 + 4;
  StoreU16(file.data() + kNameLengthAt, kNodeNameBytesMax + 1);
  StoreU32(file.data() + kHeaderCrcAt,
           Crc32c(ByteView(file).first(kHeaderCrcAt)));

  EXPECT_FALSE(DecodeIdentity(file).newest.has_value());
}

// DIR-3.  One of two slots is enough.
TEST_F(DataDirectoryTest, AnotherFormatIsRefusedAndNothingWritten) {
  Open();
  SaveRing(1, 5, "ring");
  Settle();
  disk_.CrashProcess();
  const struct {
    std::string file;
    size_t offset;
  } kPlaces[] = {{"IDENTITY", 0}, {"IDENTITY", 4096}, {"RING", 0}};
  for (const auto& [file, offset] : kPlaces) {
    for (const OtherFormat format : kOtherFormats) {
      const std::string kept = disk_.Content(file);
      disk_.SetContent(file, WithFormat(kept, format, offset));
      const std::string identity = disk_.Content("IDENTITY");
      const std::string ring = disk_.Content("RING");
      Reopen();

      ASSERT_EQ(directory_->phase(), DataDirectory::Phase::kFailed);
      EXPECT_EQ(directory_->failure_exit_code(), 2);
      EXPECT_EQ(directory_->failure().find(file + " has "), 0u);
      for (const std::string_view text : {NameOf(format), kOurFormatName}) {
        EXPECT_NE(directory_->failure().find(text), std::string::npos)
            << directory_->failure();
      }
      EXPECT_EQ(disk_.Content("IDENTITY"), identity);
      EXPECT_EQ(disk_.Content("RING"), ring);
      disk_.SetContent(file, kept);
    }
  }
}

TEST_F(DataDirectoryTest, WhatTheLostSlotLeasedIsNotGivenAgain) {
  Open();
  Do([&](Turn& turn) { directory_->MarkClean(5, turn); });
  Settle();
  Reopen();
  const Identity lost = directory_->identity();  // Revision 3: slot 1.
  disk_.FlipBit("IDENTITY", 4096 + 100, 1);
  Reopen();

  ASSERT_TRUE(IsOpen());
  EXPECT_FALSE(directory_->was_clean());
  EXPECT_TRUE(directory_->machine_restarted());
  EXPECT_GT(directory_->identity().generation, lost.generation);
  EXPECT_GT(directory_->identity().first_seq, lost.seq_lease);
}

TEST_F(DataDirectoryTest, WithBothSlotsBadTheDataIsSetAsideAndKept) {
  Open();
  disk_.SetContent("shard-0000/0000000000000001.data", "records");
  disk_.SetContent("IDENTITY", std::string(8192, 'x'));
  disk_.CrashProcess();
  disk_.MakeDirectory("shard-0000");
  Open();

  ASSERT_TRUE(IsOpen());
  EXPECT_TRUE(directory_->fresh());
  EXPECT_EQ(disk_.PathsEndingWith(".data").size(), 1u);
  EXPECT_EQ(disk_.PathsEndingWith(".data").front().find("shard-0000.lost-"),
            0u);
}

TEST_F(DataDirectoryTest, ACopiedDirectoryIsToldByItsInode) {
  Open();
  const std::string identity = disk_.Content("IDENTITY");
  disk_.CrashProcess();
  disk_.Remove("IDENTITY");
  disk_.SetContent("IDENTITY", identity);
  Open();

  ASSERT_TRUE(IsOpen());
  EXPECT_TRUE(directory_->moved());
  Reopen();  // It had not recovered.
  EXPECT_TRUE(directory_->moved());
  MarkRecovered();
  Reopen();
  EXPECT_FALSE(directory_->moved());
}

TEST_F(DataDirectoryTest, TheStampLeaseIsDurableBeforeItIsCalledSo) {
  Open();
  Do([&](Turn& turn) { directory_->SaveHlcHigh(1000, turn); });
  EXPECT_EQ(directory_->durable_hlc_high(), 0u);
  Settle();
  EXPECT_EQ(directory_->durable_hlc_high(), 1000u);
  Do([&](Turn& turn) { directory_->SaveHlcHigh(500, turn); });
  Settle();
  disk_.LosePower();
  Open();

  EXPECT_EQ(directory_->identity().hlc_high, 1000u);
}

TEST_F(DataDirectoryTest, AFailedSaveFailsTheDirectory) {
  Open();
  disk_.FailNextSync(DiskError::kIo);
  SaveRing(1, 99, "ring");
  Settle();

  EXPECT_EQ(directory_->phase(), DataDirectory::Phase::kFailed);
  EXPECT_TRUE(directory_->TakeSaved().empty());
}

// DIR-5
TEST_F(DataDirectoryTest, ARingWaitsWhileTheDiskIsFull) {
  Open();
  SaveRing(1, 99, "ring");
  RunOne();  // IDENTITY, with the cluster.
  RunOne();
  RunOne();  // RING.tmp is made.
  disk_.FailNextWrite(DiskError::kNoSpace);
  Settle();
  EXPECT_TRUE(IsOpen());
  EXPECT_TRUE(directory_->TakeNoSpace());
  EXPECT_FALSE(directory_->TakeNoSpace());
  EXPECT_TRUE(directory_->TakeSaved().empty());
  EXPECT_FALSE(directory_->IsIdle());

  // Meanwhile the rest is saved, and a later ring does not overtake.
  Do([&](Turn& turn) { directory_->SaveHlcHigh(5000, turn); });
  SaveRing(2, 99, "later");
  Settle();
  EXPECT_EQ(directory_->durable_hlc_high(), 5000u);
  EXPECT_TRUE(directory_->TakeSaved().empty());

  const auto due = timers_.PopDue(Instant{2 * kSecond.ns});
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->kind, TimerKind::kDirectoryRetry);
  Do([&](Turn& turn) { directory_->OnRetry(turn); });
  Settle();
  EXPECT_EQ(directory_->TakeSaved(), (std::vector<uint64_t>{1, 2}));
  Reopen();
  ASSERT_TRUE(directory_->ring().has_value());
  EXPECT_EQ(directory_->ring()->text(), "later");
}

// Also of one that was asked for before.
TEST_F(DataDirectoryTest, ALaterRingStaysBehindOneThatWaitsForSpace) {
  Open();
  SaveRing(1, 99, "ring");
  SaveRing(2, 99, "later");
  RunOne();  // IDENTITY, with the cluster.
  RunOne();
  RunOne();  // RING.tmp is made.
  disk_.FailNextWrite(DiskError::kNoSpace);
  Settle();
  EXPECT_TRUE(directory_->TakeSaved().empty());

  Do([&](Turn& turn) { directory_->OnRetry(turn); });
  Settle();

  EXPECT_EQ(directory_->TakeSaved(), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(directory_->ring()->text(), "later");
  Reopen();
  EXPECT_EQ(directory_->ring()->text(), "later");
}

}  // namespace
}  // namespace orrery
