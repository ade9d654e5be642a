#include "sim/host/campaign.h"

#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/host/checkpoint.h"
#include "sim/host/clock.h"
#include "sim/host/interrupt.h"
#include "sim/host/progress.h"
#include "sim/host/text.h"
#include "sim/host/worker.h"
#include "sim/scenario_text.h"
#include "sim/signature.h"

namespace orrery::sim {
namespace {

constexpr int kPollMs = 200;
constexpr int64_t kSaveEveryMs = 10'000;

void AddMarks(const std::map<std::string, uint64_t>& of_seed,
              std::map<std::string, MarkCount>* sums) {
  for (const auto& [name, count] : of_seed) {
    if (count == 0) continue;
    MarkCount& sum = (*sums)[name];
    sum.fired += count;
    ++sum.seeds;
  }
}

class Campaign {
 public:
  Campaign(const CampaignOptions& options, const Checkpoint* from)
      : options_(options),
        board_(MakeBoard(from == nullptr ? options.first : from->next_seed)),
        progress_(options.last - options.first + 1),
        started_ms_(MonotonicMs()),
        saved_ms_(started_ms_) {
    if (from != nullptr) TakeUp(*from);
    done_.next_seed = board_->next_seed.load();
  }

  CampaignSummary Run() {
    CatchInterrupt();
    const uint64_t seeds = options_.last + 1 - board_->next_seed.load();
    const auto jobs = static_cast<uint32_t>(
        std::min<uint64_t>(std::min(options_.jobs, kWorkersMax), seeds));
    for (uint32_t slot = 0; slot < jobs; ++slot) {
      workers_.emplace_back(options_, board_, slot);
    }
    while (!workers_.empty()) Turn();
    progress_.Finish();
    summary_.elapsed_ms = earlier_ms_ + MonotonicMs() - started_ms_;
    summary_.complete = done_.next_seed > options_.last;
    if (summary_.complete) {
      std::remove(CheckpointPath(options_).c_str());
    } else {
      Save();
    }
    return std::move(summary_);
  }

 private:
  void TakeUp(const Checkpoint& from) {
    summary_ = from.summary;
    done_.ahead = from.ahead;
    options_.skip = from.ahead;
    earlier_ms_ = from.summary.elapsed_ms;
    for (const Finding& finding : summary_.findings) {
      ++summary_.signatures[SignatureOf(finding.violation)];
    }
  }

  void NoteDone(uint64_t seed) {
    done_.ahead.insert(seed);
    while (done_.ahead.erase(done_.next_seed) > 0) ++done_.next_seed;
  }

  void Save() {
    summary_.elapsed_ms = earlier_ms_ + MonotonicMs() - started_ms_;
    done_.summary = summary_;
    if (!SaveCheckpoint(options_, done_)) {
      progress_.Clear();
      std::fprintf(stderr, "orrery sim: cannot write %s\n",
                   CheckpointPath(options_).c_str());
    }
    saved_ms_ = MonotonicMs();
  }

  void Turn() {
    std::vector<pollfd> polls;
    polls.reserve(workers_.size());
    for (const Worker& worker : workers_) {
      polls.push_back({worker.child().fd(), POLLIN, 0});
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
    const bool alive = workers_[index].child().ReadSome();
    while (true) {
      std::optional<SeedReport> report = workers_[index].NextReport();
      if (!report.has_value()) break;
      Count(workers_[index].slot(), *report);
    }
    if (!alive) Replace(index);
  }

  void Count(uint32_t slot, const SeedReport& report) {
    ++summary_.seeds;
    NoteDone(report.seed);
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
      sum.deviations += count.deviations;
      sum.measured = count.measured;
    }
    AddMarks(report.tally, &summary_.tally);
    AddMarks(report.marks, &summary_.marks);
    AddMarks(report.excuses, &summary_.excuses);
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
    const Child::Death death = workers_[index].child().Bury();
    workers_.erase(workers_.begin() + static_cast<ptrdiff_t>(index));
    if (!death.clean) {
      ++summary_.seeds;
      if (seed != 0) NoteDone(seed);
      Violation violation = DeathOf(death.how, Hangs(slot));
      if (!options_.without.LeavesOut(violation.oracle)) {
        Find({.seed = seed,
              .digest = 0,
              .violation = std::move(violation),
              .others = 0});
      }
    }
    const bool more =
        board_->stop.load() == 0 && board_->next_seed.load() <= options_.last;
    if (!death.clean && more) workers_.emplace_back(options_, board_, slot);
  }

  void CheckLimits() {
    const int64_t now = MonotonicMs();
    const bool late = options_.time_limit_s > 0 &&
                      now - started_ms_ > options_.time_limit_s * 1000;
    if (late || Interrupted()) board_->stop.store(1);
    if (now - saved_ms_ > kSaveEveryMs) Save();
    for (Worker& worker : workers_) {
      if (board_->slots[worker.slot()].seed.load() == 0) continue;
      if (Hangs(worker.slot())) worker.child().Kill();
    }
  }

  bool Hangs(uint32_t slot) const {
    return MonotonicMs() - board_->slots[slot].since_ms.load() >
           options_.hang_after_s * 1000;
  }

  CampaignOptions options_;
  Board* board_;
  Progress progress_;
  int64_t started_ms_;
  int64_t earlier_ms_ = 0;  // Of the processes before.
  int64_t saved_ms_;
  std::vector<Worker> workers_;
  CampaignSummary summary_;
  Checkpoint done_;
};

}  // namespace

CampaignSummary RunCampaign(const CampaignOptions& options,
                            const Checkpoint* from) {
  return Campaign(options, from).Run();
}

Scenario ScenarioOf(const CampaignOptions& options, uint64_t seed) {
  return options.without.Of(SwarmScenario(seed, options.profile));
}

std::string SaveScenario(const CampaignOptions& options, uint64_t seed) {
  mkdir(options.out.c_str(), 0777);
  const std::string path = Cat(options.out, "/", seed, ".txt");
  std::ofstream file(path);
  file << PrintScenario(ScenarioOf(options, seed));
  return file.good() ? path : "";
}

}  // namespace orrery::sim
