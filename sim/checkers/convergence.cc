#include "sim/checkers/convergence.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// Digest of what the node stores at the token; 0: nothing.
uint64_t DigestAt(const NodeView& node, uint64_t token) {
  const KeyEntry* entry = FindEntry(node.entries, token);
  return entry == nullptr ? 0 : entry->digest;
}

void CheckKey(const Evidence& evidence, const KeyView& key, Verdict* verdict) {
  std::vector<uint32_t> owners;
  for (const uint32_t owner : key.owners) {
    const NodeView& node = evidence.nodes[owner];
    if (node.up && !node.wiped) owners.push_back(owner);
  }
  if (owners.size() < 2) return;
  ++verdict->checked;
  const uint64_t first = DigestAt(evidence.nodes[owners[0]], key.token);
  for (size_t i = 1; i < owners.size(); ++i) {
    if (DigestAt(evidence.nodes[owners[i]], key.token) == first) continue;
    Report(verdict, {.oracle = "O11",
                     .property = "convergence",
                     .sentence = "After healing, " + NodeText(owners[0]) +
                                 " and " + NodeText(owners[i]) +
                                 " still hold different objects of " +
                                 KeyText(key.key) + ".",
                     .op = 0,
                     .key = key.key,
                     .at = evidence.ended});
    return;
  }
}

}  // namespace

Verdict CheckConvergence(const Evidence& evidence) {
  Verdict verdict;
  if (!evidence.healed) return verdict;
  for (const KeyView& key : evidence.keys) CheckKey(evidence, key, &verdict);
  bool wiped = false;
  for (const NodeView& node : evidence.nodes) wiped = wiped || node.wiped;
  for (uint32_t i = 0; i < evidence.nodes.size() && !wiped; ++i) {
    if (!evidence.nodes[i].Serves()) continue;
    ++verdict.checked;
    if (evidence.nodes[i].hints_held == 0) continue;
    Report(
        &verdict,
        {.oracle = "O14",
         .property = "hints-drain",
         .sentence = "After healing, " + NodeText(i) + " still holds " +
                     std::to_string(evidence.nodes[i].hints_held) + " hints.",
         .op = 0,
         .key = 0,
         .at = evidence.ended});
  }
  return verdict;
}

}  // namespace orrery::sim
