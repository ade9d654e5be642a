// Flip any single bit of any sealed file of a stopped node: the reply is never
// a wrong value, an older value or "not found" that counts.  It is the right
// one, kCorrupt, or, where nobody can know whose record it was, in doubt (I3,
// I4, I11).
//
// Every bit of every record, user's and control, and of every field of the
// header block, in every data file that the history below leaves, in both modes
// of syncing; one bit of each 16 bytes of the zeros around them.  Flipped
// before a start (recovery finds it), and behind its back once the store is
// open (reads find it, or compaction).

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

constexpr std::string_view kTombstone = "x";
constexpr size_t kNearZeros = 16;

class BitFlipTest : public testing::TestWithParam<bool> {
 protected:
  BitFlipTest() {
    options_.sync_writes = GetParam();
    // So large that a file of this history is worth joining with others.
    options_.max_file_bytes = 1 << 20;
    options_.limits.allocate_step = 4 << 10;
    disk_.set_in_order(true);
  }

  // A process that stops cleanly, so that all its files end in a SEAL.
  void Write(const std::map<std::string, std::string>& values) {
    StoreDriver driver = NewProcess(disk_);
    driver.StartAndRecover();
    for (const auto& [key, value] : values) {
      const bool is_deleted = value == kTombstone;
      driver.PutWith({.ticket = {},
                      .key = key,
                      .meta = Bytes::CopyOf("meta"),
                      .value = Bytes::CopyOf(is_deleted ? "" : value),
                      .timestamp = next_stamp_++,  // Over all processes.
                      .deleted = is_deleted});
      newest_[key] = value;
    }
    driver.Settle();
    Stop(driver);
  }

  // Both files hold records of the same keys: there is an older value to be
  // wrong with.
  void WriteTwice() {
    Write({{"a", "a's first value"},
           {"b", "b's first value"},
           {"c", "c's only value"},
           {"d", "d's first value"}});
    Write({{"a", "a's second value"},
           {"b", std::string(kTombstone)},
           {"d", "d's second, longer value"},
           {"e", "e's only value"}});
    StoreDriver driver = NewProcess(disk_);
    driver.StartAndRecover();
    ASSERT_EQ(driver.store().counters().data_files, 2u);
    ASSERT_TRUE(CheckAll(driver));
    ASSERT_FALSE(driver.store().IsSuspect());
    Stop(driver);
  }

  StoreDriver NewProcess(MemoryDisk& disk) {
    StoreDriver driver(disk, options_);
    driver.SetGeneration(generation_++);
    return driver;
  }

  void Stop(StoreDriver& driver) {
    driver.Do([&](Turn& turn) { driver.store().Close(turn); });
    driver.Settle();
    ASSERT_TRUE(driver.store().IsClean());
    disk_.CrashProcess();
  }

  // A right answer, or one that has no vote.  Returns whether it is right.
  bool Check(StoreDriver& driver, const std::string& key,
             const std::string& value) {
    const StoreReply reply = driver.ReplyTo(driver.Get(key));
    const bool is_deleted = value == kTombstone;
    const bool is_right = is_deleted ? reply.status == StoreStatus::kDeleted
                                     : reply.status == StoreStatus::kOk &&
                                           reply.value.text() == value &&
                                           !reply.deleted;
    if (is_right) return true;
    if (reply.status == StoreStatus::kCorrupt) return false;
    // Doubt is for those who cannot know whose record it was.
    EXPECT_TRUE(reply.suspect && driver.store().IsSuspect())
        << key << " is " << static_cast<int>(reply.status) << " \""
        << reply.value.text() << "\", and nothing doubts it";
    // Even in doubt, nothing was invented.
    if (reply.status == StoreStatus::kOk) {
      EXPECT_TRUE(reply.value.text().starts_with(key + "'s first value"));
    } else {
      EXPECT_EQ(reply.status, StoreStatus::kNotFound);
    }
    return false;
  }

  // True if all answers are right.
  bool CheckAll(StoreDriver& driver) {
    bool all = true;
    for (const auto& [key, value] : newest_) all &= Check(driver, key, value);
    return all;
  }

  // Zeros that no field ends in: all their bits are alike.
  static bool IsAmongZeros(const std::string& content, size_t byte) {
    const size_t from = byte - std::min<size_t>(byte, kNearZeros);
    return content.find_first_not_of('\0', from) > byte + kNearZeros;
  }

