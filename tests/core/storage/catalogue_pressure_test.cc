// The failure catalogue, section D: a disk that fails, fills up or stands still
// (docs/storage-failures.md names the test of each item).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/storage/store.h"
#include "gtest/gtest.h"
#include "tests/core/storage/directory_driver.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

bool IsSyncOfAUsersFile(const DiskEffect& effect) {
  return effect.verb == DiskVerb::kSync &&
         effect.token.owner == DiskOwner::kUserStore;
}

// The first sync fails, and then that of the edit that tells of it: the bytes
// are in the kernel all the same.
TEST(CataloguePressureTest, D2AValueThatMayShowLaterIsUnknownAndNotRefused) {
  MemoryDisk disk(2);
  disk.set_in_order(true);
  Store::Options options = SmallStore();
  options.sync_writes = true;
  StoreDriver driver(disk, options);
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("k", "before"));
  driver.Settle();
  disk.FailNextSync(DiskError::kIo);
  const uint32_t put = driver.Put("k", "after");
  while (!driver.SawMark("storage.file_poisoned")) {
    ASSERT_TRUE(driver.RunOne());
  }
  EXPECT_FALSE(driver.TryReply(put).has_value());
  disk.FailNextSync(DiskError::kIo);

  EXPECT_EQ(driver.ReplyTo(put).status, StoreStatus::kUnknown);

  EXPECT_TRUE(driver.store().IsReadOnly());
  EXPECT_EQ(driver.ValueOf("k"), "before");
  // Of what was never sent it is known that it is not there.
  EXPECT_EQ(driver.ReplyTo(driver.Put("l", "2")).status,
            StoreStatus::kReadOnly);
  disk.CrashProcess();
  driver.StartAndRecover();
  const std::string later = driver.ValueOf("k");
  EXPECT_TRUE(later == "after" || driver.store().IsSuspect()) << later;
  EXPECT_EQ(driver.ValueOf("l"), "-");
}

TEST(CataloguePressureTest, D6AStalledSyncIsBusyAtTheCapAndLosesNothing) {
  MemoryDisk disk(6);
  Store::Options options = SmallStore();
  options.sync_writes = true;
  options.limits.pinned_bytes_max = 50'000;
  StoreDriver driver(disk, options);
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("before", "1"));
  driver.Settle();
  bool is_stalled = true;
  disk.set_holds([&is_stalled](const DiskEffect& effect) {
    return is_stalled && IsSyncOfAUsersFile(effect);
  });

  std::vector<uint32_t> taken;
  int busy = 0;
  for (int i = 0; i < 30; ++i) {
    const uint32_t put =
        driver.Put("k" + std::to_string(i), std::string(3000, 'v'));
    driver.Advance(kSecond);
    const std::optional<StoreReply> reply = driver.TryReply(put);
    if (!reply.has_value()) {
      taken.push_back(put);
      continue;
    }
    EXPECT_EQ(reply->status, StoreStatus::kBusy);
    ++busy;
  }
  EXPECT_GT(taken.size(), 10u);
  EXPECT_GT(busy, 10);
  EXPECT_EQ(driver.ValueOf("before"), "1");

  is_stalled = false;
  for (const uint32_t put : taken) {
    EXPECT_EQ(driver.ReplyTo(put).status, StoreStatus::kOk);
  }
  EXPECT_EQ(driver.ReplyTo(driver.Put("k29", "2")).status, StoreStatus::kOk);
}

// Said at 5 s, not ready at 20 s, and over when it ends.
TEST(CataloguePressureTest, D6AStalledSyncIsToldOf) {
  for (const bool fails : {false, true}) {
    MemoryDisk disk(6);
    Store::Options options = SmallStore();
    options.sync_writes = true;
    StoreDriver driver(disk, options);
    driver.StartAndRecover();
    driver.ReplyTo(driver.Put("before", "1"));
    const auto notes = [&driver] {
      return driver.CountNotes(Note::Kind::kDiskStall);
    };
    // The watch goes on over syncs that end in time.
    for (int i = 0; i < 10; ++i) {
      driver.ReplyTo(driver.Put("k", std::to_string(i)));
      driver.Advance(kSecond);
    }
    EXPECT_EQ(notes(), 0u);

    disk.set_holds(IsSyncOfAUsersFile);
    const uint32_t put = driver.Put("k", "stalls");
    driver.Settle();
    driver.Advance(4900 * kMillisecond);
    EXPECT_EQ(notes(), 0u);
    driver.Advance(200 * kMillisecond);
    ASSERT_EQ(notes(), 1u);
    EXPECT_EQ(driver.notes().back().detail, 1u);
    EXPECT_EQ(driver.notes().back().number, 5000u);
    driver.Advance(14800 * kMillisecond);
    EXPECT_FALSE(driver.store().IsStalled());
    driver.Advance(200 * kMillisecond);
    EXPECT_TRUE(driver.store().IsStalled());
    driver.Advance(kMinute);
    EXPECT_EQ(notes(), 1u);

    disk.set_holds({});
    if (fails) disk.FailNextSync(DiskError::kIo);
    EXPECT_EQ(driver.ReplyTo(put).status, StoreStatus::kOk);
    EXPECT_FALSE(driver.store().IsStalled());
    ASSERT_EQ(notes(), 2u);
    driver.Advance(kMinute);
    EXPECT_EQ(notes(), 2u);
  }
}

