// A store over a disk whose every choice is the fuzzer's: which operation in
// flight is done next, when the process dies or the power goes, what is left of
// what was in flight, which sectors, sizes and names survive.  The judge is the
// plain map of store_model.h (O17, O18).
//
// The first byte configures the store; then each byte is a step, and takes what
// choices it needs from the bytes behind it.  At the end of the input every
// choice is 0, and the store settles.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

#include "core/base/invariant.h"
#include "core/storage/store.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/core/storage/store_driver.h"
#include "tests/core/storage/store_model.h"

namespace orrery {
namespace {

constexpr size_t kKeys = 4;
constexpr size_t kStepsMax = 120;

class Run {
 public:
  explicit Run(std::span<const uint8_t> input)
      : input_(input),
        store_(StoreOf(Byte())),
        driver_(disk_, store_),
        model_(kKeys) {
    disk_.set_choices([this](uint64_t bound) { return Choose(bound); });
  }

  void Play() {
    driver_.StartAndRecover();
    CheckOpen();
    for (size_t i = 0; i < kStepsMax && !input_.empty(); ++i) PlayStep(Byte());
    input_ = {};
    driver_.Settle();
    CheckContent();
    End(false);
    Restart(false);
  }

 private:
  static Store::Options StoreOf(uint8_t how) {
    Store::Options options = SmallStore();
    options.sync_writes = (how & 1) != 0;
    options.max_file_bytes = uint64_t{4096} * (2u + (how >> 1 & 3));
    options.limits.allocate_step = uint64_t{4096} << (how >> 3 & 3);
    options.limits.key_segments = 1;
    options.compact_interval = 2 * kSecond;
    return options;
  }

  uint8_t Byte() {
    if (input_.empty()) return 0;
    const uint8_t byte = input_.front();
    input_ = input_.subspan(1);
    return byte;
  }
  uint64_t Choose(uint64_t bound) {
    if (bound <= 1) return 0;
    uint64_t choice = Byte();
    if (bound > 256) choice = choice * 256 + Byte();
    return choice % bound;
  }

  void PlayStep(uint8_t step) {
    const size_t key = step / 16 % kKeys;
    switch (step % 16) {
      case 0:
      case 1:
      case 2:
        return Put(key, Byte() % 64u * 4u, false);
      case 3:
        return Put(key, Byte() * 8u, false);
      case 4:
        return Put(key, Byte() % 32u, true);
      case 5:
        return model_.Delete(driver_, key);
      case 6:
        return driver_.Do(
            [this](Turn& turn) { driver_.store().Compact(turn); });
      case 7:
        return driver_.Advance(Byte() * (10 * kMillisecond));
      case 8:
        driver_.Settle();
        return CheckContent();
      case 9:
        End(false);
        return Restart(false);
      case 10:
        End(true);
        return Restart(true);
      case 11:  // Dies in recovery.
        End(step / 64 % 2 == 1);
        driver_.Start(power_lost_);
        for (uint8_t n = Byte() % 64u; n > 0 && driver_.RunOne(); --n) {
        }
        End(step / 128 == 1);
        return Restart(power_lost_);
      default:
        for (uint8_t n = step / 16; n > 0 && driver_.RunOne(); --n) {
        }
        model_.TakeReplies(driver_);
        return;
    }
  }

  void Put(size_t key, size_t bytes, bool must_sync) {
    model_.Put(driver_, key,
               std::to_string(++values_) + ":" + std::string(bytes, 'v'),
               must_sync);
  }

  void CheckContent() {
    model_.TakeReplies(driver_);
    ORRERY_INVARIANT(model_.AllAnswered());
    for (size_t key = 0; key < kKeys; ++key) {
      ORRERY_INVARIANT(driver_.ValueOf(model_.KeyOf(key)) ==
                       model_.ValueOf(key));
    }
  }

  // Not for lack of a disk that works.
  void CheckOpen() {
    if (driver_.store().IsOpen()) return;
    std::fprintf(stderr, "%s\n", driver_.store().failure().c_str());
    ORRERY_UNREACHABLE("a store that does not open");
  }

  void End(bool power_lost) {
    model_.TakeReplies(driver_);
    power_lost_ |= power_lost;
    if (!power_lost) return disk_.CrashProcess();
    // What was in flight happened or not; then each piece survives or not.
    disk_.CrashProcess();
    disk_.LosePowerBut([this](size_t) { return Choose(2) == 1; });
  }

  void Restart(bool power_lost) {
    power_lost_ |= power_lost;
    driver_.StartAndRecover(power_lost_);
    CheckOpen();
    const StoreModel::Content content = model_.Read(driver_);
    const std::string wrong = model_.Judge(
        {.sync_writes = store_.sync_writes, .power_lost = power_lost_},
        {.content = content,
         .suspect = driver_.store().IsSuspect(),
         .damaged = driver_.SawMark("storage.damage_found")});
    if (!wrong.empty()) {
      std::fprintf(stderr, "O17 recovery: %s\n", wrong.c_str());
      ORRERY_UNREACHABLE("a recovery that breaks a promise");
    }
    disk_.CrashProcess();
    driver_.StartAndRecover();
    CheckOpen();
    ORRERY_INVARIANT(model_.Read(driver_) == content);
    driver_.Do([this](Turn& turn) { driver_.store().ClearSuspect(turn); });
    driver_.Settle();
    model_.Continue(content);
    power_lost_ = false;
  }

  std::span<const uint8_t> input_;
  MemoryDisk disk_{1};
  Store::Options store_;
  StoreDriver driver_;
  StoreModel model_;
  uint64_t values_ = 0;
  bool power_lost_ = false;
};

}  // namespace
}  // namespace orrery

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  orrery::Run({data, size}).Play();
  return 0;
}
