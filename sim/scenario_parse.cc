#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/scenario_text.h"
#include "sim/settings.h"

namespace orrery::sim {
namespace {

// Parses the words of one line.  `wrong_` holds the first complaint.
class LineParser {
 public:
  explicit LineParser(std::string_view line) {
    while (!line.empty()) {
      const size_t blank = line.find(' ');
      const std::string_view word = line.substr(0, blank);
      if (!word.empty()) words_.push_back(word);
      if (blank == std::string_view::npos) break;
      line.remove_prefix(blank + 1);
    }
  }

  std::optional<Line> Parse() {
    const std::string_view word = Next();
    if (word == "cfg") return ParseCfg();
    if (word == "noise") return ParseNoise();
    if (word == "expect") return ParseExpect();
    if (word == "at") return ParseStepLine();
    return Fail("unknown word", word);
  }

  const std::string& wrong() const { return wrong_; }

 private:
  bool AtEnd() const { return next_ == words_.size(); }
  std::string_view Next() { return AtEnd() ? "" : words_[next_++]; }

  std::nullopt_t Fail(std::string_view what, std::string_view word) {
    if (wrong_.empty()) {
      wrong_ = std::string(what) + " '" + std::string(word) + "'";
    }
    return std::nullopt;
  }

  // Number with a one-letter prefix: "n3", "c1", "k7", "op12".
  bool ReadName(std::string_view word, std::string_view prefix,
                uint32_t* number) {
    uint64_t wide = 0;
    if (word.starts_with(prefix) &&
        ReadUint(word.substr(prefix.size()), &wide) && wide <= UINT32_MAX) {
      *number = static_cast<uint32_t>(wide);
      return true;
    }
    Fail("malformed name", word);
    return false;
  }

  bool ReadSettings(std::vector<Setting>* settings) {
    while (!AtEnd()) {
      const std::string_view word = Next();
      const size_t equals = word.find('=');
      if (equals == std::string_view::npos || equals == 0) {
        Fail("not a setting", word);
        return false;
      }
      settings->push_back({std::string(word.substr(0, equals)),
                           std::string(word.substr(equals + 1))});
    }
    return true;
  }

  std::optional<Line> ParseCfg() {
    CfgLine line;
    Config scratch;
    if (!ReadSettings(&line.settings)) return std::nullopt;
    for (const Setting& setting : line.settings) {
      wrong_ = ApplyConfig(setting, &scratch);
      if (!wrong_.empty()) return std::nullopt;
    }
    return line;
  }

  std::optional<Line> ParseNoise() {
    NoiseLine line;
    Noise scratch;
    if (!ReadSettings(&line.settings)) return std::nullopt;
    for (const Setting& setting : line.settings) {
      wrong_ = ApplyNoise(setting.name, setting.value, &scratch);
      if (!wrong_.empty()) return std::nullopt;
    }
    return line;
  }

  std::optional<Line> ParseExpect() {
    ExpectLine line;
    line.property = Next();
    if (!ReadSettings(&line.settings)) return std::nullopt;
    Expectation scratch;
    wrong_ = ReadExpectation(line, &scratch);
    if (!wrong_.empty()) return std::nullopt;
    return line;
  }

  std::optional<Line> ParseStepLine() {
    StepLine line;
    const std::string_view time = Next();
    if (!ReadTime(time, &line.at) || line.at.ns < 0) {
      return Fail("malformed time", time);
    }
    std::optional<Step> step = ParseStep();
    if (!step.has_value()) return std::nullopt;
    if (!AtEnd()) return Fail("unexpected word", Next());
    line.step = std::move(*step);
    return line;
  }

