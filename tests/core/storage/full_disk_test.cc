// What a store does on a disk without space (storage section 8; D3, D8, B12).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/storage/record.h"
#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

Store::Options OnASmallDisk(bool sync_writes = false) {
  Store::Options options = SmallStore();
  options.sync_writes = sync_writes;
  options.limits.reserve_slack_bytes = 16 << 10;
  return options;
}

class FullDiskTest : public testing::Test {
 protected:
  void Start() {
    driver_.StartAndRecover();
    driver_.StartSpace();
    driver_.Settle();
  }
  void Restart() {
    disk_.CrashProcess();
    Start();
  }
  StoreStatus Put(const std::string& key, const std::string& value) {
    const StoreStatus status = driver_.ReplyTo(driver_.Put(key, value)).status;
    if (status == StoreStatus::kOk) held_[key] = value;
    return status;
  }
  StoreStatus Delete(const std::string& key) {
    const StoreStatus status = driver_.ReplyTo(driver_.Delete(key)).status;
    if (status == StoreStatus::kOk) held_[key] = "x";
    return status;
  }
  // Puts new keys of 3,000 bytes until one is refused; how many were not.
  int Fill() {
    for (int i = 0;; ++i) {
      const StoreStatus status =
          Put("k" + std::to_string(i), std::string(3000, 'v'));
      if (status == StoreStatus::kFull) return i;
      EXPECT_EQ(status, StoreStatus::kOk);
      driver_.Advance(100 * kMillisecond);
    }
  }
  void ExpectEverythingHeld() {
    for (const auto& [key, value] : held_) {
      EXPECT_EQ(driver_.ValueOf(key), value) << key;
    }
  }
  uint64_t ReserveOnDisk() const { return disk_.Content("RESERVE").size(); }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, OnASmallDisk()};
  std::map<std::string, std::string> held_;  // What was acknowledged.
};

TEST_F(FullDiskTest, APutIsRefusedBeforeTheDiskIsWithoutSpace) {
  Start();
  disk_.set_capacity(disk_.UsedBytes() + (512 << 10));

  EXPECT_GT(Fill(), 50);

  EXPECT_TRUE(driver_.space().IsFull());
  EXPECT_FALSE(driver_.SawMark("storage.full"));  // None met ENOSPC.
  ExpectEverythingHeld();
  EXPECT_EQ(Put("k0", "2"), StoreStatus::kFull);
}

// Catalogue A15: what is alive is not copied for no gain because there is
// little space.
TEST_F(FullDiskTest, ATightDiskMovesNothingThatIsAlive) {
  Store::Options options = OnASmallDisk();
  options.max_file_bytes = 10 << 20;  // A tenth of that is more than a share.
  StoreDriver driver(disk_, options);
  disk_.set_total(2 << 20);
  driver.StartAndRecover();
  driver.StartSpace();
  for (int i = 0; i < 200; ++i) {
    driver.ReplyTo(driver.Put("k" + std::to_string(i), std::string(3000, 'v')));
    driver.Advance(10 * kMillisecond);
  }
  ASSERT_GE(driver.store().counters().data_files, 3u);
  disk_.set_capacity(disk_.UsedBytes() + (600 << 10));

  driver.Advance(30 * kSecond);

  EXPECT_TRUE(driver.space().IsTight());
  EXPECT_EQ(driver.store().counters().compactions, 0u);
}

TEST_F(FullDiskTest, DeletesGoOnAndFreeWhatThePutsNeed) {
  Start();
  disk_.set_capacity(disk_.UsedBytes() + (512 << 10));
  const int filled = Fill();

  for (int i = 0; i < filled; ++i) {
    ASSERT_EQ(Delete("k" + std::to_string(i)), StoreStatus::kOk) << i;
  }
  driver_.Advance(10 * kSecond);

  EXPECT_FALSE(driver_.space().IsFull());
  EXPECT_EQ(ReserveOnDisk(), uint64_t{80} << 10);
  EXPECT_EQ(Put("later", "1"), StoreStatus::kOk);
  ExpectEverythingHeld();
  Restart();
  ExpectEverythingHeld();
}

