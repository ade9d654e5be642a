#include "core/storage/scrubber.h"

#include <set>
#include <string>
#include <vector>

#include "core/base/crc32c.h"
#include "core/storage/index_snapshot.h"
#include "core/storage/store_disk.h"
#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

class ScrubberTest : public testing::Test {
 protected:
  static Store::Options Scrubbed() {
    Store::Options options = SmallStore();
    options.scrub_pass = 10 * kSecond;
    options.compact_interval = kHour;
    return options;
  }
  // Two sealed files.
  void Fill() {
    driver_.StartAndRecover();
    driver_.ReplyTo(driver_.Put("first", "hello-hello"));
    for (int i = 0; i < 40; ++i) {
      driver_.ReplyTo(
          driver_.Put("k" + std::to_string(i), std::string(2000, 'x')));
    }
    disk_.CrashProcess();
    driver_.StartAndRecover();
    ASSERT_EQ(disk_.PathsEndingWith(".data").size(), 2u);
  }
  std::string FirstFile() { return disk_.PathsEndingWith(".data").front(); }
  TaskAnswer ScrubAll() {
    TaskAnswer answer;
    driver_.Do([&](Turn& turn) { answer = driver_.store().ScrubAll(turn); });
    return answer;
  }
  StoreCounters Counters() { return driver_.store().counters(); }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, Scrubbed()};
};

// SCR-3
TEST_F(ScrubberTest, EveryFileIsReadWithinAPass) {
  Fill();
  driver_.Advance(11 * kSecond);
  EXPECT_EQ(Counters().scrubbed_files, 2u);
  EXPECT_GT(Counters().scrubbed_bytes, 80000u);
  driver_.Advance(6 * kSecond);
  EXPECT_EQ(Counters().scrub_passes, 1u);
  EXPECT_EQ(Counters().damaged_records, 0u);
  EXPECT_FALSE(driver_.SawMark("storage.scrub_reads_again"));
}

TEST_F(ScrubberTest, APassGoesOnWhereTheProcessEnded) {
  Fill();
  driver_.Advance(6 * kSecond);
  ASSERT_EQ(Counters().scrubbed_files, 1u);
  disk_.CrashProcess();
  driver_.StartAndRecover();
  const std::string first = FirstFile();
  disk_.FlipBit(first, disk_.Content(first).find("hello-hello"), 3);
  driver_.Advance(6 * kSecond);
  EXPECT_EQ(Counters().scrubbed_files, 1u);
  EXPECT_FALSE(driver_.SawMark("storage.scrub_found_damage"))
      << "the first file has been read";
  driver_.Advance(20 * kSecond);
  EXPECT_TRUE(driver_.SawMark("storage.scrub_found_damage"));
}

TEST_F(ScrubberTest, WhatRotsIsFoundThoughNobodyReadsIt) {
  Fill();
  const std::string path = FirstFile();
  disk_.FlipBit(path, disk_.Content(path).find("hello-hello"), 3);
  driver_.TakeChanges();
  driver_.Advance(11 * kSecond);

  EXPECT_TRUE(driver_.SawMark("storage.scrub_found_damage"));
  EXPECT_EQ(driver_.store().PeekEntry("first").kind,
            Store::Peek::Kind::kUnsure);
  EXPECT_EQ(driver_.store().PeekEntry("k0").kind, Store::Peek::Kind::kEntry);
  EXPECT_EQ(driver_.ValueOf("first"), "!");
  EXPECT_EQ(Counters().damaged_records, 1u);
  EXPECT_EQ(driver_.TakeChanges().size(), 1u);  // Others are to see it.
  // It is said once.
  const size_t notes = driver_.CountNotes(Note::Kind::kDamage);
  driver_.Advance(20 * kSecond);
  EXPECT_EQ(driver_.CountNotes(Note::Kind::kDamage), notes);
  EXPECT_EQ(Counters().damaged_records, 1u);
  // Until it is repaired; its file stays as it is.
  driver_.ReplyTo(driver_.Put("first", "again"));
  EXPECT_EQ(Counters().damaged_records, 1u);
  driver_.EndKeyDoubts();
  EXPECT_EQ(Counters().damaged_records, 0u);
  EXPECT_EQ(Counters().damaged_files, 1u);
}

