#include "sim/host/diff.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "sim/host/child.h"
#include "sim/host/event_text.h"
#include "sim/host/exit_codes.h"
#include "sim/host/run_chain.h"
#include "sim/host/text.h"
#include "sim/scenario_text.h"
#include "sim/world.h"

namespace orrery::sim {
namespace {

// Events shown before the first that differs, and after it.
constexpr size_t kBefore = 5;
constexpr size_t kAfter = 3;

// Writes the events of a run from number `first` to `last`, and the steps of
// the scenario among them.
class WindowWriter : public Listener {
 public:
  WindowWriter(size_t first, size_t last, size_t marked, std::string* text)
      : first_(first), last_(last), marked_(marked), text_(text) {}

  void OnStep(Instant now, uint32_t node, const Event& event,
              const Effects& effects, uint64_t) override {
    const size_t number = next_++;
    if (number < first_ || number > last_) return;
    *text_ += absl::StrFormat(
        "%s %8d %s n%d %s\n", number == marked_ ? ">" : " ", number,
        TimeColumn(now - Instant{}), node, EventText(event));
    for (const std::string& line : EffectTexts(effects)) {
      *text_ += Cat(std::string(29, ' '), line, "\n");
    }
  }
  void OnScenarioStep(Instant now, const Step& step) override {
    if (next_ < first_ || next_ > last_) return;
    *text_ += Cat(std::string(11, ' '), TimeColumn(now - Instant{}), " -- ",
                  PrintStep(step), "\n");
  }
  void OnNote(Instant, uint32_t, const Note&) override {}

 private:
  size_t first_;
  size_t last_;
  size_t marked_;
  std::string* text_;
  size_t next_ = 0;
};

std::string WindowOf(const Scenario& scenario, size_t marked) {
  const size_t first = marked < kBefore ? 0 : marked - kBefore;
  Child child([&](int out) {
    std::string text;
    WindowWriter writer(first, marked + kAfter, marked, &text);
    RunOptions options;
    options.listener = &writer;
    World(scenario, options).Run();
    WriteAll(out, text);
  });
  return child.ReadToEnd();
}

void PrintWindow(const NamedScenario& named, size_t at, size_t events) {
  std::printf("\n%s, %zu events\n", named.name.c_str(), events);
  if (at >= events) std::printf("  ends before event %zu\n", at);
  std::printf("%s", WindowOf(named.scenario, at).c_str());
}

}  // namespace

int Diff(const NamedScenario& a, const NamedScenario& b) {
  const std::vector<ChainLink> first = ChainOf(a.scenario);
  const std::vector<ChainLink> second = ChainOf(b.scenario);
  if (first.empty() || second.empty()) {
    std::printf("A run died before its end: replay it with --log.\n");
    return kExitUnexpected;
  }
  const size_t at = FirstDifference(first, second);
  if (at == first.size() && at == second.size()) {
    std::printf("The runs do not differ: %zu events, digest chain equal.\n",
                at);
    return kExitHeld;
  }
  std::printf("The runs are equal up to event %zu.\n", at);
  PrintWindow(a, at, first.size());
  PrintWindow(b, at, second.size());
  return kExitUnexpected;
}

}  // namespace orrery::sim
