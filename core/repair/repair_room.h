// core/repair/repair_room.h
//
// RepairRoom makes the owners of each range equal without anybody reading
// (anti-entropy, semantics 7).  Every sync_round_interval, and at once when a
// peer returns, it opens an exchange with each alive peer that shares ranges;
// peers do the same towards this node.  It knows which of its exchanges were
// complete, and so ends the doubt of a store or a key (semantics, Readiness).
//
// It stamps no envelope: the engine does.
//
// Invariants:
//   REP-1  At most one session is open per peer, and kSessionsMax in all.
//   REP-2  Roots follow the store's changes (DIG-1).
//   REP-3  Only exchanges opened while the store, or a key of it, is in doubt
//          count towards ending that doubt, and none of them towards a later
//          one: what is lost meanwhile begins anew.
//
// Threading: engine thread.  Cost: equal replicas exchange 16 bytes a range
// and round, and nothing else.

#ifndef ORRERY_CORE_REPAIR_REPAIR_ROOM_H_
#define ORRERY_CORE_REPAIR_REPAIR_ROOM_H_

#include <cstdint>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/ids.h"
#include "core/base/pool.h"
#include "core/protocol/message.h"
#include "core/protocol/options.h"
#include "core/protocol/request_handle.h"
#include "core/protocol/turn.h"
#include "core/repair/exchange_tally.h"
#include "core/repair/range_digest.h"
#include "core/repair/sync_answerer.h"
#include "core/repair/sync_session.h"
#include "core/repair/sync_wiring.h"

namespace orrery {

class RepairRoom {
 public:
  // Chunks of this many sessions fit in some 10 MiB; further peers have their
  // turn in the next round.
  static constexpr uint32_t kSessionsMax = 64;

  struct Wiring {
    const EngineOptions& options;
    const RoutingView& routing;
    Store& user_store;
    ReplicaReader& reader;
    ReplicaWriter& writer;
  };

  explicit RepairRoom(const Wiring& wiring);
  RepairRoom(const RepairRoom&) = delete;
  RepairRoom& operator=(const RepairRoom&) = delete;

  // As CoordinatorRoom::SetGeneration.
  void SetGeneration(uint32_t generation) { sessions_.StartAt(generation); }

  // The store is open.
  void OnStart(Turn& turn);
  // The routing view has another ring.
  void OnRingInstalled(Turn& turn);
  void OnChange(const Store::Change& change);
  // A peer is alive or connected again.
  void OnPeerReturned(NodeId peer, Turn& turn);

  // kSyncRound, kSyncSession.
  void OnTimer(const TimerHeap::Due& due, Turn& turn);
  // Sync messages of both sides; ReplicaPutAck if OwnsHandle(ack.request).
  void OnPeerMessage(const PeerMessage& message, Turn& turn);
  // Tickets of TicketOwner::kSyncSession.
  void OnReadOutcome(const ReadOutcome& outcome, Turn& turn);
  void OnWriteOutcome(const WriteOutcome& outcome, Turn& turn);

  // Whether a ReplicaPut with this handle was sent by this room.
  static bool OwnsHandle(Handle request) {
    return IsOf(request, RequestPool::kSync);
  }

  // Since the doubt began this node met enough other owners of every range it
  // owns: the room ends the doubt in that step.  Stays true for a node without
  // other owners, whose doubts EndDoubt ends.
  bool SuspectCleared() const { return started_ && tally_.IsComplete(); }

  // Ends what doubt there is, if enough others were met.
  void EndDoubt(Turn& turn);

  uint64_t rounds() const { return rounds_; }      // Complete exchanges.
  uint64_t repaired() const { return repaired_; }  // Objects put or merged.

  // The state (base/fields.h).
  template <typename FieldVisitor>
  void Fields(FieldVisitor& visit) {
    FieldsOf(*this, visit);
  }
  template <typename FieldVisitor>
  void Fields(FieldVisitor& visit) const {
    FieldsOf(*this, visit);
  }

  bool IsIdle() const { return sessions_.empty() && answerer_.IsIdle(); }
  uint64_t StateDigest() const;
  void CheckInvariants() const;

 private:
  template <typename Self, typename FieldVisitor>
  static void FieldsOf(Self& self, FieldVisitor& visit) {
    visit(self.started_, self.digests_, self.tally_, self.answerer_,
          self.shared_);
    self.sessions_.Fields(visit, self.wiring_, SyncSession::Plan{});
    visit(self.by_peer_, self.last_peer_, self.losses_known_, self.rounds_,
          self.repaired_);
  }
  void Rebuild(Turn& turn);
  void StartRound(Turn& turn);
  void OpenSession(NodeId peer, Turn& turn);
  SyncSession* FindSession(Handle handle, NodeId from);
  // Books and removes the session if it is over.
  void Settle(Handle handle, Turn& turn);
  void CountAnewIfMoreIsLost();

  const EngineOptions& options_;
  const RoutingView& routing_;
  Store& store_;
  bool started_ = false;
  RangeDigests digests_;
  ExchangeTally tally_;
  SyncWiring wiring_;
  SyncAnswerer answerer_;
  // Peers that share ranges, and the ends of those.
  absl::btree_map<NodeId, std::vector<uint64_t>> shared_;
  Pool<SyncSession> sessions_;
  absl::btree_map<NodeId, Handle> by_peer_;
  uint64_t losses_known_ = 0;  // Since when the tally counts.
  NodeId last_peer_;  // Where the last round ended for lack of sessions.
  uint64_t rounds_ = 0;
  uint64_t repaired_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_REPAIR_REPAIR_ROOM_H_
