// The failure catalogue, section B: what a crash may leave
// (docs/storage-failures.md names the test of each item).

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/prng.h"
#include "core/storage/header_block.h"
#include "core/storage/store.h"
#include "gtest/gtest.h"
#include "tests/core/storage/directory_driver.h"
#include "tests/core/storage/every_loss.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

using Held = std::map<std::string, std::string>;

Store::Options WithSync(bool sync_writes) {
  Store::Options options = SmallStore();
  options.sync_writes = sync_writes;
  return options;
}

class CatalogueCrashTest : public testing::TestWithParam<bool> {
 protected:
  CatalogueCrashTest() { disk_.set_in_order(true); }

  StoreDriver NewDriver(MemoryDisk& disk) const {
    StoreDriver driver(disk, WithSync(GetParam()));
    driver.SetGeneration(driver_.generation());
    return driver;
  }
  void Put(const std::string& key, const std::string& value,
           bool must_sync = false) {
    const uint32_t ticket = driver_.Put(key, value, must_sync);
    ASSERT_EQ(driver_.ReplyTo(ticket).status, StoreStatus::kOk);
    held_[key] = value;
  }
  void ExpectHeld(StoreDriver& driver) const {
    for (const auto& [key, value] : held_) {
      EXPECT_EQ(driver.ValueOf(key), value) << key;
    }
  }
  // Right, or in doubt, and never another value.
  void ExpectHeldOrDoubted(StoreDriver& driver) const {
    for (const auto& [key, value] : held_) {
      const StoreReply reply = driver.ReplyTo(driver.Get(key));
      if (reply.status == StoreStatus::kOk) {
        EXPECT_EQ(reply.value.text(), value) << key;
      } else {
        EXPECT_TRUE(reply.suspect || reply.status == StoreStatus::kCorrupt)
            << key;
      }
    }
  }

  MemoryDisk disk_{1};
  StoreDriver driver_{disk_, WithSync(GetParam())};
  Held held_;
};

INSTANTIATE_TEST_SUITE_P(BothModes, CatalogueCrashTest, testing::Bool(),
                         [](const auto& test) {
                           return test.param ? "Synced" : "Unsynced";
                         });

