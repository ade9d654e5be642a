// core/quorum/put_tally.h
//
// PutTally counts who holds one version and says whether that is enough: W
// distinct owners in every active owner set (semantics W9, O1).  Today there
// is one set; while ownership moves there will be two, counted apart.
//
// It knows no time, sends nothing, and does not know why an owner failed.
//
// Invariants:
//   TALLY-1  An owner counts once, however often it answers.
//   TALLY-2  A hint counts only if sloppy, synced, on a stand-in that owns
//            nothing of the key and stands in for nobody else (H2).
//   TALLY-3  At least one owner is among those that reach the verdict (W2).
//
// Threading: engine thread.  Cost: O(owners) per call, no allocation for sets
// of up to three.

#ifndef ORRERY_CORE_QUORUM_PUT_TALLY_H_
#define ORRERY_CORE_QUORUM_PUT_TALLY_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/protocol/client.h"
#include "core/ring/preference_list.h"

namespace orrery {

// One active owner set and how many of it must answer.
struct QuorumSet {
  PreferenceList owners;
  uint32_t required = 0;  // In [1, owners.size()].
  ORRERY_FIELDS(owners, required)
};
using QuorumSets = absl::InlinedVector<QuorumSet, 1>;

class PutTally {
 public:
  enum class Verdict : uint8_t {
    kPending = 1,
    kSucceeded = 2,
    kOutOfReach = 3,  // Even if all that may still answer do so.
  };
  struct Options {
    QuorumSets sets;
    bool sloppy = false;
  };

  explicit PutTally(Blank) {}
  explicit PutTally(const Options& options);

  // It merged this version.  Whatever was said of it before no longer holds.
  void RecordAck(const Owner& owner, bool synced);
  // It refused, was lost, or cannot be asked.
  void RecordFailure(const Owner& owner);
  // `stand_in` keeps the write for `target`.
  void RecordHint(const Owner& target, NodeId stand_in, bool synced);
  // Nobody is left to keep it.
  void RecordHintFailure(const Owner& target);

  // The owner sets changed: what was recorded is counted against these.
  void Recount(const QuorumSets& sets);

  Verdict verdict() const;
  Acks acks() const;
  // Of the set that is worst off; hints apart.
  uint32_t required() const;
  uint32_t received() const;
  bool HasAck(const Owner& owner) const;

  void CheckInvariants() const;

  ORRERY_FIELDS(sets_, sloppy_, votes_, holders_)

 private:
  struct Vote {
    Owner owner;
    bool acknowledged = false;
    bool synced = false;
    bool failed = false;
    bool hinted = false;  // Counts as sloppy.
    bool hint_failed = false;
    ORRERY_FIELDS(owner, acknowledged, synced, failed, hinted, hint_failed)
  };
  struct HintHolder {
    NodeId node;
    bool synced = false;
    ORRERY_FIELDS(node, synced)
  };

  Vote& VoteOf(const Owner& owner);
  const Vote* Find(const Owner& owner) const;
  bool MayStillCount(const Vote& vote) const;
  bool IsOwner(NodeId node) const;

  QuorumSets sets_;
  bool sloppy_ = false;
  absl::InlinedVector<Vote, 3> votes_;
  absl::InlinedVector<HintHolder, 2> holders_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_PUT_TALLY_H_
