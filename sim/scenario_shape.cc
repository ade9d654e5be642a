#include "sim/scenario_shape.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

#include "core/base/total_order.h"
#include "core/protocol/limits.h"
#include "sim/settings.h"

namespace orrery::sim {
namespace {

// Which faults are at work, as steps go by.
class Faults {
 public:
  Faults(uint32_t nodes, const Noise& noise)
      : nodes_(nodes),
        links_(size_t{nodes} * nodes, false),
        down_(nodes, false),
        paused_(nodes, false),
        bad_disks_(nodes, false),
        wiped_(nodes, false),
        noise_(noise) {}

  void operator()(const OpStep&) {}
  void operator()(const NodeStep& step) {
    const uint32_t node = step.node % nodes_;
    switch (step.kind) {
      case NodeStep::Kind::kWipe:
        wiped_[node] = true;
        End(node);
        return;
      case NodeStep::Kind::kCrash:
      case NodeStep::Kind::kStop:
      case NodeStep::Kind::kRestore:
        End(node);
        return;
      case NodeStep::Kind::kRestart:
        down_[node] = false;
        return;
      case NodeStep::Kind::kPause:
        if (!down_[node]) paused_[node] = true;
        return;
      case NodeStep::Kind::kResume:
        paused_[node] = false;
        return;
      case NodeStep::Kind::kStorm:  // Over at once.
      case NodeStep::Kind::kDeaf:   // The cluster itself is well.
      case NodeStep::Kind::kMute:
      case NodeStep::Kind::kHeard:
      case NodeStep::Kind::kSnapshot:
        return;
    }
  }
  void operator()(const PowerLossStep& step) { End(step.node % nodes_); }
  void operator()(const LinkStep& step) {
    if (step.kind == LinkStep::Kind::kReset) return;  // Over at once.
    // What a release does not undo, a heal has to.
    if (step.kind == LinkStep::Kind::kRelease) return;
    Mark(step.link, true);
  }
  void operator()(const SplitStep& step) {
    for (const uint32_t left : step.left) {
      for (const uint32_t right : step.right) Mark({left, right, true}, true);
    }
  }
  void operator()(const HealStep& step) {
    if (step.link.has_value()) {
      Mark(*step.link, false);
    } else {
      std::fill(links_.begin(), links_.end(), false);
    }
  }
  void operator()(const ClockStep&) {}
  void operator()(const DiskStep& step) {
    const uint32_t node = step.node % nodes_;
    // Over at once, or with the next operation; what they took is repaired.
    const bool is_over = step.StrikesBytes() ||
                         step.kind == DiskStep::Kind::kReadFailsOnce ||
                         step.kind == DiskStep::Kind::kWriteFailsOnce;
    if (!is_over) bad_disks_[node] = step.kind != DiskStep::Kind::kOk;
    // The process may not outlive these.
    if (step.kind == DiskStep::Kind::kSyncFails ||
        step.kind == DiskStep::Kind::kWriteFails ||
        step.kind == DiskStep::Kind::kWriteFailsOnce ||
        step.kind == DiskStep::Kind::kReadFailsOnce ||
        step.kind == DiskStep::Kind::kReadOnly ||
        step.kind == DiskStep::Kind::kNoHandles) {
      down_[node] = true;
    }
  }
  void operator()(const KnobStep& step) {
    ApplyNoise(step.name, step.value, &noise_);
  }

  bool AnyIn(const std::vector<bool>& core) const {
    if (noise_.tcp_late.num != 0 || noise_.udp_mtu < kDatagramBytesMax ||
        noise_.udp_tail.num != 0 || noise_.disk_stall.num != 0 ||
        noise_.disk_read_error.num != 0) {
      return true;
    }
    for (uint32_t node = 0; node < nodes_; ++node) {
      if (!core[node]) continue;
      if (down_[node] || paused_[node] || bad_disks_[node]) return true;
      for (uint32_t to = 0; to < nodes_; ++to) {
        if (core[to] && links_[size_t{node} * nodes_ + to]) return true;
      }
    }
    return false;
  }

