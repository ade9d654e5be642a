// Snapshots of a running data directory and what a node that starts on one
// sees, with every fault of the disk that a snapshot can meet.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/storage/snapshot_job.h"
#include "core/storage/store.h"
#include "gmock/gmock.h"
#include "tests/core/storage/directory_driver.h"
#include "tests/core/storage/memory_disk.h"

namespace orrery {
namespace {

using Outcome = SnapshotJob::Report::Outcome;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() {
    disk_.set_in_order(true);
    driver_.StartAndSettle();
  }

  // What a node finds that starts on the snapshot, copied elsewhere.
  DirectoryDriver::Content ContentOf(const std::string& snapshot,
                                     const std::vector<std::string>& keys,
                                     StoreId store = StoreId::kUser) {
    MemoryDisk copy = disk_.CopyOf("snapshots/" + snapshot);
    DirectoryDriver restored(copy, {});
    restored.StartAndSettle();
    EXPECT_TRUE(restored.IsOpen()) << restored.directory().failure();
    return restored.Read(keys, store);
  }
  std::vector<std::string> Unfinished() const {
    std::vector<std::string> found;
    for (const std::string& path : disk_.Paths()) {
      if (path.starts_with("snapshots/") &&
          path.find(".tmp/") != std::string::npos) {
        found.push_back(path);
      }
    }
    return found;
  }

