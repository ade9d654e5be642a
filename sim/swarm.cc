#include "sim/swarm.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/prng.h"
#include "core/base/total_order.h"
#include "sim/lasting_faults.h"
#include "sim/settings.h"
#include "sim/swarm_damage.h"
#include "sim/swarm_draws.h"
#include "sim/swarm_weather.h"
#include "sim/workload.h"

namespace orrery::sim {
namespace {

struct Plan {
  Duration first_op;
  Duration first_fault;
  Duration heal_at;
  Duration end;
  int64_t ops_per_second;
};

Plan PlanOf(Profile profile) {
  switch (profile) {
    case Profile::kSwarm:
    case Profile::kNet:
    case Profile::kDisk:
    case Profile::kChurn:
      return {4 * kSecond, 6 * kSecond, 40 * kSecond, 60 * kSecond, 1000};
    case Profile::kOverload:
      return {4 * kSecond, 6 * kSecond, 40 * kSecond, 60 * kSecond, 3000};
    case Profile::kLight:
      return {4 * kSecond, 6 * kSecond, 40 * kSecond, 60 * kSecond, 160};
    case Profile::kGolden:
      return {3 * kSecond, 4 * kSecond, 6 * kSecond, 16 * kSecond, 16};
  }
  return {};
}

constexpr Profile kProfiles[] = {
    Profile::kSwarm, Profile::kLight,    Profile::kNet,   Profile::kDisk,
    Profile::kChurn, Profile::kOverload, Profile::kGolden};

class Generator {
 public:
  Generator(uint64_t seed, Profile profile)
      : seed_(seed),
        profile_(profile),
        plan_(PlanOf(profile)),
        topology_(seed ^ 0x746f706fULL),
        weather_(seed ^ 0x77656174ULL),
        workload_(seed ^ 0x776f726bULL),
        faults_(seed ^ 0x6661756cULL) {}

  Scenario Make() {
    Configure();
    Knobs();
    Weather();
    Operations();
    KindsOfKeys();
    if (Has(Area::kNet, faults_.Chance(1, 2))) Partitions();
    if (Has(Area::kNet, faults_.Chance(1, 2))) BrokenConnections();
    if (Has(Area::kProcess, faults_.Chance(1, 2))) Crashes();
    if (Has(Area::kPower, faults_.Chance(1, 2))) PowerLosses();
    if (Has(Area::kProcess, faults_.Chance(1, 2))) Pauses();
    if (Has(Area::kClock, faults_.Chance(1, 2))) Clocks();
    if (Has(Area::kDisk, faults_.Chance(1, 2))) SlowDisks();
    if (Has(Area::kProcess, faults_.Chance(1, 16))) WipeOne();
    if (Has(Area::kDisk, faults_.Chance(1, 4))) BadDisks();
    // A golden run would not be short, others are of one area.
    if (profile_ == Profile::kLight || profile_ == Profile::kSwarm) {
      lasting_ = LastingFaultsOf(seed_, nodes_, replication_, wiped_);
    }
    MoreWeather();
    if (Has(Area::kDisk, true)) LittleRoom();
    if (Has(Area::kDisk, true)) Damage();
    if (Has(Area::kDisk, profile_ != Profile::kGolden)) Snapshots();
    HealAll();
    Sort(timed_.begin(), timed_.end(), [](const Timed& a, const Timed& b) {
      if (a.line.at != b.line.at) return a.line.at < b.line.at;
      return a.order < b.order;
    });
    for (Timed& timed : timed_) {
      scenario_.lines.emplace_back(std::move(timed.line));
    }
    // Suspicion, hints and anti-entropy have half of it; 10 s are promised.
    Duration within = plan_.end - plan_.heal_at;
    // Two objects a round trip, into files of a page each.
    if (keys_ > 256) within = within * 2;
    if (!lasting_.outside.empty()) {
      const Config config = SettingsOf(scenario_).config;
      within = std::max(within, CoreBound(config.engine));
    }
    ExpectLine expect{"converge", {{"within", TimeText(within)}}};
    if (!lasting_.outside.empty()) {
      expect.settings.push_back({"core", lasting_.CoreText(nodes_)});
    }
    scenario_.lines.emplace_back(std::move(expect));
    // A golden run has no time for it.
    if (profile_ != Profile::kGolden) {
      scenario_.lines.emplace_back(ExpectLine{"quiet", {}});
    }
    return std::move(scenario_);
  }

