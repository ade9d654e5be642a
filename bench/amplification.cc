#include <algorithm>
#include <filesystem>
#include <string>

#include "bench/draws.h"
#include "bench/raw_file.h"
#include "bench/store_on_disk.h"
#include "bench/subject.h"

namespace orrery::bench {
namespace {

constexpr size_t kOverwrittenBytes = 1000;
constexpr uint64_t kOverwriteWindow = 256;
constexpr uint64_t kFilesLive = 32;  // What lives would fill so many.
constexpr uint64_t kFilesLiveMin = 8;
constexpr double kZipfExponent = 0.99;
// Overwrites per key before anything is counted, and while it is.
constexpr uint64_t kWarmUp = 3;
constexpr uint64_t kCounted = 3;

// Overwrites every key again and again, and compacts whatever is worth it after
// each file: a store whose compaction keeps up.
class Amplification final : public Subject {
 public:
  explicit Amplification(const BenchOptions& options) : options_(options) {}

  void Repeat(int repeat, Measurement& results) override {
    if (repeat > 0) return;
    Overwrite(0, "uniform", results);
    Overwrite(kZipfExponent, "zipf", results);
  }

 private:
  void Overwrite(double exponent, const std::string& row,
                 Measurement& results) {
    const uint64_t keys = options_.Scaled(65'536, 4096);
    const uint64_t files = std::min(
        kFilesLive, options_.Scaled(kFilesLive, kFilesLiveMin));
    const uint64_t bytes_a_key = kBenchKeyBytes + kOverwrittenBytes;
    Store::Options store_options{.directory = "s"};
    // A compaction waits until the log is synced; here it waits for it.
    store_options.sync_interval = 10 * kMillisecond;
    // How much is written does not depend on the pace.
    store_options.limits.compaction_rate_min = 1ull << 40;
    store_options.limits.compaction_rate_max = 1ull << 40;
    store_options.max_file_bytes = keys * bytes_a_key / files;
    store_options.limits.allocate_step = store_options.max_file_bytes / 4;
    StoreOnDisk store(options_.directory + "/overwritten", store_options);
    store.Start();
    KeyDraws draws(keys, exponent, 1);
    Put(store, keys, [](uint64_t i) { return i; });

    const uint64_t puts_a_file = keys / files;
    DiskEffort before;
    double space_sum = 0;
    uint64_t samples = 0;
    for (uint64_t n = 0; n < (kWarmUp + kCounted) * files; ++n) {
      if (n == kWarmUp * files) before = store.effort();
      Put(store, puts_a_file, [&](uint64_t) { return draws.Next(); });
      store.CompactAll();
      if (n < kWarmUp * files) continue;
      space_sum += static_cast<double>(AllocatedBytesOf(store.DataFiles()));
      ++samples;
    }

    const auto put = static_cast<double>(samples * puts_a_file * bytes_a_key);
    const auto written =
        static_cast<double>(store.effort().Since(before).bytes_written);
    const auto live = static_cast<double>(samples * keys * bytes_a_key);
    results.Add("write_amplification_" + row, written / put);
    results.Add("space_amplification_" + row, space_sum / live);
    store.Stop();
    std::filesystem::remove_all(options_.directory + "/overwritten");
  }

  template <typename NumberOf>
  void Put(StoreOnDisk& store, uint64_t count, NumberOf number_of) const {
    RunPuts(store,
            {.count = count,
             .window = kOverwriteWindow,
             .key = [&](uint64_t i) { return KeyOf(number_of(i)); },
             .value = [&](uint64_t i) { return values_.Of(i); }});
  }

  BenchOptions options_;
  Values values_{kOverwrittenBytes};
};

}  // namespace

std::unique_ptr<Subject> MakeAmplification(const BenchOptions& options) {
  return std::make_unique<Amplification>(options);
}

}  // namespace orrery::bench
