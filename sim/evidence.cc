#include "sim/evidence.h"

#include <algorithm>

namespace orrery::sim {
namespace {

// A difference is seen by one round of anti-entropy, believed with the next
// (A3), and a round may fall out.
constexpr int64_t kRoundsToRepair = 3;

}  // namespace

const KeyEntry* FindEntry(const std::vector<KeyEntry>& entries,
                          uint64_t token) {
  const auto entry = std::lower_bound(
      entries.begin(), entries.end(), token,
      [](const KeyEntry& a, uint64_t wanted) { return a.token < wanted; });
  if (entry == entries.end() || entry->token != token) return nullptr;
  return &*entry;
}

bool Evidence::EveryOwnerIsThere() const {
  for (uint32_t node = 0; node < nodes.size(); ++node) {
    if (!InCore(node) || nodes[node].wiped) return false;
    // Its IDENTITY is lost: to the ring this is another disk.
    if (nodes[node].up && nodes[node].state == EngineState::kOutside) {
      return false;
    }
  }
  return true;
}

bool Evidence::FoundLate(const Damage& damage) const {
  if (damage.end != Damage::End::kTold) return false;
  return inspected - damage.ended <=
         config.engine.sync_round_interval * kRoundsToRepair;
}

uint32_t Evidence::RequiredReads(const Operation& op) const {
  const uint32_t asked = op.r == 0 ? config.engine.read_quorum : op.r;
  return std::min(asked, owners_per_key);
}

uint32_t Evidence::RequiredWrites(const Operation& op) const {
  const uint32_t asked = op.w == 0 ? config.engine.write_quorum : op.w;
  return std::min(asked, owners_per_key);
}

}  // namespace orrery::sim