 private:
  struct Timed {
    StepLine line;
    uint32_t order;
  };

  // Nothing strikes after the healing, which stands last at its moment.
  void At(Duration at, Step step) {
    at = std::min(at, plan_.heal_at);
    timed_.push_back(
        {{at, std::move(step)}, static_cast<uint32_t>(timed_.size())});
  }

  bool Has(Area area, bool drawn) const {
    return IsPresent(profile_, area, drawn);
  }

  uint32_t AnyNode(Prng& prng) {
    return static_cast<uint32_t>(prng.Below(nodes_));
  }

  void Configure();
  void Knobs();
  void Weather();
  void Operations();
  void KindsOfKeys();
  void StyledOperations(WorkloadStyle style);
  void Partitions();
  void BrokenConnections();
  void Crashes();
  void PowerLosses();
  void Pauses();
  void Clocks();
  void SlowDisks();
  void WipeOne();
  void BadDisks();
  void LittleRoom();
  void MoreWeather();
  void Damage();
  void Snapshots();
  SwarmShape Shape() const;
  void Take(SwarmFaults faults);
  bool MayLoseBytes() const;
  void HealAll();
  void HealLinks();

  OpStep MakeOp(uint32_t id);

  uint64_t seed_;
  Profile profile_;
  Plan plan_;
  Prng topology_;
  Prng weather_;
  Prng workload_;
  Prng faults_;
  Scenario scenario_;
  std::vector<Timed> timed_;
  uint32_t nodes_ = 5;
  uint32_t keys_ = 64;
  uint32_t clients_ = 4;
  uint32_t replication_ = 3;
  std::vector<uint32_t> wiped_;
  LastingFaults lasting_;
  bool sloppy_ = false;
  bool odd_levels_ = false;
  std::string udp_loss_ = "0/1";
};

void Generator::Configure() {
  Prng& prng = topology_;
  const uint64_t shape = prng.Below(20);
  nodes_ = shape < 8 ? 5 : shape < 16 ? 3 : shape < 17 ? 4 : shape < 19 ? 6 : 7;
  if (profile_ == Profile::kGolden) nodes_ = 3;
  replication_ = 3;
  uint32_t r = 2;
  uint32_t w = 2;
  const uint64_t levels = prng.Below(20);
  if (levels == 0 && nodes_ >= 5) {
    replication_ = 5;
    r = 3;
    w = 3;
  } else if (levels == 1) {
    r = 1;
    w = 3;
  } else if (levels == 2) {
    r = 3;
    w = 1;
  } else if (levels == 3) {
    r = 1;
    w = 1;
  } else if (levels == 4) {
    replication_ = 2;
    r = 1;
    w = 2;
  }
  keys_ = uint32_t{1} << prng.Between(2, 8);
  if (plan_.ops_per_second == 1000) keys_ *= 4;
  clients_ = static_cast<uint32_t>(prng.Between(1, 8));
  sloppy_ = prng.Chance(1, 4);
  odd_levels_ = prng.Chance(1, 4);

  CfgLine shape_line;
  const auto set = [&](std::string name, std::string value) {
    shape_line.settings.push_back({std::move(name), std::move(value)});
  };
  set("nodes", std::to_string(nodes_));
  set("n", std::to_string(replication_));
  set("r", std::to_string(r));
  set("w", std::to_string(w));
  set("vnodes", "8");
  set("keys", std::to_string(keys_));
  set("clients", std::to_string(clients_));
  set("sync", prng.Chance(1, 2) ? "on" : "off");
  set("seed", std::to_string(seed_ % (uint64_t{1} << 60)));
  set("end", TimeText(plan_.end));
  scenario_.lines.emplace_back(shape_line);
}

// Slow machinery has to run within a minute.
void Generator::Knobs() {
  Prng& prng = topology_;
  CfgLine knobs;
  const auto knob = [&](std::string name, std::string value) {
    knobs.settings.push_back({std::move(name), std::move(value)});
  };
  knob("file", std::to_string(uint64_t{8192} << prng.Between(0, 5)));
  knob("compact", TimeText(prng.Between(1, 10) * kSecond));
  knob("gossip", TimeText(prng.Between(2, 10) * (100 * kMillisecond)));
  // In half of the runs nodes are found dead within the run.
  if (prng.Chance(1, 2)) {
    knob("suspect", TimeText(prng.Between(2, 5) * kSecond));
    knob("dead", TimeText(prng.Between(6, 12) * kSecond));
  }
  // A golden run has half the time to converge.
  const bool is_short = profile_ == Profile::kGolden;
  knob("request", TimeText(prng.Between(1, is_short ? 2 : 5) * kSecond));
  knob("roots", TimeText(prng.Between(1, is_short ? 2 : 4) * kSecond));
  knob("sync_interval", TimeText(prng.Between(2, 10) * (100 * kMillisecond)));
  knob("limits.allocate_step",
       std::to_string(uint64_t{4096} << prng.Between(0, 4)));
  knob("limits.key_segments", "16");
  // Eight keys a round trip of 160 ms: a thousand keys take all of the 20 s
  // after healing, for one peer.
  const std::string items = keys_ > 256 ? "64" : "8";
  if (prng.Chance(1, 4)) knob("limits.sync_items_max", items);
  if (prng.Chance(1, 4)) knob("limits.sync_bytes_max", "2048");
  if (prng.Chance(1, 4)) knob("limits.sync_in_flight_max", "2");
  Prng scrub(seed_ ^ 0x7363727562ULL);
  if (scrub.Chance(3, 4))
    knob("scrub", TimeText(scrub.Between(5, 30) * kSecond));
  Prng pace(seed_ ^ 0x70616365ULL);
  if (pace.Chance(1, 4)) {
    const int64_t rate = pace.Between(18, 20);
    knob("limits.compaction_rate_min", std::to_string(uint64_t{1} << rate));
    knob("limits.compaction_rate_max", std::to_string(uint64_t{2} << rate));
  }
  if (profile_ == Profile::kOverload) {
    // Of clients only: what peers may ask is what makes it converge in time.
    Prng load(seed_ ^ 0x6f766c64ULL);
    const int64_t clients = load.Between(2, 6);
    knob("limits.client_requests_max", std::to_string(1 << clients));
  }
  scenario_.lines.emplace_back(knobs);
}

void Generator::Weather() {
  Prng& prng = weather_;
  NoiseLine noise;
  const auto set = [&](std::string name, std::string value) {
    noise.settings.push_back({std::move(name), std::move(value)});
  };
  const uint64_t span = prng.Below(4);
  set("delay", span == 0   ? "100us..500us"
               : span == 1 ? "200us..2ms"
               : span == 2 ? "1ms..20ms"
                           : "1ms..80ms");
  if (prng.Chance(1, 2)) {
    udp_loss_ = RareRatio(prng, 8, 512);
    set("udp.loss", udp_loss_);
  }
  if (prng.Chance(1, 2)) set("udp.dup", RareRatio(prng, 8, 512));
  if (prng.Chance(1, 2)) set("udp.late", RareRatio(prng, 8, 512));
  if (prng.Chance(1, 2)) set("tcp.late", RareRatio(prng, 256, 8192));
  if (prng.Chance(1, 2)) set("disk.latency", "50us..5ms");
  if (prng.Chance(1, 2)) set("disk.sync", "1ms..20ms");
  set("disk.torn", prng.Chance(1, 2) ? "1/2" : "1/16");
  if (prng.Chance(1, 8)) set("disk.stall", RareRatio(prng, 512, 8192));
  if (prng.Chance(1, 4)) set("tick.late", "0s..20ms");
  scenario_.lines.emplace_back(noise);
}

OpStep Generator::MakeOp(uint32_t id) {
  Prng& prng = workload_;
  OpStep op;
  op.id = id;
  const uint64_t kind = prng.Below(100);
  op.verb = kind < 45   ? OpStep::Verb::kPut
            : kind < 90 ? OpStep::Verb::kGet
                        : OpStep::Verb::kDelete;
  op.client = static_cast<uint32_t>(prng.Below(clients_));
  // A few hot keys, some cold ones that only anti-entropy looks after.
  const uint64_t heat = prng.Below(4);
  const uint32_t hot = std::min<uint32_t>(keys_, heat == 0 ? 2 : keys_);
  op.key = static_cast<uint32_t>(prng.Below(hot));
  op.via = AnyNode(prng);
  if (op.verb != OpStep::Verb::kGet && prng.Chance(1, 2)) {
    op.context = OpStep::Context::kLast;
  }
  if (op.verb == OpStep::Verb::kPut && prng.Chance(1, 4)) {
    op.size = static_cast<uint32_t>(prng.Between(16, 2000));
  }
  if (odd_levels_ && prng.Chance(1, 4)) {
    const auto level = static_cast<uint32_t>(prng.Between(1, replication_));
    if (op.verb == OpStep::Verb::kGet) {
      op.r = level;
    } else {
      op.w = level;
    }
  }
  if (sloppy_ && prng.Chance(1, 4)) op.sloppy = true;
  return op;
}

// One style dominates, or there is a bit of everything.
void Generator::Operations() {
  const std::optional<WorkloadStyle> style = StyleOf(seed_);
  if (style.has_value()) return StyledOperations(*style);
  Prng& prng = workload_;
  const int64_t gap = 2 * kSecond.ns / plan_.ops_per_second;
  Duration at = plan_.first_op;
  uint32_t id = 0;
  while (true) {
    const int64_t pause = prng.Between(0, gap);
    at = at + Duration{pause / 1000 * 1000};
    if (at >= plan_.heal_at) return;
    OpStep op = MakeOp(++id);
    if (id > 20 && op.verb != OpStep::Verb::kGet && prng.Chance(1, 12)) {
      op.retry_of = static_cast<uint32_t>(prng.Between(id - 20, id - 1));
    }
    At(at, op);
  }
}

void Generator::StyledOperations(WorkloadStyle style) {
  const uint64_t file_bytes =
      SettingsOf(scenario_).config.engine.max_file_bytes;
  Workload workload = MakeWorkload({.seed = seed_,
                                    .first_op = plan_.first_op,
                                    .first_fault = plan_.first_fault,
                                    .until = plan_.heal_at,
                                    .ops_per_second = plan_.ops_per_second,
                                    .nodes = nodes_,
                                    .keys = keys_,
                                    .clients = clients_,
                                    .file_bytes = file_bytes,
                                    .replication = replication_,
                                    .odd_levels = odd_levels_,
                                    .sloppy = sloppy_},
                                   style);
  scenario_.lines.emplace_back(CommentLine{" " + std::string(NameOf(style))});
  if (!workload.settings.empty()) {
    scenario_.lines.emplace_back(CfgLine{std::move(workload.settings)});
  }
  for (StepLine& line : workload.steps) At(line.at, std::move(line.step));
}

// In some runs every other key keeps siblings, or every fourth is written as a
// register; whatever is done to it is done so.
void Generator::KindsOfKeys() {
  Prng prng(seed_ ^ 0x6b696e6473ULL);
  const bool draws_kept = prng.Chance(1, 4);
  const bool has_registers = prng.Chance(1, 4);
  // A hundred values of the size of a file each are no minute's work.
  const bool has_kept =
      draws_kept && StyleOf(seed_) != WorkloadStyle::kLargeValues;
  for (Timed& timed : timed_) {
    auto* op = std::get_if<OpStep>(&timed.line.step);
    if (op == nullptr || op->verb == OpStep::Verb::kGet) continue;
    op->siblings = has_kept && op->key % 2 == 1;
    op->quorum_stamp = has_registers && op->key % 4 == 0;
  }
}

void Generator::Partitions() {
  Prng& prng = faults_;
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    const Duration until =
        at + TimeBetween(prng, 200 * kMillisecond, 15 * kSecond);
    const uint64_t shape = prng.Below(8);
    const uint32_t node = AnyNode(prng);
    if (shape < 4) {
      // One node alone: what most partitions are.
      SplitStep split;
      split.left.push_back(node);
      for (uint32_t other = 0; other < nodes_; ++other) {
        if (other != node) split.right.push_back(other);
      }
      At(at, split);
    } else if (shape < 6) {
      SplitStep split;
      for (uint32_t other = 0; other < nodes_; ++other) {
        (prng.Chance(1, 2) ? split.left : split.right).push_back(other);
      }
      if (split.left.empty() || split.right.empty()) continue;
      At(at, split);
    } else {
      const uint32_t other = AnyNode(prng);
      const bool both = prng.Chance(1, 2);
      At(at, LinkStep{shape == 6 ? LinkStep::Kind::kCut : LinkStep::Kind::kClog,
                      {node, other, both}});
    }
    if (until < plan_.heal_at) At(until, HealStep{});
  }
}

void Generator::BrokenConnections() {
  Prng& prng = faults_;
  const uint32_t strikes = Strikes(prng) * 2;
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    const uint32_t from = AnyNode(prng);
    const uint32_t to = AnyNode(prng);
    const uint64_t kind = prng.Below(4);
    const Link link{from, to, false};
    if (kind == 0) {
      At(at, LinkStep{LinkStep::Kind::kHalfOpen, link});
    } else if (kind == 1) {
      const Duration until =
          at + TimeBetween(prng, 10 * kMillisecond, 3 * kSecond);
      At(at, LinkStep{LinkStep::Kind::kHold, link});
      if (until < plan_.heal_at) {
        At(until, LinkStep{LinkStep::Kind::kRelease, link});
      }
    } else {
      At(at, LinkStep{LinkStep::Kind::kReset, link});
    }
  }
}

