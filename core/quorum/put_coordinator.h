// core/quorum/put_coordinator.h
//
// PutCoordinator is one PUT or DELETE in flight at an owner of its key
// (semantics 3): it admits, mints here, sends the result to all other owners,
// leaves hints for those that do not take it, counts, and answers.  It lives
// on after its answer until every owner has merged the write or has a hint.
//
//   kReading      DELETE without context: versions are read first
//   kMinting      this node's own store was asked
//   kReplicating  sent; the verdict is open
//   kLingering    answered; some owners are silent
//   kHandingOver  this copy cannot take it, nothing was stored: forward it
//   kDone
//
// It does not know the store, the clock, or how its peers are reached.
//
// Marks: put.admitted, put.refused_before_sending, put.delete_read,
// put.delete_read_failed, put.repeated, put.mint_refused,
// put.too_many_siblings, put.answered,
// put.superseded, put.answer_after_verdict, put.out_of_reach, put.deadline,
// put.hint_sent, put.hint_kept_here, put.hint_counted, put.asked_again,
// put.peer_lost, put.recounted.
//
// Invariants:
//   PUT-1  Refused only while nothing was stored here and nothing was sent.
//   PUT-2  Answered exactly once, at the deadline at the latest.
//   PUT-3  Every other owner gets the write, or a hint for it, or both.
//   PUT-4  The stamp is fixed at the mint.
//
// Threading: engine thread.  Cost: O(owners) an event; the first hint of a
// write also walks the ring's tokens.

#ifndef ORRERY_CORE_QUORUM_PUT_COORDINATOR_H_
#define ORRERY_CORE_QUORUM_PUT_COORDINATOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/message.h"
#include "core/protocol/object.h"
#include "core/quorum/conversation.h"
#include "core/quorum/get_tally.h"
#include "core/quorum/put_tally.h"

namespace orrery {

// A replica that is a ring epoch off is asked once more after this long: by
// then it has pulled the epoch it lacked.
inline constexpr Duration kPutRetryDelay = 50 * kMillisecond;

class PutCoordinator {
 public:
  struct Command {
    ReplyPath reply;
    ClientVerb verb = ClientVerb::kPut;  // kPut or kDelete.
    std::string key;
    Bytes value;
    Level read_level;  // DELETE without context reads at this level.
    Level write_level;
    bool sloppy = false;
    std::optional<SeenVersions> seen;
    OperationId operation;
    bool client_operation = false;
    uint64_t proposed_stamp = 0;
    bool retry = false;  // The proposed stamp stands: repeated, or StampQuery.
    bool keep = false;   // Concurrent versions stay beside it.
    uint64_t basis = 0;  // The stamp is to exceed it (StampQuery).
    // What this node minted for the operation before; counter 0: nothing.
    Dot minted = {};
    Instant deadline;
    ORRERY_FIELDS(reply, verb, key, AsValue(value), read_level, write_level,
                  sloppy, seen, operation, client_operation, proposed_stamp,
                  retry, keep, basis, minted, deadline)
  };
  enum class Phase : uint8_t {
    kReading = 1,
    kMinting = 2,
    kReplicating = 3,
    kLingering = 4,
    kHandingOver = 5,
    kDone = 6,
  };

  explicit PutCoordinator(Blank) {}
  explicit PutCoordinator(Command command);

  // REQUIRES: CoordinatesHere(command.key).
  void Start(Handle handle, Conversation& here);

  void OnReadOutcome(const ReadOutcome& outcome, Conversation& here);
  void OnGetAck(const Owner& from, const ReplicaGetAck& ack,
                Conversation& here);
  void OnWriteOutcome(const WriteOutcome& outcome, Conversation& here);
  void OnPutAck(const Owner& from, const ReplicaPutAck& ack,
                Conversation& here);
  void OnHintAck(NodeId stand_in, const HintPutAck& ack, Conversation& here);
  void OnPeerLost(NodeId node, Conversation& here);
  void OnDeadline(Conversation& here);
  void OnRetry(Conversation& here);
  // W9: what was collected counts against the new sets.
  void OnRingInstalled(Conversation& here);
  // REQUIRES: kLingering.  Leaves hints for the silent and ends.
  void Cut(Conversation& here);

  Phase phase() const { return phase_; }
  const Command& command() const { return command_; }
  Command TakeCommand() { return std::move(command_); }
  uint64_t stamp() const { return stamp_; }  // 0: not minted.
  const Dot& dot() const { return dot_; }    // REQUIRES: stamp() != 0.

  void AddTo(Hasher& hasher) const;
  void CheckInvariants() const;

  ORRERY_FIELDS(command_, handle_, phase_, sets_, tally_, slots_, versions_,
                versions_seen_, object_, stamp_, dot_, basis_, top_stamp_,
                promise_, stand_ins_known_, next_stand_in_, stand_ins_)

 private:
  enum class SlotState : uint8_t {
    kIdle = 0,     // Not asked yet.
    kSent = 1,     // An acknowledgement may come.
    kWaiting = 2,  // Asked again at the retry timer.
    kHinting = 3,  // A stand-in was asked to keep it.
    kMerged = 4,   // Acknowledged.
    kHinted = 5,   // Somebody keeps a hint.
  };
  struct Slot {  // One other owner.
    Owner owner;
    SlotState state = SlotState::kIdle;
    bool asked_again = false;
    NodeId stand_in;
    ORRERY_FIELDS(owner, state, asked_again, stand_in)
  };

  void Refuse(Refused::Why why, uint32_t required, uint32_t received,
              Conversation& here);
  bool Admit(Conversation& here);
  void ReadVersions(Conversation& here);
  void OnVersions(const Owner& from, ReplicaStatus status, bool suspect,
                  const Object& versions, Conversation& here);
  void FinishReading(Conversation& here);
  void Mint(Conversation& here);
  void OnMintRefused(const WriteOutcome& outcome, Conversation& here);
  void RefuseForSiblings(const Object& stored, Conversation& here);
  void Replicate(Conversation& here);
  void SendTo(Slot& slot, Conversation& here);
  void GiveUp(Slot& slot, Conversation& here);
  void HintFor(Slot& slot, Conversation& here);
  uint32_t StandInsFor(const Conversation& here);
  NodeId NextStandIn(const Conversation& here);
  void Decide(Conversation& here);
  void AnswerDone(Conversation& here);
  void AnswerUnknown(Conversation& here);
  void HintTheSilent(Conversation& here);
  Slot* SlotOf(const Owner& owner);
  bool IsAnswered() const { return phase_ >= Phase::kLingering; }

  Command command_;
  Handle handle_;
  Phase phase_ = Phase::kMinting;
  QuorumSets sets_;
  std::optional<PutTally> tally_;
  absl::InlinedVector<Slot, 2> slots_;

  // kReading.
  std::optional<GetTally> versions_;
  Object versions_seen_;

  // From kReplicating on.
  Object object_;
  uint64_t stamp_ = 0;
  Dot dot_ = {};
  uint64_t basis_ = 0;
  uint64_t top_stamp_ = 0;
  Promise promise_;

  bool stand_ins_known_ = false;
  size_t next_stand_in_ = 0;
  std::vector<NodeId> stand_ins_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_PUT_COORDINATOR_H_
