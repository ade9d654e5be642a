// Snapshots as they are written, and what a start makes of them.

#include "core/storage/index_snapshot_writer.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/crc32c.h"
#include "core/base/prng.h"
#include "core/storage/index_snapshot.h"
#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

constexpr int kKeys = 400;

class IndexSnapshotWriterTest : public testing::Test {
 protected:
  IndexSnapshotWriterTest() { disk_.set_in_order(true); }

  static std::string KeyOf(int i) { return "key-" + std::to_string(i); }
  static std::string ValueOf(int i) {
    return "<" + std::to_string(i) + ">" + std::string(300, 'v');
  }

  // Some files are full and sealed; each tenth key is deleted.
  void Fill() {
    driver_.StartAndRecover();
    for (int i = 0; i < kKeys; ++i) {
      driver_.ReplyTo(driver_.Put(KeyOf(i), ValueOf(i)));
    }
    for (int i = 0; i < kKeys; i += 10)
      driver_.ReplyTo(driver_.Delete(KeyOf(i)));
    for (int i = 0; i < kKeys; ++i) {
      model_[KeyOf(i)] = i % 10 == 0 ? "x" : ValueOf(i);
    }
    driver_.Advance(2 * kSecond);
  }
  // Every file is sealed and has a snapshot.
  void FillAndIndex() {
    Fill();
    Restart();
    driver_.Settle();
    ASSERT_EQ(Indexes().size(), Files().size());
  }
  void Restart() {
    disk_.CrashProcess();
    read_.clear();
    driver_.StartAndRecover();
    ASSERT_TRUE(driver_.store().IsOpen()) << driver_.store().failure();
  }
  void WatchReads() {
    disk_.set_after_operation([this](const DiskEffect& effect) {
      if (effect.verb == DiskVerb::kOpen)
        paths_[effect.file.value] = effect.path;
      if (effect.verb != DiskVerb::kRead || effect.offset == 0) return;
      if (!driver_.store().IsOpen()) read_.insert(paths_[effect.file.value]);
    });
  }

  std::vector<std::string> Files() const {
    return disk_.PathsEndingWith(".data");
  }
  std::vector<std::string> Indexes() const {
    return disk_.PathsEndingWith(".index");
  }
  static std::string IndexOf(std::string path) {
    return path.replace(path.size() - 5, 5, ".index");
  }
  // Everything is as it was put, but for what is in `broken`.
  void ExpectAll(const std::set<std::string>& broken = {}) {
    for (const auto& [key, value] : model_) {
      EXPECT_EQ(driver_.ValueOf(key), broken.contains(key) ? "!" : value)
          << key;
    }
  }
  // Every checksum of it holds, and all rows but the last one can be.
  void EndWithAnImpossibleRow(const std::string& path) {
    std::string content = disk_.Content(path);
    ASSERT_EQ(content.size(), 4096 + kSnapshotBlockBytes);  // One block.
    const size_t rows =
        static_cast<uint8_t>(content[4096 + 4]) |
        static_cast<size_t>(static_cast<uint8_t>(content[4096 + 5])) << 8;
    const size_t last =
        4096 + kSnapshotBlockHeadBytes + (rows - 1) * kSnapshotRowBytes;
    content.replace(last + 32, 4, std::string(4, '\0'));  // In the header.
    const uint32_t crc =
        Crc32c(ViewOf(content).subspan(4096, kSnapshotBlockBytes).subspan(4));
    for (size_t i = 0; i < 4; ++i) {
      content[4096 + i] = static_cast<char>(crc >> (8 * i));
    }
    disk_.SetContent(path, content);
  }
  // Zeros over a page of one file, and the keys whose newest record meets it.
  std::set<std::string> ZeroAPage(size_t file = 0) {
    const std::string path = Files()[file];
    constexpr size_t kFrom = 5 * 4096;
    std::string content = disk_.Content(path);
    std::set<std::string> met;
    for (int i = 0; i < kKeys; ++i) {
      if (i % 10 == 0) continue;
      const size_t at = content.find(ValueOf(i));
      if (at == std::string::npos) continue;
      const size_t begins = at - KeyOf(i).size() - 12 - 36;
      const size_t ends = at + ValueOf(i).size();
      if (begins < kFrom + 4096 && kFrom < ends) met.insert(KeyOf(i));
    }
    content.replace(kFrom, 4096, std::string(4096, '\0'));
    disk_.SetContent(path, content);
    return met;
  }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, SmallStore()};
  std::map<std::string, std::string> model_;
  std::map<uint32_t, std::string> paths_;
  std::set<std::string> read_;  // More than their header, by recovery.
};