void Generator::Crashes() {
  Prng& prng = faults_;
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    const uint32_t node = AnyNode(prng);
    const bool all = prng.Chance(1, 16);
    const Duration down = prng.Chance(1, 2)
                              ? TimeBetween(prng, Duration{0}, kSecond)
                              : TimeBetween(prng, kSecond, 15 * kSecond);
    for (uint32_t other = 0; other < nodes_; ++other) {
      if (!all && other != node) continue;
      At(at, NodeStep{NodeStep::Kind::kCrash, other});
      At(at + down, NodeStep{NodeStep::Kind::kRestart, other});
    }
    // Now and then it dies again while it recovers.
    if (prng.Chance(1, 4)) {
      const Duration again =
          at + down + TimeBetween(prng, Duration{0}, 30 * kMillisecond);
      At(again, NodeStep{NodeStep::Kind::kCrash, node});
      At(again + kSecond, NodeStep{NodeStep::Kind::kRestart, node});
    }
  }
}

void Generator::PowerLosses() {
  Prng& prng = faults_;
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    const uint32_t node = AnyNode(prng);
    const bool all = prng.Chance(1, 8);
    const Duration down = TimeBetween(prng, 100 * kMillisecond, 6 * kSecond);
    for (uint32_t other = 0; other < nodes_; ++other) {
      if (!all && other != node) continue;
      At(at, PowerLossStep{other, std::nullopt, std::nullopt});
      At(at + down, NodeStep{NodeStep::Kind::kRestart, other});
    }
    if (prng.Chance(1, 4)) {
      const Duration again =
          at + down + TimeBetween(prng, Duration{0}, 30 * kMillisecond);
      At(again, PowerLossStep{node, std::nullopt, std::nullopt});
      At(again + kSecond, NodeStep{NodeStep::Kind::kRestart, node});
    }
  }
}

