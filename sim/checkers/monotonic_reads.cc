#include "sim/checkers/monotonic_reads.h"

#include "sim/checkers/narration.h"
#include "sim/checkers/sweep.h"

namespace orrery::sim {
namespace {

bool IsMajorityRead(const Evidence& evidence, const Operation& op) {
  return !op.IsWrite() && !op.sloppy && !evidence.history.IsKept(op.key) &&
         evidence.RequiredReads(op) >= evidence.Majority();
}

bool SettleReads(const Evidence& evidence, const Operation& earlier,
                 const Operation& read, Verdict* verdict) {
  const History::Durability durability{evidence.unsynced};
  if (evidence.history.AllHoldersLost(earlier.key, earlier.version, durability,
                                      read.returned)) {
    Excuse(verdict, "O5 all who stored it lost it");
    return false;
  }
  if (evidence.history.AnyHolderLostSilently(earlier.key, earlier.version,
                                             read.returned)) {
    Excuse(verdict, "O5 a disk lost it without an error");
    return false;
  }
  Report(
      verdict,
      {.oracle = "O5",
       .property = "reads-never-go-back",
       .sentence = "The " + OpText(read) + " through " + NodeText(read.node) +
                   " began at " + SecondsText(read.invoked) + ", after the " +
                   OpText(earlier) + " through " + NodeText(earlier.node) +
                   " had returned at " + SecondsText(earlier.returned) +
                   ", and returned an older version.",
       .op = read.id,
       .key = read.key,
       .at = read.returned,
       .other = earlier.id});
  return true;
}

}  // namespace

Verdict CheckMonotonicReads(const Evidence& evidence) {
  Verdict verdict;
  Sweep(evidence, IsMajorityRead, IsMajorityRead, SettleReads, &verdict);
  return verdict;
}

}  // namespace orrery::sim