  std::optional<Step> ParseStep() {
    const std::string_view word = Next();
    if (word == "op") return ParseOp();
    if (word == "crash") return ParseNode(NodeStep::Kind::kCrash);
    if (word == "restart") return ParseNode(NodeStep::Kind::kRestart);
    if (word == "pause") return ParseNode(NodeStep::Kind::kPause);
    if (word == "resume") return ParseNode(NodeStep::Kind::kResume);
    if (word == "wipe") return ParseNode(NodeStep::Kind::kWipe);
    if (word == "stop") return ParseNode(NodeStep::Kind::kStop);
    if (word == "storm") return ParseNode(NodeStep::Kind::kStorm);
    if (word == "deaf") return ParseNode(NodeStep::Kind::kDeaf);
    if (word == "mute") return ParseNode(NodeStep::Kind::kMute);
    if (word == "heard") return ParseNode(NodeStep::Kind::kHeard);
    if (word == "snapshot") return ParseNode(NodeStep::Kind::kSnapshot);
    if (word == "restore") return ParseNode(NodeStep::Kind::kRestore);
    if (word == "powerloss") return ParsePowerLoss();
    if (word == "cut") return ParseLink(LinkStep::Kind::kCut);
    if (word == "clog") return ParseLink(LinkStep::Kind::kClog);
    if (word == "reset") return ParseLink(LinkStep::Kind::kReset);
    if (word == "halfopen") return ParseLink(LinkStep::Kind::kHalfOpen);
    if (word == "hold") return ParseLink(LinkStep::Kind::kHold);
    if (word == "choke") return ParseLink(LinkStep::Kind::kChoke);
    if (word == "release") return ParseLink(LinkStep::Kind::kRelease);
    if (word == "split") return ParseSplit();
    if (word == "heal") return ParseHeal();
    if (word == "clock") return ParseClock();
    if (word == "disk") return ParseDisk();
    if (word == "knob") return ParseKnob();
    return Fail("unknown step", word);
  }

  std::optional<Step> ParseOp() {
    OpStep op;
    if (!ReadName(Next(), "", &op.id)) return std::nullopt;
    const std::string_view verb = Next();
    if (verb == "put") {
      op.verb = OpStep::Verb::kPut;
    } else if (verb == "get") {
      op.verb = OpStep::Verb::kGet;
    } else if (verb == "del") {
      op.verb = OpStep::Verb::kDelete;
    } else {
      return Fail("unknown operation", verb);
    }
    if (!ReadName(Next(), "c", &op.client)) return std::nullopt;
    if (!ReadName(Next(), "k", &op.key)) return std::nullopt;
    while (!AtEnd()) {
      if (!ReadOpOption(Next(), &op)) return std::nullopt;
    }
    return op;
  }

  bool ReadOpOption(std::string_view word, OpStep* op) {
    if (word == "sloppy") {
      op->sloppy = true;
      return true;
    }
    if (word == "siblings") {
      op->siblings = true;
      return true;
    }
    if (word == "stamp=quorum") {
      op->quorum_stamp = true;
      return true;
    }
    if (word == "own") {
      op->own_id = true;
      return true;
    }
    if (word.starts_with("patience=")) {
      if (ReadTime(word.substr(9), &op->patience) && op->patience.ns > 0) {
        return true;
      }
      Fail("malformed time", word);
      return false;
    }
    if (word.starts_with("via=")) {
      uint32_t node = 0;
      if (!ReadName(word.substr(4), "n", &node)) return false;
      op->via = node;
      return true;
    }
    if (word == "ctx=none") return true;
    if (word == "ctx=last") {
      op->context = OpStep::Context::kLast;
      return true;
    }
    if (word.starts_with("ctx=")) {
      op->context = OpStep::Context::kOp;
      return ReadName(word.substr(4), "op", &op->context_op);
    }
    if (word.starts_with("r=")) return ReadName(word.substr(2), "", &op->r);
    if (word.starts_with("w=")) return ReadName(word.substr(2), "", &op->w);
    if (word.starts_with("size=")) {
      return ReadName(word.substr(5), "", &op->size);
    }
    if (word.starts_with("retry=")) {
      return ReadName(word.substr(6), "op", &op->retry_of);
    }
    Fail("unknown option", word);
    return false;
  }

  std::optional<Step> ParseNode(NodeStep::Kind kind) {
    NodeStep step{kind, 0};
    if (!ReadName(Next(), "n", &step.node)) return std::nullopt;
    return step;
  }

  std::optional<Step> ParsePowerLoss() {
    PowerLossStep step;
    if (!ReadName(Next(), "n", &step.node)) return std::nullopt;
    while (!AtEnd()) {
      const std::string_view word = Next();
      const bool keep = word.starts_with("keep=");
      if (!keep && !word.starts_with("torn=")) {
        return Fail("unknown option", word);
      }
      uint32_t number = 0;
      if (!ReadName(word.substr(5), "", &number)) return std::nullopt;
      (keep ? step.keep : step.torn) = number;
    }
    return step;
  }

