#include "sim/checkers/convergence.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// Digest of what the node stores at the token; 0: nothing.
uint64_t DigestAt(const NodeView& node, uint64_t token) {
  const KeyEntry* entry = FindEntry(node.entries, token);
  return entry == nullptr ? 0 : entry->digest;
}

// Whether one of `nodes` that is of the core found too late that what it has of
// the key is damaged.
bool WasDamagedLately(const Evidence& evidence, uint32_t key,
                      std::span<const uint32_t> nodes) {
  return std::ranges::any_of(evidence.damages, [&](const Damage& damage) {
    return damage.key == key && !damage.in_hints &&
           evidence.InCore(damage.node) && evidence.FoundLate(damage) &&
           std::ranges::find(nodes, damage.node) != nodes.end();
  });
}

const KeyView* ViewOf(const Evidence& evidence, uint32_t key) {
  const auto view = std::ranges::find(
      evidence.keys, key, [](const KeyView& one) { return one.key; });
  return view == evidence.keys.end() ? nullptr : &*view;
}

void CheckKey(const Evidence& evidence, const KeyView& key, Verdict* verdict) {
  std::vector<uint32_t> owners;
  for (const uint32_t owner : key.owners) {
    const NodeView& node = evidence.nodes[owner];
    if (!evidence.InCore(owner)) continue;
    if (node.up && !node.wiped) owners.push_back(owner);
  }
  ++verdict->checked;
  if (owners.size() < 2) {
    if (key.owners.size() >= 2) {
      Excuse(verdict, "O11 fewer than two owners are left to be equal");
    }
    return;
  }
  const uint64_t first = DigestAt(evidence.nodes[owners[0]], key.token);
  for (size_t i = 1; i < owners.size(); ++i) {
    if (DigestAt(evidence.nodes[owners[i]], key.token) == first) continue;
    const uint32_t differing[] = {owners[0], owners[i]};
    if (WasDamagedLately(evidence, key.key, differing)) {
      Excuse(verdict, "O11 damage was found just before the end");
      return;
    }
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

// How many owners of the key are there, and how many of these doubt what they
// have.
struct Strength {
  uint32_t there = 0;
  uint32_t in_doubt = 0;
  uint32_t bereft = 0;  // Of these, for what no other has either.
};

// An entry in doubt stands for a record that was lost, and doubts itself until
// as high a version is stored.  Nobody of the core has one, and there was one.
bool IsBereft(const Evidence& evidence, const KeyView& key,
              const KeyEntry& entry) {
  for (const uint32_t owner : key.owners) {
    if (!evidence.InCore(owner)) continue;
    const KeyEntry* other = FindEntry(evidence.nodes[owner].entries, key.token);
    if (other != nullptr && other->timestamp > entry.timestamp) return false;
  }
  return std::ranges::any_of(
      evidence.ledger.OfKey(key.key), [&](uint32_t index) {
        return evidence.ledger.At(index).stamp > entry.timestamp;
      });
}

Strength StrengthOf(const Evidence& evidence, uint32_t key) {
  Strength strength;
  const KeyView* view = ViewOf(evidence, key);
  if (view == nullptr) return strength;
  for (const uint32_t owner : view->owners) {
    const NodeView& node = evidence.nodes[owner];
    if (!evidence.InCore(owner) || !node.Serves() || node.wiped) continue;
    ++strength.there;
    const KeyEntry* entry = FindEntry(node.entries, view->token);
    const bool doubted = entry != nullptr && entry->doubted;
    strength.in_doubt += node.in_doubt || doubted ? 1 : 0;
    if (node.in_doubt || !doubted) continue;
    strength.bereft += IsBereft(evidence, *view, *entry) ? 1U : 0U;
  }
  return strength;
}

// DOOR-3.
bool NobodyClosedTheRing(const Evidence& evidence) {
  for (uint32_t node = 0; node < evidence.nodes.size(); ++node) {
    if (!evidence.InCore(node) || !evidence.nodes[node].up) continue;
    if (!evidence.nodes[node].ring_is_pristine) return false;
  }
  return true;
}

// A majority of the owners is there: they answer.
void CheckReadable(const Evidence& evidence, const Operation& read,
                   Verdict* verdict) {
  ++verdict->checked;
  if (read.IsOk()) return;
  const Strength strength = StrengthOf(evidence, read.key);
  if (strength.there < evidence.Majority()) {
    Excuse(verdict, "O11 too few owners are left for a quorum read");
    return;
  }
  if (NobodyClosedTheRing(evidence)) {
    Excuse(verdict, "O11 nothing was ever written: only the founder reads");
    return;
  }
  // Whoever doubts its copy has to meet other owners, of each of its ranges,
  // before it votes again, and one of them will never come.
  if (!evidence.EveryOwnerIsThere() &&
      strength.there - strength.in_doubt < evidence.Majority()) {
    Excuse(verdict, "O11 an owner in doubt cannot meet the others");
    return;
  }
  const KeyView* view = ViewOf(evidence, read.key);
  if (view != nullptr && WasDamagedLately(evidence, read.key, view->owners)) {
    Excuse(verdict, "O11 damage was found just before the end");
    return;
  }
  // Until it is written again; O2 sees to it that the version is gone.
  if (strength.there - strength.bereft < evidence.Majority()) {
    Excuse(verdict, "O11 the highest version was lost with its last copy");
    return;
  }
  Report(verdict, {.oracle = "O11",
                   .property = "convergence",
                   .sentence = "After healing, the " + OpText(read) +
                               " through " + NodeText(read.node) +
                               " was not answered with what is stored.",
                   .op = read.id,
                   .key = read.key,
                   .at = read.returned});
}

}  // namespace

Verdict CheckConvergence(const Evidence& evidence) {
  Verdict verdict;
  if (!evidence.healed) return verdict;
  for (const KeyView& key : evidence.keys) CheckKey(evidence, key, &verdict);
  for (const Operation& op : evidence.history.operations()) {
    if (op.final_read) CheckReadable(evidence, op, &verdict);
  }
  return verdict;
}

}  // namespace orrery::sim
