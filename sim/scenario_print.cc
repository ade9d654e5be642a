#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/scenario_text.h"
#include "sim/settings.h"

namespace orrery::sim {
namespace {

std::string Number(std::string_view prefix, uint32_t number) {
  return std::string(prefix) + std::to_string(number);
}

std::string LinkText(const Link& link) {
  return Number("n", link.from) + (link.both ? "--" : "->") +
         Number("n", link.to);
}

std::string NodesText(const std::vector<uint32_t>& nodes) {
  std::string text;
  for (const uint32_t node : nodes) {
    if (!text.empty()) text += ",";
    text += Number("n", node);
  }
  return text;
}

std::string SettingsText(const std::vector<Setting>& settings) {
  std::string text;
  for (const Setting& setting : settings) {
    text += " " + setting.name + "=" + setting.value;
  }
  return text;
}

struct StepPrinter {
  std::string operator()(const OpStep& op) const {
    std::string text = Number("op ", op.id);
    switch (op.verb) {
      case OpStep::Verb::kPut:
        text += " put";
        break;
      case OpStep::Verb::kGet:
        text += " get";
        break;
      case OpStep::Verb::kDelete:
        text += " del";
        break;
    }
    text += Number(" c", op.client) + Number(" k", op.key);
    if (op.via.has_value()) text += Number(" via=n", *op.via);
    switch (op.context) {
      case OpStep::Context::kNone:
        break;
      case OpStep::Context::kLast:
        text += " ctx=last";
        break;
      case OpStep::Context::kOp:
        text += Number(" ctx=op", op.context_op);
        break;
    }
    if (op.r != 0) text += Number(" r=", op.r);
    if (op.w != 0) text += Number(" w=", op.w);
    if (op.size != 0) text += Number(" size=", op.size);
    if (op.retry_of != 0) text += Number(" retry=op", op.retry_of);
    if (op.sloppy) text += " sloppy";
    if (op.siblings) text += " siblings";
    if (op.quorum_stamp) text += " stamp=quorum";
    if (op.own_id) text += " own";
    if (op.patience.ns != 0) text += " patience=" + TimeText(op.patience);
    return text;
  }

  std::string operator()(const NodeStep& step) const {
    switch (step.kind) {
      case NodeStep::Kind::kCrash:
        return Number("crash n", step.node);
      case NodeStep::Kind::kRestart:
        return Number("restart n", step.node);
      case NodeStep::Kind::kPause:
        return Number("pause n", step.node);
      case NodeStep::Kind::kResume:
        return Number("resume n", step.node);
      case NodeStep::Kind::kWipe:
        return Number("wipe n", step.node);
      case NodeStep::Kind::kStop:
        return Number("stop n", step.node);
      case NodeStep::Kind::kStorm:
        return Number("storm n", step.node);
      case NodeStep::Kind::kDeaf:
        return Number("deaf n", step.node);
      case NodeStep::Kind::kMute:
        return Number("mute n", step.node);
      case NodeStep::Kind::kHeard:
        return Number("heard n", step.node);
      case NodeStep::Kind::kSnapshot:
        return Number("snapshot n", step.node);
      case NodeStep::Kind::kRestore:
        return Number("restore n", step.node);
    }
    return "";
  }

  std::string operator()(const PowerLossStep& step) const {
    std::string text = Number("powerloss n", step.node);
    if (step.keep.has_value()) text += Number(" keep=", *step.keep);
    if (step.torn.has_value()) text += Number(" torn=", *step.torn);
    return text;
  }

  std::string operator()(const LinkStep& step) const {
    const std::string link = LinkText(step.link);
    switch (step.kind) {
      case LinkStep::Kind::kCut:
        return "cut " + link;
      case LinkStep::Kind::kClog:
        return "clog " + link;
      case LinkStep::Kind::kReset:
        return "reset " + link;
      case LinkStep::Kind::kHalfOpen:
        return "halfopen " + link;
      case LinkStep::Kind::kHold:
        return "hold " + link;
      case LinkStep::Kind::kRelease:
        return "release " + link;
      case LinkStep::Kind::kChoke:
        return "choke " + link;
    }
    return "";
  }

