#include "sim/host/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "sim/history.h"
#include "sim/host/clock.h"
#include "sim/host/exit_codes.h"
#include "sim/host/mark_catalogue.h"
#include "sim/host/text.h"

namespace orrery::sim {
namespace {

constexpr int kBarCells = 24;
constexpr int64_t kShowEveryMs = 500;
// In a log, where a line stays.
constexpr int64_t kLogEveryMs = 60'000;
// A campaign this long in which an oracle judged nothing proves nothing.
constexpr uint64_t kVacuousSeeds = 1000;
// An excuse that is used in more than one seed of so many raises an alarm.
constexpr uint64_t kExcuseShare = 100;

// A line that a terminal breaks in two can no longer be written over.
std::string CutToTerminal(std::string line) {
  winsize size{};
  const bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  if (!is_known || size.ws_col < 2) return line;
  line.resize(std::min(line.size(), static_cast<size_t>(size.ws_col - 1)));
  return line;
}

std::string Grouped(uint64_t number) {
  std::string text = Cat(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string Span(int64_t seconds) {
  if (seconds >= 3600) {
    return absl::StrFormat("%dh%02dm", seconds / 3600, seconds / 60 % 60);
  }
  if (seconds >= 60) {
    return absl::StrFormat("%dm%02ds", seconds / 60, seconds % 60);
  }
  return absl::StrFormat("%ds", seconds);
}

// "name fired (in so many seeds)".
void PrintMarks(const char* title,
                const std::map<std::string, MarkCount>& counts) {
  std::printf("\n%s:", title);
  for (const auto& [name, count] : counts) {
    std::printf("  %s %s (%s)", name.c_str(), Grouped(count.fired).c_str(),
                Grouped(count.seeds).c_str());
  }
  std::printf("\n");
}

// What is promised, and then what is only measured.
void PrintProperties(const CampaignSummary& summary) {
  std::printf("\n%s\n",
              absl::StrFormat("%-38s %14s %10s %8s %8s", "property", "checked",
                              "vacuous", "excused", "failed")
                  .c_str());
  for (const auto& [name, count] : summary.properties) {
    if (count.measured != 0) continue;
    std::printf(
        "%s\n",
        absl::StrFormat("%-38s %14s %10s %8s %8s", name, Grouped(count.checked),
                        Grouped(count.vacuous_seeds), Grouped(count.excused),
                        Grouped(count.failed))
            .c_str());
  }
  std::printf("\n%s\n", absl::StrFormat("%-38s %14s %10s %10s %9s",
                                        "measured, not promised", "checked",
                                        "vacuous", "deviating", "per 1000")
                            .c_str());
  for (const auto& [name, count] : summary.properties) {
    if (count.measured == 0) continue;
    const double share =
        1000.0 * static_cast<double>(count.deviations) /
        static_cast<double>(std::max<uint64_t>(count.checked, 1));
    std::printf("%s\n", absl::StrFormat("%-38s %14s %10s %10s %9.3f", name,
                                        Grouped(count.checked),
                                        Grouped(count.vacuous_seeds),
                                        Grouped(count.deviations), share)
                            .c_str());
  }
}

// What oracles let pass, in how many seeds; an excuse that is used often hides
// something.
void PrintExcuses(const CampaignSummary& summary) {
  if (summary.excuses.empty()) return;
  std::printf(
      "\n%s\n",
      absl::StrFormat("%-56s %9s %8s", "excuse", "cases", "seeds").c_str());
  for (const auto& [name, count] : summary.excuses) {
    const bool alarm = count.seeds * kExcuseShare > summary.seeds &&
                       summary.seeds >= kExcuseShare;
    std::printf("%s\n",
                absl::StrFormat("%-56s %9s %8s%s", name, Grouped(count.fired),
                                Grouped(count.seeds),
                                alarm ? "  ALARM: more than 1 % of "
                                        "the seeds"
                                      : "")
                    .c_str());
  }
}

std::string ResumeCommand(const CampaignOptions& options) {
  const std::string check =
      options.check_every == 20
          ? ""
          : Cat(" --check-determinism ", options.check_every == 0 ? 0 : 1, "/",
                std::max<uint32_t>(options.check_every, 1));
  const std::string out =
      options.out == CampaignOptions{}.out ? "" : Cat(" --out ", options.out);
  const std::string without =
      options.without.empty() ? "" : Cat(" --without ", options.without.Text());
  return Cat("sim run --profile ", NameOf(options.profile), " --seeds ",
             options.first, "..", options.last, check, without, out,
             " --resume");
}

// A campaign that leaves something out, as most profiles do, can owe nothing.
bool OwesEverything(const CampaignOptions& options) {
  return options.without.empty() && (options.profile == Profile::kSwarm ||
                                     options.profile == Profile::kLight);
}

// Faults and marks together, as the catalogue has them.
std::vector<std::string> MissingIn(const CampaignOptions& options,
                                   const CampaignSummary& summary) {
  if (!OwesEverything(options)) return {};
  std::map<std::string, MarkCount> counts = summary.marks;
  counts.insert(summary.tally.begin(), summary.tally.end());
  return MissingMarks(AllMarks(), counts, summary.seeds);
}

}  // namespace

Progress::Progress(uint64_t total)
    : total_(total),
      started_ms_(MonotonicMs()),
      shown_ms_(started_ms_),
      terminal_(isatty(STDOUT_FILENO) != 0) {}

void Progress::Show(uint64_t done, size_t failing, size_t unique,
                    int64_t simulated_ns, uint64_t slowest_seed,
                    int64_t slowest_ms) {
  const int64_t now = MonotonicMs();
  if (now - shown_ms_ < (terminal_ ? kShowEveryMs : kLogEveryMs)) return;
  shown_ms_ = now;
  const double share = static_cast<double>(done) /
                       static_cast<double>(std::max<uint64_t>(total_, 1));
  const double elapsed = static_cast<double>(now - started_ms_) / 1000.0;
  const double rate = static_cast<double>(done) / std::max(elapsed, 0.001);
  const double minutes =
      static_cast<double>(simulated_ns) / 60e9 / std::max(elapsed, 0.001);
  const int cells = static_cast<int>(share * kBarCells);
  const int64_t left =
      rate > 0 ? static_cast<int64_t>(static_cast<double>(total_ - done) / rate)
               : 0;
  const std::string line = absl::StrFormat(
      "[%s%s] %s/%s  %.1f%%  %.1f seeds/s  %.1f sim-min/s  ETA "
      "%s  fails %d (%d unique)  slowest seed %d (%.1fs)",
      std::string(static_cast<size_t>(cells), '#'),
      std::string(static_cast<size_t>(kBarCells - cells), '-'), Grouped(done),
      Grouped(total_), share * 100.0, rate, minutes, Span(left), failing,
      unique, slowest_seed, static_cast<double>(slowest_ms) / 1000.0);
  std::printf(terminal_ ? "\r\033[K%s" : "%s\n",
              terminal_ ? CutToTerminal(line).c_str() : line.c_str());
  std::fflush(stdout);
  visible_ = terminal_;
}

void Progress::Clear() {
  if (!visible_) return;
  std::printf("\r\033[K");
  visible_ = false;
}

void Progress::Finish() {
  Clear();
  std::fflush(stdout);
}

void PrintFinding(const CampaignOptions& options, const Finding& finding,
                  bool known) {
  const Violation& violation = finding.violation;
  std::string where;
  if (violation.at.ns != 0) {
    absl::StrAppendFormat(&where, "  t=%.3fs",
                          static_cast<double>(violation.at.ns) / 1e9);
  }
  if (violation.op != 0) {
    where += Cat("  op ", violation.op, " key ", KeyText(violation.key));
  }
  std::printf("FAIL seed %s\n",
              Cat(finding.seed, "  ", violation.oracle, " ", violation.property,
                  where, known ? "  (same signature as before)" : "")
                  .c_str());
  if (known) {
    std::fflush(stdout);
    return;
  }
  std::printf("  %s\n", violation.sentence.c_str());
  const std::string path = SaveScenario(options, finding.seed);
  std::printf("  replay    %s\n",
              path.empty() ? Cat("bin/orrery sim replay --seed ", finding.seed,
                                 " --profile ", NameOf(options.profile))
                                 .c_str()
                           : Cat("bin/orrery sim replay ", path).c_str());
  std::printf("            (format 1, profile %s, digest %s)\n",
              std::string(NameOf(options.profile)).c_str(),
              absl::StrFormat("%016x", finding.digest).c_str());
  if (finding.others > 0) {
    std::printf("            and %zu more violations in this run\n",
                finding.others);
  }
  std::fflush(stdout);
}

void PrintSummary(const CampaignOptions& options,
                  const CampaignSummary& summary) {
  const double elapsed =
      std::max(static_cast<double>(summary.elapsed_ms) / 1000.0, 0.001);
  const double simulated = static_cast<double>(summary.simulated_ns) / 1e9;
  std::printf("%s\n", absl::StrFormat(
                          "seeds %s (%s run twice)  simulated %s  in %.1f s "
                          "(%.1f seeds/s, %.0fx real time)  events %s",
                          Grouped(summary.seeds), Grouped(summary.run_twice),
                          Span(static_cast<int64_t>(simulated)), elapsed,
                          static_cast<double>(summary.seeds) / elapsed,
                          simulated / elapsed, Grouped(summary.events))
                          .c_str());
  PrintProperties(summary);
  if (!options.without.empty()) {
    std::printf("\nleft out: %s\n", options.without.Text().c_str());
  }
  PrintExcuses(summary);
  PrintMarks("fired", summary.tally);
  PrintMarks("marks", summary.marks);
  for (const std::string& name : MissingIn(options, summary)) {
    std::printf("NEVER FIRED  %s\n", name.c_str());
  }
  if (!summary.signatures.empty()) {
    std::printf("\n%zu failing seeds, %zu signatures:\n",
                summary.findings.size(), summary.signatures.size());
    for (const auto& [signature, seeds] : summary.signatures) {
      std::printf("  %s seeds  %s\n", Grouped(seeds).c_str(),
                  signature.c_str());
    }
  }
  if (!summary.divergences.empty()) {
    std::printf("\n%zu seeds did not run the same way twice\n",
                summary.divergences.size());
  }
  if (!summary.complete) {
    std::printf("\nstopped early; go on with: bin/orrery %s\n",
                ResumeCommand(options).c_str());
  }
  std::fflush(stdout);
}

int ExitCodeOf(const CampaignOptions& options, const CampaignSummary& summary) {
  if (!summary.divergences.empty()) return kExitNotDeterministic;
  if (!summary.findings.empty()) return kExitViolated;
  if (summary.seeds >= kVacuousSeeds && OwesEverything(options)) {
    for (const auto& [name, count] : summary.properties) {
      if (count.checked == 0) return kExitVacuous;
    }
  }
  if (!MissingIn(options, summary).empty()) return kExitVacuous;
  return kExitHeld;
}

}  // namespace orrery::sim
