#include "sim/reductions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/scenario_shape.h"
#include "sim/settings.h"

namespace orrery::sim {
namespace {

// Single steps are looked at one by one only in a scenario this short.
constexpr size_t kFewSteps = 32;

constexpr std::array<Duration, 4> kGaps = {
    10 * kMillisecond, 100 * kMillisecond, kSecond, 4 * kSecond};
constexpr std::array<Duration, 3> kRound = {kSecond, 100 * kMillisecond,
                                            10 * kMillisecond};
// After the last step, when nothing is awaited.
constexpr Duration kAfterLast = 5 * kSecond;

using Steps = std::vector<StepLine*>;

Steps StepsIn(Scenario* scenario) {
  Steps steps;
  for (Line& line : scenario->lines) {
    if (auto* step = std::get_if<StepLine>(&line)) steps.push_back(step);
  }
  return steps;
}

// Without the lines of which `goes` is true; nothing if there are none.
template <typename Goes>
std::optional<Scenario> WithoutLines(const Scenario& scenario, Goes goes) {
  Scenario smaller;
  smaller.lines.reserve(scenario.lines.size());
  for (const Line& line : scenario.lines) {
    if (!goes(line)) smaller.lines.push_back(line);
  }
  if (smaller.lines.size() == scenario.lines.size()) return std::nullopt;
  return smaller;
}

template <typename Goes>
std::optional<Scenario> WithoutStepLines(const Scenario& scenario, Goes goes) {
  return WithoutLines(scenario, [&](const Line& line) {
    const auto* step = std::get_if<StepLine>(&line);
    return step != nullptr && goes(*step);
  });
}

// A fault that begins something; what ends one does no harm alone.
enum class FaultClass : uint8_t {
  kCrash,
  kPause,
  kWipe,
  kStop,
  kClients,
  kPowerLoss,
  kSplit,
  kLink,
  kReset,
  kClock,
  kDisk,
};
constexpr std::array<FaultClass, 11> kFaultClasses = {
    FaultClass::kCrash,     FaultClass::kPause,   FaultClass::kWipe,
    FaultClass::kPowerLoss, FaultClass::kSplit,   FaultClass::kLink,
    FaultClass::kStop,      FaultClass::kClients, FaultClass::kReset,
    FaultClass::kClock,     FaultClass::kDisk,
};

bool Begins(const Step& step, FaultClass fault) {
  const auto* node = std::get_if<NodeStep>(&step);
  const auto* link = std::get_if<LinkStep>(&step);
  const bool storm = node != nullptr && node->kind == NodeStep::Kind::kStorm;
  const bool reset =
      storm || (link != nullptr && link->kind == LinkStep::Kind::kReset);
  switch (fault) {
    case FaultClass::kCrash:
      return node != nullptr && node->kind == NodeStep::Kind::kCrash;
    case FaultClass::kPause:
      return node != nullptr && node->kind == NodeStep::Kind::kPause;
    case FaultClass::kWipe:
      return node != nullptr && (node->kind == NodeStep::Kind::kWipe ||
                                 node->kind == NodeStep::Kind::kRestore);
    case FaultClass::kClients:
      return node != nullptr && (node->kind == NodeStep::Kind::kDeaf ||
                                 node->kind == NodeStep::Kind::kMute);
    case FaultClass::kStop:
      return node != nullptr && node->kind == NodeStep::Kind::kStop;
    case FaultClass::kPowerLoss:
      return std::holds_alternative<PowerLossStep>(step);
    case FaultClass::kSplit:
      return std::holds_alternative<SplitStep>(step);
    case FaultClass::kLink:
      return link != nullptr && !reset;
    case FaultClass::kReset:
      return reset;
    case FaultClass::kClock:
      return std::holds_alternative<ClockStep>(step);
    case FaultClass::kDisk:
      return std::holds_alternative<DiskStep>(step);
  }
  return false;
}

// The value of a `cfg` setting, if it is given: the last one counts.
std::string* ValueOf(Scenario* scenario, std::string_view name) {
  std::string* value = nullptr;
  for (Line& line : scenario->lines) {
    auto* cfg = std::get_if<CfgLine>(&line);
    if (cfg == nullptr) continue;
    for (Setting& setting : cfg->settings) {
      if (setting.name == name) value = &setting.value;
    }
  }
  return value;
}

// Nothing if it is not given, or not above `number`.
std::optional<Scenario> WithAtMost(const Scenario& scenario,
                                   std::string_view name, uint64_t number) {
  Scenario smaller = scenario;
  std::string* value = ValueOf(&smaller, name);
  uint64_t now = 0;
  if (value == nullptr || !ReadUint(*value, &now)) return std::nullopt;
  if (now <= number) return std::nullopt;
  *value = std::to_string(number);
  return smaller;
}

template <typename Field>
uint32_t HighestOf(const Scenario& scenario, Field field) {
  uint32_t highest = 0;
  for (const Line& line : scenario.lines) {
    const auto* step = std::get_if<StepLine>(&line);
    if (step == nullptr) continue;
    const auto* op = std::get_if<OpStep>(&step->step);
    if (op != nullptr) highest = std::max(highest, op->*field);
  }
  return highest;
}

std::optional<Scenario> WithFewerOwners(const Scenario& scenario) {
  const Config config = SettingsOf(scenario).config;
  const uint32_t owners = config.engine.replication;
  if (owners <= 2) return std::nullopt;
  std::optional<Scenario> smaller = WithAtMost(scenario, "n", owners - 1);
  if (!smaller.has_value()) return std::nullopt;
  for (const std::string_view level : {"r", "w"}) {
    std::optional<Scenario> lower = WithAtMost(*smaller, level, owners - 1);
    if (lower.has_value()) smaller = std::move(lower);
  }
  return smaller;
}

std::optional<Scenario> WithEarlierEnd(const Scenario& scenario) {
  const Duration last = ExtentOf(scenario).last;
  const Duration end =
      (last + kSecond - Duration{1}) / kSecond.ns * kSecond.ns + kAfterLast;
  if (SettingsOf(scenario).config.end <= end) return std::nullopt;
  Scenario smaller = scenario;
  std::string* value = ValueOf(&smaller, "end");
  if (value != nullptr) {
    *value = TimeText(end);
    return smaller;
  }
  for (Line& line : smaller.lines) {
    auto* cfg = std::get_if<CfgLine>(&line);
    if (cfg == nullptr) continue;
    cfg->settings.push_back({"end", TimeText(end)});
    return smaller;
  }
  return std::nullopt;
}

// Node numbers wrap round; written as they are meant.
struct Unwrap {
  uint32_t nodes;
  void Fix(uint32_t* node) const { *node %= nodes; }

