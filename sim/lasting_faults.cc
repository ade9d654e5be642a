#include "sim/lasting_faults.h"

#include <algorithm>
#include <optional>

#include "core/base/prng.h"
#include "core/hint/hint_replayer.h"

namespace orrery::sim {
namespace {

// What was under way when a node fell silent.
constexpr Duration kNoticed = 3 * kSecond;
// A TCP connection to a machine that is gone (sim_network.cc).
constexpr Duration kGiveUp = 5 * kSecond;

// Deaf, dumb, or both.
void CutOff(uint32_t node, uint32_t nodes, Prng& prng, LastingFaults* faults) {
  const uint64_t ways = prng.Below(3);
  for (uint32_t other = 0; other < nodes; ++other) {
    if (faults->IsOutside(other)) continue;
    const Link link =
        ways == 1 ? Link{other, node, false} : Link{node, other, ways == 0};
    faults->steps.emplace_back(LinkStep{LinkStep::Kind::kCut, link});
  }
}

// On top of whatever is wrong with it already.
void Lose(uint32_t node, uint32_t nodes, Prng& prng, LastingFaults* faults) {
  std::vector<Step>& steps = faults->steps;
  switch (prng.Below(8)) {
    case 0:
    case 1:
      steps.emplace_back(NodeStep{NodeStep::Kind::kCrash, node});
      return;
    case 2:
      steps.emplace_back(PowerLossStep{node, std::nullopt, std::nullopt});
      return;
    case 3:
      steps.emplace_back(NodeStep{NodeStep::Kind::kPause, node});
      return;
    case 4:
    case 5:
      CutOff(node, nodes, prng, faults);
      return;
    case 6:
      steps.emplace_back(DiskStep{node, DiskStep::Kind::kFull, 0});
      return;
    default: {
      const bool writes = prng.Chance(1, 2);
      steps.emplace_back(DiskStep{
          node,
          writes ? DiskStep::Kind::kWriteFails : DiskStep::Kind::kReadFails,
          0});
      return;
    }
  }
}

}  // namespace

bool LastingFaults::IsOutside(uint32_t node) const {
  return std::find(outside.begin(), outside.end(), node) != outside.end();
}

std::string LastingFaults::CoreText(uint32_t nodes) const {
  std::string text;
  for (uint32_t node = 0; node < nodes; ++node) {
    if (IsOutside(node)) continue;
    text += (text.empty() ? "n" : ",n") + std::to_string(node);
  }
  return text;
}

Duration CoreBound(const EngineOptions& engine) {
  const Duration found_dead = engine.suspect_timeout + engine.dead_timeout +
                              engine.gossip_interval * 2 + kNoticed;
  const Duration bound = found_dead + kHintBackoffMax + engine.request_timeout +
                         engine.sync_round_interval * 2 + kGiveUp;
  return (bound + kSecond - Duration{1}) / kSecond.ns * kSecond.ns;
}

LastingFaults LastingFaultsOf(uint64_t seed, uint32_t nodes,
                              uint32_t replication,
                              const std::vector<uint32_t>& wiped) {
  LastingFaults faults;
  Prng prng(seed ^ 0x636f7265ULL);
  if (!prng.Chance(1, 3)) return faults;
  const uint32_t most = (std::min(replication, nodes) - 1) / 2;
  if (most == 0 || wiped.size() > most) return faults;
  faults.outside = wiped;
  const int64_t wanted = prng.Between(1, most);
  while (static_cast<int64_t>(faults.outside.size()) < wanted) {
    const auto node = static_cast<uint32_t>(prng.Below(nodes));
    if (!faults.IsOutside(node)) faults.outside.push_back(node);
  }
  for (const uint32_t node : faults.outside) Lose(node, nodes, prng, &faults);
  faults.before = prng.Between(0, 8000) * kMillisecond;
  return faults;
}

}  // namespace orrery::sim
