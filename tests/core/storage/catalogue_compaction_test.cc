// The failure catalogue, section A: what may go wrong around compaction
// (docs/storage-failures.md names the test of each item).

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/prng.h"
#include "core/storage/store.h"
#include "gtest/gtest.h"
#include "tests/core/storage/every_loss.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

Store::Options DroppingTombstones() {
  Store::Options options = SmallStore();
  options.drops_tombstones = true;
  return options;
}

// A store, and what it must answer.
class JobScene {
 public:
  using Content = std::map<std::string, std::string>;

  explicit JobScene(const Store::Options& options = SmallStore())
      : driver(disk, options), options_(options) {
    disk.set_in_order(true);
    driver.StartAndRecover();
  }

  void Put(const std::string& key, const std::string& value) {
    ASSERT_EQ(driver.ReplyTo(driver.Put(key, value)).status, StoreStatus::kOk);
    content[key] = value;
  }
  void Delete(const std::string& key) {
    ASSERT_EQ(driver.ReplyTo(driver.Delete(key)).status, StoreStatus::kOk);
    content[key] = "x";
  }
  // Makes the file that is written mostly dead.
  void Waste() {
    for (int i = 0; i < 15; ++i) Put("often", std::string(2000, 'w'));
  }
  // What a start finds is sealed, and what is written then goes elsewhere.
  void Restart() {
    disk.CrashProcess();
    driver.StartAndRecover();
    driver.Settle();
  }
  // The file of the value of `k`, alive, and one beside it that is mostly dead
  // and holds what `change` wrote.
  template <typename Change>
  void FillTwoFiles(const Change& change) {
    Put("k", "old");
    for (int i = 0; i < 20; ++i) {
      Put("alive-" + std::to_string(i), std::string(2000, 'a'));
    }
    Restart();
    change();
    Waste();
    Restart();
    Put("other", "1");  // In a file that is there, so that a put is quick.
    driver.Advance(2 * kSecond);
  }

  void StartJob() {
    driver.Do([this](Turn& turn) { driver.store().Compact(turn); });
  }
  // False: the job ended before.
  bool Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      if (!driver.store().IsCompacting() || !driver.RunOne()) return false;
    }
    return driver.store().IsCompacting();
  }
  // A job waits until what it leaves behind is superseded by synced records.
  void Finish() {
    driver.Settle();
    driver.Advance(2 * kSecond);
  }
  bool IsJobDone() const { return driver.SawMark("storage.compaction_done"); }

  void ExpectContent() { ExpectContentOf(driver); }
  void ExpectContentOf(StoreDriver& one) const {
    for (const auto& [key, value] : content) {
      EXPECT_EQ(one.ValueOf(key), value) << key;
    }
  }
  // As it is, after a death of the process, and after a power loss.
  void ExpectContentForEver() {
    ExpectContent();
    Restart();
    ExpectContent();
    EXPECT_FALSE(driver.store().IsSuspect());
    disk.LosePower();
    driver.StartAndRecover(true);
    ExpectContent();
  }
  // The process after a loss, on what it left.
  StoreDriver After(MemoryDisk& left, bool power_lost) const {
    StoreDriver next(left, options_);
    next.SetGeneration(driver.generation());
    next.StartAndRecover(power_lost);
    EXPECT_TRUE(next.store().IsOpen()) << next.store().failure();
    EXPECT_FALSE(next.SawMark("storage.damage_found"));
    EXPECT_FALSE(next.SawManifestLost());
    next.Settle();
    return next;
  }
  std::vector<std::string> Files() const {
    return disk.PathsEndingWith(".data");
  }
  // The last of them in which these bytes stand.
  std::string FileWith(const std::string& bytes) const {
    std::string found;
    for (const std::string& path : Files()) {
      if (disk.Content(path).find(bytes) != std::string::npos) found = path;
    }
    return found;
  }

  MemoryDisk disk{1};
  StoreDriver driver;
  Content content;

 private:
  Store::Options options_;
};

