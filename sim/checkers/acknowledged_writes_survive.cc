#include "sim/checkers/acknowledged_writes_survive.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// The highest version of the key that an owner stores; 0: none does.
uint64_t StoredVersion(const Evidence& evidence, const KeyView& key) {
  uint64_t highest = 0;
  for (const uint32_t owner : key.owners) {
    const NodeView& node = evidence.nodes[owner];
    if (!node.up || node.wiped || !evidence.InCore(owner)) continue;
    const KeyEntry* entry = FindEntry(node.entries, key.token);
    if (entry == nullptr) continue;
    highest = std::max(highest, entry->timestamp);
  }
  return highest;
}

// Why the write may be gone; empty: it may not.
std::string_view ReasonOf(const Evidence& evidence, const Operation& op,
                          const History::Durability& durability) {
  if (evidence.history.HoldersOf(op.key, op.version).empty()) {
    return "O1 nobody is known to have stored it";
  }
  const std::vector<uint32_t> left =
      evidence.history.HoldersLeft(op.key, op.version, durability, kEver);
  if (left.empty()) return "O1 all who stored it lost it";
  for (const uint32_t node : left) {
    if (evidence.InCore(node)) return "";
  }
  return "O1 the only copies are on nodes outside the core";
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
    if (!op.IsWrite() || !op.IsOk()) continue;
    ++verdict.checked;
    if (!known[op.key]) {
      Excuse(&verdict, "O1 nobody serves that could say who owns the key");
      continue;
    }
    if (stored[op.key] >= op.version) continue;
    const std::string_view reason = ReasonOf(evidence, op, durability);
    if (!reason.empty()) {
      Excuse(&verdict, reason);
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
