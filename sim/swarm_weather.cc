#include "sim/swarm_weather.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/prng.h"
#include "sim/settings.h"
#include "sim/swarm_draws.h"

namespace orrery::sim {
namespace {

// Names of operations before the workload begins: far from its own.
constexpr uint32_t kEarlyOps = 500'000'000;

// One class of faults of one run.
class Weather {
 public:
  Weather(const SwarmShape& shape, uint64_t purpose, SwarmFaults& faults)
      : shape_(shape), prng_(shape.seed ^ purpose), faults_(faults) {}

  bool Exists(uint64_t numerator, uint64_t denominator) {
    return prng_.Chance(numerator, denominator);
  }

  void Stops();
  void EarlyFaults();
  void Datagrams();
  void Streams();
  void Storms();
  void Shapes();
  void Clients();
  void Clocks();
  void Skews();

 private:
  void At(Duration at, Step step) {
    faults_.steps.push_back({std::min(at, shape_.heal_at), std::move(step)});
  }
  uint32_t AnyNode() {
    return static_cast<uint32_t>(prng_.Below(shape_.nodes));
  }
  Duration AnyTime() {
    return TimeBetween(prng_, shape_.first_fault, shape_.heal_at);
  }
  // Both hold until everything heals.
  void Set(std::vector<Setting> settings) {
    faults_.settings.emplace_back(NoiseLine{std::move(settings)});
  }
  void EndWithHealing(const std::string& name, const std::string& value) {
    At(shape_.heal_at, KnobStep{name, value});
  }

  void EarlyNodeFault(Duration at, uint32_t node);
  void EarlyLinkFault(Duration at, uint32_t node);
  void Bridge(Duration at);
  void RingCut(Duration at);
  void Swizzle(Duration at);

  const SwarmShape& shape_;
  Prng prng_;
  SwarmFaults& faults_;
};

// A node is asked to stop, and started again: in the middle of its work, or of
// its recovery; it dies before it is done, or its machine does afterwards.
void Weather::Stops() {
  const uint32_t strikes = Strikes(prng_);
  for (uint32_t i = 0; i < strikes; ++i) {
    Duration at = TimeBetween(prng_, shape_.first_fault, shape_.heal_at);
    const uint32_t node = AnyNode();
    const uint64_t shape = prng_.Below(8);
    const Duration soon = TimeBetween(prng_, Duration{0}, 60 * kMillisecond);
    const Duration down = prng_.Chance(1, 2)
                              ? TimeBetween(prng_, Duration{0}, kSecond)
                              : TimeBetween(prng_, kSecond, 10 * kSecond);
    if (shape == 0) {  // While it recovers.
      if (prng_.Chance(1, 2)) {
        At(at, PowerLossStep{node, std::nullopt, std::nullopt});
      } else {
        At(at, NodeStep{NodeStep::Kind::kCrash, node});
      }
      at = at + kSecond;
      At(at, NodeStep{NodeStep::Kind::kRestart, node});
      at = at + soon;
    }
    At(at, NodeStep{NodeStep::Kind::kStop, node});
    if (shape == 1) At(at + soon, NodeStep{NodeStep::Kind::kCrash, node});
    if (shape == 2) At(at + soon, NodeStep{NodeStep::Kind::kStop, node});
    if (shape == 3) {
      At(at + soon, PowerLossStep{node, std::nullopt, std::nullopt});
    }
    if (shape == 4) {  // The next process is no cleaner for it.
      const Duration later =
          at + down + TimeBetween(prng_, 2 * kSecond, 8 * kSecond);
      At(later, PowerLossStep{node, std::nullopt, std::nullopt});
      At(later + kSecond, NodeStep{NodeStep::Kind::kRestart, node});
    }
    if (shape >= 6) {
      At(at + 3 * kSecond, PowerLossStep{node, std::nullopt, std::nullopt});
    }
    At(at + (shape >= 6 ? 3 * kSecond + down : down),
       NodeStep{NodeStep::Kind::kRestart, node});
  }
}

// While the ring forms: a node that comes late, faults of nodes and links,
// requests that come too early, and other lists of seeds.
void Weather::EarlyFaults() {
  uint64_t lists = prng_.Below(6);
  if (lists == 2 && shape_.lacks_founder) lists = 3;
  const bool own = lists == 0;
  const bool links = IsPresent(shape_.profile, Area::kNet, true);
  faults_.settings.emplace_back(CfgLine{{{"seeds", own          ? "own"
                                                   : lists == 1 ? "others"
                                                   : lists == 2 ? "one"
                                                                : "all"}}});
  if (!own && prng_.Chance(1, 3)) {
    const uint32_t node = prng_.Chance(1, 2) ? 0 : AnyNode();
    At(Duration{0}, NodeStep{NodeStep::Kind::kCrash, node});
    At(TimeBetween(prng_, 500 * kMillisecond, 12 * kSecond),
       NodeStep{NodeStep::Kind::kRestart, node});
  }
  const bool loses = prng_.Chance(1, 3);
  if (loses && links) {
    At(Duration{0}, KnobStep{"udp.loss", prng_.Chance(1, 2) ? "1/3" : "2/3"});
    At(shape_.first_fault, KnobStep{"udp.loss", shape_.udp_loss});
  }
  const uint32_t strikes = Strikes(prng_);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng_, Duration{0}, 4 * kSecond);
    const uint32_t node = prng_.Chance(1, 3) ? 0 : AnyNode();
    // A node that has itself first and hears nobody for 10 s founds a cluster
    // of its own, as it was told to: no oracle can ask for one.
    const bool spares_links = prng_.Chance(2, 3);
    if (own || spares_links || !links) {
      EarlyNodeFault(at, node);
    } else {
      EarlyLinkFault(at, node);
    }
  }
  if (!prng_.Chance(1, 4)) return;
  for (uint32_t id = kEarlyOps; id < kEarlyOps + 20; ++id) {
    const Duration at = TimeBetween(prng_, Duration{0}, shape_.first_op);
    OpStep op;
    op.id = id;
    op.verb = prng_.Chance(2, 3) ? OpStep::Verb::kPut : OpStep::Verb::kGet;
    op.key = static_cast<uint32_t>(prng_.Below(shape_.keys));
    op.via = AnyNode();
    At(at, op);
  }
}