  void operator()(OpStep& step) const {
    if (step.via.has_value()) Fix(&*step.via);
  }
  void operator()(NodeStep& step) const { Fix(&step.node); }
  void operator()(PowerLossStep& step) const { Fix(&step.node); }
  void operator()(LinkStep& step) const {
    Fix(&step.link.from);
    Fix(&step.link.to);
  }
  void operator()(SplitStep& step) const {
    for (uint32_t& node : step.left) Fix(&node);
    for (uint32_t& node : step.right) Fix(&node);
  }
  void operator()(HealStep& step) const {
    if (!step.link.has_value()) return;
    Fix(&step.link->from);
    Fix(&step.link->to);
  }
  void operator()(ClockStep& step) const { Fix(&step.node); }
  void operator()(DiskStep& step) const { Fix(&step.node); }
  void operator()(KnobStep&) const {}
};

std::optional<Scenario> WithPlainNumbers(const Scenario& scenario,
                                         uint32_t nodes) {
  Scenario plain = scenario;
  for (StepLine* step : StepsIn(&plain)) std::visit(Unwrap{nodes}, step->step);
  if (plain == scenario) return std::nullopt;
  return plain;
}

bool IsShape(std::string_view name) {
  for (const std::string_view shape : {"nodes", "n", "r", "w", "vnodes", "keys",
                                       "clients", "sync", "seed", "end"}) {
    if (name == shape) return true;
  }
  return false;
}

const std::vector<Setting>* SettingsIn(const Line& line) {
  if (const auto* cfg = std::get_if<CfgLine>(&line)) return &cfg->settings;
  if (const auto* noise = std::get_if<NoiseLine>(&line)) {
    return &noise->settings;
  }
  return nullptr;
}
std::vector<Setting>* SettingsIn(Line* line) {
  return const_cast<std::vector<Setting>*>(SettingsIn(*line));
}

void DropEmptyLines(Scenario* scenario) {
  std::erase_if(scenario->lines, [](const Line& line) {
    const std::vector<Setting>* settings = SettingsIn(line);
    return settings != nullptr && settings->empty();
  });
}

// Every knob, or all of the weather, at once.
std::optional<Scenario> WithoutAllSettings(const Scenario& scenario,
                                           bool weather) {
  Scenario smaller = scenario;
  bool changed = false;
  for (Line& line : smaller.lines) {
    if (std::holds_alternative<NoiseLine>(line) != weather) continue;
    std::vector<Setting>* settings = SettingsIn(&line);
    if (settings == nullptr) continue;
    const size_t gone = std::erase_if(*settings, [](const Setting& setting) {
      return !IsShape(setting.name);
    });
    changed = changed || gone > 0;
  }
  if (!changed) return std::nullopt;
  DropEmptyLines(&smaller);
  return smaller;
}

// True if it changed: this step and all after it come earlier.
bool ShortenGap(const Steps& steps, size_t at, Duration most) {
  const Duration before = at == 0 ? Duration{} : steps[at - 1]->at;
  const Duration gap = steps[at]->at - before;
  if (gap <= most) return false;
  for (size_t i = at; i < steps.size(); ++i) {
    steps[i]->at = steps[i]->at - (gap - most);
  }
  return true;
}

bool InOrder(const Steps& steps) {
  return std::is_sorted(
      steps.begin(), steps.end(),
      [](const StepLine* a, const StepLine* b) { return a->at < b->at; });
}

// True if it changed.
bool RoundTime(const Steps& steps, size_t at, Duration unit) {
  const Duration earliest = at == 0 ? Duration{} : steps[at - 1]->at;
  const Duration round = std::max(earliest, steps[at]->at / unit.ns * unit.ns);
  const bool changed = round != steps[at]->at;
  steps[at]->at = round;
  return changed;
}

// All steps at once, then each by itself: with every choice in turn.
size_t PlacesOf(const Scenario& scenario, size_t choices) {
  const size_t steps = StepCount(scenario);
  return choices * (1 + (steps <= kFewSteps ? steps : 0));
}

// `change` of (steps, index, whether it is one of all, choice) tells whether it
// did anything.
template <size_t kChoices, typename Change>
std::optional<Scenario> WithOtherTimes(
    const Scenario& scenario, size_t at,
    const std::array<Duration, kChoices>& choices, Change change) {
  Scenario other = scenario;
  const Steps steps = StepsIn(&other);
  if (!InOrder(steps)) return std::nullopt;
  const Duration choice = choices[at % kChoices];
  const size_t place = at / kChoices;
  const bool all = place == 0;
  bool changed = false;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (!all && i != place - 1) continue;
    changed = change(steps, i, all, choice) || changed;
  }
  if (!changed) return std::nullopt;
  return other;
}

}  // namespace

