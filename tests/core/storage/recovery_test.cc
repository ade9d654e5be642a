#include "core/storage/recovery.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

Store::Options Synced() {
  Store::Options options = SmallStore();
  options.sync_writes = true;
  return options;
}

class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() { disk_.set_in_order(true); }

  std::string DataFile() const { return disk_.PathsEndingWith(".data").back(); }
  size_t Find(const std::string& text) const {
    return disk_.Content(DataFile()).find(text);
  }
  void Overwrite(size_t from, const std::string& bytes) {
    std::string content = disk_.Content(DataFile());
    content.replace(from, bytes.size(), bytes);
    disk_.SetContent(DataFile(), content);
  }

  // k0, k1, ... with value-0, value-1, ..., each synced before the next.
  static void PutAndSync(StoreDriver& driver, int keys) {
    for (int i = 0; i < keys; ++i) {
      driver.ReplyTo(
          driver.Put("k" + std::to_string(i), "value-" + std::to_string(i)));
      driver.Advance(2 * kSecond);
    }
  }
  // k0 to k59, over several files.
  static void FillFiles(StoreDriver& driver) {
    for (int i = 0; i < 60; ++i) {
      const std::string key = "k" + std::to_string(i);
      driver.ReplyTo(driver.Put(key, std::string(3000, 'a')));
    }
  }

  MemoryDisk disk_{1};
};

// Catalogue B1: the last record torn at every length, as a process crash leaves
// it.
TEST_F(RecoveryTest, ATornLastRecordIsCutAtEveryLength) {
  const std::string value = "0123456789abcdef0123456789";
  for (size_t keep = 0; keep < 36 + 8 + 4 + 4 + value.size(); ++keep) {
    MemoryDisk disk(keep);
    disk.set_in_order(true);
    StoreDriver driver(disk, SmallStore());
    driver.StartAndRecover();
    driver.ReplyTo(driver.Put("key1", "first"));
    driver.ReplyTo(driver.Put("key2", value));
    disk.CrashProcess();
    const std::string path = disk.PathsEndingWith(".data").back();
    std::string content = disk.Content(path);
    // Header, digest and metadata stand before the key.
    const size_t start = content.find("key2") - 36 - 8 - 4;
    for (size_t at = start + keep; at < content.size(); ++at) content[at] = 0;
    disk.SetContent(path, content);

    driver.StartAndRecover();

    ASSERT_TRUE(driver.store().IsOpen()) << keep;
    EXPECT_FALSE(driver.store().IsSuspect()) << keep;
    EXPECT_EQ(driver.ValueOf("key1"), "first") << keep;
    EXPECT_EQ(driver.ValueOf("key2"), "-") << keep;
    driver.ReplyTo(driver.Put("key2", "again"));
    disk.CrashProcess();
    driver.StartAndRecover();
    EXPECT_EQ(driver.ValueOf("key1"), "first") << keep;
    EXPECT_EQ(driver.ValueOf("key2"), "again") << keep;
  }
}

// Catalogue B2.  RCF-1: sectors of zeros that fill no page look like padding,
// also where a file should begin (`make crash-points`, history 17).
TEST_F(RecoveryTest, AFileWhoseFirstSectorsAreLostHoldsNothing) {
  Store::Options options = SmallStore();
  options.sync_writes = true;
  disk_.set_in_order(true);
  StoreDriver driver(disk_, options);
  driver.StartAndRecover();
  bool is_written = false;
  disk_.set_after_operation([&](const DiskEffect& effect) {
    is_written |= effect.verb == DiskVerb::kWrite && effect.offset == 4096 &&
                  disk_.PathsEndingWith(".data").size() == 1;
  });
  // Behind a watermark of 64 bytes two records of 736: the last begins a
  // sector.
  driver.Put("key1", std::string(684, 'v'));
  driver.Put("key2", std::string(684, 'v'));
  driver.Put("key3", "last");
  while (!is_written) ASSERT_TRUE(driver.RunOne());
  const size_t pieces = disk_.UnsyncedPieces();
  ASSERT_EQ(disk_.Content(DataFile()).find("key3") - 36 - 8 - 4,
            4096u + 3 * 512);
  disk_.LosePowerBut([pieces](size_t piece) { return piece == pieces - 1; });

  driver.StartAndRecover(true);

  ASSERT_TRUE(driver.store().IsOpen());
  EXPECT_TRUE(driver.SawMark("storage.torn_tail_cut"));
  EXPECT_EQ(driver.ValueOf("key1"), "-");
  EXPECT_EQ(driver.ValueOf("key3"), "-");
}

