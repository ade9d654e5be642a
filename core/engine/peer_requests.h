// core/engine/peer_requests.h
//
// PeerRequests is this node as a replica: it answers what coordinators of
// other nodes ask of it (ReplicaPut, ReplicaGet, HintPut, ForwardWrite), after
// the checks that stand before any answer: the cluster, the ring epoch,
// readiness, the clock bound.
//
// It does not merge or read: ReplicaWriter, ReplicaReader and HintLog do, and
// their outcomes come back by ticket.
//
// Invariants:
//   PEER-1  Not ready, behind, damaged or busy is never "not found": the
//           status says so (semantics R7).
//   PEER-2  At most limits.peer_requests_max are open; beyond, kBusy.
//   PEER-3  A fresh write stamped beyond the clock bound is refused, and no
//           clock hears of it (semantics C2); what brings stored data is not.
//
// Threading: engine thread.  Cost: O(1) a request plus its room's.

#ifndef ORRERY_CORE_ENGINE_PEER_REQUESTS_H_
#define ORRERY_CORE_ENGINE_PEER_REQUESTS_H_

#include <cstdint>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/pool.h"
#include "core/protocol/member.h"
#include "core/protocol/message.h"
#include "core/protocol/turn.h"

namespace orrery {

class Rooms;
struct HintStored;
struct ReadOutcome;
struct WriteOutcome;

class PeerRequests {
 public:
  explicit PeerRequests(uint32_t open_max) : open_(open_max) {}

  void OnReplicaPut(const Envelope& from, const ReplicaPut& put, Rooms& rooms,
                    Turn& turn);
  void OnReplicaGet(const Envelope& from, const ReplicaGet& get, Rooms& rooms,
                    Turn& turn);
  void OnHintPut(const Envelope& from, const HintPut& put, Rooms& rooms,
                 Turn& turn);
  // Refused, or handed to the CoordinatorRoom, which answers the forwarder.
  void OnForwardWrite(const Envelope& from, const ForwardWrite& forward,
                      Rooms& rooms, Turn& turn);

  void OnWriteOutcome(const WriteOutcome& outcome, Turn& turn);
  void OnReadOutcome(const ReadOutcome& outcome, Turn& turn);
  void OnHintStored(const HintStored& stored, Turn& turn);

  bool IsIdle() const { return open_.empty(); }

  ORRERY_FIELDS(open_)

 private:
  struct Open {
    Endpoint from;
    Handle request;  // The asker's.
    ReadDepth depth;
    ORRERY_FIELDS(from, request, depth)
  };

  Pool<Open> open_;
};

// How `from`'s ring stands to ours: kOk if requests may be served.
ReplicaStatus CompareRings(const Envelope& from, const Rooms& rooms);

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_PEER_REQUESTS_H_