// The write behind the one that stalled is watched from when it began.
TEST(CataloguePressureTest, D6WhatStallsNextIsToldOfToo) {
  MemoryDisk disk(6);
  StoreDriver driver(disk, SmallStore());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("before", "1"));
  driver.Advance(2 * kSecond);
  int written = 0;
  int held_from = 0;
  disk.set_holds([&](const DiskEffect& effect) {
    return effect.verb == DiskVerb::kWrite && written >= held_from;
  });
  disk.set_after_operation([&](const DiskEffect& effect) {
    if (effect.verb == DiskVerb::kWrite) ++written;
  });
  const uint32_t first = driver.Put("a", "1");
  driver.Advance(18 * kSecond);
  const uint32_t second = driver.Put("b", "2");
  driver.Advance(3 * kSecond);
  ASSERT_TRUE(driver.store().IsStalled());
  ASSERT_EQ(disk.pending(), 2u);

  disk.set_in_order(true);
  held_from = written + 1;  // The first one ends.
  EXPECT_EQ(driver.ReplyTo(first).status, StoreStatus::kOk);
  EXPECT_FALSE(driver.store().IsStalled());
  ASSERT_EQ(driver.CountNotes(Note::Kind::kDiskStall), 2u);
  driver.Advance(3 * kSecond);
  EXPECT_EQ(driver.CountNotes(Note::Kind::kDiskStall), 3u);
  driver.Advance(20 * kSecond);
  EXPECT_TRUE(driver.store().IsStalled());
  disk.set_holds({});
  EXPECT_EQ(driver.ReplyTo(second).status, StoreStatus::kOk);
  EXPECT_FALSE(driver.store().IsStalled());
}

TEST(CataloguePressureTest, D6TheOtherStoreGoesOnBesideAStalledSync) {
  MemoryDisk disk(6);
  DirectoryDriver driver(disk, {.sync_writes = true});
  driver.StartAndSettle();
  driver.Put("warm", "1");
  driver.Put("warm", "1", StoreId::kHints);
  driver.Settle();
  disk.set_holds(IsSyncOfAUsersFile);

  const uint32_t user = driver.Put("k", "1");
  const uint32_t hint = driver.Put("k", "2", StoreId::kHints);
  driver.Advance(30 * kSecond);

  EXPECT_FALSE(driver.IsAnswered(user));
  EXPECT_TRUE(driver.IsAnswered(hint));
  EXPECT_EQ(driver.Read({"k"}, StoreId::kHints)["k"], "2");
  disk.set_holds({});
  driver.Settle();
  EXPECT_TRUE(driver.IsAnswered(user));
}

// How fast it is then, bench_storage measures (docs/performance.md).
TEST(CataloguePressureTest, D7CompactionScrubAndBackupTogetherDisturbNobody) {
  MemoryDisk disk(7);
  StoreDriver driver(disk, SmallStore());
  driver.StartAndRecover();
  std::map<std::string, std::string> held;
  const auto put = [&](int key, char filling) {
    const std::string name = "k" + std::to_string(key);
    held[name] = std::string(2000, filling);
    ASSERT_EQ(driver.ReplyTo(driver.Put(name, held[name])).status,
              StoreStatus::kOk);
  };
  for (int i = 0; i < 100; ++i) put(i, 'a');
  for (int i = 0; i < 100; ++i) {
    if (i % 4 != 0) put(i, 'b');
  }
  driver.Advance(2 * kSecond);
  disk.MakeDirectory("backup");

  driver.Do([&](Turn& turn) {
    driver.store().MakeSnapshot("backup", turn);
    driver.store().Compact(turn);
    EXPECT_EQ(driver.store().ScrubAll(turn).state, TaskAnswer::State::kStarted);
  });
  std::optional<StoreSnapshotResult> snapshot;
  int both = 0;
  for (int i = 0; i < 400; ++i) {
    const StoreCounters counters = driver.store().counters();
    if (driver.store().IsCompacting() && counters.scrub_files_left > 0) ++both;
    if (i % 3 == 0) put(i % 100, static_cast<char>('c' + i / 100));
    const std::string key = "k" + std::to_string(i * 7 % 100);
    ASSERT_EQ(driver.ValueOf(key), held[key]) << key;
    if (!snapshot.has_value()) snapshot = driver.store().TakeSnapshotResult();
  }
  driver.Advance(5 * kSecond);

  EXPECT_GT(both, 3);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ(snapshot->error, DiskError::kNone);
  EXPECT_GE(driver.store().counters().compactions, 1u);
  EXPECT_EQ(driver.store().counters().scrub_files_left, 0u);
  EXPECT_EQ(driver.store().counters().damaged_records, 0u);
  for (const auto& [key, value] : held) EXPECT_EQ(driver.ValueOf(key), value);
}

TEST(CataloguePressureTest, D9AStopThatHangsIsNoCleanOne) {
  for (const bool power_lost : {false, true}) {
    MemoryDisk disk(9);
    StoreDriver driver(disk, SmallStore());
    driver.StartAndRecover();
    driver.ReplyTo(driver.Put("synced", "1", true));
    driver.ReplyTo(driver.Put("k", "2"));
    disk.set_holds(IsSyncOfAUsersFile);

    driver.Do([&](Turn& turn) { driver.store().Close(turn); });
    driver.Advance(60 * kSecond);

    EXPECT_FALSE(driver.store().IsClosed());
    EXPECT_FALSE(driver.store().IsClean());
    disk.set_holds({});
    if (power_lost) {
      disk.LosePowerBut([](size_t) { return false; });
    } else {
      disk.CrashProcess();
    }
    driver.StartAndRecover(power_lost);
    EXPECT_EQ(driver.ValueOf("synced"), "1");
    EXPECT_EQ(driver.ValueOf("k"), power_lost ? "-" : "2");
    EXPECT_EQ(driver.store().IsSuspect(), power_lost);
  }
}

}  // namespace
}  // namespace orrery