TEST_F(IndexSnapshotWriterTest, EachSealedFileHasOne) {
  Fill();

  ASSERT_GE(Files().size(), 3u);
  EXPECT_GE(Indexes().size(), Files().size() - 2);  // Not active and spare.
  EXPECT_EQ(driver_.store().counters().index_snapshots, Indexes().size());
  EXPECT_TRUE(driver_.store().IsIdle());
}

TEST_F(IndexSnapshotWriterTest, AStartReadsThemAndNotTheData) {
  FillAndIndex();
  WatchReads();

  Restart();

  ExpectAll();
  EXPECT_TRUE(driver_.SawMark("storage.index_snapshot_used"));
  for (const std::string& path : Files()) EXPECT_FALSE(read_.contains(path));
  EXPECT_EQ(driver_.store().counters().active_keys, kKeys * 9u / 10);
  EXPECT_EQ(driver_.store().counters().deleted_keys, kKeys / 10u);
}

// I7: what is counted is what a scan would count.
TEST_F(IndexSnapshotWriterTest, AStartCountsAsIfItHadReadTheData) {
  FillAndIndex();
  Restart();
  const StoreCounters with = driver_.store().counters();
  const uint64_t state = driver_.store().StateDigest();
  disk_.CrashProcess();
  for (const std::string& path : Indexes()) disk_.Remove(path);

  driver_.SetGeneration(driver_.generation() - 1);
  driver_.StartAndRecover();

  const StoreCounters without = driver_.store().counters();
  EXPECT_EQ(driver_.store().StateDigest(), state);
  EXPECT_EQ(without.dead_bytes, with.dead_bytes);
  EXPECT_EQ(without.data_bytes, with.data_bytes);
}

// Catalogue C5.
TEST_F(IndexSnapshotWriterTest, MissingOnesAreWrittenAfterAStart) {
  FillAndIndex();
  disk_.CrashProcess();
  for (const std::string& path : Indexes()) disk_.Remove(path);

  driver_.StartAndRecover();
  EXPECT_FALSE(driver_.store().IsIdle());
  driver_.Settle();

  EXPECT_EQ(Indexes().size(), Files().size());
  ExpectAll();
}