void Generator::Pauses() {
  Prng& prng = faults_;
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    const uint32_t node = AnyNode(prng);
    const Duration pause = prng.Chance(1, 2)
                               ? TimeBetween(prng, 10 * kMillisecond, kSecond)
                               : TimeBetween(prng, kSecond, 20 * kSecond);
    At(at, NodeStep{NodeStep::Kind::kPause, node});
    At(std::min(at + pause, plan_.heal_at),
       NodeStep{NodeStep::Kind::kResume, node});
  }
}

void Generator::Clocks() {
  Prng& prng = faults_;
  for (uint32_t node = 0; node < nodes_; ++node) {
    if (prng.Chance(1, 2)) continue;
    const int64_t ppm = prng.Between(-200, 200);
    At(TimeBetween(prng, Duration{0}, kSecond),
       ClockStep{node, ClockStep::Kind::kDrift, ppm});
  }
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, Duration{0}, plan_.heal_at);
    const uint32_t node = AnyNode(prng);
    // Inside the skew bound mostly.
    const int64_t most_ms = 240;
    const int64_t ms = prng.Between(-most_ms, most_ms);
    if (prng.Chance(1, 4)) {
      At(at, ClockStep{node, ClockStep::Kind::kFreeze,
                       (ms < 0 ? -ms : ms + 1) * kMillisecond.ns});
    } else {
      At(at, ClockStep{node, ClockStep::Kind::kStep, ms * kMillisecond.ns});
    }
  }
}

