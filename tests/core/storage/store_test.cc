#include "core/storage/store.h"

#include <string>
#include <vector>

#include "core/storage/victim_chooser.h"
#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

class StoreTest : public testing::Test {
 protected:
  void Restart(bool power_loss = false) {
    if (power_loss) {
      disk_.LosePower();
    } else {
      disk_.CrashProcess();
    }
    driver_.StartAndRecover(power_loss);
  }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, SmallStore()};
};

TEST_F(StoreTest, AFreshStoreIsOpenAndEmpty) {
  driver_.StartAndRecover();

  EXPECT_TRUE(driver_.store().IsOpen());
  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.ValueOf("k"), "-");
  EXPECT_EQ(driver_.store().counters().active_keys, 0u);
}

TEST_F(StoreTest, WhatWasPutIsRead) {
  driver_.StartAndRecover();

  const StoreReply put = driver_.ReplyTo(driver_.Put("k", "v1"));

  EXPECT_EQ(put.status, StoreStatus::kOk);
  EXPECT_EQ(put.durability, Durability::kWritten);
  EXPECT_TRUE(driver_.store().IsDurable(put.position, Durability::kWritten));
  const StoreReply got = driver_.ReplyTo(driver_.Get("k"));
  EXPECT_EQ(got.status, StoreStatus::kOk);
  EXPECT_EQ(got.value.text(), "v1");
  EXPECT_EQ(got.meta.text(), "meta");
  EXPECT_EQ(got.seq, put.seq);
}

// So many records that one sync releases over several turns.
class ReleaseTest : public testing::Test {
 protected:
  static constexpr int kRecords = 10'000;

  static Store::Options Options() {
    Store::Options options = SmallStore();
    options.max_file_bytes = 8 << 20;
    options.limits.pinned_bytes_max = 8 << 20;
    return options;
  }

  // Until all of them are written and one sync is under way.  The ticket of the
  // last, which waits for it.
  uint32_t PutAll() {
    disk_.set_in_order(true);
    driver_.StartAndRecover();
    for (int i = 1; i < kRecords; ++i) {
      driver_.Put("k" + std::to_string(i), "v");
    }
    driver_.Settle();
    EXPECT_EQ(driver_.store().counters().syncs, 0u);
    const uint32_t last = driver_.Put("last", "v", /*must_sync=*/true);
    while (driver_.store().counters().total_writes < kRecords) {
      driver_.RunOne();
    }
    EXPECT_EQ(disk_.pending(), 1u);
    return last;
  }
  // A completion, though the turn has not ended.
  void CompleteOne() {
    const DiskDone done = disk_.Perform();
    driver_.Do([&](Turn& turn) { driver_.store().OnDiskDone(done, turn); });
  }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, Options()};
};

TEST_F(ReleaseTest, OneSyncOfManyRecordsTakesSeveralTurns) {
  const uint32_t last = PutAll();
  CompleteOne();
  EXPECT_EQ(driver_.store().counters().syncs, 1u);

  int turns = 0;
  while (!driver_.TryReply(last).has_value()) {
    ASSERT_TRUE(driver_.RunOne());
    ++turns;
  }
  EXPECT_EQ(turns, 2);
  driver_.Settle();
  EXPECT_TRUE(driver_.store().IsIdle());
  EXPECT_EQ(driver_.store().counters().active_keys, uint64_t{kRecords});
}

// What is synced and was not released yet is not written again.
TEST_F(ReleaseTest, AFailureMeanwhileConcernsNoneOfThem) {
  const uint32_t last = PutAll();
  disk_.FailNextWrite(DiskError::kIo);
  const uint32_t failed = driver_.Put("later", "v", /*must_sync=*/true);
  driver_.RunOne();  // The tick that emits its write.
  ASSERT_EQ(disk_.pending(), 2u);
  const uint64_t written = driver_.store().counters().bytes_written;

  CompleteOne();
  ASSERT_FALSE(driver_.TryReply(last).has_value());
  CompleteOne();

  ASSERT_TRUE(driver_.SawMark("storage.file_poisoned"));
  EXPECT_TRUE(driver_.TryReply(last).has_value());
  EXPECT_EQ(driver_.ReplyTo(failed).status, StoreStatus::kOk);
  EXPECT_LT(driver_.store().counters().bytes_written - written, 10'000u);
}

TEST_F(StoreTest, ASyncedRecordIsReadFromTheFile) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", std::string(5000, 'v')));
  driver_.Advance(2 * kSecond);
  ASSERT_TRUE(driver_.store().IsIdle());

  EXPECT_EQ(driver_.ValueOf("k"), std::string(5000, 'v'));
}

TEST_F(StoreTest, ManyPutsOfOneTurnBecomeOneWrite) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("warm", "up"));
  driver_.Settle();
  const uint64_t before = disk_.operations();

  for (int i = 0; i < 100; ++i) driver_.Put("k" + std::to_string(i), "v");
  driver_.Settle();

  EXPECT_LE(disk_.operations() - before, 3u);
}

TEST_F(StoreTest, ADeletedKeyIsATombstoneWithItsMetadata) {
  driver_.StartAndRecover();
  driver_.Put("k", "v");
  driver_.ReplyTo(driver_.Delete("k"));

  const StoreReply got = driver_.ReplyTo(driver_.Get("k"));

  EXPECT_EQ(got.status, StoreStatus::kDeleted);
  EXPECT_EQ(got.meta.text(), "gone");
  EXPECT_EQ(driver_.store().counters().deleted_keys, 1u);
  EXPECT_EQ(driver_.store().counters().active_keys, 0u);
}

TEST_F(StoreTest, AConditionThatDoesNotHoldWritesNothing) {
  driver_.StartAndRecover();
  const uint64_t seq = driver_.ReplyTo(driver_.Put("k", "v1")).seq;

  const StoreReply conflict = driver_.ReplyTo(driver_.PutWith(
      {.ticket = {}, .key = "k", .meta = {}, .value = {}, .if_seq = 0}));
  const StoreReply fits =
      driver_.ReplyTo(driver_.PutWith({.ticket = {},
                                       .key = "k",
                                       .meta = {},
                                       .value = Bytes::CopyOf("v2"),
                                       .if_seq = seq}));

  EXPECT_EQ(conflict.status, StoreStatus::kConflict);
  EXPECT_EQ(conflict.seq, seq);
  EXPECT_EQ(fits.status, StoreStatus::kOk);
  EXPECT_EQ(driver_.ValueOf("k"), "v2");
}