  bool ReadLink(std::string_view word, Link* link) {
    size_t arrow = word.find("->");
    link->both = arrow == std::string_view::npos;
    if (link->both) arrow = word.find("--");
    if (arrow == std::string_view::npos) {
      Fail("malformed link", word);
      return false;
    }
    return ReadName(word.substr(0, arrow), "n", &link->from) &&
           ReadName(word.substr(arrow + 2), "n", &link->to);
  }

  std::optional<Step> ParseLink(LinkStep::Kind kind) {
    LinkStep step{kind, {}};
    if (!ReadLink(Next(), &step.link)) return std::nullopt;
    return step;
  }

  bool ReadNodes(std::string_view word, std::vector<uint32_t>* nodes) {
    while (true) {
      const size_t comma = word.find(',');
      uint32_t node = 0;
      if (!ReadName(word.substr(0, comma), "n", &node)) return false;
      nodes->push_back(node);
      if (comma == std::string_view::npos) return true;
      word.remove_prefix(comma + 1);
    }
  }

  std::optional<Step> ParseSplit() {
    SplitStep step;
    if (!ReadNodes(Next(), &step.left)) return std::nullopt;
    const std::string_view bar = Next();
    if (bar != "|") return Fail("expected | before", bar);
    if (!ReadNodes(Next(), &step.right)) return std::nullopt;
    return step;
  }

  std::optional<Step> ParseHeal() {
    const std::string_view word = Next();
    HealStep step;
    if (word == "all") return step;
    Link link;
    if (!ReadLink(word, &link)) return std::nullopt;
    step.link = link;
    return step;
  }

  std::optional<Step> ParseClock() {
    ClockStep step;
    if (!ReadName(Next(), "n", &step.node)) return std::nullopt;
    const std::string_view word = Next();
    if (word.starts_with("drift=")) {
      step.kind = ClockStep::Kind::kDrift;
      return ReadPpm(word.substr(6), step);
    }
    Duration value;
    if (word.starts_with("step=")) {
      step.kind = ClockStep::Kind::kStep;
      if (!ReadTime(word.substr(5), &value)) return Fail("malformed", word);
    } else if (word.starts_with("freeze=")) {
      step.kind = ClockStep::Kind::kFreeze;
      if (!ReadTime(word.substr(7), &value)) return Fail("malformed", word);
    } else {
      return Fail("unknown clock fault", word);
    }
    step.value = value.ns;
    return step;
  }

  std::optional<Step> ReadPpm(std::string_view text, ClockStep step) {
    const std::string_view whole = text;
    const bool negative = text.starts_with("-");
    if (negative) text.remove_prefix(1);
    uint64_t number = 0;
    if (!text.ends_with("ppm") ||
        !ReadUint(text.substr(0, text.size() - 3), &number) ||
        number > 1'000'000) {
      return Fail("malformed drift", whole);
    }
    step.value = static_cast<int64_t>(number) * (negative ? -1 : 1);
    return step;
  }

