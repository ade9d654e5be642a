// core/quorum/forwarder.h
//
// Forwarder is one write that this node may not coordinate: it hands the whole
// of it to the best owner it can reach, once, and passes the answer on
// (semantics W2).  Another owner is tried only if one has refused, for then
// nothing was applied.
//
// Marks: forward.sent, forward.answered, forward.refused_tried_next,
// forward.no_owner, forward.peer_lost, forward.deadline.
//
// Invariants:
//   FWD-1  Answered exactly once, at the deadline at the latest.
//   FWD-2  Once sent and neither answered nor refused, the outcome is unknown.
//
// Threading: engine thread.  Cost: O(owners).

#ifndef ORRERY_CORE_QUORUM_FORWARDER_H_
#define ORRERY_CORE_QUORUM_FORWARDER_H_

#include <cstdint>

#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/protocol/client.h"
#include "core/protocol/message.h"
#include "core/quorum/conversation.h"
#include "core/quorum/put_coordinator.h"

namespace orrery {

class Forwarder {
 public:
  using Command = PutCoordinator::Command;

  explicit Forwarder(Blank) {}
  // REQUIRES: command.reply.client is a client of this node: a forwarded
  // request is never forwarded again.
  explicit Forwarder(Command command);

  void Start(Handle handle, Conversation& here);
  void OnForwardAck(const Owner& from, const ForwardWriteAck& ack,
                    Conversation& here);
  void OnPeerLost(NodeId node, Conversation& here);
  void OnDeadline(Conversation& here);

  bool IsDone() const { return done_; }
  const Command& command() const { return command_; }

  void AddTo(Hasher& hasher) const;

  ORRERY_FIELDS(command_, handle_, tried_, target_, done_)

 private:
  bool SendToNext(Conversation& here);
  void AnswerUnknown(Conversation& here);
  void End(const WriteReply& reply, Conversation& here);
  QuorumSets Sets(const Conversation& here) const;

  Command command_;
  Handle handle_;
  PreferenceList tried_;
  Owner target_;
  bool done_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_FORWARDER_H_