void Weather::EarlyNodeFault(Duration at, uint32_t node) {
  const uint64_t shape = prng_.Below(6);
  const Duration down = TimeBetween(prng_, Duration{0}, 1500 * kMillisecond);
  if (shape == 0) {
    At(at, NodeStep{NodeStep::Kind::kPause, node});
    At(at + down, NodeStep{NodeStep::Kind::kResume, node});
    return;
  }
  if (shape == 1) {
    At(at, NodeStep{NodeStep::Kind::kStop, node});
  } else if (shape < 4) {
    At(at, NodeStep{NodeStep::Kind::kCrash, node});
  } else {
    At(at, PowerLossStep{node, std::nullopt, std::nullopt});
  }
  At(at + down, NodeStep{NodeStep::Kind::kRestart, node});
  if (!prng_.Chance(1, 2)) return;
  const Duration again =
      at + down + TimeBetween(prng_, Duration{0}, 30 * kMillisecond);
  if (prng_.Chance(1, 2)) {
    At(again, NodeStep{NodeStep::Kind::kCrash, node});
  } else {
    At(again, PowerLossStep{node, std::nullopt, std::nullopt});
  }
  At(again + 100 * kMillisecond, NodeStep{NodeStep::Kind::kRestart, node});
}

void Weather::EarlyLinkFault(Duration at, uint32_t node) {
  const uint64_t shape = prng_.Below(4);
  const Link link{node, AnyNode(), prng_.Chance(1, 2)};
  const Duration until =
      at + TimeBetween(prng_, 100 * kMillisecond, 3 * kSecond);
  if (shape == 0) {
    SplitStep split;
    split.left.push_back(node);
    for (uint32_t other = 0; other < shape_.nodes; ++other) {
      if (other != node) split.right.push_back(other);
    }
    At(at, split);
    At(until, HealStep{});
  } else if (shape == 1) {
    At(at, LinkStep{LinkStep::Kind::kHold, link});
    At(until, LinkStep{LinkStep::Kind::kRelease, link});
  } else {
    At(at,
       LinkStep{shape == 2 ? LinkStep::Kind::kReset : LinkStep::Kind::kHalfOpen,
                link});
  }
}

// Damaged, doubled after a long while, late beyond reason, too large.
void Weather::Datagrams() {
  std::vector<Setting> noise;
  if (prng_.Chance(1, 2))
    noise.push_back({"udp.flip", RareRatio(prng_, 8, 256)});
  if (prng_.Chance(1, 2))
    noise.push_back({"udp.cut", RareRatio(prng_, 8, 256)});
  if (prng_.Chance(1, 2)) {
    noise.push_back({"udp.replay", RareRatio(prng_, 16, 256)});
    EndWithHealing("udp.replay", "0/1");
  }
  if (prng_.Chance(1, 2)) {
    noise.push_back({"udp.tail", RareRatio(prng_, 16, 256)});
    EndWithHealing("udp.tail", "0/1");
  }
  if (prng_.Chance(1, 4)) {
    const int64_t mtu = prng_.Between(200, 700);
    noise.push_back({"udp.mtu", std::to_string(mtu)});
    EndWithHealing("udp.mtu", "1400");
  }
  if (!noise.empty()) Set(std::move(noise));
}

