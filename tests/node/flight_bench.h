// tests/node/flight_bench.h
//
// A flight recorder with an engine that serves, a directory for its dumps, and
// what their replay comes to.

#ifndef ORRERY_TESTS_NODE_FLIGHT_BENCH_H_
#define ORRERY_TESTS_NODE_FLIGHT_BENCH_H_

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "node/flight_recorder.h"
#include "sim/trace/trace_reader.h"
#include "sim/trace/trace_replayer.h"
#include "tests/core/engine/engine_bench.h"
#include "tests/transport/disk/temporary_directory.h"

namespace orrery {

inline void LimitFilesTo(rlim_t bytes) {
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_FSIZE, &limit);
}

inline std::string Contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Replay {
  std::string wrong;  // Empty: nothing.
  bool torn = false;
  uint64_t events = 0;
  uint64_t checked = 0;
  bool ends_with_touched = false;
  uint64_t snapshots = 0;
};

inline Replay ReplayOf(const std::string& file) {
  const std::string bytes = Contents(file);
  sim::TraceReader reader(ViewOf(bytes));
  sim::TraceReplayer replayer;
  Replay replay;
  while (replay.wrong.empty()) {
    const sim::TraceReader::Item item = reader.Next();
    if (const auto* error = std::get_if<sim::TraceReader::Error>(&item)) {
      replay.wrong = error->what;
      break;
    }
    if (const auto* end = std::get_if<sim::TraceReader::End>(&item)) {
      replay.torn = end->torn;
      break;
    }
    replay.ends_with_touched =
        std::holds_alternative<sim::TraceReader::Touched>(item);
    replay.wrong = replayer.Take(item, reader);
  }
  replay.events = replayer.events();
  replay.checked = replayer.checked();
  replay.snapshots = replayer.snapshots();
  return replay;
}

// A recorder with its engine, which serves.
class Flight {
 public:
  explicit Flight(const std::string& directory,
                  size_t memory_bytes = size_t{16} << 20)
      : Flight({.memory_bytes = memory_bytes, .directory = directory}) {}
  explicit Flight(const FlightRecorder::Options& options) {
    auto started = FlightRecorder::Start(options, EngineBench::Options());
    if (!started.ok()) std::abort();
    recorder = *std::move(started);
    bench.before_step = [this](const Event& event) {
      ++events;
      recorder->Add(event, bench.engine);
      if (before_step) before_step();
    };
    bench.after_step = [this](const Event& event, const Effects& effects) {
      if (after_step) after_step();
      recorder->AddEffects(event, effects, bench.engine);
    };
    if (!bench.Boot()) std::abort();
  }

  void Put(uint32_t number) {
    ClientRequest request;
    request.client = {number, 1};
    request.verb = ClientVerb::kPut;
    request.key = "key " + std::to_string(number % 10);
    request.value = Bytes::CopyOf("a value that no dump may have");
    bench.Deliver(std::move(request));
    bench.Settle();
  }
  void PutMany(uint32_t from, uint32_t to) {
    for (uint32_t number = from; number < to; ++number) {
      Put(number);
      bench.Pass(100 * kMillisecond);
      bench.Settle();
    }
  }
  auto Dump() { return recorder->DumpNow(bench.engine, WallTime{7'000'000}); }

  EngineBench bench{[](Effects&) {}};
  std::unique_ptr<FlightRecorder> recorder;
  std::function<void()> before_step;
  std::function<void()> after_step;
  uint64_t events = 0;
};

class FlightBenchTest : public testing::Test {
 protected:
  // Sorted.
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(temp_.path())) {
      files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  void FillWith(size_t dumps) const {
    for (size_t i = 0; i < dumps; ++i) {
      std::ofstream(temp_.path() + "/flight-" + std::to_string(i) + ".trace");
    }
  }

  TemporaryDirectory temp_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_NODE_FLIGHT_BENCH_H_
