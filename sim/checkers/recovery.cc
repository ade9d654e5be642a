#include "sim/checkers/recovery.h"

#include <cstdint>
#include <string>
#include <vector>

#include "core/ring/token.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

uint64_t FoundVersion(const Recovery& recovery, uint64_t token) {
  const KeyEntry* entry = FindEntry(recovery.entries, token);
  return entry == nullptr ? 0 : entry->timestamp;
}

void CheckOne(const Evidence& evidence, const Recovery& recovery,
              Verdict* verdict) {
  std::vector<uint64_t> found;
  found.reserve(evidence.config.keys);
  for (uint32_t key = 0; key < evidence.config.keys; ++key) {
    found.push_back(FoundVersion(recovery, TokenOf(KeyText(key))));
  }
  for (const History::Promise& promise :
       evidence.history.PromisesOf(recovery.node)) {
    if (promise.at > recovery.at) break;
    if (promise.key >= found.size()) continue;
    ++verdict->checked;
    if (found[promise.key] >= promise.version) continue;
    // Not shown to anybody: it told of damage, and is in doubt.
    const KeyEntry* entry =
        FindEntry(recovery.entries, TokenOf(KeyText(promise.key)));
    const bool in_doubt =
        recovery.in_doubt || (entry != nullptr && entry->doubted);
    const bool confesses =
        in_doubt &&
        evidence.history.FoundDamage(recovery.node, promise.at, recovery.at);
    if (confesses ||
        evidence.history.MayHaveLost(recovery.node, promise.at, recovery.at,
                                     {evidence.unsynced})) {
      ++verdict->excused;
      continue;
    }
    Report(verdict,
           {.oracle = "O17",
            .property = "recovery-keeps-promises",
            .sentence =
                NodeText(recovery.node) + " acknowledged version " +
                std::to_string(promise.version) + " of " +
                KeyText(promise.key) + " at " + SecondsText(promise.at) +
                " and came back from its disk at " + SecondsText(recovery.at) +
                " with " +
                (found[promise.key] == 0
                     ? std::string("nothing under that key.")
                     : "version " + std::to_string(found[promise.key]) + "."),
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
