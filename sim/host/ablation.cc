#include "sim/host/ablation.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/host/text.h"
#include "sim/scenario_text.h"

namespace orrery::sim {
namespace {

constexpr std::string_view kMending[] = {"heal",    "restart", "resume",
                                         "release", "knob",    "heard"};

// "disk n0 stall for=1s": disk, disk.stall.  Nothing of a step that mends.
std::vector<std::string> NamesOf(const Step& step) {
  if (std::holds_alternative<OpStep>(step)) return {};
  const std::string text = PrintStep(step);
  const std::vector<std::string_view> words = Split(text, " ");
  if (std::ranges::find(kMending, words[0]) != std::end(kMending)) return {};
  std::vector<std::string> names{std::string(words[0])};
  if (words.size() > 2) {
    names.push_back(Cat(words[0], ".", words[2].substr(0, words[2].find('='))));
  }
  return names;
}

bool IsOracle(std::string_view word) {
  if (word.size() < 2 || word[0] != 'O') return false;
  return word.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

}  // namespace

std::set<std::string> RemovableNames(const Scenario& scenario) {
  std::set<std::string> names;
  for (const Line& line : scenario.lines) {
    if (const auto* noise = std::get_if<NoiseLine>(&line)) {
      for (const Setting& setting : noise->settings) names.insert(setting.name);
    } else if (const auto* timed = std::get_if<StepLine>(&line)) {
      for (std::string& name : NamesOf(timed->step)) {
        names.insert(std::move(name));
      }
    }
  }
  return names;
}

std::string Ablation::Text() const {
  std::string text;
  for (const std::string& name : names_) {
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

Scenario Ablation::Of(Scenario scenario) const {
  if (names_.empty()) return scenario;
  std::erase_if(scenario.lines, [this](Line& line) {
    if (auto* noise = std::get_if<NoiseLine>(&line)) {
      std::erase_if(noise->settings, [this](const Setting& setting) {
        return names_.contains(setting.name);
      });
      return noise->settings.empty();
    }
    const auto* timed = std::get_if<StepLine>(&line);
    if (timed == nullptr) return false;
    const std::vector<std::string> names = NamesOf(timed->step);
    return std::ranges::any_of(names, [this](const std::string& name) {
      return names_.contains(name);
    });
  });
  return scenario;
}

bool Ablation::LeavesOut(std::string_view oracle) const {
  return names_.contains(std::string(oracle));
}

void Ablation::ForgetIn(SeedReport* report) const {
  std::erase_if(report->violations, [this](const Violation& violation) {
    return LeavesOut(violation.oracle);
  });
  std::erase_if(report->properties, [this](const auto& property) {
    return LeavesOut(property.first.substr(0, property.first.find(' ')));
  });
  std::erase_if(report->excuses, [this](const auto& excuse) {
    return LeavesOutAllOf(excuse.first);
  });
}

// "O4 O5 one who stored it lost something": it is the excuse of both.
bool Ablation::LeavesOutAllOf(std::string_view excuse) const {
  bool any = false;
  for (const std::string_view word : Split(excuse, " ")) {
    if (!IsOracle(word)) break;
    if (!LeavesOut(word)) return false;
    any = true;
  }
  return any;
}

}  // namespace orrery::sim
