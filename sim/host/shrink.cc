#include "sim/host/shrink.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "sim/host/clock.h"
#include "sim/host/interrupt.h"
#include "sim/host/text.h"
#include "sim/host/trial.h"
#include "sim/scenario_text.h"
#include "sim/shrinker.h"
#include "sim/signature.h"

namespace orrery::sim {
namespace {

std::string TimeForPeople(Duration time) {
  return absl::StrFormat("%.3g s", static_cast<double>(time.ns) / 1e9);
}

// Rewrites itself on a terminal; in a log there is only the result.
class ShrinkLine {
 public:
  explicit ShrinkLine(const std::string& name)
      : name_(name), terminal_(isatty(STDOUT_FILENO) != 0) {}
  ~ShrinkLine() {
    if (shown_) std::printf("\r\033[K");
  }
  ShrinkLine(const ShrinkLine&) = delete;
  ShrinkLine& operator=(const ShrinkLine&) = delete;

  void Show(size_t before, size_t now, uint32_t runs, uint32_t runs_max) {
    if (!terminal_) return;
    std::printf("\r\033[Kshrinking %s: %zu -> %zu steps, run %u of %u",
                name_.c_str(), before, now, runs, runs_max);
    std::fflush(stdout);
    shown_ = true;
  }

 private:
  std::string name_;
  bool terminal_;
  bool shown_ = false;
};

// Runs all at once; the first of them, in order, that fails in this way.
struct Outcomes {
  size_t passed = 0;
  std::optional<SeedReport> failed;
};
Outcomes RunAll(const std::vector<Scenario>& candidates,
                const std::string& signature) {
  std::vector<Trial> trials;
  trials.reserve(candidates.size());
  for (const Scenario& candidate : candidates) trials.emplace_back(candidate);
  Outcomes outcomes;
  for (Trial& trial : trials) {
    SeedReport report = trial.Await();
    if (FindSignature(report, signature) != nullptr) {
      outcomes.failed = std::move(report);
      break;  // The others' processes are killed.
    }
    ++outcomes.passed;
  }
  return outcomes;
}

}  // namespace

std::optional<Shrunk> Shrink(const Scenario& failing,
                             const std::string& signature,
                             const ShrinkOptions& options) {
  const int64_t started_ms = MonotonicMs();
  const SeedReport first = Trial(failing).Await();
  if (first.violations.empty()) return std::nullopt;
  Shrunk shrunk;
  shrunk.signature =
      signature.empty() ? SignatureOf(first.violations.front()) : signature;
  const Violation* shown = FindSignature(first, shrunk.signature);
  if (shown == nullptr) return std::nullopt;
  shrunk.violation = *shown;
  shrunk.digest = first.digest;
  shrunk.before = ExtentOf(failing);
  shrunk.runs = 1;

  Shrinker shrinker(failing, shrunk.violation);
  ShrinkLine line(options.name);
  while (!Interrupted() && shrunk.runs < options.runs_max &&
         MonotonicMs() - started_ms < options.ms_max) {
    const std::vector<Scenario> candidates = shrinker.Propose(
        std::min<size_t>(options.jobs, options.runs_max - shrunk.runs));
    if (candidates.empty()) {
      shrunk.finished = true;
      break;
    }
    Outcomes outcomes = RunAll(candidates, shrunk.signature);
    const bool failed = outcomes.failed.has_value();
    shrinker.Learn(outcomes.passed, failed);
    shrunk.runs += static_cast<uint32_t>(outcomes.passed + (failed ? 1 : 0));
    if (failed) {
      shrunk.violation = *FindSignature(*outcomes.failed, shrunk.signature);
      shrunk.digest = outcomes.failed->digest;
    }
    line.Show(shrunk.before.steps, ExtentOf(shrinker.best()).steps, shrunk.runs,
              options.runs_max);
  }
  shrunk.scenario = shrinker.best();
  shrunk.after = ExtentOf(shrunk.scenario);
  shrunk.elapsed_ms = MonotonicMs() - started_ms;
  return shrunk;
}

std::string ShrunkText(const Shrunk& shrunk) {
  return absl::StrFormat(
      "%d -> %d steps, %d -> %d nodes, %s -> %s in %.1f s (%d runs%s)",
      shrunk.before.steps, shrunk.after.steps, shrunk.before.nodes,
      shrunk.after.nodes, TimeForPeople(shrunk.before.last),
      TimeForPeople(shrunk.after.last),
      static_cast<double>(shrunk.elapsed_ms) / 1000.0, shrunk.runs,
      shrunk.finished ? "" : ", not finished");
}

std::string MinimalText(const Shrunk& shrunk, const std::string& origin) {
  Scenario scenario = shrunk.scenario;
  const auto comment = [&](size_t at, const std::string& text) {
    scenario.lines.insert(scenario.lines.begin() + static_cast<ptrdiff_t>(at),
                          CommentLine{" " + text});
  };
  comment(0, Cat("Shrunk from ", origin, ": ", shrunk.violation.oracle, " ",
                 shrunk.violation.property));
  comment(1, shrunk.violation.sentence);
  if (shrunk.digest != 0) {
    comment(2, absl::StrFormat("digest %016x", shrunk.digest));
  }
  return PrintScenario(scenario);
}

}  // namespace orrery::sim
