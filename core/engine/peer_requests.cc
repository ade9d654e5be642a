#include "core/engine/peer_requests.h"

#include "core/engine/rooms.h"
#include "core/version/object_merge.h"

namespace orrery {

namespace {

bool OwnsKey(const Rooms& rooms, std::string_view key) {
  const Owner self{rooms.routing.self(), rooms.routing.self_storage()};
  return rooms.routing.ring()->IsOwner(TokenOf(key), self);
}

// What stands before every answer of this node as a replica.
ReplicaStatus MayServe(const Envelope& from, const Rooms& rooms) {
  const ReplicaStatus ring = CompareRings(from, rooms);
  if (ring != ReplicaStatus::kOk) return ring;
  if (!rooms.boot.IsRecovered()) return ReplicaStatus::kNotReady;
  return ReplicaStatus::kOk;
}

ReplicaStatus MayServeKey(const Envelope& from, std::string_view key,
                          const Rooms& rooms) {
  const ReplicaStatus status = MayServe(from, rooms);
  if (status != ReplicaStatus::kOk) return status;
  return OwnsKey(rooms, key) ? ReplicaStatus::kOk : ReplicaStatus::kNotReady;
}

// C2.  All else in the object is the coordinator's, at or below its basis.  Who
// is not sure of cluster time refuses nobody for the clock that it has itself.
bool IsAhead(const ReplicaPut& put, const Rooms& rooms, const Turn& turn) {
  if (put.origin != PutOrigin::kFresh || !turn.cluster.is_sure) return false;
  return !rooms.clock.Accepts(TopStamp(put.object), put.basis,
                              turn.cluster_wall(), rooms.options.skew_bound);
}

}  // namespace

ReplicaStatus CompareRings(const Envelope& from, const Rooms& rooms) {
  const Ring* ring = rooms.routing.ring();
  if (ring == nullptr) return ReplicaStatus::kNotReady;
  if (from.epoch > ring->epoch()) return ReplicaStatus::kRingBehind;
  if (from.epoch < ring->epoch()) return ReplicaStatus::kStaleRing;
  // Same epoch, other hash: only a forced recovery can cause it; refused.
  if (from.ring_hash != ring->hash()) return ReplicaStatus::kStaleRing;
  return ReplicaStatus::kOk;
}

void PeerRequests::OnReplicaPut(const Envelope& from, const ReplicaPut& put,
                                Rooms& rooms, Turn& turn) {
  ReplicaStatus status = MayServeKey(from, put.key, rooms);
  if (status == ReplicaStatus::kOk && rooms.routing.ring()->state().pristine) {
    status = ReplicaStatus::kPristine;
  }
  if (status == ReplicaStatus::kOk && open_.IsFull()) {
    status = ReplicaStatus::kBusy;
  }
  if (status == ReplicaStatus::kOk && IsAhead(put, rooms, turn)) {
    turn.effects.Mark("clock.refused_ahead");
    status = ReplicaStatus::kClockAhead;
  }
  if (status != ReplicaStatus::kOk) {
    turn.effects.Send(from.reply_to,
                      ReplicaPutAck{.request = put.request, .status = status});
    return;
  }
  const Handle handle =
      open_.Create(Open{from.reply_to, put.request, ReadDepth::kObject});
  rooms.writer.Merge({.ticket = {TicketOwner::kPeerRequest, 0, handle},
                      .key = put.key,
                      .object = put.object,
                      .origin = put.origin},
                     turn);
}

void PeerRequests::OnReplicaGet(const Envelope& from, const ReplicaGet& get,
                                Rooms& rooms, Turn& turn) {
  ReplicaStatus status = get.from_hints ? MayServe(from, rooms)
                                        : MayServeKey(from, get.key, rooms);
  if (status == ReplicaStatus::kOk && open_.IsFull()) {
    status = ReplicaStatus::kBusy;
  }
  if (status != ReplicaStatus::kOk) {
    turn.effects.Send(from.reply_to, ReplicaGetAck{.request = get.request,
                                                   .status = status,
                                                   .depth = get.depth});
    return;
  }
  const Handle handle =
      open_.Create(Open{from.reply_to, get.request, get.depth});
  const Ticket ticket{TicketOwner::kPeerRequest, 0, handle};
  if (get.from_hints) {
    rooms.hint_log.reader().Read(
        ticket, rooms.routing.ring()->OwnersOf(TokenOf(get.key)), get.key,
        turn);
    return;
  }
  rooms.reader.Read({.ticket = ticket, .key = get.key, .depth = get.depth},
                    turn);
}

void PeerRequests::OnHintPut(const Envelope& from, const HintPut& put,
                             Rooms& rooms, Turn& turn) {
  ReplicaStatus status = MayServe(from, rooms);
  if (status == ReplicaStatus::kOk && open_.IsFull()) {
    status = ReplicaStatus::kBusy;
  }
  if (status != ReplicaStatus::kOk) {
    turn.effects.Send(from.reply_to,
                      HintPutAck{.request = put.request, .status = status});
    return;
  }
  const Handle handle =
      open_.Create(Open{from.reply_to, put.request, ReadDepth::kObject});
  rooms.hint_log.Keep({.ticket = {TicketOwner::kPeerRequest, 0, handle},
                       .target = put.target,
                       .storage = put.target_storage,
                       .key = put.key,
                       .object = put.object,
                       .counted = put.counted,
                       .floor = put.floor,
                       .epoch = from.epoch},
                      turn);
}

void PeerRequests::OnForwardWrite(const Envelope& from,
                                  const ForwardWrite& forward, Rooms& rooms,
                                  Turn& turn) {
  const ReplicaStatus status = MayServeKey(from, forward.key, rooms);
  const bool may = status == ReplicaStatus::kOk && rooms.routing.serves() &&
                   !rooms.routing.ring()->state().pristine;
  if (!may) {
    turn.effects.Send(
        from.reply_to,
        ForwardWriteAck{.request = forward.request,
                        .reply = Refused{.why = Refused::Why::kNotReady}});
    return;
  }
  rooms.coordinators.OnForwardWrite(from, forward, turn);
}

void PeerRequests::OnWriteOutcome(const WriteOutcome& outcome, Turn& turn) {
  const Open* open = open_.Find(outcome.ticket.handle);
  ORRERY_INVARIANT(open != nullptr);
  turn.effects.Send(open->from,
                    ReplicaPutAck{.request = open->request,
                                  .status = outcome.status,
                                  .synced = outcome.synced,
                                  .top_stamp = outcome.top_stamp},
                    outcome.promise);
  open_.Destroy(outcome.ticket.handle);
}

void PeerRequests::OnReadOutcome(const ReadOutcome& outcome, Turn& turn) {
  const Open* open = open_.Find(outcome.ticket.handle);
  ORRERY_INVARIANT(open != nullptr);
  // Hints are read whole, whatever was asked for.
  const bool whole = open->depth == ReadDepth::kObject;
  turn.effects.Send(
      open->from,
      ReplicaGetAck{
          .request = open->request,
          .status = outcome.status,
          .depth = open->depth,
          .suspect = outcome.suspect,
          .doubted = outcome.doubted,
          .digest = outcome.digest,
          .top_stamp = outcome.top_stamp,
          .object = whole ? outcome.object : WithoutValues(outcome.object)});
  open_.Destroy(outcome.ticket.handle);
}

void PeerRequests::OnHintStored(const HintStored& stored, Turn& turn) {
  const Open* open = open_.Find(stored.ticket.handle);
  ORRERY_INVARIANT(open != nullptr);
  turn.effects.Send(open->from,
                    HintPutAck{.request = open->request,
                               .status = stored.status,
                               .synced = stored.synced},
                    stored.promise);
  open_.Destroy(stored.ticket.handle);
}

}  // namespace orrery