void Generator::SlowDisks() {
  Prng& prng = faults_;
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    const uint32_t node = AnyNode(prng);
    if (prng.Chance(1, 2)) {
      const Duration stall = TimeBetween(prng, 100 * kMillisecond, 5 * kSecond);
      At(at, DiskStep{node, DiskStep::Kind::kStall, stall.ns});
    } else {
      const Duration slower =
          TimeBetween(prng, kMillisecond, 500 * kMillisecond);
      At(at, DiskStep{node, DiskStep::Kind::kSlow, slower.ns});
      const Duration until = at + TimeBetween(prng, kSecond, 10 * kSecond);
      if (until < plan_.heal_at) {
        At(until, DiskStep{node, DiskStep::Kind::kOk, 0});
      }
    }
  }
}

// At most one: with a second the cluster is beyond its budget.
void Generator::WipeOne() {
  Prng& prng = faults_;
  const Duration at =
      TimeBetween(prng, plan_.first_fault + 4 * kSecond, plan_.heal_at);
  const uint32_t node = AnyNode(prng);
  wiped_.push_back(node);
  At(at, NodeStep{NodeStep::Kind::kWipe, node});
  At(at + kSecond, NodeStep{NodeStep::Kind::kRestart, node});
}

// Out of space for a while, reads or writes that fail, a sync that does.
void Generator::BadDisks() {
  Prng& prng = faults_;
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    const uint32_t node = AnyNode(prng);
    const uint64_t shape = prng.Below(4);
    if (shape == 0) {
      At(at, DiskStep{node, DiskStep::Kind::kSyncFails, 0});
    } else {
      At(at, DiskStep{node,
                      shape == 1   ? DiskStep::Kind::kFull
                      : shape == 2 ? DiskStep::Kind::kReadFails
                                   : DiskStep::Kind::kWriteFails,
                      0});
    }
    const Duration bad = prng.Chance(1, 2)
                             ? TimeBetween(prng, kMillisecond, kSecond)
                             : TimeBetween(prng, kSecond, 10 * kSecond);
    At(at + bad, DiskStep{node, DiskStep::Kind::kOk, 0});
    // It may have ended itself, or take no more writes: an operator mends the
    // disk and starts the node anew.
    At(at + bad, NodeStep{NodeStep::Kind::kCrash, node});
    At(at + bad + kSecond, NodeStep{NodeStep::Kind::kRestart, node});
  }
}

