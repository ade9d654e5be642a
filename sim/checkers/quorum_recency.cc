#include "sim/checkers/quorum_recency.h"

#include <algorithm>

#include "sim/checkers/narration.h"
#include "sim/checkers/sweep.h"

namespace orrery::sim {
namespace {

bool IsWrite(const Evidence&, const Operation& op) { return op.IsWrite(); }

bool IsStrictRead(const Evidence& evidence, const Operation& op) {
  return !op.IsWrite() && !op.sloppy && !evidence.history.IsKept(op.key);
}

bool SettleWrite(const Evidence& evidence, const Operation& write,
                 const Operation& read, Verdict* verdict) {
  const uint32_t meet = evidence.RequiredReads(read) + write.acks.owners;
  if (meet <= evidence.owners_per_key) return false;
  if (MayBeLost(evidence, write, read)) {
    Excuse(verdict, "O4 those who acknowledged it lost it");
    return false;
  }
  Report(
      verdict,
      {.oracle = "O4",
       .property = "quorum-recency",
       .sentence = "The " + OpText(read) + " through " + NodeText(read.node) +
                   " began at " + SecondsText(read.invoked) + ", after the " +
                   OpText(write) + " was acknowledged at " +
                   SecondsText(write.returned) + " by " +
                   std::to_string(write.acks.owners) + " owners (stored by " +
                   HoldersText(evidence.history, write) +
                   "), and returned an older version.",
       .op = read.id,
       .key = read.key,
       .at = read.returned,
       .other = write.id});
  return true;
}

void CheckAcks(const Evidence& evidence, Verdict* verdict) {
  for (const Operation& op : evidence.history.operations()) {
    if (!op.IsWrite() || !op.IsOk()) continue;
    ++verdict->checked;
    const uint32_t counted = op.acks.owners + (op.sloppy ? op.acks.hints : 0);
    if (counted >= evidence.RequiredWrites(op)) continue;
    Report(verdict, {.oracle = "O4",
                     .property = "quorum-recency",
                     .sentence = "The " + OpText(op) +
                                 " was acknowledged by fewer nodes (" +
                                 std::to_string(counted) + ") than its W.",
                     .op = op.id,
                     .key = op.key,
                     .at = op.returned});
  }
}

}  // namespace

bool MayBeLost(const Evidence& evidence, const Operation& write,
               const Operation& read) {
  const History::Durability durability{evidence.unsynced};
  if (evidence.history.AllHoldersLost(write.key, write.version, durability,
                                      read.returned)) {
    return true;
  }
  if (evidence.history.AnyHolderLostSilently(write.key, write.version,
                                             read.returned)) {
    return true;
  }
  const uint32_t full_strength =
      std::min(evidence.config.engine.write_quorum, evidence.Majority());
  if (write.acks.owners >= full_strength) return false;
  return evidence.history.AnyHolderLost(write.key, write.version, durability,
                                        read.returned);
}

Verdict CheckQuorumRecency(const Evidence& evidence) {
  Verdict verdict;
  CheckAcks(evidence, &verdict);
  Sweep(evidence, IsWrite, IsStrictRead, SettleWrite, &verdict);
  return verdict;
}

}  // namespace orrery::sim