TEST_F(StoreTest, TwoConditionalPutsInOneBatchSeeEachOther) {
  driver_.StartAndRecover();

  const uint32_t first = driver_.PutWith(
      {.ticket = {}, .key = "k", .meta = {}, .value = {}, .if_seq = 0});
  const uint32_t second = driver_.PutWith(
      {.ticket = {}, .key = "k", .meta = {}, .value = {}, .if_seq = 0});

  EXPECT_EQ(driver_.ReplyTo(first).status, StoreStatus::kOk);
  EXPECT_EQ(driver_.ReplyTo(second).status, StoreStatus::kConflict);
}

TEST_F(StoreTest, KeysAndMetadataBeyondTheLimitsAreRefused) {
  driver_.StartAndRecover();

  EXPECT_EQ(driver_.ReplyTo(driver_.Put(std::string(1025, 'k'), "")).status,
            StoreStatus::kTooLarge);
  EXPECT_EQ(driver_.ReplyTo(driver_.Put("", "v")).status,
            StoreStatus::kTooLarge);
  EXPECT_EQ(driver_
                .ReplyTo(driver_.PutWith(
                    {.ticket = {},
                     .key = "k",
                     .meta = Bytes::CopyOf(std::string(65530, 'm')),
                     .value = {}}))
                .status,
            StoreStatus::kTooLarge);
}

TEST_F(StoreTest, BeyondThePinnedBytesAPutIsBusyAndARecordAboveThemIsAlone) {
  Store::Options options = SmallStore();
  options.limits.pinned_bytes_max = 10'000;
  StoreDriver driver(disk_, options);
  driver.StartAndRecover();

  const uint32_t big = driver.Put("big", std::string(20'000, 'b'));
  const uint32_t next = driver.Put("next", "n");

  EXPECT_EQ(driver.ReplyTo(next).status, StoreStatus::kBusy);
  EXPECT_EQ(driver.ReplyTo(big).status, StoreStatus::kOk);
}

TEST_F(StoreTest, AcknowledgedWritesSurviveAProcessCrash) {
  driver_.StartAndRecover();
  for (int i = 0; i < 300; ++i) {
    driver_.ReplyTo(
        driver_.Put("k" + std::to_string(i), "v" + std::to_string(i)));
  }

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(driver_.ValueOf("k" + std::to_string(i)),
              "v" + std::to_string(i));
  }
}

TEST_F(StoreTest, AfterAPowerLossWithUnsyncedWritesEverythingIsSuspect) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "v"));

  Restart(true);

  EXPECT_TRUE(driver_.store().IsSuspect());
  EXPECT_TRUE(driver_.ReplyTo(driver_.Get("k")).suspect);
}

TEST_F(StoreTest, DoubtSurvivesRestartsUntilItIsCleared) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "v"));
  Restart(true);
  Restart();
  ASSERT_TRUE(driver_.store().IsSuspect());

  driver_.Do([&](Turn& turn) { driver_.store().ClearSuspect(turn); });
  driver_.Settle();
  EXPECT_FALSE(driver_.store().IsSuspect());

  Restart();
  EXPECT_FALSE(driver_.store().IsSuspect());
}

TEST_F(StoreTest, EveryWriteIsSyncedWithinTheInterval) {
  driver_.StartAndRecover();
  const StoreReply put = driver_.ReplyTo(driver_.Put("k", "v"));
  EXPECT_FALSE(driver_.store().IsDurable(put.position, Durability::kSynced));

  driver_.Advance(kSecond);

  EXPECT_TRUE(driver_.store().IsDurable(put.position, Durability::kSynced));
  Restart(true);
  EXPECT_EQ(driver_.ValueOf("k"), "v");
}

TEST_F(StoreTest, MustSyncAnswersOnlyWhenSynced) {
  driver_.StartAndRecover();

  const StoreReply put = driver_.ReplyTo(driver_.Put("k", "v", true));

  EXPECT_EQ(put.durability, Durability::kSynced);
  Restart(true);
  EXPECT_EQ(driver_.ValueOf("k"), "v");
}

// WRI-2, RCF-3: and the rest of that page is no hole.
TEST_F(StoreTest, WhatFollowsASyncSharesNoPageWithIt) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("synced", "v", true));
  driver_.ReplyTo(driver_.Put("not yet", "w"));
  ASSERT_EQ(disk_.UnsyncedPages(), 1U);

  disk_.LosePowerBut([](size_t) { return true; }, 0);
  driver_.StartAndRecover(true);

  EXPECT_FALSE(driver_.SawMark("storage.damage_found"));
  EXPECT_EQ(driver_.ValueOf("synced"), "v");
  EXPECT_EQ(driver_.ValueOf("not yet"), "-");
}

TEST_F(StoreTest, TheRestOfAPageThatWasSyncedIsNoDamage) {
  driver_.StartAndRecover();
  for (int i = 0; i < 3; ++i) {
    driver_.ReplyTo(driver_.Put("k" + std::to_string(i), "v", true));
  }

  Restart(true);

  EXPECT_FALSE(driver_.SawMark("storage.damage_found"));
  EXPECT_FALSE(driver_.SawMark("storage.torn_tail_cut"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(driver_.ValueOf("k" + std::to_string(i)), "v");
  }
}

TEST_F(StoreTest, AnIdleStoreStopsWriting) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "v"));
  driver_.Advance(10 * kSecond);
  const uint64_t before = disk_.operations();

  driver_.Advance(100 * kSecond);

  EXPECT_EQ(disk_.operations(), before);
}

TEST_F(StoreTest, FullFilesAreSealedAndReadBack) {
  driver_.StartAndRecover();
  for (int i = 0; i < 100; ++i) {
    driver_.ReplyTo(
        driver_.Put("k" + std::to_string(i), std::string(3000, 'a')));
  }
  driver_.Settle();

  EXPECT_GE(disk_.PathsEndingWith(".data").size(), 5u);
  Restart();
  EXPECT_FALSE(driver_.store().IsSuspect());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(driver_.ValueOf("k" + std::to_string(i)), std::string(3000, 'a'));
  }
}

