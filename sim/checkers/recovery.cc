#include "sim/checkers/recovery.h"

#include <cstdint>
#include <string>
#include <vector>

#include "core/ring/token.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

void CheckOne(const Evidence& evidence, const Recovery& recovery,
              Verdict* verdict) {
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
        recovery.in_doubt || (entry != nullptr && entry->doubted);
    const bool confesses =
        in_doubt && evidence.history.FoundDamage(recovery.node, promise.key,
                                                 promise.at, recovery.at);
    if (confesses ||
        evidence.history.MayHaveLost(recovery.node, promise.at, recovery.at,
                                     {evidence.unsynced})) {
      ++verdict->excused;
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
                     (found == 0 ? std::string("nothing under that key.")
                                 : "version " + std::to_string(found) + "."),
         .op = 0,
         .key = promise.key,
         .at = recovery.at});
  }
}

}  // namespace

Verdict CheckRecovery(const Evidence& evidence) {
  Verdict verdict;
  for (const Recovery& recovery : evidence.recoveries) {
    CheckOne(evidence, recovery, &verdict);
  }
  return verdict;
}

}  // namespace orrery::sim