TEST_F(IndexSnapshotWriterTest,
       ACompactionsOutputHasOneAndItsInputsTakeTheirs) {
  FillAndIndex();
  for (int i = 0; i < kKeys; i += 2) {
    driver_.ReplyTo(driver_.Put(KeyOf(i), "new"));
    model_[KeyOf(i)] = "new";
  }
  driver_.Advance(2 * kSecond);
  const std::vector<std::string> before = Files();

  driver_.Do([this](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();
  driver_.Advance(2 * kSecond);

  ASSERT_TRUE(driver_.SawMark("storage.compaction_done"));
  EXPECT_NE(Files(), before);
  for (const std::string& path : Indexes()) {
    std::string data = path;
    data.replace(data.size() - 6, 6, ".data");
    EXPECT_TRUE(disk_.Exists(data)) << path;
  }
  EXPECT_GE(Indexes().size() + 2, Files().size());
  Restart();
  ExpectAll();
}

// Catalogue C5.
TEST_F(IndexSnapshotWriterTest, ABadOneIsNotUsedAndIsMadeAgain) {
  FillAndIndex();
  const std::string path = Indexes()[1];
  const std::string good = disk_.Content(path);
  const std::string other = disk_.Content(Indexes()[0]);
  std::string of_another_id = other;
  of_another_id.replace(48, 8, good.substr(48, 8));
  const std::vector<std::string> bad = {
      "",
      good.substr(0, 100),
      good.substr(0, 4096),
      good.substr(0, good.size() - 1),
      std::string(good.size(), '\0'),
      other,
      of_another_id,
      good.substr(0, 4096) + other.substr(4096),
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    disk_.CrashProcess();
    disk_.SetContent(path, bad[i]);
    WatchReads();

    Restart();

    EXPECT_TRUE(driver_.SawMark("storage.index_snapshot_bad")) << i;
    EXPECT_FALSE(driver_.store().IsSuspect()) << i;
    EXPECT_TRUE(read_.contains(Files()[1])) << i;
    EXPECT_FALSE(read_.contains(Files()[0])) << i;
    ExpectAll();
    driver_.Settle();
    EXPECT_EQ(disk_.Content(path).substr(4096), good.substr(4096)) << i;
  }
}

// What an operator reads of a start counts each record once.
TEST_F(IndexSnapshotWriterTest, ABadOneIsNotCountedBesideTheData) {
  FillAndIndex();
  const auto told = [this] {
    uint64_t records = 0;
    for (const Note& note : driver_.notes()) {
      if (note.kind == Note::Kind::kRecovered) records = note.number;
    }
    return records;
  };
  Restart();
  const uint64_t records = told();
  ASSERT_GE(records, static_cast<uint64_t>(kKeys));
  disk_.CrashProcess();
  ASSERT_GE(Files().size(), 2U);
  for (const std::string& path : Indexes()) EndWithAnImpossibleRow(path);

  Restart();

  EXPECT_TRUE(driver_.SawMark("storage.index_snapshot_bad"));
  EXPECT_EQ(told(), records);
}

// What stands behind the last block nobody claims.
TEST_F(IndexSnapshotWriterTest, WhatIsBehindItsEndIsNoMatter) {
  FillAndIndex();
  disk_.CrashProcess();
  const std::string path = Indexes().front();
  disk_.SetContent(path, disk_.Content(path) + std::string(5000, 'z'));
  WatchReads();

  Restart();

  EXPECT_FALSE(read_.contains(Files().front()));
  ExpectAll();
}

TEST_F(IndexSnapshotWriterTest, OneThatCannotBeReadIsNotNeeded) {
  FillAndIndex();
  disk_.FailReads(Indexes().front(), true);

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  ExpectAll();
}

// A directory of another seed, or an earlier life of the file.
TEST_F(IndexSnapshotWriterTest, AnEarlierLifeOfAFileLeavesNoRows) {
  FillAndIndex();
  const std::string path = Indexes().front();
  const std::string of_old = disk_.Content(path);
  MemoryDisk disk(9);
  disk.set_in_order(true);
  StoreDriver driver(disk, SmallStore());
  driver.SetGeneration(40);  // Its salts are others.
  driver.StartAndRecover();
  for (int i = 0; i < kKeys; ++i)
    driver.ReplyTo(driver.Put(KeyOf(i), ValueOf(i)));
  driver.Settle();
  disk.CrashProcess();
  disk.SetContent(path, of_old);

  driver.StartAndRecover();

  EXPECT_TRUE(driver.SawMark("storage.index_snapshot_bad"));
  for (int i = 0; i < kKeys; ++i) {
    EXPECT_EQ(driver.ValueOf(KeyOf(i)), ValueOf(i));
  }
}

TEST_F(IndexSnapshotWriterTest, OneOfNoFileIsRemovedAndItsIdIsNotGivenAgain) {
  FillAndIndex();
  disk_.CrashProcess();
  disk_.SetContent("shard-0000/0000000000001000.index",
                   disk_.Content(Indexes().front()));
  disk_.SetContent("shard-0000/0000000000000001.index.tmp", "half");

  Restart();
  driver_.ReplyTo(driver_.Put("new", "value"));
  driver_.Settle();

  EXPECT_TRUE(disk_.PathsEndingWith("1000.index").empty());
  EXPECT_TRUE(disk_.PathsEndingWith(".tmp").empty());
  EXPECT_FALSE(disk_.PathsEndingWith("1001.data").empty());
}

// Catalogue D3.
TEST_F(IndexSnapshotWriterTest, WithoutSpaceAFileGoesWithoutUntilTheNextStart) {
  Fill();
  disk_.CrashProcess();
  for (const std::string& path : Indexes()) disk_.Remove(path);
  bool is_full = false;
  disk_.set_after_operation([&](const DiskEffect& effect) {
    is_full |= effect.path.ends_with(".index.tmp");
    disk_.set_capacity(is_full ? 0 : UINT64_MAX);
  });
  driver_.StartAndRecover();
  driver_.Settle();
  ASSERT_TRUE(driver_.SawMark("storage.index_snapshot_given_up"));
  EXPECT_TRUE(Indexes().empty());
  EXPECT_TRUE(disk_.PathsEndingWith(".tmp").empty());
  EXPECT_EQ(driver_.store().counters().index_snapshots_given_up,
            Files().size());
  EXPECT_FALSE(driver_.store().IsReadOnly());
  ExpectAll();
  disk_.set_after_operation({});
  disk_.set_capacity(UINT64_MAX);

  Restart();
  driver_.Settle();

  EXPECT_EQ(Indexes().size(), Files().size());
}

TEST_F(IndexSnapshotWriterTest, AFailedSyncIsNoFailureOfTheStore) {
  Fill();
  disk_.CrashProcess();
  for (const std::string& path : Indexes()) disk_.Remove(path);
  disk_.set_after_operation([&](const DiskEffect& effect) {
    const bool is_snapshot =
        effect.verb == DiskVerb::kTruncate && effect.length % 65536 == 4096;
    if (is_snapshot) disk_.FailNextSync(DiskError::kIo);
  });

  driver_.StartAndRecover();
  driver_.Settle();

  EXPECT_TRUE(driver_.SawMark("storage.index_snapshot_given_up"));
  EXPECT_TRUE(Indexes().empty());
  EXPECT_EQ(driver_.ReplyTo(driver_.Put("k", "v", true)).status,
            StoreStatus::kOk);
  ExpectAll();
}

// Whatever the disk says of its name: nothing stays beside it.
TEST_F(IndexSnapshotWriterTest, OneThatGetsNoNameLeavesNothing) {
  Fill();
  disk_.CrashProcess();
  for (const std::string& path : Indexes()) disk_.Remove(path);
  driver_.StartAndRecover();
  disk_.FailNextRename(DiskError::kIo);

  driver_.Settle();

  EXPECT_EQ(driver_.store().counters().index_snapshots_given_up, 1U);
  EXPECT_EQ(Indexes().size(), Files().size() - 1);
  EXPECT_TRUE(disk_.PathsEndingWith(".tmp").empty());
}

// IXW-3: it goes when its reader lets go of it, and the next one has its turn.
TEST_F(IndexSnapshotWriterTest, AFileThatIsCompactedMeanwhileGoes) {
  Fill();
  disk_.CrashProcess();
  for (const std::string& path : Indexes()) disk_.Remove(path);
  const std::string first = Files().front();
  bool is_held = true;
  disk_.set_holds([&](const DiskEffect& effect) {
    return is_held && effect.priority == DiskPriority::kScrub;
  });
  driver_.StartAndRecover();
  for (int i = 0; i < kKeys; ++i) {
    driver_.ReplyTo(driver_.Put(KeyOf(i), "short"));
    model_[KeyOf(i)] = "short";
  }
  driver_.Advance(2 * kSecond);
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();
  ASSERT_GE(driver_.store().counters().compactions, 1U);
  ASSERT_EQ(Files().front(), first);  // It is being read.
  is_held = false;

  driver_.Settle();

  EXPECT_NE(Files().front(), first);
  EXPECT_EQ(driver_.store().counters().index_snapshots_given_up, 0U);
  Restart();
  driver_.Settle();
  EXPECT_EQ(driver_.store().counters().pinned_files, 0U);
  EXPECT_EQ(Indexes().size(), Files().size());
  ExpectAll();
}

// IXW-2: a snapshot of what does not hold would hide it.
TEST_F(IndexSnapshotWriterTest, DataThatDoesNotHoldGetsNone) {
  Fill();
  disk_.CrashProcess();
  for (const std::string& path : Indexes()) disk_.Remove(path);
  driver_.StartAndRecover();
  disk_.FlipBit(Files().front(), 9000, 3);
  driver_.Settle();

  EXPECT_TRUE(driver_.SawMark("storage.index_snapshot_met_damage"));
  EXPECT_TRUE(disk_.PathsEndingWith(IndexOf(Files().front())).empty());
  Restart();
  EXPECT_TRUE(driver_.store().IsSuspect());
  driver_.Settle();
  EXPECT_TRUE(disk_.PathsEndingWith(IndexOf(Files().front())).empty());
}

// Catalogue C3, C4: several records are gone; of one it is known when the
// process ends.
TEST_F(IndexSnapshotWriterTest, TheKeysOfABadSectorAreNamedAndTheRestIsServed) {
  FillAndIndex();
  const std::set<std::string> met = ZeroAPage();
  ASSERT_GE(met.size(), 5u);
  EXPECT_EQ(driver_.ValueOf(*met.begin()), "!");
  driver_.Settle();
  const size_t notes = driver_.CountNotes(Note::Kind::kDamage);

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.store().counters().damaged_records, met.size());
  EXPECT_GE(driver_.CountNotes(Note::Kind::kDamage), notes + met.size());
  for (const std::string& key : met) {
    EXPECT_TRUE(driver_.store().IsDamaged(key)) << key;
    EXPECT_NE(driver_.ReplyTo(driver_.Get(key)).lost_stamp, 0u) << key;
  }
  ExpectAll(met);
}

TEST_F(IndexSnapshotWriterTest, NamedKeysAreForgottenWhenAllOfThemAreRepaired) {
  FillAndIndex();
  const std::set<std::string> met = ZeroAPage();
  driver_.ValueOf(*met.begin());
  driver_.Settle();
  Restart();
  EXPECT_EQ(driver_.store().counters().damaged_records, met.size());
  for (const std::string& key : met) {
    driver_.ReplyTo(driver_.Put(key, "repaired"));
    model_[key] = "repaired";
    EXPECT_TRUE(driver_.ReplyTo(driver_.Get(key)).suspect);
  }
  EXPECT_EQ(driver_.store().counters().damaged_records, met.size());

  driver_.EndKeyDoubts();

  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
  Restart();
  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_FALSE(driver_.store().HasKeysInDoubt());
  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
  ExpectAll();
}

// The others had none of them: each is repaired by whoever writes it.
TEST_F(IndexSnapshotWriterTest, NamedKeysThatNobodyHadAreRepairedOneByOne) {
  FillAndIndex();
  const std::set<std::string> met = ZeroAPage();
  driver_.ValueOf(*met.begin());
  driver_.Settle();
  Restart();
  driver_.EndKeyDoubts();
  size_t unread = met.size();
  for (const std::string& key : met) {
    EXPECT_EQ(driver_.store().counters().damaged_records, unread--);
    driver_.ReplyTo(driver_.Put(key, "again"));
    EXPECT_FALSE(driver_.ReplyTo(driver_.Get(key)).suspect);
  }
  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
  driver_.Settle();

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
}

// Its snapshot names it, so it is in doubt alone.
TEST_F(IndexSnapshotWriterTest,
       ANamedKeyThatWasReplacedIsInDoubtAfterARestart) {
  FillAndIndex();
  const std::set<std::string> met = ZeroAPage();
  driver_.ValueOf(*met.begin());
  driver_.Settle();
  Restart();
  for (const std::string& key : met) {
    driver_.ReplyTo(driver_.Put(key, "replaced"));
    model_[key] = "replaced";
  }
  driver_.Settle();

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  for (const std::string& key : met) {
    EXPECT_TRUE(driver_.ReplyTo(driver_.Get(key)).suspect) << key;
  }
  // With them those whose records in that range were dead before: which they
  // are is told by no manifest.
  EXPECT_GE(driver_.store().counters().damaged_records, met.size());
  driver_.EndKeyDoubts();
  for (const std::string& key : met) {
    EXPECT_FALSE(driver_.ReplyTo(driver_.Get(key)).suspect) << key;
  }
  Restart();
  EXPECT_FALSE(driver_.store().HasKeysInDoubt());
  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
  ExpectAll();
}

// Nobody had met the damage when the record was replaced: nothing was missed.
TEST_F(IndexSnapshotWriterTest, WhatWasDeadWhenItRottedIsInNoDoubt) {
  FillAndIndex();
  for (int i = 0; i < kKeys; ++i) {
    driver_.ReplyTo(driver_.Put(KeyOf(i), "newer"));
  }
  driver_.Settle();
  const std::set<std::string> met = ZeroAPage();
  ASSERT_GE(met.size(), 5U);

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  for (const std::string& key : met) {
    const StoreReply got = driver_.ReplyTo(driver_.Get(key));
    EXPECT_EQ(got.value.text(), "newer") << key;
    EXPECT_FALSE(got.suspect) << key;
  }
}

// What was repaired in one file stands at the same place as what is lost in the
// next.
TEST_F(IndexSnapshotWriterTest, ARepairOfOneFileHidesNothingOfTheNext) {
  FillAndIndex();
  const std::set<std::string> repaired = ZeroAPage(0);
  driver_.ValueOf(*repaired.begin());
  driver_.Settle();
  Restart();
  for (const std::string& key : repaired) {
    driver_.ReplyTo(driver_.Put(key, "repaired"));
    model_[key] = "repaired";
  }
  driver_.EndKeyDoubts();
  const std::set<std::string> lost = ZeroAPage(1);
  ASSERT_GE(lost.size(), 5U);
  driver_.ValueOf(*lost.begin());
  driver_.Settle();

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.store().counters().damaged_records, lost.size());
  ExpectAll(lost);
}