// Catalogue A18.
TEST_F(StoreTest, ARecordLargerThanAFileGetsOneOfItsOwn) {
  driver_.StartAndRecover();
  const std::string large(200'000, 'l');

  driver_.ReplyTo(driver_.Put("small", "s"));
  EXPECT_EQ(driver_.ReplyTo(driver_.Put("large", large)).status,
            StoreStatus::kOk);
  driver_.ReplyTo(driver_.Put("after", "a"));

  Restart();
  EXPECT_EQ(driver_.ValueOf("large"), large);
  EXPECT_EQ(driver_.ValueOf("small"), "s");
  EXPECT_EQ(driver_.ValueOf("after"), "a");
}

TEST_F(StoreTest, ACleanCloseLeavesNothingUnsynced) {
  driver_.StartAndRecover();
  driver_.Put("k", "v");
  driver_.Do([&](Turn& turn) { driver_.store().Close(turn); });
  driver_.Settle();
  ASSERT_TRUE(driver_.store().IsClosed());
  EXPECT_TRUE(driver_.store().IsClean());
  EXPECT_EQ(driver_.ReplyTo(driver_.Put("late", "v")).status,
            StoreStatus::kClosed);

  Restart(true);

  EXPECT_EQ(driver_.ValueOf("k"), "v");
  EXPECT_FALSE(driver_.store().IsSuspect());
}

// Catalogue D4.
TEST_F(StoreTest, ShortWritesAreContinued) {
  disk_.set_short_writes(true);
  Store::Options options = SmallStore();
  StoreDriver driver(disk_, options);
  disk_.set_short_writes(false);
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("first", "file"));
  driver.Settle();
  disk_.set_short_writes(true);

  const uint32_t ticket = driver.Put("k", std::string(40'000, 'v'));
  EXPECT_EQ(driver.ReplyTo(ticket).status, StoreStatus::kOk);
  disk_.set_short_writes(false);

  EXPECT_EQ(driver.ValueOf("k"), std::string(40'000, 'v'));
  disk_.CrashProcess();
  driver.StartAndRecover();
  EXPECT_EQ(driver.ValueOf("k"), std::string(40'000, 'v'));
}

// Catalogue D1.
TEST_F(StoreTest, AFailedSyncIsMadeGoodInANewFile) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("a", "1", true));
  disk_.FailNextSync(DiskError::kIo);

  const StoreReply put = driver_.ReplyTo(driver_.Put("b", "2", true));
  driver_.Settle();

  EXPECT_EQ(put.status, StoreStatus::kOk);
  EXPECT_TRUE(driver_.SawMark("storage.file_poisoned"));
  EXPECT_FALSE(driver_.store().IsReadOnly());
  EXPECT_EQ(driver_.ValueOf("a"), "1");
  EXPECT_EQ(driver_.ValueOf("b"), "2");
  driver_.Advance(2 * kSecond);
  Restart(true);
  EXPECT_EQ(driver_.ValueOf("a"), "1");
  EXPECT_EQ(driver_.ValueOf("b"), "2");
}

// What stands behind its last sync is written elsewhere, and none of it.
TEST_F(StoreTest, APoisonedFileEndsWhereItWasSynced) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("a", "1", true));
  disk_.FailNextSync(DiskError::kIo);
  driver_.ReplyTo(driver_.Put("b", std::string(9000, 'b'), true));
  driver_.Advance(2 * kSecond);
  ASSERT_TRUE(driver_.SawMark("storage.file_poisoned"));

  driver_.Do([&](Turn& turn) { driver_.store().ScrubAll(turn); });
  driver_.Advance(2 * kSecond);

  EXPECT_GE(driver_.store().counters().scrubbed_files, 1U);
  EXPECT_EQ(driver_.store().counters().damaged_files, 0U);
  EXPECT_EQ(driver_.CountNotes(Note::Kind::kDamage), 0U);
  EXPECT_LT(disk_.Content(disk_.PathsEndingWith(".data").front()).size(),
            9000U);
}

TEST_F(StoreTest, VisibleWritesStayReadableWhenTheirSyncFails) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("a", "1"));
  disk_.FailNextSync(DiskError::kIo);
  driver_.Advance(kSecond);

  EXPECT_TRUE(driver_.SawMark("storage.file_poisoned"));
  EXPECT_EQ(driver_.ValueOf("a"), "1");
  driver_.Advance(kSecond);
  Restart(true);
  EXPECT_EQ(driver_.ValueOf("a"), "1");
}

TEST_F(StoreTest, ASecondFailedSyncEndsInReadOnlyAndUnknown) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("a", "1", true));
  disk_.FailNextSync(DiskError::kIo);
  const uint32_t put = driver_.Put("b", "2", true);
  while (!driver_.SawMark("storage.file_poisoned")) driver_.RunOne();
  while (driver_.RunOne() && !driver_.TryReply(put).has_value()) {
    if (!driver_.SawMark("storage.read_only")) {
      disk_.FailNextSync(DiskError::kIo);
    }
  }

  EXPECT_TRUE(driver_.store().IsReadOnly());
  EXPECT_EQ(driver_.ReplyTo(driver_.Put("c", "3")).status,
            StoreStatus::kReadOnly);
  EXPECT_EQ(driver_.ValueOf("a"), "1");
}

TEST_F(StoreTest, WithoutSpacePutsAreFullAndNothingIsLost) {
  driver_.StartAndRecover();
  driver_.StartSpace();
  driver_.ReplyTo(driver_.Put("a", "1", true));
  disk_.set_capacity(0);
  StoreReply last;
  for (int i = 0; i < 100; ++i) {
    last = driver_.ReplyTo(
        driver_.Put("k" + std::to_string(i), std::string(3000, 'a')));
    if (last.status == StoreStatus::kFull) break;
  }
  EXPECT_EQ(last.status, StoreStatus::kFull);
  EXPECT_EQ(driver_.ValueOf("a"), "1");

  disk_.set_capacity(UINT64_MAX);
  driver_.Advance(2 * kSecond);

  EXPECT_EQ(driver_.ReplyTo(driver_.Put("later", "ok")).status,
            StoreStatus::kOk);
  EXPECT_EQ(driver_.ValueOf("later"), "ok");
}

