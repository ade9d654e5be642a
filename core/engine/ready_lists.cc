#include "core/engine/ready_lists.h"

#include <utility>
#include <variant>

#include "core/engine/operator_desk.h"
#include "core/engine/rooms.h"
#include "core/version/object_merge.h"

namespace orrery {

namespace {

template <typename... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overload(Handlers...) -> Overload<Handlers...>;

void DispatchStoreReply(const StoreReply& reply, Rooms& rooms, Turn& turn) {
  switch (reply.ticket.owner) {
    case TicketOwner::kReplicaWriter:
      return rooms.writer.OnStoreReply(reply, turn);
    case TicketOwner::kReplicaReader:
      return rooms.reader.OnStoreReply(reply, turn);
    case TicketOwner::kHintLog:
      return rooms.hint_log.OnStoreReply(reply, turn);
    case TicketOwner::kHintReplayer:
      return rooms.replayer.OnStoreReply(reply, turn);
    case TicketOwner::kKeyLister:
      return rooms.lister.OnStoreReply(reply, rooms.user_store, turn);
    case TicketOwner::kNone:
    case TicketOwner::kPutCoordinator:
    case TicketOwner::kGetCoordinator:
    case TicketOwner::kPeerRequest:
    case TicketOwner::kSyncSession:
    case TicketOwner::kStampQuery:
    case TicketOwner::kKeyInspector:
      break;
  }
  ORRERY_UNREACHABLE("a store reply nobody asked for");
}

void DispatchWrite(const WriteOutcome& outcome, Rooms& rooms, Turn& turn) {
  switch (outcome.ticket.owner) {
    case TicketOwner::kPutCoordinator:
    case TicketOwner::kGetCoordinator:
      return rooms.coordinators.OnWriteOutcome(outcome, turn);
    case TicketOwner::kPeerRequest:
      return rooms.peer_requests.OnWriteOutcome(outcome, turn);
    case TicketOwner::kSyncSession:
      return rooms.repair.OnWriteOutcome(outcome, turn);
    case TicketOwner::kNone:
    case TicketOwner::kReplicaWriter:
    case TicketOwner::kReplicaReader:
    case TicketOwner::kHintLog:
    case TicketOwner::kHintReplayer:
    case TicketOwner::kKeyLister:
    case TicketOwner::kStampQuery:
    case TicketOwner::kKeyInspector:
      break;
  }
  ORRERY_UNREACHABLE("a write outcome nobody asked for");
}

void DispatchRead(const ReadOutcome& outcome, Rooms& rooms, Turn& turn) {
  switch (outcome.ticket.owner) {
    case TicketOwner::kPutCoordinator:
    case TicketOwner::kGetCoordinator:
    case TicketOwner::kStampQuery:
    case TicketOwner::kKeyInspector:
      return rooms.coordinators.OnReadOutcome(outcome, turn);
    case TicketOwner::kPeerRequest:
      return rooms.peer_requests.OnReadOutcome(outcome, turn);
    case TicketOwner::kSyncSession:
      return rooms.repair.OnReadOutcome(outcome, turn);
    case TicketOwner::kNone:
    case TicketOwner::kReplicaWriter:
    case TicketOwner::kReplicaReader:
    case TicketOwner::kHintLog:
    case TicketOwner::kHintReplayer:
    case TicketOwner::kKeyLister:
      break;
  }
  ORRERY_UNREACHABLE("a read outcome nobody asked for");
}

void DispatchHint(const HintStored& stored, Rooms& rooms, Turn& turn) {
  if (stored.ticket.owner == TicketOwner::kPeerRequest) {
    return rooms.peer_requests.OnHintStored(stored, turn);
  }
  ORRERY_INVARIANT(stored.ticket.owner == TicketOwner::kPutCoordinator);
  rooms.coordinators.OnHintStored(stored, turn);
}

// The routing view follows the member table and the ring.
void RefreshRouting(Rooms& rooms) {
  for (const auto& [id, member] : rooms.membership.members().entries()) {
    rooms.routing.SetMember(id, member.record.gossip, member.state,
                            member.record.storage);
  }
}

void RefreshServes(Rooms& rooms) {
  rooms.routing.SetServes(rooms.boot.IsRecovered() &&
                          rooms.membership.ring_ready() &&
                          !rooms.membership.ring_refused());
}

void OnRingInstalled(Rooms& rooms, Turn& turn) {
  rooms.routing.SetRing(*rooms.membership.ring_state());
  rooms.TellClusterTime(turn);
  rooms.coordinators.SetCluster(rooms.membership.cluster());
  rooms.repair.OnRingInstalled(turn);
  rooms.coordinators.OnRingInstalled(turn);
  rooms.replayer.OnRoutingChanged(turn);
  rooms.door.OnRingInstalled(rooms, turn);
}

void DispatchMembership(Membership::Output& output, Rooms& rooms, Turn& turn) {
  std::visit(Overload{
                 [&](Membership::PersistRing& persist) {
                   rooms.directory.SaveRing(persist.token, persist.cluster,
                                            std::move(persist.ring), turn);
                 },
                 [&](Membership::RingInstalled&) {
                   RefreshRouting(rooms);
                   RefreshServes(rooms);
                   OnRingInstalled(rooms, turn);
                 },
                 [&](Membership::RoutingChanged&) {
                   RefreshRouting(rooms);
                   RefreshServes(rooms);
                   rooms.replayer.OnRoutingChanged(turn);
                 },
                 [&](Membership::Fatal& fatal) {
                   rooms.boot.Fail(std::move(fatal.text), fatal.exit_code,
                                   turn);
                 },
             },
             output);
}

// One pass over every list; how many answers it carried.
size_t DrainOnce(Rooms& rooms, Turn& turn) {
  size_t carried = 0;
  if (rooms.directory.TakeNoSpace()) rooms.space.OnNoSpace(turn);
  if (rooms.space.TakeNews()) {
    rooms.user_store.OnSpace(turn);
    rooms.hint_store.OnSpace(turn);
    ++carried;
  }
  for (Store* store : {&rooms.user_store, &rooms.hint_store}) {
    for (const StoreReply& reply : store->TakeReplies()) {
      store->TellAnswer(reply, turn);
      DispatchStoreReply(reply, rooms, turn);
      ++carried;
    }
  }
  for (const Store::Change& change : rooms.user_store.TakeChanges()) {
    rooms.repair.OnChange(change);
  }
  rooms.hint_store.TakeChanges();  // Hints are in no range digest.
  for (const WriteOutcome& outcome : rooms.writer.TakeOutcomes()) {
    DispatchWrite(outcome, rooms, turn);
    ++carried;
  }
  for (const ReadOutcome& outcome : rooms.reader.TakeOutcomes()) {
    DispatchRead(outcome, rooms, turn);
    ++carried;
  }
  for (const HintStored& stored : rooms.hint_log.TakeStored()) {
    DispatchHint(stored, rooms, turn);
    ++carried;
  }
  for (HintRead& read : rooms.hint_log.reader().TakeReads()) {
    DispatchRead({.ticket = read.ticket,
                  .status = read.status,
                  .digest = DigestOf(read.object),
                  .top_stamp = TopStamp(read.object),
                  .object = std::move(read.object)},
                 rooms, turn);
    ++carried;
  }
  for (Membership::Output& output : rooms.membership.TakeOutputs()) {
    DispatchMembership(output, rooms, turn);
    ++carried;
  }
  rooms.snapshots.Advance(turn);
  for (const SnapshotJob::Report& report : rooms.snapshots.TakeReports()) {
    OperatorDesk::OnSnapshot(report, turn);
    ++carried;
  }
  for (const uint64_t token : rooms.directory.TakeSaved()) {
    if (token == Boot::kMarkCleanToken) {
      rooms.boot.OnMarkedClean(turn);
    } else {
      rooms.membership.OnPersisted(token, turn);
    }
    ++carried;
  }
  return carried;
}

}  // namespace

void DrainReadyLists(Rooms& rooms, Turn& turn) {
  size_t carried = 0;
  for (;;) {
    const size_t now = DrainOnce(rooms, turn);
    if (now == 0) break;
    carried += now;
    if (carried > kReadyPerStepMax) {
      turn.effects.more = true;
      break;
    }
  }
  RefreshServes(rooms);
}

}  // namespace orrery