// The snapshot of the first file names some keys and then is none.
TEST_F(IndexSnapshotWriterTest, NamesThatAreNotAllKnownHoldUpNoOther) {
  FillAndIndex();
  const std::set<std::string> unknown = ZeroAPage(0);
  const std::set<std::string> lost = ZeroAPage(1);
  driver_.ValueOf(*unknown.begin());
  driver_.ValueOf(*lost.begin());
  driver_.Settle();
  disk_.CrashProcess();
  EndWithAnImpossibleRow(IndexOf(Files().front()));
  Restart();
  ASSERT_TRUE(driver_.SawMark("storage.index_snapshot_bad"));
  EXPECT_TRUE(driver_.store().IsSuspect());
  for (const std::string& key : lost) {
    EXPECT_TRUE(driver_.store().IsDamaged(key)) << key;
  }
  driver_.Do([&](Turn& turn) { driver_.store().ClearSuspect(turn); });
  driver_.Settle();

  Restart();

  // What the second file lost still waits for its repair.
  for (const std::string& key : lost) {
    EXPECT_TRUE(driver_.store().IsDamaged(key)) << key;
  }
}

// Catalogue C4: a tombstone that cannot be read is not the value before it.
TEST_F(IndexSnapshotWriterTest, AnUnreadableTombstoneIsCorruptAndNotLive) {
  FillAndIndex();
  const std::string deleted = KeyOf(10);
  std::string path;
  for (const std::string& file : Files()) {
    // Its second record: metadata "gone".
    if (disk_.Content(file).find("gone" + deleted) != std::string::npos) {
      path = file;
    }
  }
  ASSERT_FALSE(path.empty());
  std::string content = disk_.Content(path);
  const size_t at = content.find("gone" + deleted) - 36 - 8;
  content.replace(at, 40, std::string(40, '\7'));
  disk_.SetContent(path, content);
  EXPECT_EQ(driver_.ValueOf(deleted), "!");
  driver_.Settle();

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  ExpectAll({deleted});
}