TEST_F(RecoveryTest, ATornTailIsReportedAndKeptAsEvidence) {
  StoreDriver driver(disk_, Synced());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("a", "first"));
  driver.ReplyTo(driver.Put("b", "torn-torn"));
  disk_.CrashProcess();
  Overwrite(Find("torn-torn"), "XXXX");

  driver.StartAndRecover();

  EXPECT_TRUE(driver.SawMark("storage.torn_tail_cut"));
  EXPECT_EQ(driver.CountNotes(Note::Kind::kTornTail), 1u);
  ASSERT_EQ(disk_.PathsEndingWith(".bad").size(), 1u);
  EXPECT_NE(
      disk_.Content(disk_.PathsEndingWith(".bad").front()).find("XXXX-torn"),
      std::string::npos);
  EXPECT_EQ(driver.ValueOf("a"), "first");
  EXPECT_EQ(driver.ValueOf("b"), "-");
}

// Before W nothing is torn: it is damage, and the store says so.
TEST_F(RecoveryTest, DamageBeforeTheWatermarkIsCorruptionNotATail) {
  StoreDriver driver(disk_, Synced());
  driver.StartAndRecover();
  for (int i = 0; i < 4; ++i) {
    driver.ReplyTo(
        driver.Put("k" + std::to_string(i), "value-" + std::to_string(i)));
  }
  driver.Advance(kSecond);
  disk_.CrashProcess();
  Overwrite(Find("value-1"), "XXXX");

  driver.StartAndRecover();

  EXPECT_TRUE(driver.SawMark("storage.damage_found"));
  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_EQ(driver.CountNotes(Note::Kind::kDamage), 1u);
  EXPECT_EQ(driver.ValueOf("k0"), "value-0");
  EXPECT_EQ(driver.ValueOf("k2"), "value-2");
  EXPECT_EQ(driver.ValueOf("k3"), "value-3");
  EXPECT_TRUE(driver.ReplyTo(driver.Get("k1")).suspect);
}

// Catalogue C7: a write that never reached the disk, shorter than a page
// (RCF-3).
TEST_F(RecoveryTest, ASmallHoleBeforeTheWatermarkIsDamage) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  PutAndSync(driver, 3);
  disk_.CrashProcess();
  const size_t record = Find("k1") - 36 - 8 - 4;
  Overwrite(record, std::string(Find("value-1") + 7 - record, '\0'));

  driver.StartAndRecover();

  EXPECT_TRUE(driver.SawMark("storage.damage_found"));
  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_EQ(driver.ValueOf("k0"), "value-0");
  EXPECT_EQ(driver.ValueOf("k2"), "value-2");
  EXPECT_TRUE(driver.ReplyTo(driver.Get("k1")).suspect);
}

// Light seed 17210: the first damage was said to reach to the end of what was
// synced, and was repaired; what rotted there later was taken for it.
TEST_F(RecoveryTest, WhatRotsBehindAnOlderDamageIsFoundToo) {
  for (const bool sync_writes : {false, true}) {
    MemoryDisk disk(1);
    Store::Options options = SmallStore();
    options.sync_writes = sync_writes;
    StoreDriver driver(disk, options);
    const std::string path = "shard-0000/0000000000000001.data";
    const auto rot = [&](const std::string& value) {
      std::string bytes = disk.Content(path);
      bytes.at(bytes.find(value)) ^= 1;
      disk.SetContent(path, bytes);
    };
    driver.StartAndRecover();
    PutAndSync(driver, 5);
    disk.CrashProcess();
    rot("value-1");
    driver.StartAndRecover();
    ASSERT_TRUE(driver.SawMark("storage.damage_found"));
    driver.Do([&](Turn& turn) { driver.store().ClearSuspect(turn); });
    driver.Settle();
    disk.CrashProcess();
    driver.StartAndRecover();
    ASSERT_FALSE(driver.store().IsSuspect()) << "repaired";
    disk.CrashProcess();
    rot("value-3");

    driver.StartAndRecover();

    EXPECT_TRUE(driver.store().IsSuspect());
    EXPECT_TRUE(driver.ReplyTo(driver.Get("k3")).suspect);
    EXPECT_EQ(driver.ValueOf("k4"), "value-4");
  }
}

TEST_F(RecoveryTest, ASmallHoleInASealedFileIsDamage) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("k0", "value-0"));
  driver.ReplyTo(driver.Put("k1", "value-1"));
  driver.ReplyTo(driver.Put("k2", "value-2"));
  driver.Do([&](Turn& turn) { driver.store().Close(turn); });
  driver.Settle();
  disk_.CrashProcess();
  const size_t record = Find("k1") - 36 - 8 - 4;
  Overwrite(record, std::string(Find("value-1") + 7 - record, '\0'));

  driver.StartAndRecover();

  EXPECT_TRUE(driver.SawMark("storage.damage_found"));
  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_EQ(driver.ValueOf("k0"), "value-0");
  EXPECT_EQ(driver.ValueOf("k2"), "value-2");
}