// One that was never written is not what a later condition names.
TEST_F(StoreTest, APutThatFoundNoSpaceIsNotTheNewestOfItsKey) {
  driver_.StartAndRecover();
  driver_.StartSpace();
  driver_.ReplyTo(driver_.Put("k", "1", true));
  disk_.set_capacity(0);
  // More than was allocated.
  const StoreReply refused =
      driver_.ReplyTo(driver_.Put("k", std::string(40'000, 'a')));
  ASSERT_EQ(refused.status, StoreStatus::kFull);
  ASSERT_TRUE(driver_.SawMark("storage.full"));
  disk_.set_capacity(UINT64_MAX);
  driver_.Advance(2 * kSecond);

  const uint64_t seq = driver_.ReplyTo(driver_.Get("k")).seq;
  const StoreReply put =
      driver_.ReplyTo(driver_.PutWith({.ticket = {},
                                       .key = "k",
                                       .meta = {},
                                       .value = Bytes::CopyOf("2"),
                                       .if_seq = seq}));

  EXPECT_EQ(put.status, StoreStatus::kOk);
  EXPECT_EQ(driver_.ValueOf("k"), "2");
}

// Catalogue D3.  Light seeds 13536, 13819: what only this process knows,
// IDENTITY has to say.
TEST_F(StoreTest, DoubtThatFindsNoSpaceIsHidden) {
  driver_.StartAndRecover();
  EXPECT_FALSE(driver_.store().HidesDoubt());
  driver_.ReplyTo(driver_.Put("k", "v"));
  disk_.CrashProcess();
  disk_.set_capacity(0);

  driver_.StartAndRecover(true);
  driver_.StartSpace();

  EXPECT_TRUE(driver_.store().IsSuspect());
  EXPECT_TRUE(driver_.store().HidesDoubt());
  EXPECT_FALSE(driver_.store().HasNotedRecovery());
  disk_.set_capacity(UINT64_MAX);
  driver_.Advance(2 * kSecond);
  EXPECT_FALSE(driver_.store().HidesDoubt());
  EXPECT_TRUE(driver_.store().HasNotedRecovery());
}

// Catalogue D3.  A directory takes up space too.  What was written under
// another name is closed until it is tried again.
TEST_F(StoreTest, AManifestThatFindsNoSpaceForItsNameIsMadeLater) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "v"));
  disk_.CrashProcess();
  disk_.FailNextRename(DiskError::kNoSpace);
  driver_.StartAndRecover();
  driver_.StartSpace();
  ASSERT_TRUE(driver_.SawMark("storage.manifest_full"));

  driver_.Advance(3 * kSecond);

  EXPECT_TRUE(driver_.store().HasNotedRecovery());
  EXPECT_FALSE(driver_.store().IsReadOnly());
  EXPECT_EQ(driver_.ReplyTo(driver_.Put("l", "w")).status, StoreStatus::kOk);
  Restart();
  EXPECT_EQ(driver_.ValueOf("k"), "v");
  EXPECT_EQ(driver_.ValueOf("l"), "w");
}

TEST_F(StoreTest, DoubtThatAFailedManifestDoesNotTakeIsHidden) {
  for (const bool fails_before : {false, true}) {
    MemoryDisk disk(1);
    StoreDriver driver(disk, SmallStore());
    driver.StartAndRecover();
    driver.ReplyTo(driver.Put("k", "value-k", true));
    driver.ReplyTo(driver.Put("l", "value-l", true));
    driver.Advance(2 * kSecond);
    const std::string path = disk.PathsEndingWith("1.data").front();
    std::string bytes = disk.Content(path);
    bytes.at(bytes.find("value-k")) ^= 1;
    bytes.at(bytes.find("value-l")) ^= 1;
    disk.SetContent(path, bytes);
    if (fails_before) {
      driver.ReplyTo(driver.Get("k"));
      driver.Settle();
      disk.FailNextSync(DiskError::kIo);  // Of what tells of the repair.
      driver.ReplyTo(driver.Put("k", "repaired"));
      driver.EndKeyDoubts();
      ASSERT_TRUE(driver.SawMark("storage.manifest_failed"));
      EXPECT_FALSE(driver.store().HidesDoubt());
    } else {
      disk.FailNextSync(DiskError::kIo);  // Of what tells of the damage.
    }

    EXPECT_EQ(driver.ReplyTo(driver.Get("l")).status, StoreStatus::kCorrupt);
    driver.Settle();

    ASSERT_TRUE(driver.SawMark("storage.manifest_failed"));
    EXPECT_TRUE(driver.store().HidesDoubt());
  }
}

// A failed sync leaves it open what is on the disk, also one that failed for
// want of space: what such an edit says is not said again.
TEST_F(StoreTest, AManifestWhoseSyncFindsNoSpaceHasFailed) {
  driver_.StartAndRecover();
  driver_.StartSpace();
  driver_.ReplyTo(driver_.Put("k", "value-k", true));
  driver_.Advance(2 * kSecond);
  const std::string path = disk_.PathsEndingWith("1.data").front();
  disk_.FlipBit(path, disk_.Content(path).find("value-k"), 1);
  disk_.FailNextSync(DiskError::kNoSpace);  // Of what tells of the damage.

  EXPECT_EQ(driver_.ReplyTo(driver_.Get("k")).status, StoreStatus::kCorrupt);
  driver_.Advance(3 * kSecond);

  EXPECT_TRUE(driver_.SawMark("storage.manifest_failed"));
  EXPECT_TRUE(driver_.store().IsReadOnly());
  EXPECT_TRUE(driver_.store().HidesDoubt());
}

// Of a sync that failed nobody knows either, if the edit that tells of it fails
// too.
TEST_F(StoreTest, APoisonThatAFailedManifestDoesNotTakeIsHidden) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("a", "1", true));
  disk_.FailNextSync(DiskError::kIo);
  driver_.Put("b", "2", true);
  while (!driver_.SawMark("storage.file_poisoned")) driver_.RunOne();
  disk_.FailNextSync(DiskError::kIo);

  driver_.Settle();

  ASSERT_TRUE(driver_.SawMark("storage.manifest_failed"));
  EXPECT_TRUE(driver_.store().HidesDoubt());
}

TEST_F(StoreTest, AStoreThatHidesDoubtIsNotClean) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "v"));
  disk_.CrashProcess();
  disk_.set_capacity(0);
  driver_.StartAndRecover(true);

  driver_.Do([&](Turn& turn) { driver_.store().Close(turn); });
  driver_.Settle();

  EXPECT_TRUE(driver_.store().IsClosed());
  EXPECT_FALSE(driver_.store().IsClean());
}