  // Calls `look` with a copy of the disk and a bit to flip, for the bits that
  // the head of this file names; stops at the first failure and names it.
  template <typename Look>
  void ForEveryBit(const Look& look) {
    for (const std::string& path : disk_.PathsEndingWith(".data")) {
      const std::string content = disk_.Content(path);
      for (size_t byte = 0; byte < content.size(); ++byte) {
        const bool is_sampled = IsAmongZeros(content, byte);
        if (is_sampled && byte % kNearZeros != 0) continue;
        for (int bit = 0; bit < (is_sampled ? 1 : 8); ++bit) {
          MemoryDisk disk = disk_.Clone();
          disk.set_in_order(true);
          look(disk, path, byte, bit);
          ASSERT_FALSE(HasFailure())
              << path << " byte " << byte << " bit " << bit;
        }
      }
    }
  }

  // Before a start, and again at the next one: doubt outlives its process.
  void FlipBeforeTheStart() {
    ForEveryBit(
        [&](MemoryDisk& disk, const std::string& path, size_t byte, int bit) {
          disk.FlipBit(path, byte, bit);
          StoreDriver first = NewProcess(disk);
          first.StartAndRecover();
          ASSERT_TRUE(first.store().IsOpen()) << first.store().failure();
          const bool is_right = CheckAll(first);
          if (!is_right) {
            ++told_;
            EXPECT_GT(first.CountNotes(Note::Kind::kDamage), 0u);
            EXPECT_GT(first.store().counters().damaged_files, 0u);
          }
          if (is_right || bit != 0) return;  // Of each byte once.
          first.Settle();
          disk.CrashProcess();
          StoreDriver second = NewProcess(disk);
          second.StartAndRecover();
          ASSERT_TRUE(second.store().IsOpen()) << second.store().failure();
          EXPECT_FALSE(CheckAll(second));
        });
    EXPECT_GT(told_, 0u);
  }

  // While it is open: nothing doubts the store, so a wrong answer would count.
  void FlipBehindItsBack(bool compacts) {
    ForEveryBit(
        [&](MemoryDisk& disk, const std::string& path, size_t byte, int bit) {
          StoreDriver driver = NewProcess(disk);
          driver.StartAndRecover();
          ASSERT_TRUE(driver.store().IsOpen());
          disk.FlipBit(path, byte, bit);
          if (compacts) {
            driver.Do([&](Turn& turn) { driver.store().Compact(turn); });
            driver.Settle();
            ASSERT_TRUE(driver.SawMark("storage.compaction_started"));
          }
          const bool is_right = CheckAll(driver);
          EXPECT_FALSE(driver.store().IsSuspect());
          if (!is_right) {
            ++told_;
            EXPECT_GT(driver.CountNotes(Note::Kind::kDamage), 0u);
          }
          driver.Settle();
          disk.CrashProcess();
          StoreDriver next = NewProcess(disk);
          next.StartAndRecover();
          ASSERT_TRUE(next.store().IsOpen()) << next.store().failure();
          CheckAll(next);
        });
    EXPECT_GT(told_, 0u);
  }

  Store::Options options_ = SmallStore();
  MemoryDisk disk_{1};
  uint32_t generation_ = 0;
  uint64_t next_stamp_ = 1'700'000'000'000'000'000;
  std::map<std::string, std::string> newest_;
  size_t told_ = 0;
};

// Catalogue C1.
TEST_P(BitFlipTest, ARecoveredStoreDoubtsWhatAFlippedBitTook) {
  WriteTwice();
  FlipBeforeTheStart();
}

// Catalogue C1.
TEST_P(BitFlipTest, AReadOfAFlippedBitIsCorrupt) {
  WriteTwice();
  FlipBehindItsBack(/*compacts=*/false);
}

TEST_P(BitFlipTest, CompactionCopiesNoFlippedBit) {
  WriteTwice();
  FlipBehindItsBack(/*compacts=*/true);
}

TEST_P(BitFlipTest, ACompactedFileIsNoLessProtected) {
  WriteTwice();
  StoreDriver driver = NewProcess(disk_);
  driver.StartAndRecover();
  driver.Do([&](Turn& turn) { driver.store().Compact(turn); });
  driver.Settle();
  ASSERT_TRUE(driver.SawMark("storage.compaction_done"));
  Stop(driver);
  FlipBeforeTheStart();
}

INSTANTIATE_TEST_SUITE_P(BothModes, BitFlipTest, testing::Bool(),
                         [](const auto& test) {
                           return test.param ? "Synced" : "Unsynced";
                         });

}  // namespace
}  // namespace orrery
