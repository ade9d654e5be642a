#include "sim/host/replay.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/strings/str_format.h"
#include "sim/host/event_text.h"
#include "sim/host/exit_codes.h"
#include "sim/host/run_chain.h"
#include "sim/host/text.h"
#include "sim/host/whole_file.h"
#include "sim/scenario_text.h"
#include "sim/world.h"

namespace orrery::sim {
namespace {

// What a comment `# digest HEX` says the run came to when it was stored.
std::optional<uint64_t> StoredDigest(const Scenario& scenario) {
  constexpr std::string_view kWord = " digest ";
  for (const Line& line : scenario.lines) {
    const auto* comment = std::get_if<CommentLine>(&line);
    if (comment == nullptr || !comment->text.starts_with(kWord)) continue;
    const std::string_view hex =
        std::string_view(comment->text).substr(kWord.size());
    uint64_t digest = 0;
    const auto [end, error] =
        std::from_chars(hex.data(), hex.data() + hex.size(), digest, 16);
    if (error == std::errc() && end == hex.data() + hex.size()) return digest;
  }
  return std::nullopt;
}

void CompareWithStored(const Scenario& scenario, uint64_t digest) {
  const std::optional<uint64_t> stored = StoredDigest(scenario);
  if (!stored.has_value()) return;
  if (*stored == digest) {
    std::printf("The digest is the one stored with the scenario.\n");
  } else {
    std::printf("%s\n",
                absl::StrFormat("The digest stored with the scenario is %016x: "
                                "that was another build, or --twice will show "
                                "where two runs differ.",
                                *stored)
                    .c_str());
  }
}

// Stops after each event until the reader says how to go on.
class StepKeys {
 public:
  void Wait() {
    if (free_run_ || skip_ > 0) {
      skip_ -= free_run_ ? 0 : 1;
      return;
    }
    std::printf("%s", told_ ? ""
                            : "Enter: next event, N: N events, "
                              "c: to the end, q: quit\n");
    told_ = true;
    std::fflush(stdout);
    std::string line;
    if (!std::getline(std::cin, line) || line == "q") std::exit(kExitHeld);
    if (line == "c") free_run_ = true;
    uint64_t events = 0;
    if (ReadNumber(line, &events) && events > 0) skip_ = events - 1;
  }

 private:
  uint64_t skip_ = 0;
  bool free_run_ = false;
  bool told_ = false;
};

class LogPrinter : public Listener {
 public:
  LogPrinter(std::optional<uint32_t> only, bool step)
      : only_(only), step_(step) {}

  void OnStep(Instant now, uint32_t node, const Event& event,
              const Effects& effects, uint64_t) override {
    if (only_.value_or(node) != node) return;
    if (step_ && printed_) keys_.Wait();
    printed_ = true;
    Print(now, Cat("n", node, " ", EventText(event)));
    for (const std::string& line : EffectTexts(effects)) {
      Print(now, Cat("n", node, "   ", line));
    }
  }
  void OnScenarioStep(Instant now, const Step& step) override {
    Print(now, Cat("-- ", PrintStep(step)));
  }
  void OnNote(Instant now, uint32_t node, const Note& note) override {
    if (only_.value_or(node) != node) return;
    Print(now, Cat("n", node, " ** ", NoteText(note)));
  }

 private:
  void Print(Instant now, const std::string& text) {
    std::printf("%s %s\n", TimeColumn(now - Instant{}).c_str(), text.c_str());
  }

  std::optional<uint32_t> only_;
  bool step_;
  bool printed_ = false;
  StepKeys keys_;
};

}  // namespace

std::optional<Scenario> LoadScenario(const std::string& path) {
  const std::optional<std::string> text = ReadWholeFile(path);
  if (!text.has_value()) {
    std::fprintf(stderr, "orrery sim: cannot read %s\n", path.c_str());
    return std::nullopt;
  }
  std::variant<Scenario, ParseError> parsed = ParseScenario(*text);
  if (const auto* error = std::get_if<ParseError>(&parsed)) {
    std::fprintf(stderr, "orrery sim: %s:%u: %s\n", path.c_str(), error->line,
                 error->what.c_str());
    return std::nullopt;
  }
  return std::get<Scenario>(std::move(parsed));
}

int Replay(const Scenario& scenario, const ReplayOptions& options) {
  LogPrinter printer(options.node, options.step);
  RunOptions run_options;
  run_options.until = options.until;
  if (options.log || options.step) {
    // A run that dies has told all that led to it.
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    run_options.listener = &printer;
  }
  const RunResult result = World(scenario, run_options).Run();
  for (const Violation& violation : result.violations) {
    std::printf("FAIL %s  %s %s\n  %s\n", options.name.c_str(),
                violation.oracle.c_str(), violation.property.c_str(),
                violation.sentence.c_str());
  }
  for (const PropertyResult& property : result.properties) {
    const std::string outcome =
        property.measured
            ? Cat("deviating ", property.deviations)
            : Cat("excused ", property.excused, ", failed ", property.failed);
    std::printf("%s\n",
                absl::StrFormat("%-4s %-30s checked %d, %s", property.oracle,
                                property.property, property.checked, outcome)
                    .c_str());
  }
  std::printf("fired:");
  for (const auto& [name, count] : result.tally.counts()) {
    std::printf(" %s", Cat(name, " ", count).c_str());
  }
  std::printf("\nmarks:");
  for (const auto& [name, count] : result.marks.counts()) {
    std::printf(" %s", Cat(name, " ", count).c_str());
  }
  std::printf("\n");
  std::printf("%s\n",
              absl::StrFormat("%s: digest %016x, %d events, %.3f s simulated",
                              options.name, result.digest, result.events,
                              static_cast<double>(result.ended.ns) / 1e9)
                  .c_str());
  if (options.until.ns == 0) {
    CompareWithStored(scenario, result.digest);
  }
  if (options.twice) {
    run_options.listener = nullptr;
    const std::string divergence =
        CompareWithSecondRun(scenario, run_options, result.digest);
    if (!divergence.empty()) {
      std::printf("NOT DETERMINISTIC %s\n  %s\n", options.name.c_str(),
                  divergence.c_str());
      return kExitNotDeterministic;
    }
  }
  return result.violations.empty() ? kExitHeld : kExitViolated;
}

}  // namespace orrery::sim