// Catalogue C7.  A write that never arrived leaves zeros, or what was there
// before.
TEST_F(ScrubberTest, ARecordThatIsNotThereIsFoundByItsCount) {
  Fill();
  const std::string path = FirstFile();
  const size_t at = disk_.Content(path).find("hello-hello");
  for (size_t i = 0; i < 128; ++i) {
    const size_t byte = at / 64 * 64 - 64 + i;
    const auto value = static_cast<uint8_t>(disk_.Content(path)[byte]);
    for (int bit = 0; bit < 8; ++bit) {
      if ((value >> bit & 1) != 0) disk_.FlipBit(path, byte, bit);
    }
  }
  driver_.Advance(11 * kSecond);
  EXPECT_EQ(driver_.ValueOf("first"), "!");
}

// AUD-1: nothing is lost, and the file is made anew.
TEST_F(ScrubberTest, WhatIsNoRecordIsWornAndCompactedAway) {
  Fill();
  const std::string path = FirstFile();
  disk_.FlipBit(path, 200, 3);  // In the header block.
  driver_.Advance(11 * kSecond);

  EXPECT_TRUE(driver_.SawMark("storage.scrub_found_wear"));
  EXPECT_EQ(driver_.CountNotes(Note::Kind::kDamage), 1u);
  EXPECT_EQ(Counters().damaged_records, 0u);
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();
  EXPECT_NE(FirstFile(), path);
  EXPECT_EQ(driver_.ValueOf("first"), "hello-hello");
}

// SCR-2: each file anew.  What a read gives wrong once is no damage.
TEST_F(ScrubberTest, EveryFileIsReadTwiceBeforeItIsCalledDamaged) {
  Fill();
  const std::vector<std::string> paths = disk_.PathsEndingWith(".data");
  constexpr uint64_t kIndexFiles = 0x700000;  // Their numbers are higher.
  size_t looks = 0;
  disk_.set_after_operation([&](const DiskEffect& effect) {
    if (effect.verb != DiskVerb::kDropCache) return;
    if (effect.file.value >= kIndexFiles) return;
    // Bad, good again; bad, good again.
    if (looks < 4) disk_.FlipBit(paths[looks / 2], 9000, 3);
    ++looks;
  });

  ScrubAll();
  driver_.Advance(2 * kSecond);

  EXPECT_EQ(looks, 4u);
  EXPECT_EQ(driver_.CountNotes(Note::Kind::kDamage), 0u);
  EXPECT_EQ(Counters().damaged_files, 0u);
}

// What was read before somebody asked may have rotted since.
TEST_F(ScrubberTest, AnOperatorGetsAllFilesAlsoWhileOneIsRead) {
  Fill();
  driver_.Advance(6 * kSecond);
  ASSERT_EQ(Counters().scrubbed_files, 1u);
  disk_.set_holds([](const DiskEffect& effect) {
    return effect.priority == DiskPriority::kScrub;
  });
  driver_.Advance(5 * kSecond);  // The second one.
  ASSERT_EQ(Counters().scrubbed_files, 1u);

  EXPECT_EQ(ScrubAll().state, TaskAnswer::State::kStarted);
  EXPECT_EQ(Counters().scrub_files_left, 2u);
  disk_.set_holds({});
  driver_.Advance(2 * kSecond);

  // The one that was being read, then both, and then it is over.
  EXPECT_EQ(Counters().scrubbed_files, 4u);
  EXPECT_EQ(Counters().scrub_files_left, 0u);
  EXPECT_EQ(ScrubAll().state, TaskAnswer::State::kStarted);
}

TEST_F(ScrubberTest, AnOperatorNeedNotWaitForAPass) {
  Fill();
  const TaskAnswer started = ScrubAll();
  EXPECT_EQ(started.state, TaskAnswer::State::kStarted);
  EXPECT_EQ(started.files, 2u);
  EXPECT_EQ(Counters().scrub_files_left, 2u);
  EXPECT_EQ(ScrubAll().state, TaskAnswer::State::kRunning);
  driver_.Advance(kSecond);
  EXPECT_EQ(Counters().scrubbed_files, 2u);
  EXPECT_EQ(Counters().scrub_files_left, 0u);
  EXPECT_EQ(ScrubAll().state, TaskAnswer::State::kStarted);
}

