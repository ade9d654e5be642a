#include "sim/host/worker.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "sim/host/clock.h"
#include "sim/host/run_chain.h"
#include "sim/host/text.h"
#include "sim/world.h"

namespace orrery::sim {
namespace {

// Ends each report on the pipe; no report contains it.
constexpr std::string_view kEndOfReport = "end\n\n";

SeedReport RunSeed(const CampaignOptions& options, uint64_t seed) {
  const Scenario scenario = ScenarioOf(options, seed);
  const RunOptions run_options;
  const RunResult result = World(scenario, run_options).Run();
  SeedReport report = ReportOf(seed, result);
  options.without.ForgetIn(&report);
  if (options.check_every != 0 && seed % options.check_every == 0) {
    report.run_twice = true;
    report.divergence =
        CompareWithSecondRun(scenario, run_options, result.digest);
  }
  return report;
}

void Work(const CampaignOptions& options, Board* board, uint32_t slot,
          int pipe) {
  Board::Slot& mine = board->slots[slot];
  while (board->stop.load() == 0) {
    const uint64_t seed = board->next_seed.fetch_add(1);
    if (seed > options.last) break;
    if (options.skip.contains(seed)) continue;
    mine.since_ms.store(MonotonicMs());
    mine.seed.store(seed);
    const SeedReport report = RunSeed(options, seed);
    WriteAll(pipe, Cat(EncodeReport(report), kEndOfReport));
    mine.seed.store(0);
  }
}

}  // namespace

Board* MakeBoard(uint64_t first_seed) {
  void* memory = mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("orrery sim: mmap");
    std::exit(1);
  }
  Board* board = new (memory) Board{};
  board->next_seed.store(first_seed);
  return board;
}

Worker::Worker(const CampaignOptions& options, Board* board, uint32_t slot)
    : child_([&] {
        board->slots[slot].seed.store(0);
        return Child([&](int out) { Work(options, board, slot, out); });
      }()),
      slot_(slot) {}

std::optional<SeedReport> Worker::NextReport() {
  std::string& unread = child_.unread();
  const size_t end = unread.find(kEndOfReport);
  if (end == std::string::npos) return std::nullopt;
  std::optional<SeedReport> report =
      DecodeReport(std::string_view(unread).substr(0, end));
  unread.erase(0, end + kEndOfReport.size());
  return report;
}

}  // namespace orrery::sim
