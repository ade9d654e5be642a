#include "sim/checkers/write_order.h"

#include <string>

#include "sim/checkers/narration.h"
#include "sim/checkers/sweep.h"

namespace orrery::sim {
namespace {

bool IsAnyWrite(const Evidence&, const Operation& op) { return op.IsWrite(); }

bool ReadsFirst(const Operation& op) {
  return op.verb == OpStep::Verb::kDelete && op.context_of == 0 && !op.retried;
}

bool SettleOrder(const Evidence& evidence, const Operation& earlier,
                 const Operation& later, Verdict* verdict) {
  const uint32_t owners = evidence.owners_per_key;
  const bool told = later.superseded_by >= earlier.version;
  const bool must_tell = !told && !later.siblings &&
                         earlier.acks.owners + later.acks.owners > owners;
  const bool asked_a_majority =
      later.quorum_stamp && !later.retried &&
      earlier.acks.owners + evidence.Majority() > owners;
  const bool must_outrank =
      asked_a_majority ||
      (ReadsFirst(later) &&
       earlier.acks.owners + evidence.RequiredReads(later) > owners);
  if (!must_tell && !must_outrank) return false;
  const History::Durability durability{evidence.unsynced};
  if (evidence.history.AnyHolderLost(earlier.key, earlier.version, durability,
                                     later.returned)) {
    Excuse(verdict, "O4 one who stored the earlier write lost it");
    return false;
  }
  Report(
      verdict,
      {.oracle = "O4",
       .property = "writes-in-order",
       .sentence = "The " + OpText(later) + " through " + NodeText(later.node) +
                   " began at " + SecondsText(later.invoked) + ", after the " +
                   OpText(earlier) + " was acknowledged at " +
                   SecondsText(earlier.returned) + ", and got a lower version" +
                   (asked_a_majority ? ", though it asked a majority."
                    : must_outrank ? ", though a delete reads what it removes."
                                   : " without being told so."),
       .op = later.id,
       .key = later.key,
       .at = later.returned,
       .other = earlier.id});
  return true;
}

// Whether a version of the key has that stamp.  One may be minted, be replaced
// in the same batch of its node's writes and so be neither stored nor sent, and
// still be what another write of that batch was told of: then its client got
// its number, or no answer.
bool MayBeVersion(const Evidence& evidence, const Operation& told) {
  const uint64_t version = told.superseded_by;
  for (const uint32_t index : evidence.ledger.OfKey(told.key)) {
    if (evidence.ledger.At(index).stamp == version) return true;
  }
  if (evidence.stored.Contains(Evidence::StoredName{told.key, version})) {
    return true;
  }
  for (const Operation& op : evidence.history.operations()) {
    if (!op.IsWrite() || op.key != told.key || op.id == told.id) continue;
    if (op.invoked > told.returned) continue;
    if (op.IsOpenEnded()) return true;
    if (op.IsOk() && op.version == version) return true;
  }
  return false;
}

void CheckTold(const Evidence& evidence, Verdict* verdict) {
  for (const Operation& op : evidence.history.operations()) {
    if (!op.IsWrite() || !op.IsOk() || op.superseded_by == 0) continue;
    ++verdict->checked;
    const bool known = MayBeVersion(evidence, op);
    if (known && op.superseded_by > op.version) continue;
    Report(verdict,
           {.oracle = "O4",
            .property = "writes-in-order",
            .sentence = "The " + OpText(op) + " was told that version " +
                        std::to_string(op.superseded_by) +
                        " supersedes it, which is " +
                        (known ? "no higher." : "no version of it."),
            .op = op.id,
            .key = op.key,
            .at = op.returned});
  }
}

}  // namespace

Verdict CheckWriteOrder(const Evidence& evidence) {
  Verdict verdict;
  Sweep(evidence, IsAnyWrite, IsAnyWrite, SettleOrder, &verdict);
  CheckTold(evidence, &verdict);
  return verdict;
}

}  // namespace orrery::sim