// More files than handles: one that was closed cannot be opened.  The others
// are read all the same, and no damage is told of it.
TEST(ScrubbedFilesTest, OneThatCannotBeOpenedEndsNoPass) {
  MemoryDisk disk(1);
  Store::Options options = SmallStore();
  options.max_file_bytes = 8192;
  options.compact_interval = kHour;
  options.scrub_pass = kHour;
  StoreDriver driver(disk, options);
  driver.StartAndRecover();
  constexpr size_t kFiles = kOpenFilesMax + 20;
  for (size_t i = 0; i < kFiles; ++i) {
    driver.ReplyTo(driver.Put("k" + std::to_string(i), std::string(3500, 'x')));
  }
  disk.CrashProcess();
  driver.StartAndRecover();
  driver.Settle();
  const std::vector<std::string> paths = disk.PathsEndingWith(".data");
  ASSERT_GE(paths.size(), kFiles);
  for (const std::string& path : paths) {
    disk.FailOpens(path, DiskError::kTooManyFiles);
  }

  driver.Do([&](Turn& turn) { driver.store().ScrubAll(turn); });
  driver.Advance(kMinute);

  EXPECT_TRUE(driver.SawMark("storage.scrub_could_not_open"));
  EXPECT_EQ(driver.store().counters().scrub_files_left, 0u);
  EXPECT_GE(driver.store().counters().scrub_passes, 1u);
  EXPECT_EQ(driver.store().counters().damaged_files, 0u);
}

TEST_F(ScrubberTest, WhereNoFileIsSealedThereIsNothingToDo) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("k", "v"));
  EXPECT_EQ(ScrubAll(), TaskAnswer{});
}

// It is no longer listed when it has been read, and that is no damage.
TEST_F(ScrubberTest, AFileThatIsCompactedMeanwhileIsNotDamaged) {
  Fill();
  for (int i = 0; i < 20; ++i) {
    driver_.ReplyTo(driver_.Put("k" + std::to_string(i), "short"));
  }
  driver_.Advance(2 * kSecond);
  ScrubAll();
  for (int i = 0; i < 3; ++i) driver_.RunOne();  // It is being read.
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Advance(2 * kSecond);
  EXPECT_GE(Counters().compactions, 1u);
  EXPECT_FALSE(driver_.SawMark("storage.scrub_reads_again"));
  EXPECT_EQ(Counters().damaged_records, 0u);
  EXPECT_EQ(driver_.ValueOf("first"), "hello-hello");
}

// ---- After the repair ----

class RepairedDamageTest : public ScrubberTest {
 protected:
  void Rot(const std::string& what) {
    const std::string path = FirstFile();
    disk_.FlipBit(path, disk_.Content(path).find(what), 3);
  }
  void Scrub() {
    ScrubAll();
    driver_.Advance(kSecond);
    ASSERT_TRUE(driver_.SawMark("storage.scrub_found_damage"));
  }
  void CompactAll() {
    driver_.Do([&](Turn& turn) { driver_.store().CompactAll(turn); });
    driver_.Settle();
  }
  // A process that sees the files for the first time, without snapshots.
  void RestartFromData() {
    disk_.CrashProcess();
    for (const std::string& path : disk_.PathsEndingWith(".index")) {
      disk_.Remove(path);
    }
    driver_.StartAndRecover();
  }
};

TEST_F(RepairedDamageTest, TheFileGoesOnceItsKeysAreWrittenAgain) {
  Fill();
  Rot("hello-hello");
  Scrub();
  CompactAll();
  EXPECT_EQ(Counters().damaged_files, 1u) << "its key is not repaired";
  EXPECT_EQ(driver_.ValueOf("first"), "!");

  driver_.ReplyTo(driver_.Put("first", "again"));
  driver_.ReplyTo(driver_.Put("k0", "short"));
  driver_.ReplyTo(driver_.Put("k1", "short"));
  driver_.EndKeyDoubts();
  driver_.Advance(2 * kSecond);
  CompactAll();
  EXPECT_TRUE(driver_.SawMark("storage.compaction_passed_repaired"));
  EXPECT_EQ(Counters().damaged_files, 0u);
  RestartFromData();
  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.ValueOf("first"), "again");
  EXPECT_EQ(driver_.ValueOf("k0"), "short");
  EXPECT_EQ(driver_.ValueOf("k5"), std::string(2000, 'x'));
}

// The range that the scan saw waits for the keys in it, however they were met.
TEST_F(RepairedDamageTest, ARestartBeforeTheRepairIsInDoubt) {
  Fill();
  Rot("hello-hello");
  Scrub();
  RestartFromData();
  EXPECT_TRUE(driver_.store().IsSuspect());
}

TEST_F(RepairedDamageTest, ARestartAfterItIsNot) {
  Fill();
  Rot("hello-hello");
  Scrub();
  driver_.ReplyTo(driver_.Put("first", "again"));
  driver_.EndKeyDoubts();
  driver_.Advance(2 * kSecond);
  RestartFromData();
  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.ValueOf("first"), "again");
}

