// Snapshots against the list of puts that were made: what a node finds that
// starts on one is exactly what a prefix of them gives (A6), whatever was
// written and compacted meanwhile and later, and wherever the node died.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/prng.h"
#include "core/storage/snapshot_job.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
#include "tests/core/storage/directory_driver.h"
#include "tests/core/storage/memory_disk.h"

namespace orrery {
namespace {

constexpr size_t kSnapshotKeys = 6;
constexpr const char* kName = "snapshots/s";

class SnapshotHistory {
 public:
  using Content = DirectoryDriver::Content;

  explicit SnapshotHistory(uint64_t seed)
      : prng_(seed),
        options_(OptionsOf(seed)),
        disk_(seed ^ 0x736e6170),
        driver_(disk_, options_) {
    disk_.set_in_order(seed % 2 == 0);
    for (size_t i = 0; i < kSnapshotKeys; ++i) {
      keys_.push_back("key-" + std::to_string(i));
    }
    driver_.StartAndSettle();
    driver_.SaveRing("the ring");
  }

  void WriteSome(size_t steps) {
    for (size_t i = 0; i < steps; ++i) {
      if (prng_.Chance(1, 12)) driver_.Compact();
      if (prng_.Chance(1, 12)) driver_.Advance(3 * kSecond);
      for (uint64_t n = prng_.Below(3); n > 0; --n) PutOne();
      for (uint64_t n = prng_.Below(8); n > 0; --n) driver_.RunOne();
    }
  }

  void Take() {
    lower_ = 0;
    for (size_t i = 0; i < puts_.size(); ++i) {
      if (driver_.IsAnswered(puts_[i].ticket)) lower_ = i + 1;
    }
    driver_.Take("s");
  }
  // Whether it was reported, with whatever outcome.
  bool IsReported() const { return is_reported_; }
  void RunOne() {
    driver_.RunOne();
    if (is_reported_) return;
    upper_ = puts_.size();
    for (const SnapshotJob::Report& report : driver_.reports()) {
      is_reported_ = true;
      is_made_ |= report.outcome == SnapshotJob::Report::Outcome::kDone;
    }
  }
  void FinishSnapshot() {
    while (!IsReported()) RunOne();
  }

  // From now on the disk is looked at whenever an operation took effect.
  void LookAtEveryEffect(size_t samples) {
    disk_.set_after_operation([this, samples](const DiskEffect&) {
      if (!failure_.empty()) return;
      CheckDeath(samples);
    });
  }
  void StopLooking() { disk_.set_after_operation({}); }

  // As sentences; empty: nothing is wrong.
  const std::string& failure() const { return failure_; }
  std::string JudgeSnapshot() {
    if (!disk_.Exists(kName)) return "there is no snapshot";
    return JudgeSnapshotOn(disk_);
  }
  uint64_t looks() const { return looks_; }

 private:
  struct Issued {
    std::string key;
    std::string value;
    uint32_t ticket = 0;
  };

  static DirectoryDriver::Options OptionsOf(uint64_t seed) {
    Prng prng(seed ^ 0x6f7074);
    DirectoryDriver::Options options;
    options.sync_writes = prng.Chance(1, 2);
    options.max_file_bytes = 4096 * (3 + prng.Below(6));
    return options;
  }

  void PutOne() {
    const std::string& key =
        keys_[static_cast<size_t>(prng_.Below(kSnapshotKeys))];
    if (prng_.Chance(1, 6)) {
      puts_.push_back({key, "x", driver_.Delete(key)});
      return;
    }
    const std::string value =
        std::to_string(++values_) + ":" +
        std::string(static_cast<size_t>(prng_.Below(2500)), 'v');
    puts_.push_back({key, value, driver_.Put(key, value)});
  }

  Content After(size_t puts) const {
    Content content;
    for (const std::string& key : keys_) content[key] = "-";
    for (size_t i = 0; i < puts; ++i) content[puts_[i].key] = puts_[i].value;
    return content;
  }

  bool IsPrefix(const Content& content, size_t from, size_t upto) const {
    for (size_t puts = from; puts <= upto; ++puts) {
      if (After(puts) == content) return true;
    }
    return false;
  }

  std::string JudgeSnapshotOn(const MemoryDisk& disk) {
    MemoryDisk copy = disk.CopyOf(kName);
    DirectoryDriver restored(copy, options_);
    restored.StartAndSettle();
    if (!restored.IsOpen()) {
      return "the snapshot does not open: " + restored.directory().failure() +
             restored.store(StoreId::kUser).failure();
    }
    if (!restored.store(StoreId::kUser).IsSuspect()) {
      return "who starts on the snapshot doubts nothing";
    }
    if (!restored.directory().ring().has_value()) {
      return "the snapshot has no ring";
    }
    if (restored.SawMark("storage.damage_found")) {
      return "the snapshot is damaged";
    }
    const Content content = restored.Read(keys_);
    const size_t upper = is_reported_ ? upper_ : puts_.size();
    if (!IsPrefix(content, lower_, upper)) {
      return "the snapshot holds no state between " + std::to_string(lower_) +
             " and " + std::to_string(upper) + " puts";
    }
    copy.CrashProcess();
    restored.StartAndSettle();
    if (restored.Read(keys_) != content) {
      return "the snapshot holds something else the second time";
    }
    return "";
  }

