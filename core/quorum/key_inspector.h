// core/quorum/key_inspector.h
//
// KeyInspector answers an operator's first question about a key: who owns it,
// and what does each of them hold?  It asks all owners for their versions and
// all members for hints of the key, waits for as long as any request may take,
// and reports what it was told, who was silent and who could not tell.  Nothing
// is merged, repaired or decided.
//
// Marks: inspect.asked, inspect.told, inspect.deadline.
//
// Invariants:
//   KIN-1  Answered exactly once, at the deadline at the latest.
//   KIN-2  At most kInspectedMembersMax members are asked for hints; the report
//          says how many were not.
//
// Threading: engine thread.  Cost: a disk read at each owner that holds the
// key, and one for each hint.

#ifndef ORRERY_CORE_QUORUM_KEY_INSPECTOR_H_
#define ORRERY_CORE_QUORUM_KEY_INSPECTOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/message.h"
#include "core/quorum/conversation.h"

namespace orrery {

inline constexpr uint32_t kInspectedMembersMax = 64;

class KeyInspector {
 public:
  struct Command {
    Handle client;
    std::string key;
    Instant deadline;
    ORRERY_FIELDS(client, key, deadline)
  };

  explicit KeyInspector(Blank) {}
  explicit KeyInspector(Command command);

  void Start(Handle handle, Conversation& here);
  // Of this node's own copy, or (kHintsPart) of the hints it holds.
  void OnReadOutcome(const ReadOutcome& outcome, Conversation& here);
  void OnGetAck(NodeId from, bool of_hints, const ReplicaGetAck& ack,
                Conversation& here);
  void OnPeerLost(NodeId node, Conversation& here);
  void OnDeadline(Conversation& here);

  static constexpr uint32_t kHintsPart = 1;  // Of a ticket.

  bool IsDone() const { return done_; }
  void AddTo(Hasher& hasher) const;

  ORRERY_FIELDS(command_, handle_, report_, awaited_, done_)

 private:
  struct Told {
    ReplicaStatus status = ReplicaStatus::kOk;
    bool suspect = false;
    const Object& object;
  };

  void AskOwners(Conversation& here);
  void AskForHints(Conversation& here);
  void Send(NodeId node, bool for_hints, Conversation& here);
  void Hear(NodeId node, bool of_hints, const Told& told, Conversation& here);
  void Finish(Conversation& here);

  Command command_;
  Handle handle_;
  KeyReport report_;  // kSilent until heard.
  uint32_t awaited_ = 0;
  bool done_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_KEY_INSPECTOR_H_