TEST_F(StoreTest, ADamagedRecordIsCorruptUntilARepair) {
  driver_.StartAndRecover();
  const auto put = [&](const char* value, uint64_t timestamp) {
    driver_.ReplyTo(driver_.PutWith({.ticket = {},
                                     .key = "k",
                                     .meta = {},
                                     .value = Bytes::CopyOf(value),
                                     .timestamp = timestamp}));
  };
  put("hello-hello", 20);
  driver_.Advance(2 * kSecond);
  const std::string path = disk_.PathsEndingWith(".data").front();
  const size_t at = disk_.Content(path).find("hello-hello");
  disk_.FlipBit(path, at, 3);

  EXPECT_EQ(driver_.ValueOf("k"), "!");
  EXPECT_EQ(driver_.store().PeekEntry("k").kind, Store::Peek::Kind::kUnsure);
  EXPECT_EQ(driver_.CountNotes(Note::Kind::kDamage), 1u);

  EXPECT_EQ(driver_.ReplyTo(driver_.Get("k")).lost_stamp, 20u);

  put("older", 19);
  EXPECT_TRUE(driver_.ReplyTo(driver_.Get("k")).suspect);
  EXPECT_EQ(driver_.ReplyTo(driver_.Get("k")).lost_stamp, 20u);
  put("above", 21);
  EXPECT_TRUE(driver_.ReplyTo(driver_.Get("k")).suspect);
  EXPECT_EQ(driver_.store().counters().damaged_records, 1u);
  EXPECT_TRUE(driver_.store().HasKeysInDoubt());

  driver_.EndKeyDoubts();

  EXPECT_FALSE(driver_.store().HasKeysInDoubt());
  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
  const StoreReply got = driver_.ReplyTo(driver_.Get("k"));
  EXPECT_EQ(got.value.text(), "above");
  EXPECT_EQ(got.lost_stamp, 0u);
  EXPECT_FALSE(got.suspect);
}

// No owner had it, so no quorum can miss it: what is written next votes.
TEST_F(StoreTest, AKeyThatNobodyHadVotesOnceItIsWrittenAgain) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "hello-hello"));
  driver_.Advance(2 * kSecond);
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.FlipBit(path, disk_.Content(path).find("hello-hello"), 3);
  EXPECT_EQ(driver_.ValueOf("k"), "!");

  driver_.EndKeyDoubts();

  EXPECT_FALSE(driver_.store().HasKeysInDoubt());
  EXPECT_EQ(driver_.ValueOf("k"), "!");
  EXPECT_EQ(driver_.store().counters().damaged_records, 1u);
  driver_.ReplyTo(driver_.Put("k", "again"));
  EXPECT_FALSE(driver_.ReplyTo(driver_.Get("k")).suspect);
  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
}

// The process that met the damage knew the key; the next one does not, and the
// key's older record, or none, must not vote as if it were all there is.
TEST_F(StoreTest, DamageThatWasNotRepairedIsNotForgottenByARestart) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "hello-hello"));
  driver_.ReplyTo(driver_.Put("other", "value"));
  driver_.Do([&](Turn& turn) { driver_.store().Close(turn); });
  driver_.Settle();
  disk_.CrashProcess();
  driver_.StartAndRecover();  // The file is sealed now.
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.FlipBit(path, disk_.Content(path).find("hello-hello"), 3);
  EXPECT_EQ(driver_.ValueOf("k"), "!");
  EXPECT_FALSE(driver_.store().IsSuspect());
  driver_.Settle();

  disk_.CrashProcess();
  driver_.StartAndRecover();

  EXPECT_TRUE(driver_.store().IsSuspect());
  EXPECT_TRUE(driver_.ReplyTo(driver_.Get("k")).suspect);
  driver_.Do([&](Turn& turn) { driver_.store().ClearSuspect(turn); });
  driver_.Settle();
  disk_.CrashProcess();
  driver_.StartAndRecover();
  EXPECT_FALSE(driver_.store().IsSuspect()) << "it was repaired";
}

TEST_F(StoreTest, DamageThatARepairEndedIsForgottenByARestart) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "hello-hello"));
  driver_.ReplyTo(driver_.Put("other", "value"));
  Restart();  // The file is sealed now.
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.FlipBit(path, disk_.Content(path).find("hello-hello"), 3);
  EXPECT_EQ(driver_.ValueOf("k"), "!");
  driver_.Settle();
  driver_.ReplyTo(driver_.Put("k", "repaired"));
  driver_.EndKeyDoubts();

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  const StoreReply got = driver_.ReplyTo(driver_.Get("k"));
  EXPECT_EQ(got.value.text(), "repaired");
  EXPECT_FALSE(got.suspect);
}

// What took its place need not have seen what stood beside it.
TEST_F(StoreTest, DamageThatWasOnlyReplacedIsNotForgottenByARestart) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "hello-hello"));
  driver_.ReplyTo(driver_.Put("other", "value"));
  Restart();  // The file is sealed now.
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.FlipBit(path, disk_.Content(path).find("hello-hello"), 3);
  EXPECT_EQ(driver_.ValueOf("k"), "!");
  driver_.ReplyTo(driver_.Put("k", "replaced"));
  driver_.Settle();

  Restart();

  EXPECT_TRUE(driver_.ReplyTo(driver_.Get("k")).suspect);
}

// The comparison with others that clears the shard may lie before the damage.
TEST_F(StoreTest, ClearingTheShardDoesNotCloseDamageWhoseKeyIsKnown) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "hello-hello"));
  driver_.ReplyTo(driver_.Put("other", "value"));
  driver_.Advance(2 * kSecond);
  disk_.CrashProcess();
  driver_.StartAndRecover(true);  // Unsynced mode: all is in doubt.
  ASSERT_TRUE(driver_.store().IsSuspect());
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.FlipBit(path, disk_.Content(path).find("hello-hello"), 3);
  EXPECT_EQ(driver_.ValueOf("k"), "!");
  driver_.Settle();  // The damage is in the manifest.

  driver_.Do([&](Turn& turn) { driver_.store().ClearSuspect(turn); });
  driver_.Settle();
  disk_.CrashProcess();
  driver_.StartAndRecover();

  EXPECT_TRUE(driver_.store().IsSuspect());
}

