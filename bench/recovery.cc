#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "bench/draws.h"
#include "bench/raw_file.h"
#include "bench/store_on_disk.h"
#include "bench/subject.h"

namespace orrery::bench {
namespace {

constexpr size_t kScannedBytes = 1000;
constexpr size_t kIndexedBytes = 100;
constexpr uint64_t kRawPieceBytes = 1 << 20;  // What recovery reads at once.
constexpr uint64_t kLoadWindow = 256;

uint64_t ResidentBytes() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0;
  uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// What `measure` says in a process of its own, whose memory nobody has used
// before.  REQUIRES: one thread.
double InAChild(const std::function<double()>& measure) {
  int ends[2];
  if (::pipe(ends) != 0) Fail("pipe");
  const pid_t child = ::fork();
  if (child < 0) Fail("fork");
  if (child == 0) {
    const double value = measure();
    const bool sent = ::write(ends[1], &value, sizeof(value)) == sizeof(value);
    ::_exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  double value = 0;
  if (::read(ends[0], &value, sizeof(value)) != sizeof(value)) {
    Fail("the process that measures memory ended early");
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return value;
}

class Recovery final : public Subject {
 public:
  explicit Recovery(const BenchOptions& options)
      : options_(options),
        scanned_(options.directory + "/scanned", SmallFiles()),
        indexed_(options.directory + "/indexed", SmallFiles()) {}

  void Repeat(int repeat, Measurement& results) override {
    if (repeat == 0) {
      Fill(scanned_, options_.Scaled(131'072, 2000), kScannedBytes);
      Fill(indexed_, options_.index_keys, kIndexedBytes);
      MeasureMemory(results);
    }
    Scan(repeat, true, "recovery_scan_mb_per_s", results);
    Scan(repeat, false, "recovery_scan_cached_mb_per_s", results);
    StartAgain(results);
  }

 private:
  static Store::Options SmallFiles() {
    Store::Options options{.directory = "s"};
    options.max_file_bytes = 32 << 20;
    return options;
  }

  static void Fill(StoreOnDisk& store, uint64_t keys, size_t bytes) {
    const Values values(bytes);
    store.Start();
    RunPuts(store, {.count = keys,
                    .window = kLoadWindow,
                    .key = KeyOf,
                    .value = [&](uint64_t i) { return values.Of(i); }});
    store.Stop();
  }

  // In each way a start that finds no index snapshot, against a plain read.
  void Scan(int repeat, bool is_cold, const std::string& row,
            Measurement& results) {
    const std::vector<std::string> files = scanned_.DataFiles();
    const auto megabytes = static_cast<double>(BytesOf(files)) / 1e6;
    double ours = 0;
    double raw = 0;
    const auto prepare = [&] {
      if (is_cold) {
        DropCache(files);
      } else {
        ReadWhole(files, kRawPieceBytes);
      }
    };
    const auto run_ours = [&] {
      for (const std::string& path :
           FilesIn(scanned_.directory(), ".index")) {
        std::filesystem::remove(path);
      }
      prepare();
      const Stopwatch watch;
      scanned_.Start();
      ours = megabytes / watch.Seconds();
      scanned_.Stop();
    };
    if (repeat % 2 == 0) run_ours();
    prepare();
    const Stopwatch watch;
    ReadWhole(files, kRawPieceBytes);
    raw = megabytes / watch.Seconds();
    if (repeat % 2 != 0) run_ours();
    results.Add(row, ours, raw);
  }

  // After a clean stop, with all of it in the page cache.
  void StartAgain(Measurement& results) {
    ReadWhole(FilesIn(indexed_.directory(), ""), kRawPieceBytes);
    const Stopwatch watch;
    indexed_.Start();
    const auto keys =
        static_cast<double>(indexed_.store().counters().active_keys);
    results.Add("recovery_clean_keys_per_s", keys / watch.Seconds());
    indexed_.Settle();
    indexed_.Stop();
  }

  void MeasureMemory(Measurement& results) {
    const double bytes = InAChild([this] {
      const uint64_t before = ResidentBytes();
      indexed_.Start();
      indexed_.Settle();
      const uint64_t after = ResidentBytes();
      const auto keys =
          static_cast<double>(indexed_.store().counters().active_keys);
      return static_cast<double>(after - before) / keys;
    });
    constexpr double kDigestBytes = 8;
    results.Add("index_bytes_per_key", bytes);
    results.Add("index_bytes_per_key_without_digest", bytes - kDigestBytes);
  }

  BenchOptions options_;
  StoreOnDisk scanned_;
  StoreOnDisk indexed_;
};

}  // namespace

std::unique_ptr<Subject> MakeRecovery(const BenchOptions& options) {
  return std::make_unique<Recovery>(options);
}

}  // namespace orrery::bench
