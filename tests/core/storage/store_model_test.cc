// The store against a plain map, through crashes in any operation, power
// losses and compactions.  O17: promised is contained in recovered, recovered
// in issued; recovering twice gives the same.  O18: every read equals the map.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/prng.h"
#include "core/storage/store.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"

namespace orrery {
namespace {

constexpr int kKeys = 12;

struct Issued {
  std::string key;
  std::string value;  // "x": a deletion.
  uint32_t ticket = 0;
  bool is_answered = false;
  Durability durability = Durability::kNone;
};

// What was issued since the last recovery, in order, over what was recovered
// then (which is synced).
class Model {
 public:
  std::map<std::string, std::string> base;
  std::vector<Issued> issued;

  void TakeReplies(StoreDriver& driver) {
    for (const StoreReply& reply : driver.TakeReplies()) {
      for (Issued& put : issued) {
        if (put.ticket != reply.ticket.part) continue;
        if (reply.status != StoreStatus::kOk) continue;
        put.is_answered = true;
        put.durability = reply.durability;
      }
    }
  }

  std::string Last(const std::string& key, size_t upto) const {
    for (size_t i = upto; i > 0; --i) {
      if (issued[i - 1].key == key) return issued[i - 1].value;
    }
    const auto found = base.find(key);
    return found == base.end() ? "-" : found->second;
  }

  // The recovered value of each key was issued for it, and is not older than
  // the newest promised one.
  void CheckPerKey(const std::map<std::string, std::string>& recovered,
                   Durability promised, bool all_promises_hold) const {
    for (const auto& [key, value] : recovered) {
      std::vector<std::string> allowed = {base.contains(key) ? base.at(key)
                                                             : "-"};
      for (const Issued& put : issued) {
        if (put.key != key) continue;
        const bool is_promised =
            put.is_answered && all_promises_hold && put.durability >= promised;
        if (is_promised) allowed.clear();
        allowed.push_back(put.value);
      }
      const bool is_allowed =
          std::find(allowed.begin(), allowed.end(), value) != allowed.end();
      RC_ASSERT(is_allowed);
    }
  }

  // sync_writes: the recovered map is what some prefix of the puts gives, and
  // that prefix contains every promise.
  void CheckPrefix(const std::map<std::string, std::string>& recovered) const {
    size_t promised = 0;
    for (size_t i = 0; i < issued.size(); ++i) {
      if (issued[i].is_answered) promised = i + 1;
    }
    for (size_t length = promised; length <= issued.size(); ++length) {
      bool is_equal = true;
      for (const auto& [key, value] : recovered) {
        if (Last(key, length) != value) is_equal = false;
      }
      if (is_equal) return;
    }
    RC_FAIL("no prefix of the puts gives what was recovered");
  }
};

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
  std::string KeyOf(uint64_t i) { return "key-" + std::to_string(i); }

  void PutSome() {
    for (uint64_t n = 1 + prng_.Below(4); n > 0; --n) {
      Issued put{.key = KeyOf(prng_.Below(kKeys)), .value = {}};
      if (prng_.Chance(1, 5)) {
        put.value = "x";
        put.ticket = driver_.Delete(put.key);
      } else {
        // Sizes that end on sectors now and then.
        const uint64_t size =
            prng_.Chance(1, 4) ? 512 * prng_.Below(8) : prng_.Below(3000);
        put.value = std::to_string(++values_) + ":" +
                    std::string(static_cast<size_t>(size), 'v');
        put.ticket = driver_.Put(put.key, put.value, prng_.Chance(1, 6));
      }
      model_.issued.push_back(put);
    }
  }

  // Without a crash: a settled store equals the map.
  void ReadSome() {
    driver_.Settle();
    model_.TakeReplies(driver_);
    for (const Issued& put : model_.issued) RC_ASSERT(put.is_answered);
    for (int i = 0; i < 3; ++i) {
      const std::string key = KeyOf(prng_.Below(kKeys));
      RC_ASSERT(driver_.ValueOf(key) == model_.Last(key, model_.issued.size()));
    }
  }

  std::map<std::string, std::string> ReadAll() {
    std::map<std::string, std::string> all;
    for (int i = 0; i < kKeys; ++i) {
      all[KeyOf(static_cast<uint64_t>(i))] =
          driver_.ValueOf(KeyOf(static_cast<uint64_t>(i)));
    }
    return all;
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
    const auto recovered = ReadAll();
    for (const auto& [key, value] : recovered) RC_ASSERT(value != "!");

    if (sync_writes_) {
      RC_ASSERT(!driver_.SawMark("storage.damage_found"));
      model_.CheckPrefix(recovered);
    } else if (!restarted) {
      model_.CheckPerKey(recovered, Durability::kWritten, true);
    } else {
      // What was only written may be gone; then the store knows.
      model_.CheckPerKey(recovered, Durability::kSynced, true);
      if (!driver_.store().IsSuspect()) {
        model_.CheckPerKey(recovered, Durability::kWritten, true);
      }
    }

    // Once more, and the same.
    disk_.CrashProcess();
    driver_.StartAndRecover();
    RC_ASSERT(ReadAll() == recovered);
    driver_.Do([&](Turn& turn) { driver_.store().ClearSuspect(turn); });
    driver_.Settle();
    model_.base = recovered;
    model_.issued.clear();
  }

  Prng prng_;
  MemoryDisk disk_;
  StoreDriver driver_;
  bool sync_writes_;
  Model model_;
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