TEST_F(StoreTest, ChangesTellOldAndNewDigests) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "1"));
  const auto first = driver_.TakeChanges();
  driver_.ReplyTo(driver_.Put("k", "2"));
  const auto second = driver_.TakeChanges();

  ASSERT_EQ(first.size(), 1u);
  EXPECT_FALSE(first[0].old_digest.has_value());
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].old_digest, first[0].new_digest);
  EXPECT_EQ(second[0].token, first[0].token);
}

TEST_F(StoreTest, AWalkGivesEveryEntryOnceInOrderAndGetAtFindsIt) {
  driver_.StartAndRecover();
  for (int i = 0; i < 200; ++i) driver_.Put("k" + std::to_string(i), "v");
  driver_.Settle();

  std::vector<Store::Entry> entries;
  uint64_t next = 1234567;
  bool done = false;
  const uint64_t start = next;
  while (!done) {
    done = driver_.store().Walk(next, start, 7, &entries, &next);
  }

  EXPECT_EQ(entries.size(), 200u);
  for (size_t i = 1; i < entries.size(); ++i) {
    EXPECT_LT(entries[i - 1].token - start - 1, entries[i].token - start - 1);
  }
  driver_.Do([&](Turn& turn) {
    driver_.store().GetAt({.part = 999999, .handle = {}}, entries[3].token,
                          entries[3].digest, turn);
  });
  const StoreReply reply = driver_.ReplyTo(999999);
  EXPECT_EQ(reply.status, StoreStatus::kOk);
  EXPECT_EQ(reply.digest, entries[3].digest);
  EXPECT_EQ(reply.key.front(), 'k');
}

TEST_F(StoreTest, CompactionReclaimsSpaceAndChangesNoAnswer) {
  driver_.StartAndRecover();
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 30; ++i) {
      driver_.ReplyTo(
          driver_.Put("k" + std::to_string(i),
                      std::string(2000, static_cast<char>('a' + round))));
    }
  }
  driver_.ReplyTo(driver_.Delete("k7"));
  driver_.Advance(2 * kSecond);
  const uint64_t before = driver_.store().counters().data_bytes;
  const uint64_t seq = driver_.ReplyTo(driver_.Get("k3")).seq;

  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();

  EXPECT_GE(driver_.store().counters().compactions, 1u);
  EXPECT_LT(driver_.store().counters().data_bytes, before / 2);
  EXPECT_EQ(driver_.ReplyTo(driver_.Get("k3")).seq, seq);
  EXPECT_EQ(driver_.ValueOf("k7"), "x");
  Restart();
  EXPECT_EQ(driver_.ValueOf("k3"), std::string(2000, 'j'));
  EXPECT_EQ(driver_.ValueOf("k7"), "x");
  EXPECT_FALSE(driver_.store().IsSuspect());
}

// CMP-2: a key whose record a compaction cannot read is corrupt at once, so
// that others repair it though nobody reads it.
TEST_F(StoreTest, ACompactionThatMeetsDamageNamesTheKeys) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("lost", "hello-hello"));
  driver_.ReplyTo(driver_.Put("kept", "value"));
  for (int i = 0; i < 60; ++i) {
    driver_.ReplyTo(driver_.Put("often", std::string(2000, 'x')));
  }
  driver_.Advance(2 * kSecond);
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.FlipBit(path, disk_.Content(path).find("hello-hello"), 3);
  driver_.TakeChanges();

  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();

  EXPECT_TRUE(driver_.SawMark("storage.compaction_met_damage"));
  EXPECT_EQ(driver_.store().PeekEntry("lost").kind, Store::Peek::Kind::kUnsure);
  EXPECT_EQ(driver_.store().PeekEntry("kept").kind, Store::Peek::Kind::kEntry);
  EXPECT_EQ(driver_.ValueOf("lost"), "!");
  EXPECT_EQ(driver_.ValueOf("kept"), "value");
  const std::vector<Store::Change> changes = driver_.TakeChanges();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(changes[0].new_digest.has_value());
}

// Catalogue C3.  CMP-2: what the disk does not give is damage as well as what
// it gives wrong, and no reason to compact nothing any more.
TEST_F(StoreTest, ACompactionThatMeetsABadSectorNamesTheKeysAndGoesOn) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("lost", "hello-hello"));
  for (int i = 0; i < 90; ++i) {
    driver_.ReplyTo(driver_.Put("often", std::string(2000, 'x')));
    if (i % 3 == 0) driver_.ReplyTo(driver_.Put("k" + std::to_string(i), "v"));
  }
  Restart();
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.FailReadsAt(path, disk_.Content(path).find("hello-hello"));
  const auto compact = [this] {
    driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
    driver_.Settle();
  };

  compact();

  EXPECT_TRUE(driver_.SawMark("storage.compaction_met_damage"));
  EXPECT_EQ(driver_.store().PeekEntry("lost").kind, Store::Peek::Kind::kUnsure);
  compact();
  EXPECT_GE(driver_.store().counters().compactions, 1U);
  EXPECT_EQ(disk_.PathsEndingWith(".data").front(), path);
  EXPECT_EQ(driver_.ValueOf("k81"), "v");
}

// CMP-1: not before the key is repaired that it lost.
TEST_F(StoreTest, AFileInWhichACompactionMetDamageIsNotTakenAgain) {
  driver_.StartAndRecover();
  for (int i = 0; i < 60; ++i) {
    driver_.ReplyTo(driver_.Put("often", std::string(2000, 'x')));
    if (i == 0) driver_.ReplyTo(driver_.Put("kept", "a-value-kept"));
  }
  driver_.Advance(2 * kSecond);
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.FlipBit(path, disk_.Content(path).find("a-value-kept"), 3);
  const auto compact = [this] {
    driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
    driver_.Settle();
  };
  compact();
  ASSERT_TRUE(driver_.SawMark("storage.compaction_met_damage"));
  const size_t notes = driver_.CountNotes(Note::Kind::kDamage);

  compact();

  EXPECT_EQ(driver_.CountNotes(Note::Kind::kDamage), notes);
  EXPECT_EQ(driver_.store().counters().damaged_files, 1U);
  EXPECT_EQ(driver_.ValueOf("kept"), "!");
}

