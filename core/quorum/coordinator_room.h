// core/quorum/coordinator_room.h
//
// CoordinatorRoom holds every client request in flight: one PutCoordinator,
// GetCoordinator, Forwarder or KeyInspector each; a write with stamp=quorum is
// a StampQuery first.  It finds the conversation an event
// belongs to, carries their local work to this node's own rooms, and ends
// them.  It decides who coordinates (semantics W2) and recognises repeated
// operations; all else is theirs.
//
// Marks: room.overloaded, room.bad_context, room.bad_operation,
// room.operation_reused, room.operation_repeated, room.forwarded_expired,
// room.lingering_cut, room.handed_over, room.hint_lost,
// room.lacks_cluster_time.
//
// Invariants:
//   CRD-1  Every request is answered exactly once, at its deadline at the
//          latest.
//   CRD-2  At most limits.client_requests_max conversations of each kind have
//          not answered; as many puts may linger to hint silent owners, and
//          the oldest of these gives way.  Of inspections there are at most
//          kInspectionsMax.
//
// Threading: engine thread.  Cost: O(owners) an event; OnPeerLost and
// OnRingInstalled walk all conversations.

#ifndef ORRERY_CORE_QUORUM_COORDINATOR_ROOM_H_
#define ORRERY_CORE_QUORUM_COORDINATOR_ROOM_H_

#include <cstdint>
#include <deque>
#include <utility>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/pool.h"
#include "core/base/prng.h"
#include "core/hint/hint_log.h"
#include "core/protocol/client.h"
#include "core/protocol/counters.h"
#include "core/protocol/message.h"
#include "core/protocol/options.h"
#include "core/protocol/request_handle.h"
#include "core/protocol/turn.h"
#include "core/quorum/answer_times.h"
#include "core/quorum/conversation.h"
#include "core/quorum/forwarder.h"
#include "core/quorum/get_coordinator.h"
#include "core/quorum/key_inspector.h"
#include "core/quorum/operation_table.h"
#include "core/quorum/put_coordinator.h"
#include "core/quorum/stamp_query.h"
#include "core/replica/replica_reader.h"
#include "core/replica/replica_writer.h"
#include "core/ring/routing_view.h"
#include "core/version/hybrid_clock.h"

namespace orrery {

// Each asks every member, and people ask one at a time.
inline constexpr uint32_t kInspectionsMax = 16;

class CoordinatorRoom {
 public:
  struct Wiring {
    const EngineOptions& options;
    const RoutingView& routing;
    ReplicaWriter& writer;
    ReplicaReader& reader;
    HybridClock& clock;
    HintLog& hints;
  };

  explicit CoordinatorRoom(const Wiring& wiring);

  void SetCluster(ClusterId cluster) { cluster_ = cluster; }
  // Whose answers these are: those to an earlier process find nobody.
  // REQUIRES: before the first request.
  void SetGeneration(uint32_t generation) {
    puts_.StartAt(generation);
    gets_.StartAt(generation);
    forwards_.StartAt(generation);
    stamps_.StartAt(generation);
    inspections_.StartAt(generation);
  }
  void SetOperationSeed(uint64_t seed) { operation_ids_ = Prng(seed); }

  // kPut, kGet, kDelete or kInspectKey.  REQUIRES: a ring is known and closed.
  void OnClientRequest(const ClientRequest& request, Instant deadline,
                       Turn& turn);
  // REQUIRES: the envelope passed the checks of cluster and epoch.
  void OnForwardWrite(const Envelope& from, const ForwardWrite& forward,
                      Turn& turn);

  // ReplicaPutAck, ReplicaGetAck, ForwardWriteAck, HintPutAck.  One that finds
  // nobody is ignored.
  void OnPeerMessage(const PeerMessage& message, Turn& turn);
  void OnWriteOutcome(const WriteOutcome& outcome, Turn& turn);
  void OnReadOutcome(const ReadOutcome& outcome, Turn& turn);
  void OnHintStored(const HintStored& stored, Turn& turn);

  // The link to it was lost: what it was asked may or may not have arrived.
  void OnPeerLost(NodeId node, Turn& turn);
  // kPutDeadline, kPutRetry, kGetDeadline, kGetSpare, kForwardDeadline,
  // kStampDeadline, kStampRetry, kInspectDeadline.
  void OnTimer(const TimerHeap::Due& due, Turn& turn);
  void OnRingInstalled(Turn& turn);
  // The node stops: answered writes leave their hints now and end.
  void CutLingering(Turn& turn);

  EngineCounters& counters();
  // No conversation is in flight, lingering ones included.
  bool IsIdle() const;
  // Everyone who asked has been answered.
  bool HasAnsweredAll() const;
  uint64_t StateDigest();
  void CheckInvariants();

  ORRERY_FIELDS(cluster_, operation_ids_, operations_, answer_times_, counters_,
                local_, puts_, gets_, forwards_, stamps_, inspections_,
                lingering_, lingering_count_)

 private:
  void OnRead(const ClientRequest& request, Instant deadline, Turn& turn);
  void OnInspect(const ClientRequest& request, Instant deadline, Turn& turn);
  void OnWrite(const ClientRequest& request, Instant deadline, Turn& turn);
  void StartStampQuery(StampQuery::Command command, Turn& turn);
  // Here, or at an owner that may.
  void StartWrite(PutCoordinator::Command command, Turn& turn);
  void StartPut(PutCoordinator::Command command, Turn& turn);
  void StartForward(Forwarder::Command command, Turn& turn);
  void Refuse(const ReplyPath& path, Refused::Why why, Turn& turn);
  bool Recognise(PutCoordinator::Command* command, Turn& turn);
  OperationId DrawOperation();

  void OnPutAck(const Envelope& from, const ReplicaPutAck& ack, Turn& turn);
  void OnGetAck(const Envelope& from, const ReplicaGetAck& ack, Turn& turn);
  void OnHintAck(const Envelope& from, const HintPutAck& ack, Turn& turn);
  void OnForwardAck(const Envelope& from, const ForwardWriteAck& ack,
                    Turn& turn);

  struct Put {
    explicit Put(Blank blank) : coordinator(blank) {}
    explicit Put(PutCoordinator::Command command)
        : coordinator(std::move(command)) {}
    PutCoordinator coordinator;
    bool lingers = false;
    ORRERY_FIELDS(coordinator, lingers)
  };

  // Run after every handler of a conversation.
  void Settle(Handle handle, Put& put, Turn& turn);
  void Settle(Handle handle, GetCoordinator& get, Turn& turn);
  void Settle(Handle handle, Forwarder& forwarder, Turn& turn);
  void Settle(Handle handle, StampQuery& query, Turn& turn);
  void Settle(Handle handle, KeyInspector& inspector, Turn& turn);
  Put* FindPut(const TimerHeap::Due& due);
  void EndPut(Handle handle, const Put& put, Turn& turn);
  void CutOldestLingering(Turn& turn);
  uint32_t UnansweredPuts() const { return puts_.size() - lingering_count_; }
  void CarryLocalWork(Turn& turn);
  Conversation Here(Turn& turn);

  Wiring wiring_;
  ClusterId cluster_;
  Prng operation_ids_;
  OperationTable operations_;
  AnswerTimes answer_times_;
  EngineCounters counters_;
  LocalWork local_;
  Pool<Put> puts_;
  Pool<GetCoordinator> gets_;
  Pool<Forwarder> forwards_;
  Pool<StampQuery> stamps_;
  Pool<KeyInspector> inspections_;
  std::deque<Handle> lingering_;  // Oldest first; some have ended.
  uint32_t lingering_count_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_COORDINATOR_ROOM_H_