  // The node dies here; alone, and with every power loss, or some of them.
  void CheckDeath(size_t samples) {
    CheckAfter(disk_.Fork(), false, "a death of the process");
    const size_t pieces = disk_.UnsyncedPieces();
    const bool all = pieces < 5;
    const size_t losses = all ? size_t{1} << pieces : samples;
    for (size_t i = 0; i < losses && failure_.empty(); ++i) {
      MemoryDisk disk = disk_.Fork();
      std::vector<bool> kept(pieces);
      for (size_t piece = 0; piece < pieces; ++piece) {
        if (all) {
          kept[piece] = (i >> piece & 1) != 0;
        } else if (i > 1) {
          kept[piece] = prng_.Chance(1, 2);
        } else {
          kept[piece] = i == 1;
        }
      }
      disk.LosePowerBut([&kept](size_t piece) { return kept[piece]; });
      CheckAfter(std::move(disk), true, "a power loss");
    }
  }

  void CheckAfter(MemoryDisk disk, bool power_lost, const std::string& how) {
    ++looks_;
    std::string wrong;
    if (disk.Exists(kName)) {
      wrong = JudgeSnapshotOn(disk);
    } else if (is_made_) {
      wrong = "a snapshot that was reported is gone";
    }
    if (wrong.empty()) wrong = JudgeOriginal(disk, power_lost);
    if (!wrong.empty()) failure_ = "after " + how + ": " + wrong;
  }

  std::string JudgeOriginal(MemoryDisk& disk, bool power_lost) {
    DirectoryDriver again(disk, options_);
    const uint64_t boot = power_lost ? 2 : 1;
    again.StartAndSettle(boot);
    if (!again.IsOpen()) return "the node does not start";
    if (again.SawMark("storage.damage_found")) return "the node is damaged";
    for (const std::string& path : disk.Paths()) {
      if (path.starts_with(std::string(kName) + ".tmp")) {
        return path + " is left";
      }
    }
    if (disk.Exists(std::string(kName) + ".tmp")) return "s.tmp is left";
    const Content content = again.Read(keys_);
    // Unsynced writes are a power loss's.
    size_t answered = 0;
    for (size_t i = 0; i < puts_.size(); ++i) {
      if (driver_.IsAnswered(puts_[i].ticket)) answered = i + 1;
    }
    if (power_lost && !options_.sync_writes) answered = 0;
    if (!IsPrefix(content, answered, puts_.size())) {
      if (!power_lost || options_.sync_writes) return "the node lost writes";
    }
    disk.CrashProcess();
    again.StartAndSettle(boot);
    if (again.Read(keys_) != content) return "the node forgets at every start";
    return "";
  }

  Prng prng_;
  DirectoryDriver::Options options_;
  MemoryDisk disk_;
  DirectoryDriver driver_;
  std::vector<std::string> keys_;
  std::vector<Issued> puts_;
  uint64_t values_ = 0;
  size_t lower_ = 0;  // Puts that must be in it, at least.
  size_t upper_ = 0;  // And at most.
  bool is_reported_ = false;
  bool is_made_ = false;
  std::string failure_;
  uint64_t looks_ = 0;
};

// Catalogue A6.  SSN-1
RC_GTEST_PROP(SnapshotModelTest, IsTheStateOfOneMomentWhateverComesLater, ()) {
  SnapshotHistory history(*rc::gen::arbitrary<uint64_t>());
  history.WriteSome(*rc::gen::inRange<size_t>(0, 60));
  history.Take();
  const auto during = *rc::gen::inRange<size_t>(0, 20);
  history.WriteSome(during);
  history.FinishSnapshot();
  const std::string at_once = history.JudgeSnapshot();
  RC_ASSERT(at_once == "");

  history.WriteSome(60);

  const std::string later = history.JudgeSnapshot();
  RC_ASSERT(later == "");
}

// SNP-1
TEST(SnapshotCrashTest, ADeathAtAnyEffectLeavesAWholeSnapshotOrNone) {
  uint64_t looks = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SnapshotHistory history(seed);
    history.WriteSome(8 + seed);
    history.LookAtEveryEffect(6);
    history.Take();
    while (!history.IsReported()) {
      if (seed % 3 == 0) history.WriteSome(1);
      history.RunOne();
    }
    history.WriteSome(1);
    history.StopLooking();

    ASSERT_EQ(history.failure(), "") << "history " << seed;
    EXPECT_EQ(history.JudgeSnapshot(), "") << "history " << seed;
    looks += history.looks();
  }
  EXPECT_GT(looks, 500u);
}

}  // namespace
}  // namespace orrery