// CMP-4 waits for a log that is to be durable: one that never will be ends the
// job, and what it held.
TEST_F(StoreTest, AReadOnlyStoreEndsTheCompactionThatAwaitsItsLog) {
  driver_.StartAndRecover();
  for (int i = 0; i < 60; ++i) {
    driver_.ReplyTo(driver_.Put("often", std::string(2000, 'x')));
  }
  Restart();
  driver_.ReplyTo(driver_.Put("a", "unsynced"));
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();
  ASSERT_TRUE(driver_.SawMark("storage.compaction_awaits_sync"));
  ASSERT_TRUE(driver_.store().IsCompacting());

  disk_.FailNextSync(DiskError::kReadOnly);
  driver_.ReplyTo(driver_.Put("b", "2", true));
  driver_.Settle();

  ASSERT_TRUE(driver_.store().IsReadOnly());
  EXPECT_FALSE(driver_.store().IsCompacting());
  EXPECT_EQ(driver_.ValueOf("often"), std::string(2000, 'x'));
}

// ---- Tombstones that hide nothing (CMP-5) ----

class HintsStoreTest : public testing::Test {
 protected:
  static Store::Options Hints() {
    Store::Options options = SmallStore();
    options.drops_tombstones = true;
    return options;
  }
  // So many puts, then their deletions, in sealed files of their own.
  void PutAndDelete(int keys) {
    for (int i = 0; i < keys; ++i) {
      hints_.ReplyTo(
          hints_.Put("k" + std::to_string(i), std::string(900, 'v')));
    }
    for (int i = 0; i < keys; ++i) {
      hints_.ReplyTo(hints_.Delete("k" + std::to_string(i)));
    }
  }
  // What recovery finds is sealed.
  void Seal() {
    hints_disk_.CrashProcess();
    hints_.StartAndRecover();
  }
  void Compact() {
    hints_.Do([&](Turn& turn) { hints_.store().Compact(turn); });
    hints_.Settle();
  }

  MemoryDisk hints_disk_{1};
  StoreDriver hints_{hints_disk_, Hints()};
};

// Catalogue A14.
TEST_F(HintsStoreTest, TombstonesGoWithWhatTheyHide) {
  hints_.StartAndRecover();
  PutAndDelete(100);
  hints_.ReplyTo(hints_.Put("kept", "value"));
  Seal();
  ASSERT_EQ(hints_.store().counters().deleted_keys, 100u);

  Compact();

  EXPECT_EQ(hints_.store().counters().deleted_keys, 0u);
  EXPECT_LT(hints_.store().counters().data_bytes, 20000u);
  EXPECT_EQ(hints_.ValueOf("k5"), "-");
  EXPECT_EQ(hints_.ValueOf("kept"), "value");
  Seal();
  EXPECT_EQ(hints_.ValueOf("k5"), "-");
  EXPECT_EQ(hints_.ValueOf("kept"), "value");
  EXPECT_FALSE(hints_.store().IsSuspect());
}

// What a power loss took, the files do not hold.
TEST_F(HintsStoreTest, DoubtOfWhatIsNotThereKeepsNoTombstone) {
  hints_.StartAndRecover();
  PutAndDelete(100);
  hints_.Advance(2 * kSecond);
  hints_disk_.LosePower();
  hints_.StartAndRecover(/*machine_restarted=*/true);
  ASSERT_TRUE(hints_.store().IsSuspect());

  Compact();

  EXPECT_EQ(hints_.store().counters().deleted_keys, 0u);
}

// Which files count nobody knows.
TEST_F(HintsStoreTest, WithoutItsManifestTombstonesStay) {
  hints_.StartAndRecover();
  PutAndDelete(100);
  hints_disk_.CrashProcess();
  for (const std::string& path : hints_disk_.Paths()) {
    if (path.find("MANIFEST") != std::string::npos) hints_disk_.Remove(path);
  }
  hints_.StartAndRecover();
  ASSERT_TRUE(hints_.store().IsSuspect());

  Compact();

  EXPECT_EQ(hints_.store().counters().deleted_keys, 100u);
}

// Catalogue A5: the key was written again while the job ran.
TEST_F(HintsStoreTest, AnEntryThatChangedMeanwhileStays) {
  hints_.StartAndRecover();
  PutAndDelete(100);
  Seal();
  hints_.Do([&](Turn& turn) { hints_.store().Compact(turn); });
  const uint32_t ticket = hints_.Put("k5", "again");
  hints_.Settle();

  EXPECT_EQ(hints_.ReplyTo(ticket).status, StoreStatus::kOk);
  EXPECT_EQ(hints_.ValueOf("k5"), "again");
  EXPECT_EQ(hints_.store().counters().deleted_keys, 0u);
  Seal();
  EXPECT_EQ(hints_.ValueOf("k5"), "again");
  EXPECT_EQ(hints_.ValueOf("k6"), "-");
}

// Catalogue A1: the file that holds the value is not in the job, because it is
// damaged.
TEST_F(HintsStoreTest, ATombstoneStaysWhileADamagedFileMayHoldItsKey) {
  hints_.StartAndRecover();
  hints_.ReplyTo(hints_.Put("rotten", "hello-hello"));
  hints_.ReplyTo(hints_.Put("k5", "value"));
  Seal();
  for (int i = 0; i < 9; ++i) {
    hints_.ReplyTo(hints_.Delete("k" + std::to_string(i)));
  }
  Seal();
  const std::string path = hints_disk_.PathsEndingWith(".data").front();
  hints_disk_.FlipBit(path, hints_disk_.Content(path).find("hello-hello"), 3);
  EXPECT_EQ(hints_.ValueOf("rotten"), "!");

  Compact();

  EXPECT_EQ(hints_.store().counters().deleted_keys, 9u);
  EXPECT_EQ(hints_.ValueOf("k5"), "x");
  Seal();
  EXPECT_EQ(hints_.ValueOf("k5"), "x");
}

// Catalogue A1: it is too large to come along.
TEST_F(HintsStoreTest, ATombstoneStaysWhileAFileOutsideMayHoldItsKey) {
  hints_.StartAndRecover();
  for (int i = 0; i < 700; ++i) {
    hints_.ReplyTo(hints_.Put("k" + std::to_string(i), std::string(900, 'v')));
  }
  hints_.ReplyTo(hints_.Put("young", "value"));
  ASSERT_GT(hints_.store().counters().data_files, kVictimsMax);
  hints_.ReplyTo(hints_.Delete("young"));
  Seal();

  Compact();

  EXPECT_EQ(hints_.ValueOf("young"), "x");
  Seal();
  EXPECT_EQ(hints_.ValueOf("young"), "x");
}

