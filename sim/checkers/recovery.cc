#include "sim/checkers/recovery.h"

#include <cstdint>
#include <string>
#include <vector>

#include "core/ring/token.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// When the process before this one had recovered; else long ago.
Instant PreviousRecovery(const Evidence& evidence, const Recovery& recovery) {
  Instant before{-1};
  for (const Recovery& other : evidence.recoveries) {
    if (&other == &recovery) break;
    if (other.node == recovery.node) before = other.at;
  }
  return before;
}

std::string EpochText(const Epoch& epoch) {
  return epoch == Epoch{} ? "without a ring"
                          : "with ring " + std::to_string(epoch.era) + "." +
                                std::to_string(epoch.seq);
}

// Others go by the ring that a node sent under.
void CheckRing(const Recovery& recovery, Verdict* verdict) {
  if (recovery.ring_told == Epoch{}) return;
  ++verdict->checked;
  if (recovery.ring >= recovery.ring_told) return;
  Report(verdict, {.oracle = "O17",
                   .property = "recovery-keeps-promises",
                   .sentence = NodeText(recovery.node) + " had sent messages " +
                               EpochText(recovery.ring_told) +
                               " and came back from its disk at " +
                               SecondsText(recovery.at) + " " +
                               EpochText(recovery.ring) + ".",
                   .op = 0,
                   .key = 0,
                   .at = recovery.at});
}

void CheckOne(const Evidence& evidence, const Recovery& recovery,
              Verdict* verdict) {
  const Instant before = PreviousRecovery(evidence, recovery);
  // What an earlier process lacked, and was repaired or given up since, this
  // one need not doubt.
  const bool can_tell =
      evidence.history.LostPowerAlone(recovery.node, before, recovery.at) ||
      evidence.history.WasOnlyRestored(recovery.node, before, recovery.at);
  std::vector<const KeyEntry*> entries;  // By key; null: nothing of it.
  entries.reserve(evidence.config.keys);
  for (uint32_t key = 0; key < evidence.config.keys; ++key) {
    entries.push_back(FindEntry(recovery.entries, TokenOf(KeyText(key))));
  }
  for (const History::Promise& promise :
       evidence.history.PromisesOf(recovery.node)) {
    if (promise.at > recovery.at) break;
    if (promise.key >= entries.size()) continue;
    ++verdict->checked;
    const KeyEntry* entry = entries[promise.key];
    const uint64_t found = entry == nullptr ? 0 : entry->timestamp;
    if (found >= promise.version) continue;
    // Not shown to anybody: it told of damage, and is in doubt.
    const bool in_doubt =
        recovery.Doubts(promise.key) || (entry != nullptr && entry->doubted);
    const bool confesses = in_doubt && evidence.history.FoundDamage(
                                           recovery.node, promise.key,
                                           promise.at, recovery.at, false);
    const bool cannot_know = evidence.history.LostSilently(
        recovery.node, promise.key, promise.version, recovery.at);
    const bool lost = evidence.history.MayHaveLost(
        recovery.node, promise.at, recovery.at, {evidence.unsynced});
    const bool hides = lost && can_tell && !in_doubt && promise.at > before;
    if (confesses) {
      Excuse(verdict, "O17 the node says that it is damaged");
      continue;
    }
    if (cannot_know) {
      Excuse(verdict, "O17 the disk lost it without an error");
      continue;
    }
    if (lost && !hides) {
      Excuse(verdict,
             "O17 wiped, restored, or without power before the sync was due");
      continue;
    }
    Report(
        verdict,
        {.oracle = "O17",
         .property = "recovery-keeps-promises",
         .sentence = NodeText(recovery.node) + " acknowledged version " +
                     std::to_string(promise.version) + " of " +
                     KeyText(promise.key) + " at " + SecondsText(promise.at) +
                     " and came back from its disk at " +
                     SecondsText(recovery.at) + " with " +
                     (found == 0 ? std::string("nothing under that key")
                                 : "version " + std::to_string(found)) +
                     (hides ? ", and does not doubt it." : "."),
         .op = 0,
         .key = promise.key,
         .at = recovery.at});
  }
}

}  // namespace

Verdict CheckRecovery(const Evidence& evidence) {
  Verdict verdict;
  for (const Recovery& recovery : evidence.recoveries) {
    CheckRing(recovery, &verdict);
    CheckOne(evidence, recovery, &verdict);
  }
  return verdict;
}

}  // namespace orrery::sim