size_t WholesalePlaces() { return 3 + kFaultClasses.size(); }

std::optional<Scenario> Wholesale(const Scenario& scenario, const Scene& scene,
                                  size_t at) {
  if (at == 0) {
    if (!scene.key.has_value()) return std::nullopt;
    return WithoutStepLines(scenario, [&](const StepLine& line) {
      const auto* op = std::get_if<OpStep>(&line.step);
      return op != nullptr && op->key != *scene.key;
    });
  }
  if (at == 1) {
    if (!scene.at.has_value()) return std::nullopt;
    return WithoutStepLines(scenario, [&](const StepLine& line) {
      return std::holds_alternative<OpStep>(line.step) && line.at > *scene.at;
    });
  }
  if (at == 2) {
    return WithoutLines(scenario, [](const Line& line) {
      return std::holds_alternative<ExpectLine>(line);
    });
  }
  const FaultClass fault = kFaultClasses[at - 3];
  return WithoutStepLines(
      scenario, [&](const StepLine& line) { return Begins(line.step, fault); });
}

std::optional<Scenario> WithoutSteps(const Scenario& scenario, size_t at,
                                     size_t count) {
  size_t number = 0;
  return WithoutStepLines(scenario, [&](const StepLine&) {
    const size_t mine = number++;
    return mine >= at && mine - at < count;
  });
}

size_t GapPlaces(const Scenario& scenario) {
  return PlacesOf(scenario, kGaps.size());
}

std::optional<Scenario> WithShorterGap(const Scenario& scenario, size_t at) {
  return WithOtherTimes(
      scenario, at, kGaps,
      [](const Steps& steps, size_t i, bool all, Duration most) {
        // The first waits for the cluster to form, which is
        // no idle time.
        return !(all && i == 0) && ShortenGap(steps, i, most);
      });
}

