#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>

#include "bench/draws.h"
#include "bench/raw_file.h"
#include "bench/store_on_disk.h"
#include "bench/subject.h"

namespace orrery::bench {
namespace {

constexpr size_t kLargeBytes = 4096;
constexpr size_t kSmallBytes = 100;
constexpr size_t kSyncedBytes = 1000;
constexpr uint64_t kWindow = 256;  // Puts in flight without sync_writes.
constexpr uint64_t kManyWriters = 64;
constexpr uint64_t kMostWriters = 256;

// Whoever is second finds the disk busy with what the first left dirty: they
// take turns.
void InTurns(int repeat, const std::function<void()>& ours,
             const std::function<void()>& raw) {
  if (repeat % 2 == 0) ours();
  raw();
  if (repeat % 2 != 0) ours();
}

class UnsyncedWrites final : public Subject {
 public:
  explicit UnsyncedWrites(const BenchOptions& options) : options_(options) {}

  void Repeat(int repeat, Measurement& results) override {
    Large(repeat, results);
    Small(results);
  }

 private:
  void Large(int repeat, Measurement& results) {
    const uint64_t count = options_.Scaled(32'768, 512);
    const uint64_t bytes = count * kLargeBytes;
    double ours = 0;
    double ours_synced = 0;
    double raw = 0;
    double raw_synced = 0;
    const auto rate = [&](const Stopwatch& watch) {
      return static_cast<double>(bytes) / 1e6 / watch.Seconds();
    };
    InTurns(
        repeat,
        [&] {
          StoreOnDisk store(options_.directory + "/large", {.directory = "s"});
          store.Start();
          const Stopwatch watch;
          RunPuts(store, {.count = count,
                          .window = kWindow,
                          .key = KeyOf,
                          .value = [&](uint64_t i) { return large_.Of(i); }});
          ours = rate(watch);
          store.Stop();
          ours_synced = rate(watch);
        },
        [&] {
          RawFile file(options_.directory + "/raw");
          const Stopwatch watch;
          // As many bytes at once as a full window makes.
          for (uint64_t at = 0; at < bytes; at += kWindow * kLargeBytes) {
            file.Append(std::min(kWindow * kLargeBytes, bytes - at));
          }
          raw = rate(watch);
          file.Sync();
          raw_synced = rate(watch);
        });
    results.Add("write_4k_mb_per_s", ours, raw);
    results.Add("write_4k_to_the_device_mb_per_s", ours_synced, raw_synced);
    std::filesystem::remove_all(options_.directory + "/large");
  }

  void Small(Measurement& results) {
    const uint64_t count = options_.Scaled(1'000'000, 5000);
    Store::Options store_options{.directory = "s"};
    store_options.max_file_bytes = 32 << 20;  // So that files change often.
    StoreOnDisk store(options_.directory + "/small", store_options);
    store.Start();
    PutTimes times;
    const Stopwatch watch;
    const int64_t cpu_ns = ThreadCpuNs();
    RunPuts(store,
            {.count = count,
             .window = kWindow,
             .key = KeyOf,
             .value = [&](uint64_t i) { return small_.Of(i); }},
            &times);
    const double cpu_s = static_cast<double>(ThreadCpuNs() - cpu_ns) / 1e9;
    const auto puts = static_cast<double>(count);
    results.Add("put_100b_per_core_second", puts / cpu_s);
    results.Add("put_100b_per_second", puts / watch.Seconds());
    results.Add("put_wait_p9999_ms", times.waits.Microseconds(0.9999) / 1e3);
    results.Add("put_turn_longest_cpu_ms", times.turns.Microseconds(1) / 1e3);
    store.Stop();
    std::filesystem::remove_all(options_.directory + "/small");
  }

  BenchOptions options_;
  Values large_{kLargeBytes};
  Values small_{kSmallBytes};
};

class SyncedWrites final : public Subject {
 public:
  explicit SyncedWrites(const BenchOptions& options) : options_(options) {}

