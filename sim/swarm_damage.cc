#include "sim/swarm_damage.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/prng.h"
#include "sim/swarm_draws.h"

namespace orrery::sim {
namespace {

constexpr uint64_t kPurpose = 0x64616d61ULL;

class DiskDamage {
 public:
  DiskDamage(const SwarmShape& shape, SwarmFaults& faults)
      : shape_(shape), prng_(shape.seed ^ kPurpose), faults_(faults) {}

  void Weather();
  void BriefErrors();
  void LostBytes(bool permitted);

 private:
  void At(Duration at, Step step) {
    faults_.steps.push_back({std::min(at, shape_.heal_at), std::move(step)});
  }
  DiskTarget AnyTarget();
  DiskStep AnyLoss(uint32_t victim, bool rots, bool strays);

  const SwarmShape& shape_;
  Prng prng_;
  SwarmFaults& faults_;
};

void DiskDamage::Weather() {
  NoiseLine noise;
  const auto set = [&](std::string name, std::string value) {
    noise.settings.push_back({std::move(name), std::move(value)});
  };
  if (prng_.Chance(1, 4)) set("disk.short", RareRatio(prng_, 8, 512));
  if (prng_.Chance(1, 4)) set("disk.late", RareRatio(prng_, 8, 512));
  if (prng_.Chance(1, 4)) set("disk.garbage", RareRatio(prng_, 4, 64));
  const bool fails = prng_.Chance(1, 4);
  if (fails) set("disk.read_error", RareRatio(prng_, 64, 4096));
  if (!noise.settings.empty()) faults_.settings.emplace_back(noise);
  if (fails) At(shape_.heal_at, KnobStep{"disk.read_error", "0/1"});
}

// One operation fails, or whatever writes or opens does for a while; an
// operator starts the node anew.
void DiskDamage::BriefErrors() {
  if (!prng_.Chance(1, 6)) return;
  const uint32_t strikes = Strikes(prng_);
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at = TimeBetween(prng_, shape_.first_fault, shape_.heal_at);
    const auto node = static_cast<uint32_t>(prng_.Below(shape_.nodes));
    const uint64_t kind = prng_.Below(4);
    At(at, DiskStep{node,
                    kind == 0   ? DiskStep::Kind::kReadFailsOnce
                    : kind == 1 ? DiskStep::Kind::kWriteFailsOnce
                    : kind == 2 ? DiskStep::Kind::kReadOnly
                                : DiskStep::Kind::kNoHandles,
                    0});
    const Duration bad = TimeBetween(prng_, kMillisecond, 5 * kSecond);
    At(at + bad, DiskStep{node, DiskStep::Kind::kOk, 0});
    At(at + bad, NodeStep{NodeStep::Kind::kCrash, node});
    At(at + bad + kSecond, NodeStep{NodeStep::Kind::kRestart, node});
  }
}

// Keys mostly: a hit that matters.
DiskTarget DiskDamage::AnyTarget() {
  using Kind = DiskTarget::Kind;
  const uint64_t which = prng_.Below(16);
  const auto key = static_cast<uint32_t>(prng_.Below(shape_.keys));
  if (which < 10) return {Kind::kKey, key};
  return {which < 12   ? Kind::kData
          : which < 13 ? Kind::kIndex
          : which < 14 ? Kind::kHints
          : which < 15 ? Kind::kManifest
                       : Kind::kRing,
          0};
}

DiskStep DiskDamage::AnyLoss(uint32_t victim, bool rots, bool strays) {
  const uint64_t shape = prng_.Below(8);
  const DiskTarget target = AnyTarget();
  const auto at = static_cast<uint32_t>(prng_.Below(kThousandths));
  DiskTarget files{DiskTarget::Kind::kData, 0};
  if (target.kind == DiskTarget::Kind::kIndex) files = target;
  if (strays && shape < 2) {
    return {victim, DiskStep::Kind::kLoseWrite, 0, files, 0};
  }
  if (strays && shape < 4) {
    return {victim, DiskStep::Kind::kMisdirect, 0, files, at};
  }
  if (!rots || (shape == 7 && prng_.Chance(1, 4))) {
    return {victim, DiskStep::Kind::kLoseFile, 0, files, at};
  }
  return {victim, DiskStep::Kind::kRot, 0, target, at};
}

void DiskDamage::LostBytes(bool permitted) {
  const bool wanted = prng_.Chance(1, 2);
  const auto victim = static_cast<uint32_t>(prng_.Below(shape_.nodes));
  if (!wanted || !permitted) return;
  faults_.settings.emplace_back(CfgLine{{{"budget", "within"}}});
  const bool strays = prng_.Chance(1, 2);
  const bool rots = !strays || prng_.Chance(3, 4);
  const uint32_t strikes = Strikes(prng_) * 2;
  for (uint32_t i = 0; i < strikes; ++i) {
    const Duration at =
        TimeBetween(prng_, shape_.first_fault + kSecond, shape_.heal_at);
    At(at, AnyLoss(victim, rots, strays));
    // Now and then it is started anew soon after, and has to find it.
    if (!prng_.Chance(1, 3)) continue;
    const Duration later =
        at + TimeBetween(prng_, 10 * kMillisecond, 2 * kSecond);
    At(later, NodeStep{NodeStep::Kind::kCrash, victim});
    At(later + kSecond, NodeStep{NodeStep::Kind::kRestart, victim});
  }
}

}  // namespace

SwarmFaults DamageOf(const SwarmShape& shape, bool may_lose_bytes) {
  SwarmFaults faults;
  DiskDamage damage(shape, faults);
  damage.Weather();
  damage.BriefErrors();
  damage.LostBytes(may_lose_bytes);
  return faults;
}

}  // namespace orrery::sim