// Plays a job once for every step of it at which `change` may come.
template <typename Prepare, typename Change, typename Check>
void AtEveryStepOfAJob(const Prepare& prepare, const Change& change,
                       const Check& check) {
  int steps = 0;
  for (;; ++steps) {
    SCOPED_TRACE(steps);
    JobScene scene;
    prepare(scene);
    scene.StartJob();
    if (!scene.Run(steps)) break;
    change(scene);
    scene.Finish();
    ASSERT_TRUE(scene.IsJobDone());
    check(scene);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GE(steps, 8);
}

void PrepareValue(JobScene& scene) {
  scene.FillTwoFiles([&] { scene.Put("k", "older"); });
}

void PrepareTombstone(JobScene& scene) {
  scene.FillTwoFiles([&] { scene.Delete("k"); });
}

TEST(CatalogueCompactionTest, A1ATombstoneStaysWhileAnotherFileHoldsItsKey) {
  JobScene scene;
  PrepareTombstone(scene);
  const std::vector<std::string> before = scene.Files();

  scene.StartJob();
  scene.Finish();

  ASSERT_TRUE(scene.IsJobDone());
  EXPECT_EQ(scene.Files().front(), before.front());  // It was not compacted.
  EXPECT_NE(scene.Files(), before);
  EXPECT_EQ(scene.driver.store().counters().deleted_keys, 1u);
  scene.ExpectContentForEver();
}

TEST(CatalogueCompactionTest, A2SeqDecidesBetweenADeleteAndTheCopyOfItsKey) {
  AtEveryStepOfAJob(
      PrepareValue, [](JobScene& scene) { scene.Delete("k"); },
      [](JobScene& scene) {
        const std::string copy = scene.FileWith("older");
        if (!copy.empty()) {
          EXPECT_GT(copy, scene.FileWith("gonek"));
        }
        scene.ExpectContentForEver();
      });
}

TEST(CatalogueCompactionTest, A3APutBeatsTheCopyOfTheTombstoneBeforeIt) {
  AtEveryStepOfAJob(
      PrepareTombstone, [](JobScene& scene) { scene.Put("k", "new"); },
      [](JobScene& scene) { scene.ExpectContentForEver(); });
}

TEST(CatalogueCompactionTest, A4TheCopyOfAnOverwrittenRecordIsDead) {
  bool was_lost = false;
  AtEveryStepOfAJob(
      PrepareValue, [](JobScene& scene) { scene.Put("k", "new"); },
      [&](JobScene& scene) {
        if (!scene.driver.SawMark("storage.relocation_lost")) return;
        was_lost = true;
        EXPECT_EQ(scene.driver.ValueOf("k"), "new");
        const uint64_t dead = scene.driver.store().counters().dead_bytes;
        scene.Restart();
        EXPECT_EQ(scene.driver.ValueOf("k"), "new");
        // I7: as one counts who reads everything.
        EXPECT_EQ(scene.driver.store().counters().dead_bytes, dead);
      });
  EXPECT_TRUE(was_lost);
}

TEST(CatalogueCompactionTest, A5ADeleteOfWhatWasUpdatedSinceRemovesNothing) {
  JobScene scene;
  scene.Put("k", "read");
  const uint64_t read = scene.driver.ReplyTo(scene.driver.Get("k")).seq;
  scene.Put("k", "updated");

  const StoreReply reply =
      scene.driver.ReplyTo(scene.driver.PutWith({.ticket = {},
                                                 .key = "k",
                                                 .meta = {},
                                                 .value = {},
                                                 .deleted = true,
                                                 .if_seq = read}));

  EXPECT_EQ(reply.status, StoreStatus::kConflict);
  EXPECT_GT(reply.seq, read);
  scene.ExpectContentForEver();
}

TEST(CatalogueCompactionTest, A7AFileIsUnlinkedAfterTheLastReadOfIt) {
  JobScene scene;
  PrepareValue(scene);
  const std::string path = scene.FileWith("older");
  bool is_held = true;
  scene.disk.set_holds([&](const DiskEffect& effect) {
    return is_held && effect.verb == DiskVerb::kRead &&
           effect.priority == DiskPriority::kRead;
  });
  const uint32_t get = scene.driver.Get("k");

  scene.StartJob();
  scene.Finish();
  ASSERT_TRUE(scene.IsJobDone());
  EXPECT_TRUE(scene.disk.Exists(path));

  is_held = false;
  EXPECT_EQ(scene.driver.ReplyTo(get).value.text(), "older");
  scene.driver.Settle();
  EXPECT_FALSE(scene.disk.Exists(path));
  scene.ExpectContentForEver();
}

// In the hints store both files go: only the tombstone hid the value.
TEST(CatalogueCompactionTest, A8AValueWhoseTombstoneIsUnlinkedStaysAway) {
  JobScene scene(DroppingTombstones());
  for (int i = 0; i < 20; ++i) {
    scene.Put("k" + std::to_string(i), std::string(900, 'v'));
  }
  scene.Restart();
  const std::string value_file = scene.Files().back();
  for (int i = 0; i < 20; ++i) scene.Delete("k" + std::to_string(i));
  scene.Restart();
  const std::string tombstone_file = scene.Files().back();
  ASSERT_NE(value_file, tombstone_file);

  Prng prng(8);
  int left_alone = 0;
  scene.disk.set_after_operation([&](const DiskEffect&) {
    ForEveryLoss(scene.disk, 4, prng, [&](MemoryDisk& left, bool lost) {
      const bool is_alone =
          left.Exists(value_file) && !left.Exists(tombstone_file);
      if (is_alone) ++left_alone;
      StoreDriver next = scene.After(left, lost);
      for (int i = 0; i < 20; i += 7) {
        const std::string value = next.ValueOf("k" + std::to_string(i));
        EXPECT_TRUE(value == "-" || value == "x") << value;
      }
      if (is_alone) {
        EXPECT_FALSE(left.Exists(value_file));
      }
    });
  });
  scene.StartJob();
  scene.Finish();
  scene.disk.set_after_operation({});

  ASSERT_TRUE(scene.IsJobDone());
  EXPECT_GT(left_alone, 0);
  EXPECT_EQ(scene.driver.ValueOf("k0"), "-");
}

// Catalogue A12 too, for a job that ends half-way because its process does.
TEST(CatalogueCompactionTest, A9WhatACrashedJobCopiedIsRemovedAndItsSpaceBack) {
  JobScene scene;
  PrepareValue(scene);
  const std::vector<std::string> before = scene.Files();
  Prng prng(9);
  int with_output = 0;
  scene.disk.set_after_operation([&](const DiskEffect&) {
    ForEveryLoss(scene.disk, 2, prng, [&](MemoryDisk& left, bool lost) {
      const bool has_output =
          left.PathsEndingWith(".data").size() > before.size();
      if (has_output) ++with_output;
      StoreDriver next = scene.After(left, lost);
      scene.ExpectContentOf(next);
      const std::vector<std::string> files = left.PathsEndingWith(".data");
      EXPECT_EQ(files.size(), next.store().counters().data_files);
      EXPECT_LE(files.size(), before.size());
    });
  });
  scene.StartJob();
  scene.Finish();
  scene.disk.set_after_operation({});

  ASSERT_TRUE(scene.IsJobDone());
  EXPECT_GT(with_output, 10);
}

TEST(CatalogueCompactionTest, A10AKeyStaysDeletedThroughCompactions) {
  for (const bool drops : {false, true}) {
    JobScene scene(drops ? DroppingTombstones() : SmallStore());
    const auto compact = [&] {
      scene.Waste();
      scene.Restart();
      scene.StartJob();
      scene.Finish();
      ASSERT_TRUE(scene.IsJobDone());
    };
    scene.Put("k", "value");
    compact();
    scene.Delete("k");
    compact();
    // The hints store is done with the tombstone, too.
    const std::string gone = drops ? "-" : "x";
    EXPECT_EQ(scene.driver.ValueOf("k"), gone);
    compact();

    scene.Restart();
    EXPECT_EQ(scene.driver.ValueOf("k"), gone);
    EXPECT_EQ(scene.driver.ValueOf("often"), std::string(2000, 'w'));
  }
}

TEST(CatalogueCompactionTest, A11APutBeatsTheCopyOfWhatItReplaced) {
  AtEveryStepOfAJob(
      PrepareValue, [](JobScene& scene) { scene.Put("k", "new"); },
      [](JobScene& scene) { scene.ExpectContentForEver(); });
}

// ---- Jobs that fail (A12, A19) ----

enum class JobFault { kWrite, kSync, kCreate };

// Fails an operation of a job for every step of it; `watch` sees all that the
// disk does meanwhile.  The output is written in several pieces.
template <typename Watch>
void FailEveryStepOfAJob(const Watch& watch) {
  Store::Options options = SmallStore();
  options.max_file_bytes = 1 << 20;
  int aborted = 0;
  for (const JobFault fault :
       {JobFault::kWrite, JobFault::kSync, JobFault::kCreate}) {
    for (int steps = 0;; ++steps) {
      SCOPED_TRACE("fault " + std::to_string(static_cast<int>(fault)) +
                   " after " + std::to_string(steps));
      JobScene scene(options);
      scene.Put("k", "older");
      for (int i = 0; i < 15; ++i) {
        scene.Put("large-" + std::to_string(i), std::string(20'000, 'l'));
        scene.Put("often", std::string(25'000, 'w'));
      }
      scene.Restart();
      const std::vector<std::string> before = scene.Files();
      scene.disk.set_after_operation(
          [&](const DiskEffect& effect) { watch(scene, effect); });
      scene.StartJob();
      if (!scene.Run(steps)) break;
      if (fault == JobFault::kWrite) scene.disk.FailNextWrite(DiskError::kIo);
      if (fault == JobFault::kSync) scene.disk.FailNextSync(DiskError::kIo);
      if (fault == JobFault::kCreate) {
        scene.disk.FailNextCreate(DiskError::kTooManyFiles);
      }
      scene.Finish();
      scene.ExpectContent();
      if (scene.driver.SawMark("storage.compaction_aborted")) {
        ++aborted;
        EXPECT_EQ(scene.Files(), before) << "not the inputs alone";
      } else {
        // The SWAP edit failed, and only a start can tell how.
        EXPECT_TRUE(scene.IsJobDone() || scene.driver.store().IsReadOnly());
      }
      scene.ExpectContentForEver();
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(aborted, 5);
}

TEST(CatalogueCompactionTest, A12AJobThatFailsHalfWayTakesNothingsPlace) {
  FailEveryStepOfAJob([](JobScene&, const DiskEffect&) {});
}

TEST(CatalogueCompactionTest, A19NoRecordIsTakenBackFromAnOutput) {
  std::map<uint32_t, std::string> paths;
  std::map<std::string, uint64_t> ends;
  int later_writes = 0;
  FailEveryStepOfAJob([&](JobScene&, const DiskEffect& effect) {
    const bool is_compaction = effect.priority == DiskPriority::kCompaction;
    if (effect.verb == DiskVerb::kOpen) {
      paths[effect.file.value] = effect.path;
      if (effect.create) ends[effect.path] = is_compaction ? 0 : UINT64_MAX;
    }
    const std::string& path = paths[effect.file.value];
    const auto end = ends.find(path);
    if (!path.ends_with(".data") || end == ends.end()) return;
    if (end->second == UINT64_MAX) return;  // No output.
    EXPECT_NE(effect.verb, DiskVerb::kTruncate) << path;
    if (effect.verb != DiskVerb::kWrite) return;
    EXPECT_EQ(effect.offset, end->second) << path;
    if (effect.offset > 0) ++later_writes;
    for (const Bytes& part : effect.data) end->second += part.size();
  });
  EXPECT_GT(later_writes, 10);
}

// The put that made the tombstone superfluous is written, and not synced: a
// power loss may take it, and the tombstone has to be there then.
TEST(CatalogueCompactionTest, A13ATombstoneOutlivesAPutThatIsNotSynced) {
  JobScene scene;
  PrepareTombstone(scene);
  scene.Put("k", "again");
  Prng prng(13);
  int fell_back = 0;
  scene.disk.set_after_operation([&](const DiskEffect&) {
    ForEveryLoss(scene.disk, 2, prng, [&](MemoryDisk& left, bool lost) {
      StoreDriver next = scene.After(left, lost);
      const std::string value = next.ValueOf("k");
      if (value == "x") ++fell_back;
      EXPECT_TRUE(value == "again" || (lost && value == "x")) << value;
    });
  });
  scene.StartJob();
  scene.driver.Settle();
  scene.Finish();
  scene.disk.set_after_operation({});

  ASSERT_TRUE(scene.IsJobDone());
  EXPECT_GT(fell_back, 0);
  scene.ExpectContentForEver();
}

TEST(CatalogueCompactionTest, A14TombstonesAreGoneWithinTwoCycles) {
  Store::Options options = DroppingTombstones();
  options.compact_interval = 2 * kSecond;
  JobScene scene(options);
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 60; ++i) {
      scene.Put("k" + std::to_string(i), std::string(900, 'v'));
    }
    for (int i = 0; i < 60; ++i) scene.Delete("k" + std::to_string(i));
    scene.Restart();

    scene.driver.Advance(4 * kSecond + kMillisecond);

    EXPECT_EQ(scene.driver.store().counters().deleted_keys, 0u) << round;
    EXPECT_LT(scene.driver.store().counters().data_bytes, 40'000u) << round;
  }
}

// Tombstones that may not go, because a damaged file may hold what they hide.
TEST(CatalogueCompactionTest, A15AFileIsNotCompactedForNoGainAgainAndAgain) {
  Store::Options options = DroppingTombstones();
  options.compact_interval = 2 * kSecond;
  JobScene scene(options);
  scene.Put("rotten", "hello-hello");
  scene.Restart();
  for (int i = 0; i < 40; ++i) scene.Delete("k" + std::to_string(i));
  scene.Restart();
  const std::string path = scene.Files().front();
  scene.disk.FlipBit(path, scene.disk.Content(path).find("hello-hello"), 3);
  ASSERT_EQ(scene.driver.ValueOf("rotten"), "!");

  // One that went on for ever would not let time pass.
  const uint64_t enough = scene.disk.operations() + 2000;
  scene.disk.set_holds(
      [&](const DiskEffect&) { return scene.disk.operations() > enough; });
  scene.driver.Advance(120 * kSecond);

  EXPECT_LT(scene.disk.operations(), enough);
  EXPECT_TRUE(scene.driver.SawMark("storage.compaction_cools_down"));
  const uint64_t jobs = scene.driver.store().counters().compactions;
  EXPECT_GE(jobs, 1u);
  EXPECT_LE(jobs, 6u) << "of 60 cycles";
}

TEST(CatalogueCompactionTest, A16AnUpdateIsOneRecord) {
  JobScene scene;
  for (int i = 0; i < 50; ++i) scene.Put("k", std::to_string(i));
  scene.Delete("k");
  for (int i = 0; i < 9; ++i) scene.Put("k", std::to_string(i));

  scene.Restart();

  uint64_t records = 0;
  for (const Note& note : scene.driver.notes()) {
    if (note.kind == Note::Kind::kRecovered) records = note.number;
  }
  EXPECT_EQ(records, 60u);
  EXPECT_EQ(scene.driver.store().counters().active_keys, 1u);
}

TEST(CatalogueCompactionTest, A18AnOutputGrowsNoLargerThanAFileMay) {
  JobScene scene;
  // Files of which a little more than half is dead, and one large record.
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 150; ++i) {
      if (round == 0 || i % 5 < 3) {
        scene.Put("k" + std::to_string(i), std::string(2000, 'v'));
      }
    }
  }
  scene.Put("large", std::string(200'000, 'l'));
  scene.Restart();
  const std::vector<std::string> before = scene.Files();

  scene.StartJob();
  scene.Finish();

  ASSERT_TRUE(scene.IsJobDone());
  std::vector<std::string> outputs;
  for (const std::string& path : scene.Files()) {
    if (std::find(before.begin(), before.end(), path) == before.end()) {
      outputs.push_back(path);
    }
  }
  EXPECT_GE(outputs.size(), 2u);
  for (const std::string& path : outputs) {
    EXPECT_LE(scene.disk.Content(path).size(), uint64_t{64} << 10) << path;
  }
  scene.ExpectContentForEver();
}

}  // namespace
}  // namespace orrery