TEST_P(CatalogueCrashTest, B2ZerosAreNoRecordAndNoReasonToRefuse) {
  driver_.StartAndRecover();
  for (int i = 0; i < 6; ++i) {
    Put("k" + std::to_string(i), std::string(500, static_cast<char>('a' + i)));
  }
  driver_.Advance(2 * kSecond);
  // These are behind the last watermark, where zeros may be a torn tail.
  Put("k6", std::string(700, 'g'));
  Put("k7", std::string(700, 'h'));
  disk_.CrashProcess();
  const std::string path = disk_.PathsEndingWith(".data").front();
  const std::string content = disk_.Content(path);

  const auto check = [&](const std::string& changed) {
    MemoryDisk disk = disk_.Clone();
    disk.set_in_order(true);
    disk.SetContent(path, changed);
    StoreDriver driver = NewDriver(disk);
    const uint64_t before = disk.operations();
    driver.StartAndRecover(true);
    ASSERT_TRUE(driver.store().IsOpen()) << driver.store().failure();
    EXPECT_LT(disk.operations() - before, 200u);
    ExpectHeldOrDoubted(driver);
    EXPECT_EQ(driver.ReplyTo(driver.Put("new", "1")).status, StoreStatus::kOk);
  };
  for (size_t at = 0; at < content.size(); at += 512) {
    SCOPED_TRACE(at);
    std::string changed = content;
    changed.replace(at, 512, 512, '\0');
    check(changed);
  }
  // Its size came through, and none of the data behind what was there.
  check(content + std::string(1 << 20, '\0'));
  // A file of zeros is one that was made and never written to.
  held_.clear();
  check(std::string(content.size(), '\0'));
  check(content.substr(0, kHeaderBlockBytes) + std::string(100'000, '\0'));
}

TEST_P(CatalogueCrashTest, B4NothingIsAcknowledgedInAFileWithoutAName) {
  driver_.StartAndRecover();
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    // Answered when it is synced, in both modes.
    const uint32_t ticket =
        driver_.Put("k" + std::to_string(i), std::string(3000, 'v'), true);
    ASSERT_EQ(driver_.ReplyTo(ticket).status, StoreStatus::kOk);
    held_["k" + std::to_string(i)] = std::string(3000, 'v');

    MemoryDisk disk = disk_.Fork();
    disk.LosePowerBut([](size_t) { return false; });
    StoreDriver next = NewDriver(disk);
    next.StartAndRecover(true);
    ASSERT_TRUE(next.store().IsOpen());
    EXPECT_FALSE(next.SawMark("storage.damage_found"));
    EXPECT_EQ(next.ValueOf("k0"), std::string(3000, 'v'));
    EXPECT_EQ(next.ValueOf("k" + std::to_string(i)), std::string(3000, 'v'));
  }
  EXPECT_GE(disk_.PathsEndingWith(".data").size(), 3u);
}

// Catalogue B13 too: of a roll the state before it is left, or the one after
// it.
TEST(CatalogueRollTest, B5ARollOfTheManifestIsDoneOrNeverWas) {
  MemoryDisk disk(5);
  disk.set_in_order(true);
  Store::Options options = SmallStore();
  options.max_file_bytes = 8192;
  StoreDriver driver(disk, options);
  driver.StartAndRecover();
  const std::string first = "shard-0000/MANIFEST-0000000000000001";
  const std::string second = "shard-0000/MANIFEST-0000000000000002";
  std::string held;
  std::string in_flight;
  Prng prng(5);
  size_t old_names = 0;
  size_t new_names = 0;
  const auto look = [&](MemoryDisk& left, bool lost) {
    (left.Exists(second) ? new_names : old_names) += 1;
    EXPECT_TRUE(left.Exists(first) || left.Exists(second));
    StoreDriver next(left, options);
    next.SetGeneration(driver.generation());
    next.StartAndRecover(lost);
    ASSERT_TRUE(next.store().IsOpen()) << next.store().failure();
    EXPECT_FALSE(next.SawMark("storage.damage_found"));
    EXPECT_FALSE(next.SawManifestLost());
    EXPECT_EQ(next.ValueOf("always"), "there");
    const std::string value = next.ValueOf("k");
    EXPECT_TRUE(value == held || value == in_flight);
  };
  driver.ReplyTo(driver.Put("always", "there", true));
  size_t moments = 0;
  bool is_rolling = false;
  disk.set_after_operation([&](const DiskEffect& effect) {
    is_rolling |= effect.path == second + ".tmp";
    if (is_rolling && ++moments <= 16) ForEveryLoss(disk, 1, prng, look);
  });
  // Two edits of a page for each file, and a roll is due at 1 MiB.  Nearly all
  // files are dead, so that a recovery is short.
  for (int i = 0; i < 200 && moments < 16; ++i) {
    in_flight = std::to_string(i) + std::string(3000, 'v');
    ASSERT_EQ(driver.ReplyTo(driver.Put("k", in_flight, true)).status,
              StoreStatus::kOk);
    held = in_flight;
    driver.Do([&](Turn& turn) { driver.store().Compact(turn); });
    driver.Settle();
  }

  EXPECT_GE(moments, 16u);
  EXPECT_GT(old_names, 10u);
  EXPECT_GT(new_names, 10u);
}

TEST(CatalogueFirstStartTest, B6TheFirstWriteOfAFreshNodeHasAllItsParents) {
  for (const StoreId store : {StoreId::kUser, StoreId::kHints}) {
    MemoryDisk disk(6);
    disk.set_in_order(true);
    DirectoryDriver driver(disk, {.sync_writes = true});
    driver.StartAndSettle();
    const uint32_t put = driver.Put("k", "first", store);
    while (!driver.IsAnswered(put)) ASSERT_TRUE(driver.RunOne());

    disk.LosePowerBut([](size_t) { return false; });

    DirectoryDriver next(disk, {.sync_writes = true});
    next.StartAndSettle(2);
    ASSERT_TRUE(next.IsOpen()) << next.directory().failure();
    EXPECT_FALSE(next.directory().fresh());
    EXPECT_EQ(next.Read({"k"}, store)["k"], "first");
  }
}

TEST_P(CatalogueCrashTest, B7AFileWhoseUnlinkIsLostIsRemovedAgain) {
  driver_.StartAndRecover();
  for (int i = 0; i < 40; ++i) Put("often", std::string(2000, 'w'));
  Put("k", "value");
  disk_.CrashProcess();
  driver_.StartAndRecover();
  driver_.Settle();
  size_t returned = 0;
  disk_.set_after_operation([&](const DiskEffect& effect) {
    if (effect.verb != DiskVerb::kUnlink) return;
    MemoryDisk left = disk_.Fork();
    left.LosePowerBut([](size_t) { return false; });
    if (!left.Exists(effect.path)) return;
    ++returned;
    StoreDriver next = NewDriver(left);
    next.StartAndRecover(true);
    next.Settle();
    EXPECT_FALSE(left.Exists(effect.path)) << effect.path;
    EXPECT_FALSE(next.SawMark("storage.damage_found"));
    EXPECT_EQ(next.store().counters().data_files,
              left.PathsEndingWith(".data").size());
    ExpectHeld(next);
  });
  driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
  driver_.Settle();
  disk_.set_after_operation({});

  ASSERT_TRUE(driver_.SawMark("storage.compaction_done"));
  EXPECT_GE(returned, 2u);  // Data, and its index snapshot.
}

// On what a power loss left, and on what a death of the process left, of which
// much is written and not synced.
TEST_P(CatalogueCrashTest, B8ADeathAtAnyStepOfRecoveryChangesNothing) {
  driver_.StartAndRecover();
  for (int i = 0; i < 40; ++i) {
    Put("k" + std::to_string(i % 12), std::string(2000, 'v'));
    if (i % 9 == 0) driver_.Advance(kSecond);
  }
  driver_.Put("in flight", std::string(9000, 'f'));
  for (int i = 0; i < 2; ++i) driver_.RunOne();
  std::vector<std::string> keys = {"in flight"};
  for (int i = 0; i < 12; ++i) keys.push_back("k" + std::to_string(i));
  const auto recover = [&](StoreDriver driver, bool lost) {
    Held content;
    driver.StartAndRecover(lost);
    EXPECT_TRUE(driver.store().IsOpen()) << driver.store().failure();
    if (!driver.store().IsOpen()) return content;
    EXPECT_FALSE(driver.SawMark("storage.damage_found"));
    EXPECT_FALSE(driver.SawManifestLost());
    for (const std::string& key : keys) content[key] = driver.ValueOf(key);
    return content;
  };

  Prng prng(8);
  for (const bool power_lost : {true, false}) {
    SCOPED_TRACE(power_lost);
    MemoryDisk start = disk_.Fork();
    if (power_lost) start.LosePower();
    MemoryDisk undisturbed = start.Fork();
    const Held expected = recover(NewDriver(undisturbed), power_lost);
    MemoryDisk tried = start.Fork();
    int steps = 0;
    for (bool is_open = false; !is_open; ++steps) {
      SCOPED_TRACE(steps);
      MemoryDisk disk = start.Fork();
      StoreDriver driver = NewDriver(disk);
      driver.Start(power_lost);
      for (int i = 0; i < steps && !driver.store().IsOpen(); ++i) {
        driver.RunOne();
      }
      is_open = driver.store().IsOpen();
      ForEveryLoss(disk, 4, prng, [&](MemoryDisk& left, bool lost) {
        const Held content = recover(NewDriver(left), power_lost || lost);
        // What was not synced, a second machine's death may take.
        if (power_lost || !lost || GetParam()) {
          EXPECT_EQ(content, expected);
        }
      });
      // This one dies in every start, each a step later than the one before.
      StoreDriver again = NewDriver(tried);
      again.SetGeneration(driver_.generation() + static_cast<uint32_t>(steps));
      again.Start(power_lost);
      for (int i = 0; i < steps && !again.store().IsOpen(); ++i) again.RunOne();
      if (power_lost) {
        tried.LosePower();
      } else {
        tried.CrashProcess();
      }
      if (HasFailure()) return;
    }
    EXPECT_GT(steps, 20);
    StoreDriver last = NewDriver(tried);
    last.SetGeneration(driver_.generation() + 1000);
    EXPECT_EQ(recover(std::move(last), power_lost), expected);
  }
}

TEST(CatalogueTailTest, B14ATailLostOnARecordsBoundaryIsDoubtedAllTheSame) {
  MemoryDisk disk(1);
  StoreDriver driver(disk, SmallStore());
  driver.StartAndRecover();
  driver.ReplyTo(driver.Put("synced", "1", true));
  driver.Settle();
  driver.ReplyTo(driver.Put("lost", "2"));
  disk.LosePowerBut([](size_t) { return false; });

  driver.StartAndRecover(true);

  EXPECT_FALSE(driver.SawMark("storage.torn_tail_cut"));
  EXPECT_TRUE(driver.store().IsSuspect());
  EXPECT_EQ(driver.ValueOf("synced"), "1");
  const StoreReply lost = driver.ReplyTo(driver.Get("lost"));
  EXPECT_EQ(lost.status, StoreStatus::kNotFound);
  EXPECT_TRUE(lost.suspect);
}

}  // namespace
}  // namespace orrery
