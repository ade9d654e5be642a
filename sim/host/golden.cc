#include "sim/host/golden.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_format.h"
#include "sim/host/exit_codes.h"
#include "sim/host/text.h"
#include "sim/host/whole_file.h"
#include "sim/scenario_text.h"
#include "sim/world.h"

namespace orrery::sim {
namespace {

constexpr std::string_view kFirstWords = "orrery-sim ";
constexpr std::string_view kNameComment = " golden ";

class WindowChain : public Listener {
 public:
  void OnStep(Instant, uint32_t, const Event&, const Effects&,
              uint64_t digest) override {
    if (++events_ % kGoldenWindow != 0) return;
    text += absl::StrFormat(" %08x", digest >> 32);
  }
  void OnScenarioStep(Instant, const Step&) override {}
  void OnNote(Instant, uint32_t, const Note&) override {}

  std::string text;

 private:
  uint64_t events_ = 0;
};

std::string NameIn(const Scenario& scenario) {
  for (const Line& line : scenario.lines) {
    const auto* comment = std::get_if<CommentLine>(&line);
    if (comment == nullptr) continue;
    if (!comment->text.starts_with(kNameComment)) continue;
    return comment->text.substr(kNameComment.size());
  }
  return "";
}

// Where each scenario of a pack begins, and the end.
std::vector<size_t> BeginningsIn(std::string_view text) {
  std::vector<size_t> beginnings;
  size_t at = 0;
  while (at < text.size()) {
    if (text.substr(at).starts_with(kFirstWords)) beginnings.push_back(at);
    const size_t end = text.find('\n', at);
    at = end == std::string_view::npos ? text.size() : end + 1;
  }
  beginnings.push_back(text.size());
  return beginnings;
}

int RunGolden(const Golden& golden) {
  WindowChain chain;
  RunOptions options;
  options.listener = &chain;
  const RunResult result = World(golden.scenario, options).Run();
  for (const Violation& violation : result.violations) {
    std::printf("FAIL %s  %s %s\n  %s\n", golden.name.c_str(),
                violation.oracle.c_str(), violation.property.c_str(),
                violation.sentence.c_str());
  }
  std::printf("%s\n", absl::StrFormat("%s %016x %d%s", golden.name,
                                      result.digest, result.events, chain.text)
                          .c_str());
  return result.violations.empty() ? kExitHeld : kExitViolated;
}

}  // namespace

std::variant<std::vector<Golden>, std::string> ReadPack(std::string_view text) {
  std::vector<Golden> goldens;
  const std::vector<size_t> beginnings = BeginningsIn(text);
  if (beginnings.size() == 1 || beginnings.front() != 0) {
    return "1: does not begin with a scenario";
  }
  for (size_t i = 0; i + 1 < beginnings.size(); ++i) {
    const std::string_view part =
        text.substr(beginnings[i], beginnings[i + 1] - beginnings[i]);
    const auto before = static_cast<uint32_t>(
        std::ranges::count(text.substr(0, beginnings[i]), '\n'));
    std::variant<Scenario, ParseError> parsed = ParseScenario(part);
    if (const auto* error = std::get_if<ParseError>(&parsed)) {
      return Cat(before + error->line, ": ", error->what);
    }
    Golden golden{.name = {}, .scenario = std::get<Scenario>(parsed)};
    golden.name = NameIn(golden.scenario);
    if (golden.name.empty()) {
      return Cat(before + 2, ": a scenario of a pack wants `# golden NAME`");
    }
    goldens.push_back(std::move(golden));
  }
  return goldens;
}

int RunGoldens(const std::vector<std::string>& files, std::string_view only) {
  int worst = kExitHeld;
  bool found = only.empty();
  // A run that dies has told which came before it.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  for (const std::string& path : files) {
    const std::optional<std::string> text = ReadWholeFile(path);
    if (!text.has_value()) {
      std::fprintf(stderr, "orrery sim: cannot read %s\n", path.c_str());
      return kExitUsage;
    }
    const auto pack = ReadPack(*text);
    if (const auto* wrong = std::get_if<std::string>(&pack)) {
      std::fprintf(stderr, "orrery sim: %s:%s\n", path.c_str(), wrong->c_str());
      return kExitUsage;
    }
    for (const Golden& golden : std::get<std::vector<Golden>>(pack)) {
      if (!only.empty() && golden.name != only) continue;
      found = true;
      worst = std::max(worst, RunGolden(golden));
    }
  }
  if (!found) {
    std::fprintf(stderr, "orrery sim: no golden %s\n",
                 std::string(only).c_str());
    return kExitUsage;
  }
  return worst;
}

}  // namespace orrery::sim