// A plain put took the place of what was lost, and ranks below it.
TEST_F(IndexSnapshotWriterTest, ANamedRecordDoubtsWhatTookItsPlace) {
  FillAndIndex();
  const std::set<std::string> met = ZeroAPage();
  const std::string key = *met.begin();
  driver_.ValueOf(key);
  driver_.ReplyTo(driver_.PutWith({.ticket = {},
                                   .key = key,
                                   .meta = {},
                                   .value = Bytes::CopyOf("older"),
                                   .timestamp = 5}));
  driver_.Settle();

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  const StoreReply got = driver_.ReplyTo(driver_.Get(key));
  EXPECT_EQ(got.value.text(), "older");
  EXPECT_TRUE(got.suspect);
  EXPECT_NE(got.lost_stamp, 0u);
}

// Catalogue B11.  What is cut off a sealed file is named too.
TEST_F(IndexSnapshotWriterTest, TheKeysThatATruncatedFileLostAreNamed) {
  FillAndIndex();
  disk_.CrashProcess();
  const std::string path = Files().front();
  const std::string content = disk_.Content(path);
  disk_.SetContent(path, content.substr(0, 20000));

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  std::set<std::string> lost;
  for (const auto& [key, value] : model_) {
    if (driver_.store().IsDamaged(key)) lost.insert(key);
  }
  EXPECT_GE(lost.size(), 100u);
  ExpectAll(lost);
}

