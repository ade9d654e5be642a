#include "sim/checkers/acknowledged_writes_survive.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// The highest version of the key that an owner stores; 0: none does.
uint64_t StoredVersion(const Evidence& evidence, const KeyView& key) {
  uint64_t highest = 0;
  for (const uint32_t owner : key.owners) {
    const NodeView& node = evidence.nodes[owner];
    if (!node.up || node.wiped) continue;
    const KeyEntry* entry = FindEntry(node.entries, key.token);
    if (entry == nullptr) continue;
    highest = std::max(highest, entry->timestamp);
  }
  return highest;
}

}  // namespace

Verdict CheckAcknowledgedWritesSurvive(const Evidence& evidence) {
  Verdict verdict;
  if (!evidence.healed) return verdict;
  std::vector<uint64_t> stored(evidence.config.keys, 0);
  std::vector<bool> known(evidence.config.keys, false);
  for (const KeyView& key : evidence.keys) {
    stored[key.key] = StoredVersion(evidence, key);
    known[key.key] = true;
  }
  const History::Durability durability{evidence.unsynced};
  for (const Operation& op : evidence.history.operations()) {
    if (!op.IsWrite() || !op.IsOk() || !known[op.key]) continue;
    ++verdict.checked;
    if (stored[op.key] >= op.version) continue;
    if (evidence.history.AllHoldersLost(op.key, op.version, durability,
                                        kEver)) {
      ++verdict.excused;
      continue;
    }
    Report(&verdict,
           {.oracle = "O1",
            .property = "acknowledged-write-survives",
            .sentence = "The " + OpText(op) + " was acknowledged at " +
                        SecondsText(op.returned) + " and stored by " +
                        HoldersText(evidence.history, op) +
                        ", and after healing no owner has it or a newer one.",
            .op = op.id,
            .key = op.key,
            .at = op.returned});
  }
  return verdict;
}

}  // namespace orrery::sim