TEST_F(FullDiskTest, DeletesTooEndWithTheFirstHalfOfTheReserve) {
  Start();
  disk_.set_capacity(disk_.UsedBytes() + (512 << 10));
  Fill();

  int deletes = 0;
  while (deletes < 10'000 &&
         Delete("d" + std::to_string(deletes)) == StoreStatus::kOk) {
    ++deletes;
  }

  // 40 KiB of tombstones of at most 64 bytes, with their watermarks.
  EXPECT_GT(deletes, 100);
  EXPECT_LT(deletes, 1000);
  EXPECT_EQ(Delete("k0"), StoreStatus::kFull);
  ExpectEverythingHeld();
}

// Half of each file is dead, none wholly.
TEST_F(FullDiskTest, TheVictimWithTheFewestLiveBytesMovesIntoTheReserve) {
  Start();
  disk_.set_capacity(disk_.UsedBytes() + (512 << 10));
  const int filled = Fill();
  disk_.set_capacity(disk_.UsedBytes());  // Others take the rest.

  for (int i = 0; i < filled; ++i) {
    if (i % 4 != 0) {
      EXPECT_EQ(Delete("k" + std::to_string(i)), StoreStatus::kOk) << i;
    }
  }
  driver_.Advance(20 * kSecond);

  EXPECT_TRUE(driver_.SawMark("storage.relief_started"));
  EXPECT_FALSE(driver_.space().IsFull());
  EXPECT_EQ(Put("later", "1"), StoreStatus::kOk);
  ExpectEverythingHeld();
  Restart();
  ExpectEverythingHeld();
}

TEST_F(FullDiskTest, WhatIsDeadInTheActiveFileIsSealedForRelief) {
  Start();
  for (int i = 0; i < 15; ++i) Put("k", std::string(3000, 'v'));
  driver_.Advance(kSecond);
  disk_.set_capacity(disk_.UsedBytes());

  driver_.Do([&](Turn& turn) { driver_.space().OnNoSpace(turn); });
  driver_.Advance(5 * kSecond);

  EXPECT_TRUE(driver_.SawMark("storage.sealed_for_relief"));
  EXPECT_GE(driver_.store().counters().compactions, 1u);
  ExpectEverythingHeld();
}

// Catalogue B12
TEST_F(FullDiskTest, AStartNeedsNoFreeByte) {
  Start();
  disk_.set_capacity(disk_.UsedBytes() + (512 << 10));
  const int filled = Fill();
  disk_.set_capacity(disk_.UsedBytes());

  Restart();

  EXPECT_TRUE(driver_.store().IsOpen());
  ExpectEverythingHeld();
  EXPECT_EQ(Put("k0", "2"), StoreStatus::kFull);
  for (int i = 0; i < filled; ++i) {
    ASSERT_EQ(Delete("k" + std::to_string(i)), StoreStatus::kOk) << i;
  }
  driver_.Advance(10 * kSecond);
  EXPECT_FALSE(driver_.space().IsFull());
  EXPECT_EQ(Put("later", "1"), StoreStatus::kOk);
  ExpectEverythingHeld();
}

// Nor does a start without a reserve, on a disk that never had one.
TEST_F(FullDiskTest, AStartWithoutAReserveServesReads) {
  driver_.StartAndRecover();
  EXPECT_EQ(Put("k", "1"), StoreStatus::kOk);
  driver_.Advance(2 * kSecond);
  disk_.set_capacity(disk_.UsedBytes());

  Restart();

  ExpectEverythingHeld();
  EXPECT_EQ(Put("k", "2"), StoreStatus::kFull);
  disk_.set_capacity(UINT64_MAX);
  driver_.Advance(2 * kSecond);
  EXPECT_EQ(driver_.store().counters().pinned_files, 0u);  // None is open.
  EXPECT_EQ(Put("k", "2"), StoreStatus::kOk);
}