// Catalogue C6.
TEST_F(IndexSnapshotWriterTest, WithoutASnapshotABadSectorDoubtsTheWholeShard) {
  FillAndIndex();
  driver_.ValueOf(*ZeroAPage().begin());
  driver_.Settle();
  disk_.CrashProcess();
  disk_.Remove(IndexOf(Files().front()));

  Restart();

  EXPECT_TRUE(driver_.store().IsSuspect());
  EXPECT_TRUE(driver_.ReplyTo(driver_.Get(KeyOf(399))).suspect);
  EXPECT_GE(driver_.store().counters().damaged_records, 1u);

  driver_.Do([&](Turn& turn) { driver_.store().ClearSuspect(turn); });

  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
}

TEST_F(IndexSnapshotWriterTest, ABadSnapshotNamesNothingThatEndsTheDoubt) {
  FillAndIndex();
  driver_.ValueOf(*ZeroAPage().begin());
  driver_.Settle();
  disk_.CrashProcess();
  disk_.FlipBit(IndexOf(Files().front()), 4096 + 200, 2);

  Restart();

  EXPECT_TRUE(driver_.SawMark("storage.index_snapshot_bad"));
  EXPECT_TRUE(driver_.store().IsSuspect());
  EXPECT_TRUE(driver_.ReplyTo(driver_.Get(KeyOf(399))).suspect);
}