  void Repeat(int repeat, Measurement& results) override {
    const double one_sync_per_put = One(repeat, results);
    Many(repeat, kManyWriters, one_sync_per_put, results);
    Many(repeat, kMostWriters, one_sync_per_put, results);
  }

 private:
  // Puts a second of a raw loop with one write and one sync for each.
  double One(int repeat, Measurement& results) {
    const uint64_t count = options_.Scaled(400, 20);
    PutTimes ours;
    Latencies raw;
    double raw_seconds = 0;
    InTurns(
        repeat, [&] { RunStore(count, 1, &ours); },
        [&] {
          RawFile file(options_.directory + "/raw");
          file.Allocate(count * kLargeBytes);
          const Stopwatch watch;
          for (uint64_t i = 0; i < count; ++i) {
            const int64_t begin = NowNs();
            file.Append(kLargeBytes);  // A synced batch fills whole pages.
            file.Sync();
            raw.Add(NowNs() - begin);
          }
          raw_seconds = watch.Seconds();
        });
    results.Add("synced_1_p50_us", ours.waits.Microseconds(0.5),
                raw.Microseconds(0.5));
    results.Add("synced_1_p99_us", ours.waits.Microseconds(0.99),
                raw.Microseconds(0.99));
    return static_cast<double>(count) / raw_seconds;
  }

  void Many(int repeat, uint64_t writers, double one_sync_per_put,
            Measurement& results) {
    const uint64_t count = writers * options_.Scaled(100, 5);
    double ours = 0;
    double raw = 0;
    const auto run_raw = [&] {
      const uint64_t batch = effort_.bytes_written / effort_.writes;
      RawFile file(options_.directory + "/raw");
      file.Allocate(batch * effort_.syncs);
      const Stopwatch watch;
      for (uint64_t i = 0; i < effort_.syncs; ++i) {
        file.Append(batch);
        file.Sync();
      }
      // The same records in the same batches.
      raw = static_cast<double>(count) / watch.Seconds();
    };
    const auto run_ours = [&] { ours = RunStore(count, writers, nullptr); };
    // The first repeat has to learn how large batches are.
    if (repeat == 0) {
      run_ours();
      run_raw();
    } else {
      InTurns(repeat, run_ours, run_raw);
    }
    const std::string row = "synced_" + std::to_string(writers);
    results.Add(row + "_puts_per_s", ours, raw);
    results.Add(row + "_over_one_sync_a_put", ours / one_sync_per_put);
    results.Add(row + "_puts_a_sync",
                static_cast<double>(count) / static_cast<double>(effort_.syncs));
  }

  // Puts a second.
  double RunStore(uint64_t count, uint64_t writers, PutTimes* times) {
    StoreOnDisk store(options_.directory + "/synced",
                      {.directory = "s", .sync_writes = true});
    store.Start();
    const auto run = [&](uint64_t puts, PutTimes* into) {
      RunPuts(store,
              {.count = puts,
               .window = writers,
               .key = KeyOf,
               .value = [&](uint64_t i) { return values_.Of(i); }},
              into);
    };
    run(writers, nullptr);  // The first makes the file.
    const DiskEffort before = store.effort();
    const Stopwatch watch;
    run(count, times);
    const double rate = static_cast<double>(count) / watch.Seconds();
    effort_ = store.effort().Since(before);
    store.Stop();
    std::filesystem::remove_all(options_.directory + "/synced");
    return rate;
  }

  BenchOptions options_;
  Values values_{kSyncedBytes};
  DiskEffort effort_;  // Of the last run.
};

}  // namespace

std::unique_ptr<Subject> MakeUnsyncedWrites(const BenchOptions& options) {
  return std::make_unique<UnsyncedWrites>(options);
}

std::unique_ptr<Subject> MakeSyncedWrites(const BenchOptions& options) {
  return std::make_unique<SyncedWrites>(options);
}

}  // namespace orrery::bench