// Wherever space ends, nothing acknowledged is lost, and the mode ends.
class SpaceEndsTest : public testing::TestWithParam<bool> {};

// Catalogue D3.
TEST_P(SpaceEndsTest, NothingIsLostWhereverSpaceEnds) {
  for (uint64_t room = 0; room < (600 << 10); room += 4096) {
    SCOPED_TRACE(room);
    MemoryDisk disk(room + 1);
    StoreDriver driver(disk, OnASmallDisk(GetParam()));
    std::map<std::string, std::string> held;
    driver.StartAndRecover();
    driver.StartSpace();
    driver.Settle();
    disk.set_capacity(disk.UsedBytes() + room);

    for (int i = 0; i < 200; ++i) {
      const std::string key = "k" + std::to_string(i % 40);
      const std::string value(static_cast<size_t>(500 + i * 20), 'v');
      const bool deletes = i % 7 == 3;
      const StoreReply reply =
          driver.ReplyTo(deletes ? driver.Delete(key) : driver.Put(key, value));
      ASSERT_TRUE(reply.status == StoreStatus::kOk ||
                  reply.status == StoreStatus::kFull);
      if (reply.status == StoreStatus::kOk) held[key] = deletes ? "x" : value;
      if (i % 10 == 9) driver.Advance(kSecond);
      if (i == 100) {
        driver.Do([&](Turn& turn) { driver.store().Compact(turn); });
      }
    }
    for (const auto& [key, value] : held) {
      ASSERT_EQ(driver.ValueOf(key), value) << key;
    }
    disk.CrashProcess();
    driver.StartAndRecover();
    driver.StartSpace();
    for (const auto& [key, value] : held) {
      ASSERT_EQ(driver.ValueOf(key), value) << key;
    }
    disk.set_capacity(UINT64_MAX);
    driver.Advance(3 * kSecond);

    EXPECT_FALSE(driver.store().IsReadOnly());
    EXPECT_EQ(driver.ReplyTo(driver.Put("later", "1")).status,
              StoreStatus::kOk);
    EXPECT_EQ(disk.Content("RESERVE").size(), uint64_t{80} << 10);
  }
}

INSTANTIATE_TEST_SUITE_P(SyncWrites, SpaceEndsTest, testing::Bool());

// Catalogue D3.  A write or a sync within what was allocated: the file system
// copies on write.
TEST_F(FullDiskTest, AWriteThatFindsNoSpaceIsMadeGoodElsewhere) {
  Start();
  EXPECT_EQ(Put("a", "1"), StoreStatus::kOk);
  disk_.FailNextWrite(DiskError::kNoSpace);
  EXPECT_EQ(Put("b", "2"), StoreStatus::kOk);
  EXPECT_TRUE(driver_.space().IsFull());
  driver_.Advance(3 * kSecond);
  ASSERT_TRUE(driver_.store().IsIdle());
  EXPECT_EQ(Put("c", "3"), StoreStatus::kOk);
  disk_.FailNextSync(DiskError::kNoSpace);
  driver_.Advance(3 * kSecond);

  EXPECT_FALSE(driver_.store().IsReadOnly());
  EXPECT_EQ(Put("d", "4"), StoreStatus::kOk);
  ExpectEverythingHeld();
  Restart();
  ExpectEverythingHeld();
}

// Catalogue D3.
TEST_F(FullDiskTest, ACompactionWithoutSpaceKeepsItsInputs) {
  Start();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 30; ++i) {
      if (round == 0 || i % 3 != 0) {
        Put("k" + std::to_string(i), std::string(3000, 'v'));
      }
    }
  }
  driver_.Advance(2 * kSecond);
  const uint64_t files = driver_.store().counters().data_files;
  disk_.set_capacity(disk_.UsedBytes());

  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();

  EXPECT_TRUE(driver_.SawMark("storage.compaction_aborted"));
  EXPECT_EQ(driver_.store().counters().data_files, files);
  EXPECT_EQ(driver_.store().counters().damaged_files, 0u);
  ExpectEverythingHeld();
}

