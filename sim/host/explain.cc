#include "sim/host/explain.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include "sim/history.h"
#include "sim/host/interrupt.h"
#include "sim/host/text.h"
#include "sim/scenario_text.h"
#include "sim/signature.h"
#include "sim/swarm.h"

namespace orrery::sim {
namespace {

// One bug often shows in several ways; more are told by their signature alone.
constexpr size_t kExplainedMax = 8;
// A scenario of so many steps is shown where the eye already is.
constexpr size_t kShownSteps = 40;

void ExplainOne(const CampaignOptions& options, const Finding& finding,
                const std::string& signature) {
  const ShrinkOptions shrink{.name = Cat("seed ", finding.seed),
                             .jobs = options.jobs};
  std::printf("\nseed %s\n", Cat(finding.seed, "  ", signature).c_str());
  const std::optional<Shrunk> shrunk =
      Shrink(ScenarioOf(options, finding.seed), signature, shrink);
  if (!shrunk.has_value()) {
    std::printf(
        "  It did not fail like this when it was run alone: not deterministic, "
        "or the machine was out of something.\n");
    return;
  }
  const std::string path = Cat(options.out, "/", finding.seed, ".min.txt");
  const std::string origin = Cat("seed ", finding.seed, " of profile ",
                                 std::string(NameOf(options.profile)));
  if (WriteMinimal(*shrunk, origin, path)) PrintShrunk(*shrunk, path);
}

}  // namespace

bool WriteMinimal(const Shrunk& shrunk, const std::string& origin,
                  const std::string& path) {
  std::ofstream file(path);
  file << MinimalText(shrunk, origin);
  file.flush();
  if (!file.good()) {
    std::fprintf(stderr, "orrery sim: cannot write %s\n", path.c_str());
    return false;
  }
  return true;
}

void PrintShrunk(const Shrunk& shrunk, const std::string& path) {
  const Violation& violation = shrunk.violation;
  std::printf("  %s\n", violation.sentence.c_str());
  std::printf("  shrunk    %s\n", ShrunkText(shrunk).c_str());
  if (shrunk.after.steps <= kShownSteps) {
    const std::string text = PrintScenario(shrunk.scenario);
    for (const std::string_view line : Split(text, "\n")) {
      if (!line.empty()) std::printf("    %s\n", std::string(line).c_str());
    }
  }
  std::printf("  replay    bin/orrery sim replay %s      (digest %s)\n",
              path.c_str(), absl::StrFormat("%016x", shrunk.digest).c_str());
  std::fflush(stdout);
}

void ExplainFindings(const CampaignOptions& options,
                     const CampaignSummary& summary) {
  std::set<std::string> explained;
  for (const Finding& finding : summary.findings) {
    const std::string signature = SignatureOf(finding.violation);
    if (!explained.insert(signature).second) continue;
    if (explained.size() > kExplainedMax || Interrupted()) return;
    if (explained.size() == 1) std::printf("\nin short:\n");
    ExplainOne(options, finding, signature);
  }
}

}  // namespace orrery::sim