// Catalogue C7.
TEST_F(RecoveryTest, ASealedFileThatLacksARecordIsDamagedEvenOnABoundary) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("k0", "value-0"));
  driver.ReplyTo(driver.Put("k1", "value-1"));
  driver.Do([&](Turn& turn) { driver.store().Close(turn); });
  driver.Settle();
  disk_.CrashProcess();
  std::string content = disk_.Content(DataFile());
  content.resize(content.find("k1") - 36 - 8 - 4);
  disk_.SetContent(DataFile(), content);

  driver.StartAndRecover();

  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_TRUE(driver.SawMark("storage.damage_found"));
  EXPECT_EQ(driver.ValueOf("k0"), "value-0");
}

// Catalogue C10.
TEST_F(RecoveryTest, AMissingFileIsReportedAndTheRestIsServed) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  FillFiles(driver);
  driver.Advance(2 * kSecond);
  disk_.CrashProcess();
  disk_.Remove(disk_.PathsEndingWith(".data").front());

  driver.StartAndRecover();

  ASSERT_TRUE(driver.store().IsOpen());
  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_EQ(driver.ValueOf("k59"), std::string(3000, 'a'));
  EXPECT_EQ(driver.ValueOf("k0"), "-");
  EXPECT_TRUE(driver.ReplyTo(driver.Get("k0")).suspect);
}

// Golden seed 1725: the process ended itself.
TEST_F(RecoveryTest, AFileThatIsTakenWhileItIsBeingOpenedIsMissing) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  FillFiles(driver);
  driver.Advance(2 * kSecond);
  disk_.CrashProcess();
  const std::string path = disk_.PathsEndingWith(".data").front();
  disk_.set_after_operation([&](const DiskEffect& effect) {
    if (effect.verb == DiskVerb::kStat && effect.path == path) {
      disk_.Remove(path);
    }
  });

  driver.StartAndRecover();

  ASSERT_TRUE(driver.store().IsOpen()) << driver.store().failure();
  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_EQ(driver.ValueOf("k59"), std::string(3000, 'a'));
  EXPECT_TRUE(driver.ReplyTo(driver.Get("k0")).suspect);
}

// What a lost name leaves when its directory entry comes back without content,
// behind a file that was never closed.
TEST_F(RecoveryTest, AnEmptiedFileIsDamageAlsoBehindAnOpenOne) {
  StoreDriver driver(disk_, Synced());
  driver.StartAndRecover();
  FillFiles(driver);
  disk_.CrashProcess();
  disk_.SetContent(DataFile(), "");

  driver.StartAndRecover();

  ASSERT_TRUE(driver.store().IsOpen());
  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_TRUE(driver.SawMark("storage.damage_found"));
}

TEST_F(RecoveryTest, ALostManifestIsRebuiltFromTheFilesUnderSuspicion) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  FillFiles(driver);
  driver.Settle();
  disk_.CrashProcess();
  for (const std::string& path : disk_.Paths()) {
    if (path.find("MANIFEST") != std::string::npos) {
      disk_.FlipBit(path, 5000, 1);
      disk_.FlipBit(path, 4096 + 3, 1);
    }
  }

  driver.StartAndRecover();

  ASSERT_TRUE(driver.store().IsOpen());
  EXPECT_TRUE(driver.store().IsSuspect());
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(driver.ValueOf("k" + std::to_string(i)), std::string(3000, 'a'));
  }
}

// Catalogue B13.  Of an edit that was being written nothing is lost, and of one
// that was durable everything may be: here its output files are not listed, and
// its input files are gone.
TEST_F(RecoveryTest, ALastEditThatRottedSinceACleanStopIsNoUnfinishedOne) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  FillFiles(driver);
  for (int i = 0; i < 60; i += 2) {
    driver.ReplyTo(driver.Delete("k" + std::to_string(i)));
  }
  driver.StopCleanly();
  driver.StartAndRecover();
  driver.Do([&](Turn& turn) { driver.store().Compact(turn); });
  driver.Advance(10 * kSecond);
  driver.StopCleanly();
  std::string manifest;
  for (const std::string& path : disk_.Paths()) {
    if (path.find("MANIFEST") != std::string::npos) manifest = path;
  }
  const std::string whole = disk_.Content(manifest);
  const size_t last = whole.find_last_not_of('\0') / 4096 * 4096;
  constexpr char kSwap = 4;
  ASSERT_EQ(whole[last + 16], kSwap);
  disk_.FlipBit(manifest, last + 24, 3);

  driver.StartAndRecover();

  ASSERT_TRUE(driver.store().IsOpen());
  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_TRUE(driver.SawMark("storage.last_edit_rotten"));
  for (int i = 1; i < 60; i += 2) {
    const std::string key = "k" + std::to_string(i);
    EXPECT_EQ(driver.ValueOf(key), std::string(3000, 'a')) << key;
  }
}

