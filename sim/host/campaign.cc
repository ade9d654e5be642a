#include "sim/host/campaign.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "sim/host/progress.h"
#include "sim/host/text.h"
#include "sim/host/worker.h"
#include "sim/scenario_text.h"

namespace orrery::sim {
namespace {

// A seed that takes longer hangs: the slowest build needs a hundredth of it.
// Wide, because a busy machine may hold a worker up for a minute.
constexpr int64_t kSeedMsMax = 600'000;
constexpr int kPollMs = 200;

volatile sig_atomic_t interrupted = 0;
void OnInterrupt(int) { interrupted = 1; }

std::string SignatureOf(const Violation& violation) {
  if (violation.oracle == "O0") return "O0 " + violation.sentence;
  return violation.oracle + " " + violation.property;
}

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options)
      : options_(options),
        board_(MakeBoard(options.first)),
        progress_(options.last - options.first + 1),
        started_ms_(MonotonicMs()) {}

  CampaignSummary Run() {
    interrupted = 0;
    struct sigaction action{};
    action.sa_handler = OnInterrupt;
    sigaction(SIGINT, &action, nullptr);
    const uint64_t seeds = options_.last - options_.first + 1;
    const auto jobs = static_cast<uint32_t>(
        std::min<uint64_t>(std::min(options_.jobs, kWorkersMax), seeds));
    for (uint32_t slot = 0; slot < jobs; ++slot) {
      workers_.emplace_back(options_, board_, slot);
    }
    while (!workers_.empty()) Turn();
    progress_.Finish();
    summary_.elapsed_ms = MonotonicMs() - started_ms_;
    summary_.next_seed = std::min(board_->next_seed.load(), options_.last + 1);
    return std::move(summary_);
  }

 private:
  void Turn() {
    std::vector<pollfd> polls;
    for (const Worker& worker : workers_) {
      polls.push_back({worker.fd(), POLLIN, 0});
    }
    poll(polls.data(), polls.size(), kPollMs);
    // Backwards: workers that ended are taken out.
    for (size_t i = polls.size(); i > 0; --i) {
      if (polls[i - 1].revents != 0) Hear(i - 1);
    }
    CheckLimits();
    progress_.Show(summary_.seeds, summary_.findings.size(),
                   summary_.signatures.size(), summary_.simulated_ns,
                   summary_.slowest_seed, summary_.slowest_ms);
  }

  void Hear(size_t index) {
    const bool alive = workers_[index].ReadSome();
    while (true) {
      std::optional<SeedReport> report = workers_[index].NextReport();
      if (!report.has_value()) break;
      Count(workers_[index].slot(), *report);
    }
    if (!alive) Replace(index);
  }

  void Count(uint32_t slot, const SeedReport& report) {
    ++summary_.seeds;
    summary_.run_twice += report.run_twice ? 1 : 0;
    summary_.events += report.events;
    summary_.simulated_ns += report.simulated_ns;
    const int64_t took = MonotonicMs() - board_->slots[slot].since_ms.load();
    if (took > summary_.slowest_ms) {
      summary_.slowest_ms = took;
      summary_.slowest_seed = report.seed;
    }
    for (const auto& [name, count] : report.properties) {
      PropertyCount& sum = summary_.properties[name];
      sum.checked += count.checked;
      sum.excused += count.excused;
      sum.failed += count.failed;
      sum.vacuous_seeds += count.vacuous_seeds;
    }
    for (const auto& [name, count] : report.tally) {
      summary_.tally[name] += count;
    }
    for (const auto& [name, count] : report.marks) {
      summary_.marks[name] += count;
    }
    if (!report.violations.empty()) {
      Find({.seed = report.seed,
            .digest = report.digest,
            .violation = report.violations.front(),
            .others = report.violations.size() - 1});
    }
    if (!report.divergence.empty()) {
      Finding finding{.seed = report.seed,
                      .digest = report.digest,
                      .violation = {.oracle = "O25",
                                    .property = "determinism",
                                    .sentence = report.divergence,
                                    .op = 0,
                                    .key = 0,
                                    .at = {}},
                      .others = 0};
      progress_.Clear();
      PrintFinding(options_, finding, false);
      summary_.divergences.push_back(std::move(finding));
    }
  }

  void Find(Finding finding) {
    const std::string signature = SignatureOf(finding.violation);
    const bool known = summary_.signatures[signature]++ > 0;
    progress_.Clear();
    PrintFinding(options_, finding, known);
    summary_.findings.push_back(std::move(finding));
    if (options_.stop_after != 0 &&
        summary_.findings.size() >= options_.stop_after) {
      board_->stop.store(1);
    }
  }

  void Replace(size_t index) {
    const uint32_t slot = workers_[index].slot();
    const uint64_t seed = board_->slots[slot].seed.load();
    const Worker::Death death = workers_[index].Bury();
    workers_.erase(workers_.begin() + static_cast<ptrdiff_t>(index));
    if (!death.clean) {
      ++summary_.seeds;
      const bool hung =
          MonotonicMs() - board_->slots[slot].since_ms.load() > kSeedMsMax;
      Find(
          {.seed = seed,
           .digest = 0,
           .violation = {.oracle = "O0",
                         .property = "invariant-or-crash",
                         .sentence = hung ? "The run does not end." : death.how,
                         .op = 0,
                         .key = 0,
                         .at = {}},
           .others = 0});
    }
    const bool more =
        board_->stop.load() == 0 && board_->next_seed.load() <= options_.last;
    if (!death.clean && more) workers_.emplace_back(options_, board_, slot);
  }

  void CheckLimits() {
    if (interrupted != 0) {
      summary_.interrupted = true;
      board_->stop.store(1);
    }
    const int64_t now = MonotonicMs();
    if (options_.time_limit_s > 0 &&
        now - started_ms_ > options_.time_limit_s * 1000) {
      summary_.interrupted =
          board_->next_seed.load() <= options_.last || summary_.interrupted;
      board_->stop.store(1);
    }
    for (Worker& worker : workers_) {
      const Board::Slot& slot = board_->slots[worker.slot()];
      if (slot.seed.load() == 0) continue;
      if (now - slot.since_ms.load() > kSeedMsMax) worker.Kill();
    }
  }

  CampaignOptions options_;
  Board* board_;
  Progress progress_;
  int64_t started_ms_;
  std::vector<Worker> workers_;
  CampaignSummary summary_;
};

}  // namespace

CampaignSummary RunCampaign(const CampaignOptions& options) {
  return Campaign(options).Run();
}

std::string SaveScenario(const CampaignOptions& options, uint64_t seed) {
  mkdir(options.out.c_str(), 0777);
  const std::string path = Cat(options.out, "/", seed, ".txt");
  std::ofstream file(path);
  file << PrintScenario(SwarmScenario(seed, options.profile));
  return file.good() ? path : "";
}

}  // namespace orrery::sim
