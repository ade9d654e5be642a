// A cluster of three, its clients and its faults as the fuzzer likes them, with
// every oracle of the simulator over what happened.  How bytes are a schedule:
// cluster_schedule.h.
//
// A finding is printed as a scenario, to be shrunk (`orrery sim shrink`) and
// committed.  ORRERY_FUZZ_PRINT=1 prints the first scenario before it runs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "core/base/prng.h"
#include "fuzz/cluster_schedule.h"
#include "fuzz/protocol_states.h"
#include "sim/scenario_text.h"
#include "sim/settings.h"
#include "sim/world.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max);

namespace {

// libFuzzer clears it before a run and takes it for coverage after.
constexpr size_t kStates = size_t{1} << 14;
__attribute__((section("__libfuzzer_extra_counters"))) uint8_t states[kStates];

// That runs now, for whoever must say what failed.
const orrery::sim::Scenario* running = nullptr;

void PrintRunning(const char* what) {
  const std::string text = orrery::sim::PrintScenario(*running);
  std::fprintf(stderr, "%s\n%s", what, text.c_str());
  std::fflush(stderr);
}

}  // namespace

namespace orrery {

void InvariantFailed(const char* text, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant failed: %s\n", file, line, text);
  if (running != nullptr) PrintRunning("O0 invariant or crash");
  std::abort();
}

namespace sim {
namespace {

// Some 650 of them make the ring; what follows is as short as the fuzzer's
// time is dear.
constexpr uint64_t kEventsMax = 1'650;

// A run that was cut short is said by a scenario that ends there, and hopes for
// nothing after.
Scenario AsFarAs(Scenario scenario, Instant ended) {
  std::erase_if(scenario.lines, [](const Line& line) {
    return std::holds_alternative<ExpectLine>(line);
  });
  for (Line& line : scenario.lines) {
    auto* cfg = std::get_if<CfgLine>(&line);
    if (cfg == nullptr) continue;
    for (Setting& setting : cfg->settings) {
      if (setting.name == "end") setting.value = TimeText({ended.ns});
    }
  }
  return scenario;
}

void Run(std::span<const uint8_t> bytes) {
  Scenario scenario = ScheduleOf(bytes);
  running = &scenario;
  static bool is_printing = std::getenv("ORRERY_FUZZ_PRINT") != nullptr;
  if (is_printing && !bytes.empty()) {  // libFuzzer runs an empty one first.
    is_printing = false;
    std::fputs(PrintScenario(scenario).c_str(), stdout);
    std::fflush(stdout);
  }
  ProtocolStates protocol(states);
  RunOptions options;
  options.listener = &protocol;
  options.events_max = kEventsMax;
  options.codec_check_every = 256;  // It has a harness of its own.
  options.invariants_every = 256;
  World world(scenario, options);
  const RunResult result = world.Run();
  if (result.violations.empty()) {
    running = nullptr;
    return;
  }
  const Violation& violation = result.violations.front();
  if (result.was_cut) scenario = AsFarAs(std::move(scenario), result.ended);
  PrintRunning(
      (violation.oracle + " " + violation.property + ": " + violation.sentence)
          .c_str());
  std::abort();
}

// A schedule taken apart, for mutations that know its parts.
struct Parts {
  std::vector<uint8_t> header;
  std::vector<std::vector<uint8_t>> records;
  std::vector<uint8_t> rest;
};

Parts Split(std::span<const uint8_t> bytes) {
  Parts parts;
  parts.header.assign(kHeaderBytes, 0);
  std::copy_n(bytes.begin(), std::min(bytes.size(), kHeaderBytes),
              parts.header.begin());
  const size_t records = RecordsOf(bytes);
  for (size_t i = 0; i < records; ++i) {
    const auto at =
        bytes.begin() + static_cast<ptrdiff_t>(kHeaderBytes + i * kRecordBytes);
    parts.records.emplace_back(at, at + kRecordBytes);
  }
  const size_t behind = kHeaderBytes + records * kRecordBytes;
  if (bytes.size() > behind) {
    const size_t rest =
        std::min(bytes.size() - behind, kNoiseMax * kNoiseBytes);
    parts.rest.assign(bytes.begin() + static_cast<ptrdiff_t>(behind),
                      bytes.begin() + static_cast<ptrdiff_t>(behind + rest));
  }
  return parts;
}

size_t Join(Parts parts, uint8_t* data, size_t max) {
  if (parts.records.size() > kRecordsMax) parts.records.resize(kRecordsMax);
  parts.header[0] = static_cast<uint8_t>(parts.records.size());
  std::vector<uint8_t> bytes = std::move(parts.header);
  for (const std::vector<uint8_t>& record : parts.records) {
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  bytes.insert(bytes.end(), parts.rest.begin(), parts.rest.end());
  const size_t size = std::min(bytes.size(), max);
  if (size > 0) std::memcpy(data, bytes.data(), size);
  return size;
}

uint8_t AnyByte(Prng& prng) { return static_cast<uint8_t>(prng.Below(256)); }

size_t AnyIndex(Prng& prng, size_t size) {
  return static_cast<size_t>(prng.Below(size));
}

std::vector<uint8_t> AnyRecord(Prng& prng) {
  std::vector<uint8_t> record;
  for (size_t i = 0; i < kRecordBytes; ++i) record.push_back(AnyByte(prng));
  // Close together, most of them: that is where steps meet.
  if (prng.Chance(1, 2)) record[1] = static_cast<uint8_t>(prng.Below(24));
  return record;
}

// One step more, less, elsewhere, at another time, or otherwise.
void MutateRecords(Prng& prng, Parts* parts) {
  auto& records = parts->records;
  const uint64_t what = prng.Below(8);
  if (records.empty() || what <= 1) {
    const size_t at = AnyIndex(prng, records.size() + 1);
    for (uint64_t n = what == 0 ? 1 : 1 + prng.Below(10); n > 0; --n) {
      records.insert(records.begin() + static_cast<ptrdiff_t>(at),
                     AnyRecord(prng));
    }
    return;
  }
  const size_t at = AnyIndex(prng, records.size());
  const size_t other = AnyIndex(prng, records.size());
  switch (what) {
    case 2:
      records.erase(records.begin() + static_cast<ptrdiff_t>(at));
      return;
    case 3:
      std::swap(records[at], records[other]);
      return;
    case 4:
      records[at][1] = AnyByte(prng);
      return;
    case 5:  // Again, and perhaps through another node.
      records.insert(records.begin() + static_cast<ptrdiff_t>(at),
                     records[other]);
      if (prng.Chance(1, 2)) records[at][2] = AnyByte(prng);
      return;
    default: {
      const size_t field = AnyIndex(prng, kRecordBytes);
      records[at][field] = AnyByte(prng);
      return;
    }
  }
}

size_t Mutate(uint8_t* data, size_t size, size_t max, Prng& prng) {
  if (prng.Chance(1, 16)) return LLVMFuzzerMutate(data, size, max);
  Parts parts = Split({data, size});
  if (prng.Chance(1, 8)) {
    const size_t field = AnyIndex(prng, kHeaderBytes);
    parts.header[field] = AnyByte(prng);
  } else if (prng.Chance(1, 8)) {
    if (prng.Chance(1, 3)) {
      parts.rest.clear();
    } else {
      parts.rest.push_back(AnyByte(prng));
      parts.rest.push_back(AnyByte(prng));
    }
  } else {
    for (uint64_t n = 1 + prng.Below(3); n > 0; --n) {
      MutateRecords(prng, &parts);
    }
  }
  return Join(std::move(parts), data, max);
}

}  // namespace
}  // namespace sim
}  // namespace orrery

// A run is many small allocations: they need no long stacks, and no memory that
// is kept for long after it was given back.
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=2:quarantine_size_mb=8:"
         "detect_stack_use_after_return=0";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  orrery::sim::Run({data, size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max, unsigned int seed) {
  orrery::Prng prng(seed);
  return orrery::sim::Mutate(data, size, max, prng);
}

// The cluster and the first steps of one, the later steps of the other.
extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2,
                                            uint8_t* out, size_t max,
                                            unsigned int seed) {
  orrery::Prng prng(seed);
  orrery::sim::Parts first = orrery::sim::Split({data1, size1});
  const orrery::sim::Parts second = orrery::sim::Split({data2, size2});
  const size_t keep = static_cast<size_t>(prng.Below(first.records.size() + 1));
  const size_t from =
      static_cast<size_t>(prng.Below(second.records.size() + 1));
  first.records.resize(keep);
  first.records.insert(first.records.end(),
                       second.records.begin() + static_cast<ptrdiff_t>(from),
                       second.records.end());
  return orrery::sim::Join(std::move(first), out, max);
}