// Catalogue B7.
TEST_F(RecoveryTest, AnUnlistedFileIsRemoved) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("k", "v"));
  driver.Settle();
  disk_.CrashProcess();
  disk_.SetContent("shard-0000/00000000000000ff.data", "anything");
  disk_.SetContent("shard-0000/MANIFEST-0000000000000000.tmp", "old");

  driver.StartAndRecover();
  driver.Settle();

  for (const std::string& path : disk_.Paths()) {
    EXPECT_EQ(path.find("ff.data"), std::string::npos);
    EXPECT_FALSE(path.ends_with(".tmp"));
  }
  EXPECT_EQ(driver.ValueOf("k"), "v");
}

TEST_F(RecoveryTest, AnUnresolvedPoisonMakesEverythingSuspect) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("a", "1", true));
  disk_.FailNextSync(DiskError::kIo);
  driver.Put("b", "2", true);
  while (!driver.SawMark("storage.file_poisoned")) driver.RunOne();
  // The POISON edit is synced; the record is not yet written again.
  for (int i = 0; i < 3; ++i) driver.RunOne();
  disk_.CrashProcess();

  driver.StartAndRecover();

  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_EQ(driver.ValueOf("a"), "1");
}

// RVR-4, light seed 6019: what the disk did not give was taken for a torn tail.
TEST_F(RecoveryTest, ATailThatCannotBeReadFailsTheStartAndIsNotCut) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("a", "hello"));
  disk_.CrashProcess();
  const std::string path = DataFile();
  const std::string before = disk_.Content(path);
  disk_.FailReads(path, true);

  driver.StartAndRecover();
  EXPECT_TRUE(driver.store().IsFailed());
  EXPECT_EQ(driver.store().failure_exit_code(), 1);
  EXPECT_NE(driver.store().failure().find(path), std::string::npos)
      << driver.store().failure();
  disk_.CrashProcess();
  EXPECT_EQ(disk_.Content(path), before);

  disk_.FailReads(path, false);
  driver.StartAndRecover();
  EXPECT_EQ(driver.ValueOf("a"), "hello");
  EXPECT_FALSE(driver.store().IsSuspect());
}

// RVR-5, light seed 1544: the damage was not noted in the manifest in time, and
// the record can be read again.
TEST_F(RecoveryTest, AStandInDoesNotVoteAfterARestartEither) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  const auto put = [&](const char* value, uint64_t timestamp) {
    driver.ReplyTo(driver.PutWith({.ticket = {},
                                   .key = "k",
                                   .meta = {},
                                   .value = Bytes::CopyOf(value),
                                   .timestamp = timestamp}));
  };
  put("lost", 20);
  put("stand-in", 19);
  put("other stand-in", 18);
  disk_.CrashProcess();

  driver.StartAndRecover();
  EXPECT_FALSE(driver.store().IsSuspect());
  StoreReply got = driver.ReplyTo(driver.Get("k"));
  EXPECT_EQ(got.value.text(), "other stand-in");
  EXPECT_TRUE(got.suspect);
  EXPECT_EQ(got.lost_stamp, 20u);

  // Nor after a compaction, which would drop the record that ranks higher.
  driver.Do([&](Turn& turn) { driver.store().Compact(turn); });
  driver.Settle();
  driver.Advance(10 * kSecond);
  disk_.CrashProcess();
  driver.StartAndRecover();
  EXPECT_EQ(driver.ReplyTo(driver.Get("k")).lost_stamp, 20u);

  put("as high", 20);
  EXPECT_TRUE(driver.ReplyTo(driver.Get("k")).suspect);
  driver.EndKeyDoubts();
  EXPECT_FALSE(driver.ReplyTo(driver.Get("k")).suspect);
  disk_.CrashProcess();
  driver.StartAndRecover();
  got = driver.ReplyTo(driver.Get("k"));
  EXPECT_EQ(got.value.text(), "as high");
  EXPECT_FALSE(got.suspect);
  // What ranked above a stand-in is kept no longer than the doubt lasts.
  EXPECT_EQ(driver.store().counters().damaged_files, 0u);
}

