#include "core/version/hybrid_clock.h"

#include <algorithm>

#include "core/base/hash.h"

namespace orrery {

namespace {

// Before 1970 there are no stamps.
uint64_t StampOf(WallTime wall) {
  return static_cast<uint64_t>(std::max<int64_t>(wall.ns, 0));
}

uint64_t LimitOf(WallTime wall, Duration skew_bound) {
  return StampOf(wall + skew_bound);
}

}  // namespace

uint64_t StampAbove(uint64_t basis, const Actor& actor) {
  Hasher hasher;
  hasher.Add(actor.storage);
  hasher.Add(actor.generation);
  const uint64_t low = hasher.Value() % kBasisStampStep;
  const uint64_t stamp = basis / kBasisStampStep * kBasisStampStep + low;
  return stamp > basis ? stamp : stamp + kBasisStampStep;
}

uint64_t HybridClock::Next(WallTime wall) {
  last_ = std::max(StampOf(wall), last_ + 1);
  drawn_ = last_;
  return last_;
}

uint64_t HybridClock::Mint(const Draw& draw, WallTime wall) {
  const uint64_t limit = std::max(LimitOf(wall, draw.skew_bound), last_);
  const uint64_t proposed = draw.proposed <= limit ? draw.proposed : 0;
  const uint64_t next = std::max({StampOf(wall), last_ + 1, proposed});
  if (next <= draw.basis) return StampAbove(draw.basis, draw.actor);
  last_ = next;
  drawn_ = next;
  return next;
}

void HybridClock::Observe(uint64_t stamp, WallTime wall, Duration skew_bound) {
  if (stamp <= LimitOf(wall, skew_bound)) last_ = std::max(last_, stamp);
}

bool HybridClock::Accepts(uint64_t stamp, uint64_t basis, WallTime wall,
                          Duration skew_bound) const {
  const uint64_t known = std::max(StampOf(wall), last_);
  const auto bound = static_cast<uint64_t>(skew_bound.ns);
  if (stamp <= known + bound || stamp <= basis) return true;
  return stamp - basis <= kBasisStampStep;
}

void HybridClock::Restore(uint64_t high) { last_ = std::max(last_, high); }

}  // namespace orrery
