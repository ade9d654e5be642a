#include "fuzz/cluster_schedule.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/settings.h"

namespace orrery::sim {
namespace {

constexpr uint32_t kNodes = 3;
constexpr uint32_t kKeys = 2;
constexpr uint32_t kClients = 2;
// Bits of the second byte of the header.
constexpr uint8_t kSynced = 1;
constexpr uint8_t kConverges = 2;

struct Record {
  uint8_t kind, pause, node, other, key, client, option, extra;
};

Record RecordAt(std::span<const uint8_t> bytes, size_t index) {
  const uint8_t* at = bytes.data() + kHeaderBytes + index * kRecordBytes;
  return {at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]};
}

// Four steps to an octave, from 250 us to a second; then a few long ones, in
// which nodes find each other dead.
Duration PauseOf(uint8_t byte) {
  if (byte == 0) return {0};
  if (byte >= 240) return (byte - 238) * (250 * kMillisecond);
  const int64_t octave = byte % 48 / 4;
  const int64_t quarter = byte % 4;
  return ((250 + 63 * quarter) << octave) * kMicrosecond;
}

// Of the operations before `id`: a small number is a recent one.
uint32_t Earlier(uint32_t id, uint8_t extra) {
  return id - std::min<uint32_t>(id, 1u + extra % 8u);
}

OpStep OpOf(const Record& record, OpStep::Verb verb, uint32_t id) {
  OpStep op;
  op.id = id;
  op.verb = verb;
  op.client = record.client % kClients;
  op.key = record.key % 4 / 3 % kKeys;  // One of them is hot.
  op.via = record.node % kNodes;
  const bool is_read = verb == OpStep::Verb::kGet;
  if (!is_read && record.option % 4 == 1) op.context = OpStep::Context::kLast;
  const uint32_t earlier = Earlier(id, record.extra);
  if (!is_read && record.option % 4 == 2 && earlier != 0) {
    op.context = OpStep::Context::kOp;
    op.context_op = earlier;
  }
  if (!is_read && record.option % 4 == 3) op.retry_of = earlier;
  const uint32_t level = record.option / 4 % 8;
  if (level >= 1 && level <= kNodes) (is_read ? op.r : op.w) = level;
  op.sloppy = record.option / 32 % 4 == 1;
  if (verb == OpStep::Verb::kPut && record.option >= 128) {
    op.size = 16u * (1u + record.extra);
  }
  return op;
}

Step LinkOf(const Record& record, LinkStep::Kind kind) {
  const uint32_t from = record.node % kNodes;
  const uint32_t to = (from + 1 + record.other % (kNodes - 1)) % kNodes;
  return LinkStep{kind, {from, to, record.option % 2 == 1}};
}

Step SplitOf(const Record& record) {
  const uint32_t alone = record.node % kNodes;
  SplitStep split;
  split.left.push_back(alone);
  for (uint32_t node = 0; node < kNodes; ++node) {
    if (node != alone) split.right.push_back(node);
  }
  return split;
}

Step PowerLossOf(const Record& record) {
  PowerLossStep step{record.node % kNodes, std::nullopt, std::nullopt};
  if (record.option % 2 == 1) step.keep = record.extra % 16;
  if (record.option % 4 == 3) step.torn = record.option / 4 % 4;
  return step;
}

// Far inside the bound of 500 ms between any two of them.
Step ClockOf(const Record& record) {
  const uint32_t node = record.node % kNodes;
  const int64_t part = static_cast<int8_t>(record.extra);
  switch (record.option % 3) {
    case 0:
      return ClockStep{node, ClockStep::Kind::kDrift, part};
    case 1:
      return ClockStep{node, ClockStep::Kind::kStep, part * 20 * 1'000};
    default:
      return ClockStep{node, ClockStep::Kind::kFreeze,
                       (part < 0 ? 1 - part : 1 + part) * 20 * 1'000};
  }
}

Step DiskOf(const Record& record) {
  const uint32_t node = record.node % kNodes;
  const int64_t part = 1 + record.extra;
  switch (record.option % 8) {
    case 0:
      return DiskStep{node, DiskStep::Kind::kStall, part * 4 * kMillisecond.ns};
    case 1:
      return DiskStep{node, DiskStep::Kind::kSlow, part * kMillisecond.ns};
    case 2:
      return DiskStep{node, DiskStep::Kind::kFull, 0};
    case 3:
      return DiskStep{node, DiskStep::Kind::kSyncFails, 0};
    case 4:
      return DiskStep{node, DiskStep::Kind::kReadFails, 0};
    case 5:
      return DiskStep{node, DiskStep::Kind::kWriteFails, 0};
    default:
      return DiskStep{node, DiskStep::Kind::kOk, 0};
  }
}

Step StepOf(const Record& record, uint32_t id) {
  const uint32_t node = record.node % kNodes;
  switch (record.kind % 32) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return OpOf(record, OpStep::Verb::kPut, id);
    case 8:
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
      return OpOf(record, OpStep::Verb::kGet, id);
    case 14:
    case 15:
      return OpOf(record, OpStep::Verb::kDelete, id);
    case 16:
      return NodeStep{NodeStep::Kind::kCrash, node};
    case 17:
    case 18:
      return NodeStep{NodeStep::Kind::kRestart, node};
    case 19:
      return NodeStep{NodeStep::Kind::kPause, node};
    case 20:
      return NodeStep{NodeStep::Kind::kResume, node};
    case 21:
      return PowerLossOf(record);
    case 22:
      return LinkOf(record, LinkStep::Kind::kCut);
    case 23:
      return LinkOf(record, LinkStep::Kind::kClog);
    case 24:
      return LinkOf(record, LinkStep::Kind::kReset);
    case 25:
      return LinkOf(record, LinkStep::Kind::kHalfOpen);
    case 26:
      return LinkOf(record, LinkStep::Kind::kHold);
    case 27:
      return LinkOf(record, LinkStep::Kind::kRelease);
    case 28:
      return SplitOf(record);
    case 29:
      return HealStep{};
    case 30:
      return ClockOf(record);
    default:
      return DiskOf(record);
  }
}

// What the noise table can make worse, mildest first.
Setting NoiseOf(uint8_t what, uint8_t how_much) {
  const std::string ratio = "1/" + std::to_string(257 - how_much);
  switch (what % 9) {
    case 0:
      return {"delay", "100us.." + TimeText((1 + how_much) * kMillisecond)};
    case 1:
      return {"udp.loss", "1/" + std::to_string(260 - how_much)};
    case 2:
      return {"udp.dup", ratio};
    case 3:
      return {"udp.late", ratio};
    case 4:
      return {"tcp.late", ratio};
    case 5:
      return {"disk.torn", ratio};
    case 6:
      return {"disk.stall", "1/" + std::to_string(8 * (257 - how_much))};
    case 7:
      return {"disk.sync",
              "1ms.." + TimeText((1 + how_much / 4) * kMillisecond)};
    default:
      return {"tick.late",
              "0s.." + TimeText((1 + how_much / 8) * kMillisecond)};
  }
}

CfgLine ConfigOf(std::span<const uint8_t> bytes, Duration end) {
  const uint8_t flags = bytes.size() > 1 ? bytes[1] : 0;
  const uint8_t seed = bytes.size() > 2 ? bytes[2] : 0;
  const uint8_t shape = bytes.size() > 3 ? bytes[3] : 0;
  constexpr std::string_view kLevels[][2] = {
      {"2", "2"}, {"2", "2"}, {"1", "3"}, {"3", "1"}};
  const auto& levels = kLevels[flags / 4 % 4];
  CfgLine cfg;
  const auto set = [&](std::string name, std::string value) {
    cfg.settings.push_back({std::move(name), std::move(value)});
  };
  set("nodes", std::to_string(kNodes));
  set("n", "3");
  set("r", std::string(levels[0]));
  set("w", std::string(levels[1]));
  set("vnodes", "1");
  set("keys", std::to_string(kKeys));
  set("clients", std::to_string(kClients));
  set("sync", (flags & kSynced) != 0 ? "on" : "off");
  set("seed", std::to_string(seed));
  set("end", TimeText(end));
  // Little happens by itself, and what does happens soon.
  const int64_t gossip = 2 + 2 * (flags / 16 % 2);
  set("gossip", TimeText(gossip * kSecond));
  set("request", TimeText((1 + shape % 2) * kSecond));
  set("suspect", TimeText(2 * gossip * kSecond));
  set("dead", TimeText(4 * gossip * kSecond));
  set("roots", TimeText((2 + 2 * (shape / 2 % 4)) * kSecond));
  set("compact", TimeText((1 + shape / 8 % 8) * kSecond));
  set("sync_interval", TimeText((1 + shape / 64) * 200 * kMillisecond));
  set("file", "8192");
  set("limits.key_segments", "16");
  set("limits.allocate_step", "4096");
  return cfg;
}

// Every fault of the language undone, so that convergence can be asked for.
void AppendHealing(Duration at, Scenario* scenario) {
  const auto add = [&](Step step) {
    scenario->lines.emplace_back(StepLine{at, std::move(step)});
  };
  add(HealStep{});
  add(KnobStep{"tcp.late", "0/1"});
  add(KnobStep{"disk.stall", "0/1"});
  for (uint32_t node = 0; node < kNodes; ++node) {
    // A process that lives with a disk that failed takes no writes.
    add(DiskStep{node, DiskStep::Kind::kOk, 0});
    add(NodeStep{NodeStep::Kind::kCrash, node});
    add(NodeStep{NodeStep::Kind::kRestart, node});
  }
  scenario->lines.emplace_back(ExpectLine{"converge", {{"within", "30s"}}});
}

}  // namespace

size_t RecordsOf(std::span<const uint8_t> bytes) {
  if (bytes.size() < kHeaderBytes) return 0;
  return std::min<size_t>(bytes[0] % (kRecordsMax + 1),
                          (bytes.size() - kHeaderBytes) / kRecordBytes);
}

Scenario ScheduleOf(std::span<const uint8_t> bytes) {
  const size_t records = RecordsOf(bytes);
  std::vector<StepLine> steps;
  Duration at = kFirstStep;
  for (size_t i = 0; i < records; ++i) {
    const Record record = RecordAt(bytes, i);
    at = at + PauseOf(record.pause);
    steps.push_back({at, StepOf(record, static_cast<uint32_t>(i + 1))});
  }

  Scenario scenario;
  scenario.lines.emplace_back(ConfigOf(bytes, at + 3 * kSecond));
  NoiseLine noise;
  size_t rest = kHeaderBytes + records * kRecordBytes;
  for (size_t i = 0; i < kNoiseMax && rest + kNoiseBytes <= bytes.size(); ++i) {
    noise.settings.push_back(NoiseOf(bytes[rest], bytes[rest + 1]));
    rest += kNoiseBytes;
  }
  if (!noise.settings.empty()) scenario.lines.emplace_back(std::move(noise));
  for (StepLine& step : steps) scenario.lines.emplace_back(std::move(step));
  const bool converges = bytes.size() > 1 && (bytes[1] & kConverges) != 0;
  if (converges) AppendHealing(at + kSecond, &scenario);
  return scenario;
}

}  // namespace orrery::sim