// Frames that come in two pieces, queues that are full early, readers that do
// not read.
void Weather::Streams() {
  Set({{"tcp.pieces", RareRatio(prng_, 8, 128)}});
  if (prng_.Chance(1, 2)) {
    const int64_t frames = int64_t{8} << prng_.Between(0, 5);
    Set({{"tcp.queue", std::to_string(frames)}});
    EndWithHealing("tcp.queue", "4096");
  }
  const uint32_t strikes = Strikes(prng_);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = AnyTime();
    const uint32_t node = AnyNode();
    const Duration until =
        at + TimeBetween(prng_, 100 * kMillisecond, 8 * kSecond);
    // It reads of nobody, or not of one.
    const bool all = prng_.Chance(1, 2);
    const uint32_t one = AnyNode();
    for (uint32_t other = 0; other < shape_.nodes; ++other) {
      if (!all && other != one) continue;
      const Link link{other, node, false};
      At(at, LinkStep{LinkStep::Kind::kChoke, link});
      At(until, LinkStep{LinkStep::Kind::kRelease, link});
    }
  }
}

// All connections of a node break at once, again and again.
void Weather::Storms() {
  const uint32_t strikes = Strikes(prng_);
  for (uint32_t i = 0; i < strikes; ++i) {
    Duration at = AnyTime();
    const uint32_t node = AnyNode();
    const int64_t times = prng_.Between(1, 12);
    const Duration pause =
        TimeBetween(prng_, 10 * kMillisecond, 800 * kMillisecond);
    for (int64_t time = 0; time < times; ++time) {
      At(at, NodeStep{NodeStep::Kind::kStorm, node});
      at = at + pause;
    }
  }
}

void Weather::Shapes() {
  const uint32_t strikes = Strikes(prng_);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = AnyTime();
    const uint64_t shape = prng_.Below(3);
    if (shape == 0) {
      Bridge(at);
    } else if (shape == 1) {
      RingCut(at);
    } else {
      Swizzle(at);
    }
  }
}

// Two halves that only one node sees both of.
void Weather::Bridge(Duration at) {
  const uint32_t bridge = AnyNode();
  SplitStep split;
  for (uint32_t node = 0; node < shape_.nodes; ++node) {
    if (node == bridge) continue;
    (prng_.Chance(1, 2) ? split.left : split.right).push_back(node);
  }
  if (split.left.empty() || split.right.empty()) return;
  At(at, split);
  At(at + TimeBetween(prng_, 200 * kMillisecond, 15 * kSecond), HealStep{});
}

// Every node sees its two neighbours and nobody else.
void Weather::RingCut(Duration at) {
  const Duration until =
      at + TimeBetween(prng_, 200 * kMillisecond, 15 * kSecond);
  const uint32_t count = shape_.nodes;
  for (uint32_t a = 0; a < count; ++a) {
    for (uint32_t b = a + 2; b < count; ++b) {
      if (a == 0 && b == count - 1) continue;
      At(at, LinkStep{LinkStep::Kind::kCut, {a, b, true}});
      At(until, HealStep{Link{a, b, true}});
    }
  }
}

// The links of some nodes are clogged one by one, and freed in another order.
void Weather::Swizzle(Duration at) {
  std::vector<Link> links;
  for (uint32_t node = 0; node < shape_.nodes; ++node) {
    if (prng_.Chance(1, 2)) continue;
    for (uint32_t other = 0; other < shape_.nodes; ++other) {
      if (other != node) links.push_back({other, node, prng_.Chance(1, 2)});
    }
  }
  const bool hold = prng_.Chance(1, 2);
  for (const Link& link : links) {
    at = at + TimeBetween(prng_, Duration{0}, 500 * kMillisecond);
    At(at,
       LinkStep{hold ? LinkStep::Kind::kHold : LinkStep::Kind::kClog, link});
  }
  prng_.Shuffle(std::span<Link>(links));
  for (const Link& link : links) {
    at = at + TimeBetween(prng_, Duration{0}, 500 * kMillisecond);
    At(at, HealStep{link});
  }
}