// Catalogue D8
TEST_F(FullDiskTest, AReadOnlyFileSystemIsReadAndNoStateIsMadeAnew) {
  Start();
  EXPECT_EQ(Put("a", "1"), StoreStatus::kOk);
  driver_.Advance(2 * kSecond);
  const std::vector<std::string> before = disk_.Paths();
  disk_.FailNextWrite(DiskError::kReadOnly);

  EXPECT_EQ(driver_.ReplyTo(driver_.Put("b", "2")).status,
            StoreStatus::kUnknown);

  EXPECT_TRUE(driver_.store().IsReadOnly());
  EXPECT_EQ(driver_.ReplyTo(driver_.Put("c", "3")).status,
            StoreStatus::kReadOnly);
  EXPECT_EQ(driver_.ReplyTo(driver_.Delete("a")).status,
            StoreStatus::kReadOnly);
  driver_.Advance(10 * kSecond);
  EXPECT_TRUE(driver_.store().IsReadOnly());
  EXPECT_EQ(driver_.ValueOf("a"), "1");
  EXPECT_EQ(disk_.Paths(), before);
  Restart();
  EXPECT_EQ(driver_.ValueOf("a"), "1");
}

// Catalogue D5
TEST_F(FullDiskTest, AFileWithoutAHandleIsMadeALittleLater) {
  Start();
  EXPECT_EQ(Put("a", "1"), StoreStatus::kOk);
  disk_.FailNextCreate(DiskError::kTooManyFiles);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(Put("k" + std::to_string(i), std::string(3000, 'v')),
              StoreStatus::kOk);
    driver_.Advance(20 * kMillisecond);
  }

  EXPECT_TRUE(driver_.SawMark("storage.no_handle_for_file"));
  EXPECT_FALSE(driver_.SawMark("storage.space_full"));
  ExpectEverythingHeld();
}

TEST_F(FullDiskTest, TheFirstFileWithoutAHandleIsBusyNotFull) {
  Start();
  disk_.FailNextCreate(DiskError::kTooManyFiles);

  EXPECT_EQ(Put("a", "1"), StoreStatus::kBusy);
  driver_.Advance(kSecond);

  EXPECT_EQ(Put("a", "1"), StoreStatus::kOk);
}

// Catalogue A18.  The largest merged record is larger than a file, a piece and
// the cap.
TEST_F(FullDiskTest, TheLargestRecordIsWrittenReadRecoveredAndCompacted) {
  Start();
  const std::string largest(kStoredValueBytesMax, 'L');
  EXPECT_EQ(Put("largest", largest), StoreStatus::kOk);
  const uint64_t seq = driver_.ReplyTo(driver_.Get("largest")).seq;
  EXPECT_EQ(
      driver_.ReplyTo(driver_.Put("more", std::string(largest.size() + 1, 'M')))
          .status,
      StoreStatus::kTooLarge);
  EXPECT_TRUE(driver_.ValueOf("largest") == largest);
  driver_.Advance(2 * kSecond);

  Restart();
  EXPECT_TRUE(driver_.ValueOf("largest") == largest);
  EXPECT_EQ(driver_.ReplyTo(driver_.Get("largest")).seq, seq);

  // A neighbour in its file, overwritten by as much as makes it a victim.
  EXPECT_EQ(Put("largest", largest), StoreStatus::kOk);
  driver_.Advance(2 * kSecond);
  EXPECT_EQ(Put("after", std::string(60 << 10, 'a')), StoreStatus::kOk);
  driver_.Advance(2 * kSecond);
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();
  EXPECT_GE(driver_.store().counters().compactions, 1u);
  EXPECT_TRUE(driver_.ValueOf("largest") == largest);
  Restart();
  EXPECT_TRUE(driver_.ValueOf("largest") == largest);
}

}  // namespace
}  // namespace orrery