SwarmShape Generator::Shape() const {
  const bool lacks_founder =
      std::find(wiped_.begin(), wiped_.end(), 0u) != wiped_.end() ||
      lasting_.IsOutside(0);
  return {.seed = seed_,
          .nodes = nodes_,
          .keys = keys_,
          .first_op = plan_.first_op,
          .first_fault = plan_.first_fault,
          .heal_at = plan_.heal_at,
          .profile = profile_,
          .udp_loss = udp_loss_,
          .lacks_founder = lacks_founder};
}

// Others leave a disk between nothing and 4 MiB, for a while; no operator
// comes.
void Generator::LittleRoom() {
  Prng prng(seed_ ^ 0x726f6f6dULL);
  if (!prng.Chance(1, 6)) return;
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    const uint32_t node = AnyNode(prng);
    const uint64_t magnitude = prng.Below(22);
    const uint64_t bytes = prng.Below(uint64_t{2} << magnitude);
    At(at, DiskStep{node, DiskStep::Kind::kRoom, static_cast<int64_t>(bytes)});
    const Duration until = at + TimeBetween(prng, kSecond, 10 * kSecond);
    if (until < plan_.heal_at)
      At(until, DiskStep{node, DiskStep::Kind::kOk, 0});
  }
}

void Generator::MoreWeather() { Take(WeatherOf(Shape())); }

void Generator::Take(SwarmFaults faults) {
  for (Line& line : faults.settings) {
    scenario_.lines.push_back(std::move(line));
  }
  for (StepLine& line : faults.steps) At(line.at, std::move(line.step));
}

void Generator::Damage() { Take(DamageOf(Shape(), MayLoseBytes())); }

