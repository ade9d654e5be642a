#include "core/storage/awaited_keys.h"

#include <algorithm>

namespace orrery {

void AwaitedKeys::Add(const KeyHash& hash, const DamageRange& range) {
  std::vector<DamageRange>& ranges = ranges_[hash];
  const bool is_known = std::any_of(
      ranges.begin(), ranges.end(),
      [&](const DamageRange& one) { return PlaceOf(one) == PlaceOf(range); });
  if (is_known) return;
  ranges.push_back(range);
  ++waiting_[PlaceOf(range)];
  ++records_;
}

std::vector<DamageRange> AwaitedKeys::Remove(const KeyHash& hash) {
  const auto found = ranges_.find(hash);
  if (found == ranges_.end()) return {};
  std::vector<DamageRange> repaired;
  for (const DamageRange& range : found->second) {
    const auto waiting = waiting_.find(PlaceOf(range));
    if (waiting == waiting_.end()) continue;
    --waiting->second;
    --records_;
    if (waiting->second > 0) continue;
    waiting_.erase(waiting);
    repaired.push_back(range);
  }
  ranges_.erase(found);
  return repaired;
}

bool AwaitedKeys::Awaits(const DamageRange& range) const {
  return waiting_.contains(PlaceOf(range));
}

}  // namespace orrery