  std::optional<Step> ParseDisk() {
    DiskStep step;
    if (!ReadName(Next(), "n", &step.node)) return std::nullopt;
    const std::string_view word = Next();
    std::string_view amount;
    if (word == "ok") {
      step.kind = DiskStep::Kind::kOk;
    } else if (word == "stall") {
      step.kind = DiskStep::Kind::kStall;
      amount = "for=";
    } else if (word == "slow") {
      step.kind = DiskStep::Kind::kSlow;
      amount = "by=";
    } else if (word == "full") {
      step.kind = DiskStep::Kind::kFull;
    } else if (word == "sync_fails") {
      step.kind = DiskStep::Kind::kSyncFails;
    } else if (word == "read_fails") {
      step.kind = DiskStep::Kind::kReadFails;
    } else if (word == "write_fails") {
      step.kind = DiskStep::Kind::kWriteFails;
    } else if (word == "read_fails_once") {
      step.kind = DiskStep::Kind::kReadFailsOnce;
    } else if (word == "write_fails_once") {
      step.kind = DiskStep::Kind::kWriteFailsOnce;
    } else if (word == "read_only") {
      step.kind = DiskStep::Kind::kReadOnly;
    } else if (word == "no_handles") {
      step.kind = DiskStep::Kind::kNoHandles;
    } else if (word == "rot") {
      return ParseDamage(DiskStep::Kind::kRot, step);
    } else if (word == "lose_write") {
      return ParseDamage(DiskStep::Kind::kLoseWrite, step);
    } else if (word == "misdirect") {
      return ParseDamage(DiskStep::Kind::kMisdirect, step);
    } else if (word == "lose_file") {
      return ParseDamage(DiskStep::Kind::kLoseFile, step);
    } else if (word == "room") {
      return ParseRoom(step);
    } else {
      return Fail("unknown disk fault", word);
    }
    if (amount.empty()) return step;
    const std::string_view text = Next();
    Duration value;
    if (!text.starts_with(amount) ||
        !ReadTime(text.substr(amount.size()), &value) || value.ns < 0) {
      return Fail("malformed amount", text);
    }
    step.value = value.ns;
    return step;
  }

  std::optional<Step> ParseRoom(DiskStep step) {
    step.kind = DiskStep::Kind::kRoom;
    const std::string_view text = Next();
    uint64_t bytes = 0;
    if (!text.starts_with("bytes=") || !ReadUint(text.substr(6), &bytes) ||
        bytes > kRoomBytesMax) {
      return Fail("malformed amount", text);
    }
    step.value = static_cast<int64_t>(bytes);
    return step;
  }

  // of=data at=500: the key or the files, and thousandths of them.
  std::optional<Step> ParseDamage(DiskStep::Kind kind, DiskStep step) {
    step.kind = kind;
    std::string_view word = Next();
    if (!word.starts_with("of=")) return Fail("no of= but", word);
    if (!ReadTarget(word.substr(3), &step.of)) return std::nullopt;
    const bool is_of_files = step.of.kind != DiskTarget::Kind::kKey;
    if (kind != DiskStep::Kind::kRot && !is_of_files) {
      return Fail("only rot strikes a key, not files", word);
    }
    if (kind == DiskStep::Kind::kLoseWrite) return step;
    word = Next();
    uint64_t at = 0;
    if (!word.starts_with("at=") || !ReadUint(word.substr(3), &at) ||
        at >= kThousandths) {
      return Fail("malformed thousandths (at=0..999)", word);
    }
    step.at = static_cast<uint32_t>(at);
    return step;
  }

  bool ReadTarget(std::string_view word, DiskTarget* of) {
    using Kind = DiskTarget::Kind;
    of->kind = word == "data"       ? Kind::kData
               : word == "hints"    ? Kind::kHints
               : word == "manifest" ? Kind::kManifest
               : word == "identity" ? Kind::kIdentity
               : word == "ring"     ? Kind::kRing
               : word == "index"    ? Kind::kIndex
                                    : Kind::kKey;
    return of->kind != Kind::kKey || ReadName(word, "k", &of->key);
  }

  std::optional<Step> ParseKnob() {
    KnobStep step;
    step.name = Next();
    step.value = Next();
    Noise scratch;
    wrong_ = ApplyNoise(step.name, step.value, &scratch);
    if (!wrong_.empty()) return std::nullopt;
    return step;
  }

  std::vector<std::string_view> words_;
  size_t next_ = 0;
  std::string wrong_;
};

}  // namespace

std::variant<Scenario, ParseError> ParseScenario(std::string_view text) {
  Scenario scenario;
  uint32_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (number == 1) {
      if (line != "orrery-sim 1") {
        return ParseError{1, "the first line is not 'orrery-sim 1'"};
      }
      continue;
    }
    if (line.empty()) continue;
    if (line.starts_with("#")) {
      scenario.lines.emplace_back(CommentLine{std::string(line.substr(1))});
      continue;
    }
    LineParser parser(line);
    std::optional<Line> parsed = parser.Parse();
    if (!parsed.has_value()) return ParseError{number, parser.wrong()};
    scenario.lines.push_back(std::move(*parsed));
  }
  if (number == 0) return ParseError{1, "the text is empty"};
  return scenario;
}

}  // namespace orrery::sim
