// The store against a plain map, through crashes in any operation, power
// losses and compactions.  O17: promised is contained in recovered, recovered
// in issued; recovering twice gives the same.  O18: every read equals the map.

#include "tests/core/storage/store_model.h"

#include <string>

#include "core/base/prng.h"
#include "core/storage/store.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

constexpr size_t kKeys = 12;

class Run {
 public:
  Run(uint64_t seed, bool sync_writes, uint64_t max_file_bytes)
      : prng_(seed),
        disk_(seed ^ 0xabcdef),
        driver_(disk_,
                [&] {
                  Store::Options options = SmallStore();
                  options.sync_writes = sync_writes;
                  options.max_file_bytes = max_file_bytes;
                  options.compact_interval = 2 * kSecond;
                  return options;
                }()),
        sync_writes_(sync_writes) {}

  void Play(int steps) {
    driver_.StartAndRecover();
    for (int i = 0; i < steps; ++i) {
      switch (prng_.Below(20)) {
        case 0:
          CrashAndCheck(false);
          break;
        case 1:
          CrashAndCheck(true);
          break;
        case 2:
          driver_.Do([&](Turn& turn) { driver_.store().Compact(turn); });
          break;
        case 3:
          driver_.Advance(
              Duration{static_cast<int64_t>(prng_.Below(2'000'000'000))});
          break;
        case 4:
        case 5:
        case 6:
          ReadSome();
          break;
        default:
          PutSome();
      }
      for (uint64_t n = prng_.Below(8); n > 0; --n) driver_.RunOne();
      model_.TakeReplies(driver_);
    }
    driver_.Settle();
    CrashAndCheck(false);
  }

 private:
  void PutSome() {
    for (uint64_t n = 1 + prng_.Below(4); n > 0; --n) {
      const auto key = static_cast<size_t>(prng_.Below(kKeys));
      if (prng_.Chance(1, 5)) {
        model_.Delete(driver_, key);
        continue;
      }
      // Sizes that end on sectors now and then.
      const uint64_t size =
          prng_.Chance(1, 4) ? 512 * prng_.Below(8) : prng_.Below(3000);
      const std::string value = std::to_string(++values_) + ":" +
                                std::string(static_cast<size_t>(size), 'v');
      const bool must_sync = prng_.Chance(1, 6);
      model_.Put(driver_, key, value, must_sync);
    }
  }

  // Without a crash: a settled store equals the map.
  void ReadSome() {
    driver_.Settle();
    model_.TakeReplies(driver_);
    RC_ASSERT(model_.AllAnswered());
    for (int i = 0; i < 3; ++i) {
      const auto key = static_cast<size_t>(prng_.Below(kKeys));
      RC_ASSERT(driver_.ValueOf(model_.KeyOf(key)) == model_.ValueOf(key));
    }
  }

  void Crash(bool power_loss) {
    if (power_loss) {
      disk_.LosePower();
    } else {
      disk_.CrashProcess();
    }
  }

  void CrashAndCheck(bool power_loss) {
    model_.TakeReplies(driver_);
    Crash(power_loss);
    // Also during recovery, now and then several times.
    bool restarted = power_loss;
    while (prng_.Chance(1, 2)) {
      driver_.Start(restarted);
      for (uint64_t n = prng_.Below(40); n > 0; --n) {
        if (!driver_.RunOne()) break;
      }
      RC_ASSERT(!driver_.store().IsFailed());
      const bool again = prng_.Chance(1, 2);
      restarted |= again;
      Crash(again);
    }
    driver_.StartAndRecover(restarted);
    RC_ASSERT(driver_.store().IsOpen());
    const StoreModel::Content recovered = model_.Read(driver_);
    const std::string wrong =
        model_.Judge({.sync_writes = sync_writes_, .power_lost = restarted},
                     {.content = recovered,
                      .suspect = driver_.store().IsSuspect(),
                      .damaged = driver_.SawMark("storage.damage_found")});
    RC_ASSERT(wrong == "");

    // Once more, and the same.
    disk_.CrashProcess();
    driver_.StartAndRecover();
    RC_ASSERT(model_.Read(driver_) == recovered);
    driver_.Do([&](Turn& turn) { driver_.store().ClearSuspect(turn); });
    driver_.Settle();
    model_.Continue(recovered);
  }

  Prng prng_;
  MemoryDisk disk_;
  StoreDriver driver_;
  bool sync_writes_;
  StoreModel model_{kKeys};
  uint64_t values_ = 0;
};

RC_GTEST_PROP(StoreModelTest, SyncedWritesAreAPrefixAfterEveryCrash, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  const auto pages = *rc::gen::inRange<uint64_t>(2, 17);
  Run(seed, true, pages * 4096).Play(60);
}

RC_GTEST_PROP(StoreModelTest, UnsyncedWritesSurviveAProcessCrash, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  const auto pages = *rc::gen::inRange<uint64_t>(2, 17);
  Run(seed, false, pages * 4096).Play(60);
}

}  // namespace
}  // namespace orrery
