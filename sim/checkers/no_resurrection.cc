#include "sim/checkers/no_resurrection.h"

#include "sim/checkers/narration.h"
#include "sim/checkers/sweep.h"

namespace orrery::sim {
namespace {

bool IsDelete(const Evidence&, const Operation& op) {
  return op.verb == OpStep::Verb::kDelete;
}

bool IsRead(const Evidence& evidence, const Operation& op) {
  return !op.IsWrite() && op.found && (!op.sloppy || op.final_read) &&
         !evidence.history.IsKept(op.key);
}

// Of the final reads, that go to the core.
bool OutsideHolds(const Evidence& evidence, const Operation& removal) {
  for (const History::Holding& holding :
       evidence.history.HoldersOf(removal.key, removal.version)) {
    if (!evidence.InCore(holding.node)) return true;
  }
  return false;
}

bool SettleRemoval(const Evidence& evidence, const Operation& removal,
                   const Operation& read, Verdict* verdict) {
  const uint32_t meet = evidence.RequiredReads(read) + removal.acks.owners;
  if (!read.final_read && meet <= evidence.owners_per_key) return false;
  const History::Durability durability{evidence.unsynced};
  if (evidence.history.AnyHolderLost(removal.key, removal.version, durability,
                                     read.returned)) {
    Excuse(verdict, "O10 one who stored the delete lost it");
    return false;
  }
  if (meet <= evidence.owners_per_key && OutsideHolds(evidence, removal)) {
    Excuse(verdict, "O10 one who stored the delete is outside the core");
    return false;
  }
  Report(
      verdict,
      {.oracle = "O10",
       .property = "no-resurrection",
       .sentence = "The " + OpText(read) + " through " + NodeText(read.node) +
                   " at " + SecondsText(read.returned) +
                   " returned a value that the " + OpText(removal) +
                   " had removed at " + SecondsText(removal.returned) + ".",
       .op = read.id,
       .key = read.key,
       .at = read.returned,
       .other = removal.id});
  return true;
}

}  // namespace

Verdict CheckNoResurrection(const Evidence& evidence) {
  Verdict verdict;
  Sweep(evidence, IsDelete, IsRead, SettleRemoval, &verdict);
  return verdict;
}

}  // namespace orrery::sim
