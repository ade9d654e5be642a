// core/quorum/stamp_query.h
//
// StampQuery is the round trip in front of a write with stamp=quorum (semantics
// W10b): it asks every owner that can be reached for the highest stamp it holds
// of the key, and once a majority of every active set has told, the write goes
// on with the highest as its basis.  So its version exceeds that of every write
// that a majority had acknowledged before it began, whatever the clocks say;
// with quorum reads such keys are linearizable registers (Attiya, Bar-Noy and
// Dolev, "Sharing Memory Robustly in Message-Passing Systems", 1995).
//
// The node that the client spoke to asks and fixes the stamp, before anything
// is sent that could store it: whoever coordinates the write, first or
// repeated, gives it no other.  (Raised by one coordinator and repeated through
// another, a write would have two stamps, and a third one could come between
// them.)
//
// Marks: stamp.asked, stamp.known, stamp.asked_again, stamp.out_of_reach,
// stamp.deadline, stamp.restarted.
//
// Invariants:
//   STQ-1  Ends exactly once: ready, or refused with nothing sent to be stored.
//   STQ-2  Ready only after a majority of every active set has told; an owner
//          in doubt or that cannot read its record never counts.
//
// Threading: engine thread.  Cost: O(owners) an event; owners answer out of
// their indexes.

#ifndef ORRERY_CORE_QUORUM_STAMP_QUERY_H_
#define ORRERY_CORE_QUORUM_STAMP_QUERY_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/protocol/message.h"
#include "core/quorum/conversation.h"
#include "core/quorum/get_tally.h"
#include "core/quorum/put_coordinator.h"
#include "core/version/hybrid_clock.h"

namespace orrery {

class StampQuery {
 public:
  using Command = PutCoordinator::Command;
  enum class Phase : uint8_t {
    kAsking = 1,
    kReady = 2,    // The command may go on.
    kRefused = 3,  // And the client was told.
  };

  explicit StampQuery(Blank) {}
  // REQUIRES: command.reply.client is a client of this node.
  explicit StampQuery(Command command);

  void Start(Handle handle, Conversation& here);
  void OnReadOutcome(const ReadOutcome& outcome, Conversation& here);
  void OnGetAck(const Owner& from, const ReplicaGetAck& ack,
                Conversation& here);
  void OnPeerLost(NodeId node, Conversation& here);
  void OnRetry(Conversation& here);
  void OnDeadline(Conversation& here);
  // The stamps of other owners count now: it starts over.
  void OnRingInstalled(Conversation& here);

  Phase phase() const { return phase_; }
  const Command& command() const { return command_; }
  // With a fixed stamp and its basis.  REQUIRES: kReady.
  Command TakeCommand(HybridClock& clock, WallTime wall, const Owner& self);

  void AddTo(Hasher& hasher) const;

  ORRERY_FIELDS(command_, handle_, phase_, sets_, tally_, waiting_,
                asked_again_)

 private:
  void AskAll(Conversation& here);
  void Ask(const Owner& owner, Conversation& here);
  void Hear(const Owner& owner, bool suspect, uint64_t top_stamp,
            Conversation& here);
  void Fail(const Owner& owner, Conversation& here);
  void Decide(Conversation& here);
  void Refuse(Conversation& here);

  Command command_;
  Handle handle_;
  Phase phase_ = Phase::kAsking;
  QuorumSets sets_;
  std::optional<GetTally> tally_;
  // Their ring is another one: asked again at the retry timer, once.
  absl::InlinedVector<Owner, 2> waiting_;
  bool asked_again_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_STAMP_QUERY_H_