  MemoryDisk disk_{5};
  DirectoryDriver driver_{disk_, {}};
};

TEST(SnapshotNameTest, OneToSixtyFourPlainCharacters) {
  EXPECT_TRUE(IsSnapshotName("a"));
  EXPECT_TRUE(IsSnapshotName("2026-11-27T10-00-00Z"));
  EXPECT_TRUE(IsSnapshotName("A_b.c-9"));
  EXPECT_TRUE(IsSnapshotName(std::string(64, 'n')));

  EXPECT_FALSE(IsSnapshotName(""));
  EXPECT_FALSE(IsSnapshotName(std::string(65, 'n')));
  EXPECT_FALSE(IsSnapshotName("."));
  EXPECT_FALSE(IsSnapshotName(".."));
  EXPECT_FALSE(IsSnapshotName(".hidden"));
  EXPECT_FALSE(IsSnapshotName("a/b"));
  EXPECT_FALSE(IsSnapshotName("a b"));
  EXPECT_FALSE(IsSnapshotName(std::string("a\0b", 3)));
  EXPECT_FALSE(IsSnapshotName("ä"));
  // It would be removed at the next start.
  EXPECT_FALSE(IsSnapshotName("a.tmp"));
}

TEST_F(SnapshotTest, HoldsWhatWasThereAndNothingOfWhatCameLater) {
  driver_.Put("a", "1");
  driver_.Put("b", "2");
  driver_.Put("hint", "3", StoreId::kHints);
  driver_.Delete("b");
  driver_.SaveRing("the ring");
  driver_.Settle();

  const SnapshotJob::Report report = driver_.TakeAndSettle("first");
  driver_.Put("a", "later");
  driver_.Put("c", "later");
  driver_.Settle();

  EXPECT_EQ(report.outcome, Outcome::kDone);
  EXPECT_EQ(report.name, "first");
  EXPECT_EQ(report.files, 2u);
  EXPECT_GT(report.bytes, 8192u);
  EXPECT_THAT(driver_.snapshots().names(), ElementsAre("first"));
  EXPECT_THAT(ContentOf("first", {"a", "b", "c"}),
              (DirectoryDriver::Content{{"a", "1"}, {"b", "x"}, {"c", "-"}}));
  EXPECT_EQ(ContentOf("first", {"hint"}, StoreId::kHints)["hint"], "3");
  EXPECT_THAT(Unfinished(), IsEmpty());
}

TEST_F(SnapshotTest, CopiesNothing) {
  driver_.Put("a", std::string(9000, 'v'));
  driver_.Settle();

  driver_.TakeAndSettle("first");

  for (const std::string& path : disk_.PathsEndingWith(".data")) {
    if (!path.starts_with("snapshots/")) continue;
    const size_t at = path.find("shard-0000");
    EXPECT_TRUE(disk_.AreLinked(path, path.substr(at))) << path;
  }
}

TEST_F(SnapshotTest, AnEmptyDirectoryHasOneToo) {
  const SnapshotJob::Report report = driver_.TakeAndSettle("empty");

  EXPECT_EQ(report.outcome, Outcome::kDone);
  EXPECT_EQ(report.files, 0u);
  EXPECT_EQ(ContentOf("empty", {"a"})["a"], "-");
}

TEST_F(SnapshotTest, SeveralStandSideBySide) {
  driver_.Put("a", "1");
  driver_.Settle();
  driver_.TakeAndSettle("one");
  driver_.Put("a", "2");
  driver_.Settle();
  driver_.TakeAndSettle("two");

  EXPECT_THAT(driver_.snapshots().names(), ElementsAre("one", "two"));
  EXPECT_EQ(ContentOf("two", {"a"})["a"], "2");
}

TEST_F(SnapshotTest, WhatIsToldOfOneIsOfItAlone) {
  driver_.Put("a", "1");
  driver_.Settle();
  const SnapshotJob::Report first = driver_.TakeAndSettle("one");
  const SnapshotJob::Report second = driver_.TakeAndSettle("two");

  EXPECT_GT(first.bytes, 0U);
  EXPECT_EQ(second.files, first.files);
  EXPECT_EQ(second.bytes, first.bytes);
}

// Catalogue A7: the links keep what compaction replaces.
TEST_F(SnapshotTest, OutlivesACompactionOfAllItsFiles) {
  for (int i = 0; i < 20; ++i) {
    driver_.Put("k" + std::to_string(i % 4), std::string(3000, 'v'));
    driver_.Settle();
  }
  const auto before = driver_.Read({"k0", "k1", "k2", "k3"});
  driver_.TakeAndSettle("first");
  for (int i = 0; i < 4; ++i) driver_.Put("k" + std::to_string(i), "new");
  driver_.Advance(20 * kSecond);

  EXPECT_TRUE(driver_.SawMark("storage.compaction_done"));
  EXPECT_EQ(ContentOf("first", {"k0", "k1", "k2", "k3"}), before);
}

// Catalogue A7: compaction is done with the files before they are linked.
TEST_F(SnapshotTest, AFileIsLinkedBeforeCompactionRemovesIt) {
  MemoryDisk disk(7);
  disk.set_in_order(true);
  DirectoryDriver driver(disk, {.max_file_bytes = 8192});
  driver.StartAndSettle();
  for (int i = 0; i < 40; ++i) {
    driver.Put("k" + std::to_string(i % 4), std::string(3000, 'v'));
    driver.Settle();
  }
  const auto before = driver.Read({"k0", "k1", "k2", "k3"});
  driver.Compact();
  driver.Take("first");
  size_t unlinked = 0;
  disk.set_after_operation([&](const DiskEffect& effect) {
    if (effect.verb == DiskVerb::kUnlink) ++unlinked;
  });
  while (driver.reports().empty()) driver.RunOne();

  EXPECT_EQ(driver.reports().back().outcome, Outcome::kDone);
  EXPECT_GT(unlinked, 0u);
  MemoryDisk copy = disk.CopyOf("snapshots/first");
  DirectoryDriver restored(copy, {});
  restored.StartAndSettle();
  EXPECT_FALSE(restored.SawMark("storage.damage_found"));
  EXPECT_EQ(restored.Read({"k0", "k1", "k2", "k3"}), before);
}

TEST_F(SnapshotTest, ANameIsNeverUsedTwice) {
  driver_.Put("a", "1");
  driver_.Settle();
  driver_.TakeAndSettle("first");
  driver_.Put("a", "2");
  driver_.Settle();

  EXPECT_EQ(driver_.TakeAndSettle("first").outcome, Outcome::kExists);
  EXPECT_EQ(driver_.TakeAndSettle("../first").outcome, Outcome::kBadName);
  EXPECT_EQ(ContentOf("first", {"a"})["a"], "1");
}

TEST_F(SnapshotTest, OnlyOneIsMadeAtATime) {
  driver_.Put("a", "1");
  driver_.Take("first");
  driver_.Take("second");

  EXPECT_EQ(driver_.reports().at(0).outcome, Outcome::kBusy);
  EXPECT_EQ(driver_.reports().at(0).name, "second");
  driver_.Settle();
  EXPECT_EQ(driver_.reports().at(1).outcome, Outcome::kDone);
}

TEST_F(SnapshotTest, AFailedLinkLeavesNothingAndTheNodeGoesOn) {
  for (const DiskError error : {DiskError::kNoSpace, DiskError::kOther}) {
    driver_.Put("a", "1");
    driver_.Settle();
    disk_.FailNextLink(error);

    const SnapshotJob::Report report = driver_.TakeAndSettle("first");

    EXPECT_EQ(report.outcome,
              error == DiskError::kNoSpace ? Outcome::kFull : Outcome::kFailed);
    EXPECT_FALSE(disk_.Exists("snapshots/first"));
    EXPECT_FALSE(disk_.Exists("snapshots/first.tmp"));
    EXPECT_EQ(driver_.store(StoreId::kUser).counters().pinned_files, 0u);
  }
  driver_.Put("a", "2");
  driver_.Settle();
  EXPECT_EQ(driver_.TakeAndSettle("first").outcome, Outcome::kDone);
  EXPECT_EQ(ContentOf("first", {"a"})["a"], "2");
}

TEST_F(SnapshotTest, AFullDiskRefusesIt) {
  driver_.Put("a", "1");
  driver_.Settle();
  disk_.set_capacity(0);

  EXPECT_EQ(driver_.TakeAndSettle("first").outcome, Outcome::kFull);
  EXPECT_FALSE(disk_.Exists("snapshots/first.tmp"));
  disk_.set_capacity(UINT64_MAX);
  driver_.Advance(5 * kSecond);
  EXPECT_EQ(driver_.TakeAndSettle("first").outcome, Outcome::kDone);
}

// The sync that was to end the active file fails: what was answered is being
// written again, and is in no sealed file yet.
TEST_F(SnapshotTest, AFailedSyncFailsIt) {
  driver_.Put("a", "1");
  for (int i = 0; i < 2; ++i) driver_.RunOne();
  driver_.Take("first");
  while (driver_.reports().empty()) {
    disk_.FailNextSync(DiskError::kIo);
    ASSERT_TRUE(driver_.RunOne());
  }

  EXPECT_EQ(driver_.reports().back().outcome, Outcome::kFailed);
  EXPECT_FALSE(disk_.Exists("snapshots/first"));
}

TEST_F(SnapshotTest, AnUnfinishedOneIsRemovedAtTheNextStart) {
  driver_.Put("a", "1");
  driver_.Settle();
  driver_.Take("first");
  while (!disk_.Exists("snapshots/first.tmp/IDENTITY")) driver_.RunOne();
  disk_.CrashProcess();
  ASSERT_FALSE(Unfinished().empty());

  driver_.StartAndSettle();

  EXPECT_THAT(Unfinished(), IsEmpty());
  EXPECT_FALSE(disk_.Exists("snapshots/first.tmp"));
  EXPECT_TRUE(driver_.SawMark("storage.unfinished_snapshot_removed"));
  EXPECT_EQ(driver_.Read({"a"})["a"], "1");
  EXPECT_EQ(driver_.TakeAndSettle("first").outcome, Outcome::kDone);
}

TEST_F(SnapshotTest, ANewProcessKnowsTheNames) {
  driver_.TakeAndSettle("b");
  driver_.TakeAndSettle("a");
  disk_.CrashProcess();
  driver_.StartAndSettle();

  EXPECT_THAT(driver_.snapshots().names(), ElementsAre("a", "b"));
}

// ---- Restore ----

TEST_F(SnapshotTest, ANodeThatStartsOnOneDoubtsEverything) {
  driver_.wall = {1'700'000'000 * kSecond.ns};
  driver_.Put("a", "1");
  driver_.SaveRing("the ring");
  driver_.TakeAndSettle("first");
  const Identity before = driver_.directory().identity();

  for (MemoryDisk disk :
       {disk_.CopyOf("snapshots/first"), disk_.MovedFrom("snapshots/first")}) {
    DirectoryDriver restored(disk, {});
    restored.wall = {1'700'001'000 * kSecond.ns};
    restored.StartAndSettle();

    ASSERT_TRUE(restored.IsOpen());
    EXPECT_TRUE(restored.directory().moved());
    EXPECT_TRUE(restored.store(StoreId::kUser).IsSuspect());
    const Identity& identity = restored.directory().identity();
    EXPECT_EQ(identity.storage, before.storage);
    EXPECT_GT(identity.generation, before.generation);
    EXPECT_GE(identity.first_seq, before.seq_lease);
    EXPECT_EQ(restored.directory().ring()->text(), "the ring");

    // The flag is gone once the doubt is durable; the doubt stays.
    disk.CrashProcess();
    restored.StartAndSettle();
    EXPECT_FALSE(restored.directory().moved());
    EXPECT_TRUE(restored.store(StoreId::kUser).IsSuspect());
  }
}

// On a file system of its own a copy may have the very number.
TEST_F(SnapshotTest, TheFlagTellsEvenIfTheInodeDoesNot) {
  driver_.TakeAndSettle("first");
  MemoryDisk disk = disk_.CopyOf("snapshots/first");
  disk.SetInode("IDENTITY", driver_.directory().identity().inode);
  DirectoryDriver restored(disk, {});
  restored.StartAndSettle();

  EXPECT_TRUE(restored.directory().moved());
  EXPECT_TRUE(restored.store(StoreId::kUser).IsSuspect());
}

// The original had no data when it was taken: what came since is missing.
TEST_F(SnapshotTest, ANodeThatStartsOnAnEmptyOneDoubtsEverything) {
  driver_.TakeAndSettle("empty");
  MemoryDisk disk = disk_.CopyOf("snapshots/empty");
  DirectoryDriver restored(disk, {});
  restored.StartAndSettle();

  EXPECT_TRUE(restored.store(StoreId::kUser).IsSuspect());
}

// I8: the original has been restarted since; its dots are not given again.
TEST_F(SnapshotTest, ARestoredNodeTakesNoGenerationOfTheOriginal) {
  driver_.wall = {1'700'000'000 * kSecond.ns};
  disk_ = MemoryDisk(6);
  disk_.set_in_order(true);
  driver_.StartAndSettle();
  driver_.TakeAndSettle("first");
  MemoryDisk disk = disk_.CopyOf("snapshots/first");
  // It died over and over, which is why it is restored.
  for (int i = 0; i < 300; ++i) {
    driver_.wall.ns += kSecond.ns / 10;
    disk_.CrashProcess();
    driver_.StartAndSettle();
  }

  DirectoryDriver restored(disk, {});
  restored.wall = {driver_.wall.ns + kSecond.ns};
  restored.StartAndSettle();

  EXPECT_GT(restored.directory().identity().generation,
            driver_.directory().identity().generation);
}

// A crash on the way from the flag to the durable doubt tells the next start
// again.
TEST_F(SnapshotTest, ARestoreMayCrashAnywhere) {
  driver_.Put("a", "1");
  driver_.Settle();
  driver_.TakeAndSettle("first");
  for (int steps = 0; steps < 200; ++steps) {
    MemoryDisk disk = disk_.CopyOf("snapshots/first");
    DirectoryDriver restored(disk, {});
    restored.Start();
    for (int i = 0; i < steps; ++i) restored.RunOne();
    disk.LosePower();
    restored.StartAndSettle();

    ASSERT_TRUE(restored.IsOpen()) << steps;
    EXPECT_TRUE(restored.store(StoreId::kUser).IsSuspect()) << steps;
    EXPECT_EQ(restored.Read({"a"})["a"], "1") << steps;
  }
}

}  // namespace
}  // namespace orrery
