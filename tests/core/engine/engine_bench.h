// tests/core/engine/engine_bench.h
//
// One whole engine, alone in its ring, over a disk in memory whose operations
// the test performs one by one.  Nobody hears what it sends.

#ifndef ORRERY_TESTS_CORE_ENGINE_ENGINE_BENCH_H_
#define ORRERY_TESTS_CORE_ENGINE_ENGINE_BENCH_H_

#include <functional>
#include <utility>

#include "core/engine/engine.h"
#include "tests/core/storage/memory_disk.h"

namespace orrery {

class EngineBench {
 public:
  // Sees what each step did, before the disk gets its part.
  using Watch = std::function<void(Effects&)>;

  explicit EngineBench(Watch watch)
      : engine(Options()), watch_(std::move(watch)) {
    disk.set_in_order(true);
  }

  // Until it serves; false: it does not get there.
  bool Boot() {
    StartEvent start;
    start.boot_id = {1, 2};
    start.entropy[0] = entropy;
    Deliver(start);
    Deliver(SeedsEvent{.seeds = {}, .self_first = true});
    for (int i = 0; i < kBootStepsMax; ++i) {
      if (engine.state() == EngineState::kServing) return true;
      if (disk.IsIdle()) {
        Pass(100 * kMillisecond);
      } else {
        Deliver(disk.Perform());
      }
    }
    return false;
  }

  void Pass(Duration time) {
    Sleep(time);
    Deliver(TickEvent{});
  }
  // The process stands still: no tick comes.
  void Sleep(Duration time) { now_ = now_ + time; }
  void Settle() {
    while (!disk.IsIdle()) Deliver(disk.Perform());
  }

  void Deliver(EventBody body) {
    now_ = now_ + Duration{1000};
    const Event event{{now_, WallTime{1'700'000'000'000'000'000 + now_.ns}},
                      std::move(body)};
    effects_.Clear();
    if (before_step) before_step(event);
    engine.Step(event, effects_);
    if (after_step) after_step(event, effects_);
    watch_(effects_);
    for (DiskEffect& effect : effects_.disk) disk.Submit(std::move(effect));
    if (effects_.more && ++soon_ < kSoonMax) Deliver(TickEvent{});
    soon_ = 0;
  }

  static EngineOptions Options() {
    EngineOptions options;
    options.node_name = "alone";
    options.gossip.port = 7001;
    options.gossip.ip[15] = 1;
    options.vnodes = 4;
    options.max_file_bytes = 64 << 10;
    options.compact_interval = 2 * kSecond;
    options.limits.client_requests_max = 16;
    options.limits.peer_requests_max = 16;
    options.limits.store_reads_max = 32;
    options.limits.key_segments = 4;
    options.limits.allocate_step = 16 << 10;
    options.limits.pinned_bytes_max = 64 << 10;
    return options;
  }

  Engine engine;
  MemoryDisk disk{1};
  uint8_t entropy = 0;  // The first byte of what Boot starts with.
  // Of who records; may be empty.
  std::function<void(const Event&)> before_step;
  std::function<void(const Event&, const Effects&)> after_step;

 private:
  static constexpr int kBootStepsMax = 400;
  static constexpr int kSoonMax = 64;

  Watch watch_;
  Effects effects_;
  Instant now_{1};
  int soon_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_ENGINE_ENGINE_BENCH_H_