// A job that ended early dropped none, and the next one drops none of its.
TEST_F(HintsStoreTest, TombstonesOfAJobThatFailedStay) {
  hints_.StartAndRecover();
  for (int i = 0; i < 9; ++i) {
    hints_.ReplyTo(hints_.Put("k" + std::to_string(i), "value"));
  }
  Seal();
  hints_.ReplyTo(hints_.Put("kept", "hello-hello"));
  for (int i = 0; i < 9; ++i) {
    hints_.ReplyTo(hints_.Delete("k" + std::to_string(i)));
  }
  Seal();
  hints_.Settle();
  hints_disk_.FailNextSync(DiskError::kIo);
  Compact();
  ASSERT_TRUE(hints_.SawMark("storage.compaction_aborted"));
  ASSERT_EQ(hints_.store().counters().deleted_keys, 9u);
  // The file of the tombstones is in no job from now on.
  const std::string path = hints_disk_.PathsEndingWith(".data")[1];
  hints_disk_.FlipBit(path, hints_disk_.Content(path).find("hello-hello"), 3);
  ASSERT_EQ(hints_.ValueOf("kept"), "!");
  for (int i = 0; i < 60; ++i) {
    hints_.ReplyTo(hints_.Put("often", std::string(2000, 'x')));
  }
  hints_.Advance(2 * kSecond);

  Compact();

  ASSERT_GE(hints_.store().counters().compactions, 1u);
  EXPECT_EQ(hints_.store().counters().deleted_keys, 9u);
  EXPECT_EQ(hints_.ValueOf("k5"), "x");
}

TEST_F(StoreTest, TheUsersTombstonesStay) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", std::string(9000, 'v')));
  driver_.ReplyTo(driver_.Delete("k"));
  Restart();
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();
  EXPECT_GE(driver_.store().counters().compactions, 1u);
  EXPECT_EQ(driver_.ValueOf("k"), "x");
}

// ---- What an operator asks for ----

TEST_F(StoreTest, AnOperatorIsToldWhatACompactionIsAbout) {
  driver_.StartAndRecover();
  const auto ask = [this] {
    TaskAnswer answer;
    driver_.Do([&](Turn& turn) { answer = driver_.store().CompactAll(turn); });
    return answer;
  };
  EXPECT_EQ(ask(), TaskAnswer{});
  for (int i = 0; i < 20; ++i) {
    driver_.ReplyTo(
        driver_.Put("k" + std::to_string(i), std::string(2000, 'v')));
  }
  driver_.ReplyTo(driver_.Put("k3", "short"));
  driver_.ReplyTo(driver_.Put("k4", "short"));
  Restart();
  // A tenth of the file is dead: too little but for an operator.
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  ASSERT_FALSE(driver_.store().IsCompacting());

  const TaskAnswer started = ask();
  EXPECT_EQ(started.state, TaskAnswer::State::kStarted);
  EXPECT_EQ(started.files, 1u);
  EXPECT_EQ(started.bytes, driver_.store().counters().compacting_bytes);
  EXPECT_GT(started.bytes, 40000u);
  EXPECT_EQ(ask().state, TaskAnswer::State::kRunning);
  EXPECT_EQ(driver_.store().counters().compacting_files, 1u);
  driver_.Settle();

  EXPECT_EQ(driver_.store().counters().compactions, 1u);
  EXPECT_GT(driver_.store().counters().reclaimed_bytes, 3900u);
  EXPECT_EQ(driver_.store().counters().compacting_files, 0u);
  // What it made is not compacted again, however little it is full.
  EXPECT_EQ(ask().state, TaskAnswer::State::kNothing);
  EXPECT_EQ(driver_.ValueOf("k3"), "short");
}

// A job takes eight files at most.
TEST_F(StoreTest, WhatAnOperatorAsksForGoesOnUntilNothingIsLeftAndThenEnds) {
  driver_.StartAndRecover();
  const auto put = [this](int from, int upto, const std::string& value) {
    for (int i = from; i < upto; ++i) {
      driver_.ReplyTo(driver_.Put("k" + std::to_string(i), value));
    }
  };
  put(0, 300, std::string(2000, 'v'));      // Ten files.
  put(1000, 1030, std::string(2000, 'v'));  // And one that stays whole.
  Restart();
  for (int i = 0; i < 300; i += 10) put(i, i + 1, "short");
  driver_.Settle();
  TaskAnswer answer;
  driver_.Do([&](Turn& turn) { answer = driver_.store().CompactAll(turn); });
  ASSERT_EQ(answer.files, 8U);

  driver_.Advance(kSecond);

  EXPECT_FALSE(driver_.store().IsCompacting());
  EXPECT_GE(driver_.store().counters().compactions, 2U);
  driver_.Do([&](Turn& turn) { answer = driver_.store().CompactAll(turn); });
  EXPECT_EQ(answer.state, TaskAnswer::State::kNothing);
  // From now on half of a file must be dead again.
  const uint64_t before = driver_.store().counters().compactions;
  put(1010, 1014, "short");
  driver_.Advance(kSecond);
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Advance(kSecond);
  EXPECT_EQ(driver_.store().counters().compactions, before);
}

TEST_F(StoreTest, ACompactionWaitsForItsPace) {
  Store::Options options = SmallStore();
  options.limits.compaction_rate_min = 64 << 10;
  options.limits.compaction_rate_max = 64 << 10;
  MemoryDisk disk(1);
  StoreDriver driver(disk, options);
  driver.StartAndRecover();
  for (int i = 0; i < 110; ++i) {  // Two files of which a third is alive.
    const int key = i < 60 ? i : (i - 60) / 20 * 30 + (i - 60) % 20;
    driver.ReplyTo(
        driver.Put("k" + std::to_string(key), std::string(2000, 'v')));
  }
  disk.CrashProcess();
  driver.StartAndRecover();
  driver.Do([&](Turn& turn) { driver.store().Compact(turn); });
  driver.Settle();
  EXPECT_TRUE(driver.SawMark("storage.compaction_paused"));
  EXPECT_TRUE(driver.store().IsCompacting());
  driver.Advance(5 * kSecond);
  EXPECT_FALSE(driver.store().IsCompacting());
  EXPECT_GE(driver.store().counters().compactions, 1u);
}

}  // namespace
}  // namespace orrery