TEST_F(RecoveryTest, AManifestThatCannotBeReadFailsTheStart) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("a", "hello"));
  disk_.CrashProcess();
  std::string manifest;
  for (const std::string& path : disk_.Paths()) {
    if (path.find("MANIFEST") != std::string::npos) manifest = path;
  }
  disk_.FailReads(manifest, true);

  driver.StartAndRecover();
  EXPECT_TRUE(driver.store().IsFailed());
  EXPECT_EQ(driver.store().failure(),
            "shard-0000: " + manifest + " cannot be read: input/output error");
  disk_.CrashProcess();
  disk_.FailReads(manifest, false);
  driver.StartAndRecover();
  EXPECT_EQ(driver.ValueOf("a"), "hello");
  EXPECT_FALSE(driver.store().IsSuspect());
}

TEST_F(RecoveryTest, SeqsRiseOverRestarts) {
  StoreDriver driver(disk_, SmallStore());
  driver.StartAndRecover();
  const uint64_t first = driver.ReplyTo(driver.Put("k", "1")).seq;
  disk_.CrashProcess();
  driver.StartAndRecover();
  const uint64_t second = driver.ReplyTo(driver.Put("k", "2")).seq;

  EXPECT_GT(second, first);
  disk_.CrashProcess();
  driver.StartAndRecover();
  EXPECT_EQ(driver.ValueOf("k"), "2");
}

// Every bit of a sealed file: never a wrong value, never a silent loss.
TEST_F(RecoveryTest, EveryFlippedBitOfASealedFileIsNoticed) {
  StoreDriver setup(disk_, SmallStore());
  setup.StartAndRecover();
  setup.ReplyTo(setup.Put("k0", "value-0"));
  setup.ReplyTo(setup.Put("k1", "value-1"));
  setup.Do([&](Turn& turn) { setup.store().Close(turn); });
  setup.Settle();
  disk_.CrashProcess();
  const std::string content = disk_.Content(DataFile());
  const size_t from = content.find("k0") - 36 - 8 - 4;
  const size_t upto = content.find("value-1") + 7;

  for (size_t bit = from * 8; bit < upto * 8; bit += 7) {
    MemoryDisk disk = disk_.Clone();
    disk.FlipBit(DataFile(), bit / 8, static_cast<int>(bit % 8));
    StoreDriver driver(disk, SmallStore());
    driver.StartAndRecover();

    ASSERT_TRUE(driver.store().IsOpen());
    const std::string k0 = driver.ValueOf("k0");
    const std::string k1 = driver.ValueOf("k1");
    EXPECT_TRUE(k0 == "value-0" || k0 == "-") << bit;
    EXPECT_TRUE(k1 == "value-1" || k1 == "-") << bit;
    const bool is_whole = k0 == "value-0" && k1 == "value-1";
    EXPECT_TRUE(is_whole || driver.store().IsSuspect()) << bit;
  }
}

// Catalogue C8.
TEST_F(RecoveryTest, ArbitraryFilesNeverStopAStart) {
  StoreDriver setup(disk_, SmallStore());
  setup.StartAndRecover();
  for (int i = 0; i < 40; ++i) {
    setup.ReplyTo(setup.Put("k" + std::to_string(i), std::string(3000, 'a')));
  }
  setup.Settle();
  disk_.CrashProcess();

  for (uint64_t seed = 0; seed < 60; ++seed) {
    MemoryDisk disk = disk_.Clone();
    Prng prng(seed);
    for (const std::string& path : disk.Paths()) {
      if (!prng.Chance(1, 2)) continue;
      std::string content = disk.Content(path);
      if (content.empty()) continue;
      if (prng.Chance(1, 3)) content.resize(prng.Below(content.size()));
      for (uint64_t n = prng.Below(30); n > 0 && !content.empty(); --n) {
        content[prng.Below(content.size())] = static_cast<char>(prng.Next());
      }
      disk.SetContent(path, content);
    }
    StoreDriver driver(disk, SmallStore());
    driver.StartAndRecover();

    ASSERT_TRUE(driver.store().IsOpen() || driver.store().IsFailed());
    if (!driver.store().IsOpen()) continue;
    for (int i = 0; i < 40; ++i) {
      const std::string value = driver.ValueOf("k" + std::to_string(i));
      EXPECT_TRUE(value == std::string(3000, 'a') || value == "-" ||
                  value == "!");
    }
    EXPECT_EQ(driver.ReplyTo(driver.Put("new", "ok")).status, StoreStatus::kOk);
  }
}

}  // namespace
}  // namespace orrery