  std::string operator()(const SplitStep& step) const {
    return "split " + NodesText(step.left) + " | " + NodesText(step.right);
  }

  std::string operator()(const HealStep& step) const {
    return "heal " + (step.link.has_value() ? LinkText(*step.link) : "all");
  }

  std::string operator()(const ClockStep& step) const {
    const std::string text = Number("clock n", step.node);
    switch (step.kind) {
      case ClockStep::Kind::kStep:
        return text + " step=" + TimeText({step.value});
      case ClockStep::Kind::kDrift:
        return text + " drift=" + std::to_string(step.value) + "ppm";
      case ClockStep::Kind::kFreeze:
        return text + " freeze=" + TimeText({step.value});
    }
    return "";
  }

  std::string operator()(const DiskStep& step) const {
    const std::string text = Number("disk n", step.node);
    switch (step.kind) {
      case DiskStep::Kind::kOk:
        return text + " ok";
      case DiskStep::Kind::kStall:
        return text + " stall for=" + TimeText({step.value});
      case DiskStep::Kind::kSlow:
        return text + " slow by=" + TimeText({step.value});
      case DiskStep::Kind::kFull:
        return text + " full";
      case DiskStep::Kind::kSyncFails:
        return text + " sync_fails";
      case DiskStep::Kind::kReadFails:
        return text + " read_fails";
      case DiskStep::Kind::kWriteFails:
        return text + " write_fails";
      case DiskStep::Kind::kReadFailsOnce:
        return text + " read_fails_once";
      case DiskStep::Kind::kWriteFailsOnce:
        return text + " write_fails_once";
      case DiskStep::Kind::kReadOnly:
        return text + " read_only";
      case DiskStep::Kind::kNoHandles:
        return text + " no_handles";
      case DiskStep::Kind::kRot:
        return text + " rot" + Target(step.of) + Number(" at=", step.at);
      case DiskStep::Kind::kLoseWrite:
        return text + " lose_write" + Target(step.of);
      case DiskStep::Kind::kMisdirect:
        return text + " misdirect" + Target(step.of) + Number(" at=", step.at);
      case DiskStep::Kind::kLoseFile:
        return text + " lose_file" + Target(step.of) + Number(" at=", step.at);
      case DiskStep::Kind::kRoom:
        return text + " room bytes=" + std::to_string(step.value);
    }
    return "";
  }

  static std::string Target(const DiskTarget& of) {
    switch (of.kind) {
      case DiskTarget::Kind::kNone:
        break;
      case DiskTarget::Kind::kKey:
        return Number(" of=k", of.key);
      case DiskTarget::Kind::kData:
        return " of=data";
      case DiskTarget::Kind::kHints:
        return " of=hints";
      case DiskTarget::Kind::kManifest:
        return " of=manifest";
      case DiskTarget::Kind::kIdentity:
        return " of=identity";
      case DiskTarget::Kind::kRing:
        return " of=ring";
      case DiskTarget::Kind::kIndex:
        return " of=index";
    }
    return "";
  }

  std::string operator()(const KnobStep& step) const {
    return "knob " + step.name + " " + step.value;
  }
};

struct LinePrinter {
  std::string operator()(const CfgLine& line) const {
    return "cfg" + SettingsText(line.settings);
  }
  std::string operator()(const NoiseLine& line) const {
    return "noise" + SettingsText(line.settings);
  }
  std::string operator()(const StepLine& line) const {
    return "at " + TimeText(line.at) + " " + PrintStep(line.step);
  }
  std::string operator()(const ExpectLine& line) const {
    return "expect " + line.property + SettingsText(line.settings);
  }
  std::string operator()(const CommentLine& line) const {
    return "#" + line.text;
  }
};

}  // namespace

std::string PrintStep(const Step& step) {
  return std::visit(StepPrinter{}, step);
}

std::string PrintScenario(const Scenario& scenario) {
  std::string text = "orrery-sim 1\n";
  for (const Line& line : scenario.lines) {
    text += std::visit(LinePrinter{}, line);
    text += "\n";
  }
  return text;
}

}  // namespace orrery::sim