// Nothing is lost with what was overwritten.
TEST_F(RepairedDamageTest, WhatWasDeadIsMissedByNobody) {
  Fill();
  driver_.ReplyTo(driver_.Put("first", "again"));
  driver_.Advance(2 * kSecond);
  Rot("hello-hello");
  Scrub();
  EXPECT_TRUE(driver_.SawMark("storage.damage_of_nothing"));
  RestartFromData();
  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.ValueOf("first"), "again");
}

TEST_F(RepairedDamageTest, NorByACompactionThatMetIt) {
  Fill();
  driver_.ReplyTo(driver_.Put("first", "again"));
  for (int i = 0; i < 5; ++i) {
    driver_.ReplyTo(driver_.Put("k" + std::to_string(i), "short"));
  }
  driver_.Advance(2 * kSecond);
  Rot("hello-hello");
  CompactAll();
  EXPECT_TRUE(driver_.SawMark("storage.compaction_met_damage"));
  EXPECT_TRUE(driver_.SawMark("storage.damage_of_nothing"));
  CompactAll();
  EXPECT_EQ(Counters().damaged_files, 0u);
}

// Its only record cannot be read, and something lower took its place.  That
// this is open damage the manifest is only about to know.
TEST_F(RepairedDamageTest, DamageThatIsJustBeingNotedIsNotTakenForRepaired) {
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("first", "hello-hello"));
  disk_.CrashProcess();
  driver_.StartAndRecover();
  driver_.ReplyTo(driver_.Put("other", "value"));  // There is a file to go on.
  Rot("hello-hello");
  disk_.set_holds([](const DiskEffect& effect) {
    return static_cast<StorePart>(effect.token.part) == StorePart::kManifest;
  });
  EXPECT_EQ(driver_.ValueOf("first"), "!");
  StorePut lower;
  lower.key = "first";
  lower.value = Bytes::CopyOf(ViewOf(std::string("lower")));
  lower.timestamp = 5;
  driver_.PutWith(std::move(lower));
  driver_.Settle();
  driver_.Do([&](Turn& turn) { driver_.store().CompactAll(turn); });
  disk_.set_holds(nullptr);
  driver_.Advance(2 * kSecond);  // A job would wait for the log.
  EXPECT_EQ(Counters().damaged_files, 1u);

  disk_.CrashProcess();
  driver_.StartAndRecover();
  EXPECT_EQ(driver_.store().PeekEntry("first").kind,
            Store::Peek::Kind::kUnsure);
}

// A start could not tell whose it was: no scan of this process closes that.
TEST_F(RepairedDamageTest, WhatAStartFoundStaysOpen) {
  Fill();
  Rot("hello-hello");
  RestartFromData();
  ASSERT_TRUE(driver_.store().IsSuspect());
  ScrubAll();
  driver_.Advance(kSecond);
  EXPECT_FALSE(driver_.SawMark("storage.damage_of_nothing"));
  RestartFromData();
  EXPECT_TRUE(driver_.store().IsSuspect());
  CompactAll();
  EXPECT_EQ(Counters().damaged_files, 1u);
}

// ---- Index snapshots ----

class ScrubbedIndexTest : public ScrubberTest {
 protected:
  // All files have theirs.
  void FillAndIndex() {
    Fill();
    driver_.Settle();
    ASSERT_EQ(disk_.PathsEndingWith(".index").size(), 2u);
    path_ = disk_.PathsEndingWith(".index").front();
    good_ = disk_.Content(path_);
  }
  void ScrubOnce() {
    ASSERT_EQ(ScrubAll().state, TaskAnswer::State::kStarted);
    driver_.Advance(kSecond);
    ASSERT_EQ(Counters().scrub_files_left, 0u);
  }
  // The node is told, the data is not called damaged, and a start finds the
  // snapshot as it was, but for when it was written.
  void ExpectMadeAgain() {
    EXPECT_TRUE(driver_.SawMark("storage.scrub_found_bad_index"));
    EXPECT_EQ(driver_.CountNotes(Note::Kind::kIndexSnapshotBad), 1u);
    EXPECT_EQ(driver_.CountNotes(Note::Kind::kDamage), 0u);
    EXPECT_EQ(disk_.Content(path_).substr(4096), good_.substr(4096));
    EXPECT_EQ(disk_.PathsEndingWith(".tmp").size(), 0u);
    StoreDriver next(disk_, Scrubbed());
    next.SetGeneration(driver_.generation());
    disk_.CrashProcess();
    next.StartAndRecover();
    EXPECT_FALSE(next.SawMark("storage.index_snapshot_bad"));
    EXPECT_TRUE(next.SawMark("storage.index_snapshot_used"));
    EXPECT_EQ(next.ValueOf("first"), "hello-hello");
  }