TEST_F(IndexSnapshotWriterTest, WithoutAManifestNoSnapshotIsTrusted) {
  FillAndIndex();
  disk_.CrashProcess();
  for (const std::string& path : disk_.Paths()) {
    if (path.find("MANIFEST") == std::string::npos) continue;
    disk_.FlipBit(path, 5000, 1);
    disk_.FlipBit(path, 4096 + 3, 1);
  }
  WatchReads();

  Restart();

  EXPECT_TRUE(driver_.store().IsSuspect());
  for (const std::string& path : Indexes()) EXPECT_FALSE(read_.contains(path));
  for (const std::string& path : Files()) EXPECT_TRUE(read_.contains(path));
  ExpectAll();
}

// A file that rots after its snapshot was written is not read at a start, and
// what a get finds then is damage and no absence.
TEST_F(IndexSnapshotWriterTest, RotBehindASnapshotIsFoundByARead) {
  FillAndIndex();
  disk_.CrashProcess();
  const std::set<std::string> met = ZeroAPage();

  Restart();

  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.store().counters().damaged_records, 0u);
  ExpectAll(met);
  EXPECT_EQ(driver_.store().counters().damaged_records, met.size());
}

// Catalogue B5: at every moment a death and a power loss leave a disk that
// starts.
TEST_F(IndexSnapshotWriterTest, APowerLossAtAnyMomentLeavesAWholeOneOrNone) {
  Fill();
  disk_.CrashProcess();
  for (const std::string& path : Indexes()) disk_.Remove(path);
  driver_.StartAndRecover();
  std::vector<MemoryDisk> moments;
  disk_.set_after_operation(
      [&](const DiskEffect&) { moments.push_back(disk_.Fork()); });
  driver_.Settle();
  disk_.set_after_operation({});
  ASSERT_GE(moments.size(), 20u);
  Prng prng(5);
  for (MemoryDisk& moment : moments) {
    moment.LosePowerBut([&](size_t) { return prng.Chance(1, 2); });
    StoreDriver driver(moment, SmallStore());
    driver.SetGeneration(driver_.generation());
    driver.StartAndRecover(true);
    ASSERT_TRUE(driver.store().IsOpen());
    EXPECT_FALSE(driver.SawMark("storage.index_snapshot_bad"));
    for (int i = 0; i < kKeys; i += 7) {
      EXPECT_EQ(driver.ValueOf(KeyOf(i)), model_[KeyOf(i)]);
    }
  }
}

}  // namespace
}  // namespace orrery