// What clients ask does not arrive, or what they are answered.
void Weather::Clients() {
  const uint32_t strikes = Strikes(prng_);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = AnyTime();
    const uint32_t node = AnyNode();
    const bool deaf = prng_.Chance(1, 2);
    At(at,
       NodeStep{deaf ? NodeStep::Kind::kDeaf : NodeStep::Kind::kMute, node});
    At(at + TimeBetween(prng_, 200 * kMillisecond, 6 * kSecond),
       NodeStep{NodeStep::Kind::kHeard, node});
  }
}

// Wall clocks far beyond the bound of skew; timers that come in bunches.
void Weather::Clocks() {
  if (prng_.Chance(1, 2)) {
    const Duration grain =
        TimeBetween(prng_, 5 * kMillisecond, 250 * kMillisecond);
    Set({{"tick.grain", TimeText(grain)}});
  }
  const uint32_t strikes = Strikes(prng_);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng_, Duration{0}, shape_.heal_at);
    const uint32_t node = AnyNode();
    int64_t seconds = prng_.Between(1, 10);
    while (seconds < 86'400 && prng_.Chance(1, 2)) seconds *= 8;
    const uint64_t kind = prng_.Below(4);
    if (kind == 0) {
      // A clock that stands is measured again and again: not in the time that
      // is to be quiet (light seed 570).
      const Duration most = std::max(shape_.heal_at - at, kMillisecond);
      const Duration stands =
          std::min(std::min<int64_t>(seconds, 30) * kSecond, most);
      At(at, ClockStep{node, ClockStep::Kind::kFreeze, stands.ns});
    } else {
      At(at, ClockStep{node, ClockStep::Kind::kStep,
                       (kind == 1 ? -seconds : seconds) * kSecond.ns});
    }
  }
}

// Clocks that were never set alike, and one that is seconds to decades off:
// from the start, or after a jump.  The others outvote it.
void Weather::Skews() {
  const int64_t within_ms = 200;  // The bound is 500 ms.
  for (uint32_t node = 0; node < shape_.nodes; ++node) {
    if (prng_.Chance(1, 3)) continue;
    const int64_t ms = prng_.Between(-within_ms, within_ms);
    At(Duration{0},
       ClockStep{node, ClockStep::Kind::kStep, ms * kMillisecond.ns});
  }
  int64_t seconds = prng_.Between(1, 60);
  while (seconds < int64_t{86'400} * 365 && prng_.Chance(2, 3)) seconds *= 10;
  if (prng_.Chance(1, 2)) seconds = -seconds;
  const Duration at = prng_.Chance(1, 2)
                          ? Duration{0}
                          : TimeBetween(prng_, Duration{0}, shape_.heal_at);
  At(at, ClockStep{AnyNode(), ClockStep::Kind::kStep, seconds * kSecond.ns});
}

}  // namespace

bool IsPresent(Profile profile, Area area, bool drawn) {
  switch (profile) {
    case Profile::kSwarm:
    case Profile::kLight:
    case Profile::kGolden:
    case Profile::kOverload:
      return drawn;
    case Profile::kNet:
      return area == Area::kNet;
    case Profile::kDisk:
      return area == Area::kDisk || area == Area::kPower;
    case Profile::kChurn:
      return area == Area::kProcess || area == Area::kPower;
  }
  return false;
}

SwarmFaults WeatherOf(const SwarmShape& shape) {
  SwarmFaults faults;
  const auto draw = [&](Area area, uint64_t purpose, uint64_t numerator,
                        uint64_t denominator, void (Weather::*strike)()) {
    Weather weather(shape, purpose, faults);
    const bool drawn = weather.Exists(numerator, denominator);
    if (IsPresent(shape.profile, area, drawn)) (weather.*strike)();
  };
  draw(Area::kProcess, 0x73746f70, 1, 2, &Weather::Stops);
  draw(Area::kNet, 0x64677261, 1, 2, &Weather::Datagrams);
  draw(Area::kNet, 0x73747265, 1, 2, &Weather::Streams);
  draw(Area::kNet, 0x73746f72, 1, 4, &Weather::Storms);
  draw(Area::kNet, 0x73686170, 1, 4, &Weather::Shapes);
  draw(Area::kNet, 0x636c6965, 1, 4, &Weather::Clients);
  draw(Area::kClock, 0x636c6f63, 1, 8, &Weather::Clocks);
  draw(Area::kClock, 0x736b6577, 1, 4, &Weather::Skews);
  // A golden run has no time for a founding that takes long.
  if (shape.profile != Profile::kGolden) {
    draw(Area::kProcess, 0x6561726c, 1, 4, &Weather::EarlyFaults);
  }
  return faults;
}

}  // namespace orrery::sim