  std::string path_;
  std::string good_;
};

TEST_F(ScrubbedIndexTest, AGoodOneIsLeftAsItIs) {
  FillAndIndex();
  ScrubOnce();
  EXPECT_FALSE(driver_.SawMark("storage.scrub_found_bad_index"));
  EXPECT_EQ(disk_.Content(path_), good_);
}

// What the page cache has says nothing of what the disk has.
TEST_F(ScrubbedIndexTest, AllIsReadFromTheDisk) {
  FillAndIndex();
  std::set<FileNumber> dropped;
  std::set<FileNumber> read;
  disk_.set_after_operation([&](const DiskEffect& effect) {
    if (effect.verb == DiskVerb::kDropCache) dropped.insert(effect.file);
    if (effect.verb != DiskVerb::kRead) return;
    read.insert(effect.file);
    EXPECT_TRUE(dropped.contains(effect.file));
  });
  ScrubOnce();
  EXPECT_EQ(read.size(), 3u);  // Two data files, and the number for snapshots.
}

TEST_F(ScrubbedIndexTest, OneThatRotsIsMadeAgain) {
  FillAndIndex();
  disk_.FlipBit(path_, 4096 + 100, 3);
  ScrubOnce();
  ExpectMadeAgain();
}

TEST_F(ScrubbedIndexTest, SoIsOneThatIsMissing) {
  FillAndIndex();
  disk_.Remove(path_);
  ScrubOnce();
  ExpectMadeAgain();
}

TEST_F(ScrubbedIndexTest, AndOneThatIsCutShort) {
  FillAndIndex();
  disk_.SetContent(path_, good_.substr(0, good_.size() / 2));
  ScrubOnce();
  ExpectMadeAgain();
}

TEST_F(ScrubbedIndexTest, AndOneThatTheDiskDoesNotGive) {
  FillAndIndex();
  disk_.FailReads(path_, true);
  ScrubOnce();
  disk_.FailReads(path_, false);
  ExpectMadeAgain();
}

// Without a handle for it nothing is known of it.
TEST_F(ScrubbedIndexTest, OneThatCannotBeOpenedIsLeftAsItIs) {
  FillAndIndex();
  disk_.FailOpens(path_, DiskError::kTooManyFiles);
  ScrubOnce();
  disk_.FailOpens(path_, DiskError::kNone);
  EXPECT_TRUE(driver_.SawMark("storage.scrub_could_not_open"));
  EXPECT_EQ(driver_.CountNotes(Note::Kind::kIndexSnapshotBad), 0u);
  EXPECT_EQ(disk_.Content(path_), good_);
  ScrubOnce();
  EXPECT_EQ(driver_.CountNotes(Note::Kind::kIndexSnapshotBad), 0u);
}

// Every checksum of it holds.
TEST_F(ScrubbedIndexTest, AndOneWithARowOfNoRecord) {
  FillAndIndex();
  std::string strange = good_;
  constexpr size_t kOffsetAt = 4096 + kSnapshotBlockHeadBytes + 32;
  strange[kOffsetAt] = static_cast<char>(strange[kOffsetAt] + 1);
  const ByteView block = ViewOf(strange).subspan(4096, kSnapshotBlockBytes);
  const uint32_t crc = Crc32c(block.subspan(4));
  for (size_t i = 0; i < 4; ++i) {
    strange[4096 + i] = static_cast<char>(crc >> (8 * i));
  }
  disk_.SetContent(path_, strange);
  ScrubOnce();
  ExpectMadeAgain();
}

// There are keys to name at the next start, and nothing to take its place.
TEST_F(ScrubbedIndexTest, WhereDataIsDamagedItIsLeftAlone) {
  FillAndIndex();
  const std::string data = FirstFile();
  disk_.FlipBit(data, disk_.Content(data).find("hello-hello"), 3);
  disk_.FlipBit(path_, 4096 + 100, 3);
  const std::string rotten = disk_.Content(path_);
  ScrubOnce();
  EXPECT_TRUE(driver_.SawMark("storage.scrub_found_damage"));
  EXPECT_FALSE(driver_.SawMark("storage.scrub_found_bad_index"));
  EXPECT_EQ(disk_.Content(path_), rotten);
}

}  // namespace
}  // namespace orrery