// An operator makes snapshots, also while one is made or the node dies; and
// puts one in the place of a node's disk, if no other disk loses anything.
void Generator::Snapshots() {
  Prng prng(seed_ ^ 0x736e6170ULL);
  if (!prng.Chance(1, 4)) return;
  const uint32_t strikes = Strikes(prng);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
    At(at, NodeStep{NodeStep::Kind::kSnapshot, AnyNode(prng)});
  }
  const bool loses_bytes =
      std::any_of(timed_.begin(), timed_.end(), [](const Timed& timed) {
        const auto* disk = std::get_if<DiskStep>(&timed.line.step);
        return disk != nullptr && disk->StrikesBytes();
      });
  const bool restores = prng.Chance(1, 2);
  if (!restores || loses_bytes || !MayLoseBytes()) return;
  const uint32_t node = AnyNode(prng);
  const Duration at = TimeBetween(prng, plan_.first_fault, plan_.heal_at);
  const Duration later = TimeBetween(prng, kSecond, 20 * kSecond);
  const Duration down = TimeBetween(prng, kMillisecond, 3 * kSecond);
  At(at, NodeStep{NodeStep::Kind::kSnapshot, node});
  At(at + later, NodeStep{NodeStep::Kind::kRestore, node});
  At(at + later + down, NodeStep{NodeStep::Kind::kRestart, node});
}

// Only one disk of a run loses bytes, and none loses any besides but by errors
// of one operation (BriefErrors), nor is any node lost for good: with a second
// the cluster is beyond its budget.
bool Generator::MayLoseBytes() const {
  if (!lasting_.outside.empty()) return false;
  if (!wiped_.empty()) return false;
  const bool synced = SettingsOf(scenario_).config.engine.sync_writes;
  return std::none_of(timed_.begin(), timed_.end(), [&](const Timed& timed) {
    // What is unsynced goes with the power, or with a sync that fails.
    if (std::holds_alternative<PowerLossStep>(timed.line.step)) return !synced;
    const auto* disk = std::get_if<DiskStep>(&timed.line.step);
    if (disk == nullptr || synced) return false;
    return disk->kind != DiskStep::Kind::kOk &&
           disk->kind != DiskStep::Kind::kStall &&
           disk->kind != DiskStep::Kind::kSlow;
  });
}

// Those of a node that is lost for good stay as they are.
void Generator::HealLinks() {
  if (lasting_.outside.empty()) {
    At(plan_.heal_at, HealStep{});
    return;
  }
  for (uint32_t from = 0; from < nodes_; ++from) {
    for (uint32_t to = from + 1; to < nodes_; ++to) {
      if (lasting_.IsOutside(from) || lasting_.IsOutside(to)) continue;
      At(plan_.heal_at, HealStep{Link{from, to, true}});
    }
  }
}

void Generator::HealAll() {
  HealLinks();
  At(plan_.heal_at, KnobStep{"tcp.late", "0/1"});
  At(plan_.heal_at, KnobStep{"disk.stall", "0/1"});
  for (uint32_t node = 0; node < nodes_; ++node) {
    if (lasting_.IsOutside(node)) continue;
    At(plan_.heal_at, DiskStep{node, DiskStep::Kind::kOk, 0});
    At(plan_.heal_at, NodeStep{NodeStep::Kind::kResume, node});
    At(plan_.heal_at, NodeStep{NodeStep::Kind::kRestart, node});
    if (lasting_.outside.empty()) continue;  // Clients heal with all links.
    At(plan_.heal_at, NodeStep{NodeStep::Kind::kHeard, node});
  }
  for (const Step& step : lasting_.steps) {
    At(plan_.heal_at - lasting_.before, step);
    At(plan_.heal_at, step);
  }
}

}  // namespace

std::span<const Profile> AllProfiles() { return kProfiles; }

std::optional<Profile> ProfileOf(std::string_view name) {
  for (const Profile profile : kProfiles) {
    if (NameOf(profile) == name) return profile;
  }
  return std::nullopt;
}

std::string_view NameOf(Profile profile) {
  switch (profile) {
    case Profile::kSwarm:
      return "swarm";
    case Profile::kLight:
      return "light";
    case Profile::kGolden:
      return "golden";
    case Profile::kNet:
      return "net";
    case Profile::kDisk:
      return "disk";
    case Profile::kChurn:
      return "churn";
    case Profile::kOverload:
      return "overload";
  }
  return "";
}

Scenario SwarmScenario(uint64_t seed, Profile profile) {
  return Generator(seed, profile).Make();
}

}  // namespace orrery::sim