size_t TopologyPlaces() { return 7; }

std::optional<Scenario> WithSimplerTopology(const Scenario& scenario,
                                            size_t at) {
  const Config config = SettingsOf(scenario).config;
  const uint32_t fewest = std::max<uint32_t>(config.engine.replication, 1);
  switch (at) {
    case 0:
      return WithEarlierEnd(scenario);
    case 1:
      return WithAtMost(scenario, "nodes", std::max<uint32_t>(3, fewest));
    case 2:
      if (config.nodes <= fewest) return std::nullopt;
      return WithAtMost(scenario, "nodes", config.nodes - 1);
    case 3:
      return WithFewerOwners(scenario);
    case 4:
      return WithAtMost(scenario, "keys",
                        HighestOf(scenario, &OpStep::key) + 1);
    case 5:
      return WithAtMost(scenario, "clients",
                        HighestOf(scenario, &OpStep::client) + 1);
    case 6:
      return WithPlainNumbers(scenario, config.nodes);
    default:
      return std::nullopt;
  }
}

size_t SettingPlaces(const Scenario& scenario) {
  size_t settings = 0;
  for (const Line& line : scenario.lines) {
    const std::vector<Setting>* mine = SettingsIn(line);
    settings += mine == nullptr ? 0 : mine->size();
  }
  return 2 + 2 * settings;
}

std::optional<Scenario> WithoutSetting(const Scenario& scenario, size_t at) {
  if (at < 2) return WithoutAllSettings(scenario, at == 0);
  size_t number = (at - 2) / 2;
  const bool narrow = at % 2 == 1;
  Scenario smaller = scenario;
  for (Line& line : smaller.lines) {
    std::vector<Setting>* settings = SettingsIn(&line);
    if (settings == nullptr) continue;
    if (number >= settings->size()) {
      number -= settings->size();
      continue;
    }
    Setting& setting = (*settings)[number];
    if (IsShape(setting.name)) return std::nullopt;
    if (!narrow) {
      settings->erase(settings->begin() + static_cast<ptrdiff_t>(number));
      DropEmptyLines(&smaller);
      return smaller;
    }
    Range range;
    if (!ReadRange(setting.value, &range) || range.low == range.high) {
      return std::nullopt;
    }
    setting.value = TimeText(range.low) + ".." + TimeText(range.low);
    return smaller;
  }
  return std::nullopt;
}

namespace {

constexpr size_t kWordsPerOp = 10;

// What word `word` is in its plainest form; false: it is so already.
bool Simplify(OpStep* op, size_t word) {
  const OpStep before = *op;
  switch (word) {
    case 0:
      op->context = OpStep::Context::kNone;
      op->context_op = 0;
      break;
    case 1:
      op->size = 0;
      break;
    case 2:
      op->r = 0;
      op->w = 0;
      break;
    case 3:
      op->sloppy = false;
      break;
    case 4:
      op->retry_of = 0;
      break;
    case 5:
      op->client = 0;
      break;
    case 6:
      op->own_id = false;
      break;
    case 7:
      op->patience = {};
      break;
    case 8:
      op->siblings = false;
      break;
    case 9:
      op->quorum_stamp = false;
      break;
    default:
      break;
  }
  return !(*op == before);
}

}  // namespace

size_t WordPlaces(const Scenario& scenario) {
  const size_t steps = StepCount(scenario);
  return steps <= kFewSteps ? steps * kWordsPerOp : 0;
}

std::optional<Scenario> WithSimplerWord(const Scenario& scenario, size_t at) {
  Scenario smaller = scenario;
  const Steps steps = StepsIn(&smaller);
  if (at / kWordsPerOp >= steps.size()) return std::nullopt;
  auto* op = std::get_if<OpStep>(&steps[at / kWordsPerOp]->step);
  if (op == nullptr || !Simplify(op, at % kWordsPerOp)) return std::nullopt;
  return smaller;
}

size_t TimePlaces(const Scenario& scenario) {
  return PlacesOf(scenario, kRound.size());
}

std::optional<Scenario> WithRounderTimes(const Scenario& scenario, size_t at) {
  return WithOtherTimes(scenario, at, kRound,
                        [](const Steps& steps, size_t i, bool, Duration unit) {
                          return RoundTime(steps, i, unit);
                        });
}

}  // namespace orrery::sim
