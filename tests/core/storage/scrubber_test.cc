#include "core/storage/scrubber.h"

#include <string>

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

}  // namespace
}  // namespace orrery