  uint32_t WipedIn(const std::vector<bool>& core) const {
    uint32_t wiped = 0;
    for (uint32_t node = 0; node < nodes_; ++node) {
      if (core[node] && wiped_[node]) ++wiped;
    }
    return wiped;
  }

 private:
  void End(uint32_t node) {
    down_[node] = true;
    paused_[node] = false;
  }
  void Mark(const Link& link, bool bad) {
    const size_t from = link.from % nodes_;
    const size_t to = link.to % nodes_;
    if (from == to) return;
    links_[from * nodes_ + to] = bad;
    if (link.both) links_[to * nodes_ + from] = bad;
  }

  uint32_t nodes_;
  std::vector<bool> links_;
  std::vector<bool> down_;
  std::vector<bool> paused_;
  std::vector<bool> bad_disks_;
  std::vector<bool> wiped_;
  Noise noise_;
};

}  // namespace

std::vector<const StepLine*> StepsByTime(const Scenario& scenario) {
  std::vector<const StepLine*> steps;
  for (const Line& line : scenario.lines) {
    if (const auto* step = std::get_if<StepLine>(&line)) steps.push_back(step);
  }
  // Lines lie in one array, in order.
  const auto earlier = [](const StepLine* a, const StepLine* b) {
    return a->at == b->at ? std::less<>()(a, b) : a->at < b->at;
  };
  // Most scenarios are written in order.
  if (!std::is_sorted(steps.begin(), steps.end(), earlier)) {
    Sort(steps.begin(), steps.end(), earlier);
  }
  return steps;
}

size_t StepCount(const Scenario& scenario) {
  return static_cast<size_t>(std::count_if(
      scenario.lines.begin(), scenario.lines.end(),
      [](const Line& line) { return std::holds_alternative<StepLine>(line); }));
}

Extent ExtentOf(const Scenario& scenario) {
  const std::vector<const StepLine*> steps = StepsByTime(scenario);
  return {.steps = steps.size(),
          .nodes = SettingsOf(scenario).config.nodes,
          .last = steps.empty() ? Duration{} : steps.back()->at};
}

bool ExpectsConvergence(const Scenario& scenario) {
  for (const Line& line : scenario.lines) {
    const auto* expect = std::get_if<ExpectLine>(&line);
    if (expect != nullptr && expect->property == "converge") return true;
  }
  return false;
}

std::vector<bool> CoreOf(const Settings& settings) {
  const uint32_t nodes = settings.config.nodes;
  for (const Expectation& expectation : settings.expectations) {
    if (expectation.kind != Expectation::Kind::kConverge) continue;
    if (expectation.core.empty()) continue;
    std::vector<bool> core(nodes, false);
    for (const uint32_t node : expectation.core) core[node % nodes] = true;
    return core;
  }
  return std::vector<bool>(nodes, true);
}

bool CoreSuffices(const Settings& settings, uint32_t beyond) {
  const std::vector<bool> core = CoreOf(settings);
  // Who starts again knows no address but its seeds'.
  if (settings.config.seed_lists == SeedLists::kOne && !core[0]) return false;
  const uint32_t owners =
      std::min(settings.config.engine.replication, settings.config.nodes);
  const auto outside =
      static_cast<uint32_t>(std::count(core.begin(), core.end(), false));
  return outside + beyond <= (owners - 1) / 2;
}

bool LeavesFaults(const Scenario& scenario) {
  const Settings settings = SettingsOf(scenario);
  Faults faults(settings.config.nodes, settings.noise);
  for (const StepLine* line : StepsByTime(scenario))
    std::visit(faults, line->step);
  const std::vector<bool> core = CoreOf(settings);
  const bool is_part = std::find(core.begin(), core.end(), false) != core.end();
  if (is_part && !CoreSuffices(settings, faults.WipedIn(core))) return true;
  return faults.AnyIn(core);
}

}  // namespace orrery::sim
