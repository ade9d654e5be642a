// The failure catalogue, section C: what a disk may do to what it was given
// (docs/storage-failures.md names the test of each item).

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/storage/record.h"
#include "core/storage/store.h"
#include "gtest/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

class CatalogueMediaTest : public testing::Test {
 protected:
  static constexpr int kKeyCount = 100;

  CatalogueMediaTest() { disk_.set_in_order(true); }

  static std::string KeyOf(int i) { return "key-" + std::to_string(i) + ";"; }
  static std::string ValueOf(int i) {
    return "<" + std::to_string(i) + ">" + std::string(300, 'v');
  }
  // Values in a file of their own; then every tenth key is deleted in another.
  void Fill() {
    driver_.StartAndRecover();
    for (int i = 0; i < kKeyCount; ++i) {
      driver_.ReplyTo(driver_.Put(KeyOf(i), ValueOf(i)));
      held_[KeyOf(i)] = ValueOf(i);
    }
    Restart();
    for (int i = 0; i < kKeyCount; i += 10) {
      driver_.ReplyTo(driver_.Delete(KeyOf(i)));
      held_[KeyOf(i)] = "x";
    }
    Restart();
    ASSERT_EQ(Files().size(), 2u);
    ASSERT_EQ(disk_.PathsEndingWith(".index").size(), 2u);
  }
  void Restart() {
    disk_.CrashProcess();
    driver_.StartAndRecover();
    ASSERT_TRUE(driver_.store().IsOpen()) << driver_.store().failure();
    driver_.Settle();
  }
  std::vector<std::string> Files() const {
    return disk_.PathsEndingWith(".data");
  }
  // Where the record of `key` begins: a header, a digest and four bytes of
  // metadata stand before the key.
  uint64_t RecordOf(const std::string& path, const std::string& key) const {
    return disk_.Content(path).find(key) - kRecordHeaderBytes - 8 - 4;
  }
  // Keys whose newest record, all in `path`, meets the page of that offset.
  std::set<std::string> KeysInPage(const std::string& path, uint64_t offset) {
    const uint64_t from = offset / 4096 * 4096;
    std::set<std::string> met;
    for (const auto& [key, value] : held_) {
      const uint64_t begins = RecordOf(path, key);
      if (begins > disk_.Content(path).size()) continue;
      const uint64_t value_bytes = value == "x" ? 0 : value.size();
      const uint64_t ends =
          begins + kRecordHeaderBytes + 12 + key.size() + value_bytes;
      const bool is_newest = (value == "x") == (path == Files().back());
      if (is_newest && begins < from + 4096 && from < ends) met.insert(key);
    }
    return met;
  }
  void ExpectAllBut(const std::set<std::string>& corrupt) {
    for (const auto& [key, value] : held_) {
      EXPECT_EQ(driver_.ValueOf(key), corrupt.contains(key) ? "!" : value)
          << key;
    }
  }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, SmallStore()};
  std::map<std::string, std::string> held_;
};

TEST_F(CatalogueMediaTest, C2AFlipOfDeletedIsCaughtEitherWay) {
  Fill();
  const std::string live = KeyOf(11);
  const std::string deleted = KeyOf(20);
  const uint64_t live_at = RecordOf(Files().front(), live);
  const uint64_t deleted_at = RecordOf(Files().back(), deleted);
  ASSERT_EQ(disk_.Content(Files().front())[live_at + 20], '\0');
  ASSERT_EQ(disk_.Content(Files().back())[deleted_at + 20], '\1');
  disk_.FlipBit(Files().front(), live_at + 20, 0);
  disk_.FlipBit(Files().back(), deleted_at + 20, 0);

  EXPECT_EQ(driver_.ValueOf(live), "!");
  EXPECT_EQ(driver_.ValueOf(deleted), "!");
  driver_.Settle();

  Restart();
  ExpectAllBut({live, deleted});
}

class CataloguePageTest : public CatalogueMediaTest,
                          public testing::WithParamInterface<uint64_t> {};

TEST_P(CataloguePageTest, C3AnUnreadablePageCostsExactlyItsKeys) {
  Fill();
  const uint64_t page = GetParam() * 4096;
  const std::set<std::string> met = KeysInPage(Files().front(), page);
  ASSERT_GE(met.size(), 8u);
  disk_.FailReadsAt(Files().front(), page);

  ExpectAllBut(met);

  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.store().counters().damaged_records, met.size());
  EXPECT_GE(driver_.CountNotes(Note::Kind::kDamage), met.size());
  driver_.Settle();
  Restart();
  EXPECT_FALSE(driver_.store().IsSuspect());
  EXPECT_EQ(driver_.store().counters().damaged_records, met.size());
  ExpectAllBut(met);
}

INSTANTIATE_TEST_SUITE_P(EachPage, CataloguePageTest,
                         testing::Range<uint64_t>(1, 9));

TEST_F(CatalogueMediaTest, C4AnUnreadableTombstoneIsCorruptAndNotLive) {
  Fill();
  constexpr uint64_t kPageAt = 4096;
  const std::set<std::string> met = KeysInPage(Files().back(), kPageAt);
  ASSERT_EQ(met.size(), 10u);
  disk_.FailReadsAt(Files().back(), kPageAt);

  ExpectAllBut(met);

  driver_.Settle();
  Restart();
  ExpectAllBut(met);
  driver_.Do([this](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();
  ExpectAllBut(met);
}

}  // namespace
}  // namespace orrery
