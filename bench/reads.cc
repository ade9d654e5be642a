#include <string>
#include <vector>

#include "bench/draws.h"
#include "bench/raw_file.h"
#include "bench/store_on_disk.h"
#include "bench/subject.h"

namespace orrery::bench {
namespace {

constexpr size_t kReadBytes = 4096;
constexpr uint64_t kFillWindow = 256;
constexpr uint64_t kGetsBetweenDrops = 64;

class Reads final : public Subject {
 public:
  explicit Reads(const BenchOptions& options)
      : options_(options),
        keys_(options.Scaled(16'384, 1024)),
        draws_(keys_, 0, 1),
        store_(options.directory + "/read", StoreOptions(options)) {}

  void Repeat(int repeat, Measurement& results) override {
    if (repeat == 0) {
      store_.Start();
      Put(keys_, [](uint64_t i) { return i; });
    }
    Measure(false, "read", options_.Scaled(20'000, 500), results);
    Measure(true, "read_device", options_.Scaled(2'000, 100), results);
    if (repeat == 0) CountReads(results);
  }

 private:
  static Store::Options StoreOptions(const BenchOptions& options) {
    Store::Options store{.directory = "s"};
    // A compaction waits until the log is synced, and reads meanwhile are idle.
    store.sync_interval = 10 * kMillisecond;
    store.max_file_bytes = options.Scaled(8 << 20, 1 << 20);
    return store;
  }

  template <typename NumberOf>
  void Put(uint64_t count, NumberOf number_of) {
    RunPuts(store_,
            {.count = count,
             .window = kFillWindow,
             .key = [&](uint64_t i) { return KeyOf(number_of(i)); },
             .value = [&](uint64_t i) { return values_.Of(i); }});
    store_.Settle();
  }

  // Two records of three are dead then, in every file: others each time.
  void KillTwoThirds() {
    std::vector<uint64_t> dead;
    for (uint64_t i = 0; i < keys_; ++i) {
      const uint64_t fate = deaths_.Below(3);
      if (fate != 0) dead.push_back(i);
    }
    Put(dead.size(), [&](uint64_t i) { return dead[i]; });
  }

  // Gets one after the other, alone and while something is compacted.
  void Measure(bool from_device, const std::string& row, uint64_t gets,
               Measurement& results) {
    KillTwoThirds();
    Latencies idle;
    while (idle.count() < gets) Get(from_device, &idle);

    Latencies compacting;
    const DiskEffort before = store_.effort();
    const Stopwatch watch;
    store_.Compact();
    while (store_.store().IsCompacting()) {
      while (store_.store().IsCompacting()) Get(from_device, &compacting);
      store_.Settle();
      store_.Compact();
    }
    if (compacting.count() == 0) Fail("there was nothing to compact");
    const auto written = static_cast<double>(
        store_.effort().Since(before).bytes_written);
    results.Add(row + "_compaction_mb_per_s", written / 1e6 / watch.Seconds());
    const auto add = [&](const char* name, double share) {
      results.Add(row + name, compacting.Microseconds(share),
                  idle.Microseconds(share));
    };
    add("_p50_us", 0.5);
    add("_p99_us", 0.99);
    add("_p999_us", 0.999);
  }

  void Get(bool from_device, Latencies* latencies) {
    if (from_device && latencies->count() % kGetsBetweenDrops == 0) {
      DropCache(store_.DataFiles());
    }
    const std::string key = KeyOf(draws_.Next());
    const int64_t begin = NowNs();
    if (GetOne(key) != StoreStatus::kOk) Fail("a key cannot be read");
    latencies->Add(NowNs() - begin);
  }

  StoreStatus GetOne(const std::string& key) {
    store_.Get(++ticket_, key);
    while (true) {
      for (const StoreReply& reply : store_.TakeReplies()) {
        if (reply.ticket.part == ticket_) return reply.status;
      }
      store_.Turn();
    }
  }

  void CountReads(Measurement& results) {
    const uint64_t gets = options_.Scaled(10'000, 1000);
    const auto per_get = [&](uint64_t first, StoreStatus wanted) {
      const DiskEffort before = store_.effort();
      for (uint64_t i = 0; i < gets; ++i) {
        const std::string key = KeyOf(first + i % keys_);
        if (GetOne(key) != wanted) Fail("not the answer that was expected");
      }
      return static_cast<double>(store_.effort().Since(before).reads) /
             static_cast<double>(gets);
    };
    results.Add("disk_reads_per_hit", per_get(0, StoreStatus::kOk));
    results.Add("disk_reads_per_miss", per_get(keys_, StoreStatus::kNotFound));
  }

  BenchOptions options_;
  uint64_t keys_;
  KeyDraws draws_;
  Prng deaths_{2};
  Values values_{kReadBytes};
  StoreOnDisk store_;
  uint32_t ticket_ = 0;
};

}  // namespace

std::unique_ptr<Subject> MakeReads(const BenchOptions& options) {
  return std::make_unique<Reads>(options);
}

}  // namespace orrery::bench
