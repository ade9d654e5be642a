#include "core/repair/repair_room.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/hash.h"
#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr Handle kRoundTimer{.slot = 0, .gen = 1};

// Nodes start their rounds at different times, each always at its own.
Duration PhaseOf(NodeId self, Duration interval) {
  const auto period = static_cast<uint64_t>(interval.ns);
  return {static_cast<int64_t>(Mix64(self.value) % period)};
}

bool IsInDoubt(const Store& store) {
  return store.IsSuspect() || store.HasKeysInDoubt();
}

}  // namespace

RepairRoom::RepairRoom(const Wiring& wiring)
    : options_(wiring.options),
      routing_(wiring.routing),
      store_(wiring.user_store),
      wiring_{.options = wiring.options,
              .routing = wiring.routing,
              .store = wiring.user_store,
              .reader = wiring.reader,
              .writer = wiring.writer,
              .digests = digests_},
      answerer_(wiring_),
      sessions_(kSessionsMax) {}

void RepairRoom::OnStart(Turn& turn) {
  started_ = true;
  Rebuild(turn);
  turn.timers.Arm(
      TimerKind::kSyncRound, kRoundTimer,
      turn.now() + PhaseOf(routing_.self(), options_.sync_round_interval));
}

void RepairRoom::OnRingInstalled(Turn& turn) {
  if (started_) Rebuild(turn);
}

void RepairRoom::OnChange(const Store::Change& change) {
  digests_.Apply(change);
}

void RepairRoom::OnPeerReturned(NodeId peer, Turn& turn) {
  if (started_) OpenSession(peer, turn);
}

void RepairRoom::OnTimer(const TimerHeap::Due& due, Turn& turn) {
  if (due.kind == TimerKind::kSyncRound) {
    turn.timers.Arm(TimerKind::kSyncRound, kRoundTimer,
                    turn.now() + options_.sync_round_interval);
    StartRound(turn);
    return;
  }
  SyncSession* session = sessions_.Find(due.handle);
  ORRERY_INVARIANT(session != nullptr);  // Its end cancels its timer.
  session->OnTimer(turn);
  Settle(due.handle, turn);
}

void RepairRoom::OnPeerMessage(const PeerMessage& message, Turn& turn) {
  const Envelope& from = message.envelope;
  if (const auto* roots = std::get_if<SyncRoots>(&message.body)) {
    return answerer_.OnRoots(from, *roots, turn);
  }
  if (const auto* keys = std::get_if<SyncKeys>(&message.body)) {
    return answerer_.OnKeys(from, *keys, turn);
  }
  if (const auto* fetch = std::get_if<SyncFetch>(&message.body)) {
    return answerer_.OnFetch(from, *fetch, turn);
  }
  if (const auto* ack = std::get_if<SyncRootsAck>(&message.body)) {
    SyncSession* session = FindSession(ack->session, from.from);
    if (session == nullptr) return;
    session->OnRootsAck(*ack, turn);
    return Settle(ack->session, turn);
  }
  if (const auto* ack = std::get_if<SyncKeysAck>(&message.body)) {
    SyncSession* session = FindSession(ack->session, from.from);
    if (session == nullptr) return;
    session->OnKeysAck(*ack, turn);
    return Settle(ack->session, turn);
  }
  if (const auto* objects = std::get_if<SyncObjects>(&message.body)) {
    SyncSession* session = FindSession(objects->session, from.from);
    if (session == nullptr) return;
    session->OnObjects(*objects, turn);
    return Settle(objects->session, turn);
  }
  if (const auto* ack = std::get_if<ReplicaPutAck>(&message.body)) {
    const Handle handle = Untagged(ack->request);
    SyncSession* session = FindSession(handle, from.from);
    if (session == nullptr) return;
    session->OnPutAck(*ack, turn);
    return Settle(handle, turn);
  }
  ORRERY_UNREACHABLE("a message that is not for repair");
}

void RepairRoom::OnReadOutcome(const ReadOutcome& outcome, Turn& turn) {
  if (outcome.ticket.part != kSyncOpenerPart) {
    return answerer_.OnReadOutcome(outcome, turn);
  }
  SyncSession* session = sessions_.Find(outcome.ticket.handle);
  if (session == nullptr) return;
  session->OnReadOutcome(outcome, turn);
  Settle(outcome.ticket.handle, turn);
}

void RepairRoom::OnWriteOutcome(const WriteOutcome& outcome, Turn& turn) {
  SyncSession* session = sessions_.Find(outcome.ticket.handle);
  if (session == nullptr) return;
  session->OnWriteOutcome(outcome, turn);
  Settle(outcome.ticket.handle, turn);
}

uint64_t RepairRoom::StateDigest() const {
  Hasher hasher;
  hasher.Add(digests_.StateDigest());
  hasher.Add(tally_.StateDigest());
  for (const auto& [peer, handle] : by_peer_) {
    hasher.Add(peer.value);
    hasher.Add(handle.slot);
    hasher.Add(handle.gen);
  }
  hasher.Add(rounds_);
  hasher.Add(repaired_);
  return hasher.Value();
}

void RepairRoom::CheckInvariants() const {
  ORRERY_INVARIANT(by_peer_.size() == sessions_.size());  // REP-1
}

void RepairRoom::Rebuild(Turn& turn) {
  sessions_.ForEach([&](Handle handle, SyncSession& session) {
    session.End(turn);
    sessions_.Destroy(handle);
  });
  by_peer_.clear();

  store_.TakeChanges();  // The walk below sees them.
  const Ring* ring = routing_.ring();
  digests_.SetRing(ring, routing_.self(), store_);
  tally_.SetRing(ring, routing_.self());

  shared_.clear();
  if (ring == nullptr) return;
  for (const Ring::Range& range : ring->ranges()) {
    if (digests_.Find(range.end) == nullptr) continue;
    for (const Owner& owner : range.owners) {
      if (owner.node == routing_.self()) continue;
      shared_[owner.node].push_back(range.end);
    }
  }
  EndDoubt(turn);
}

void RepairRoom::StartRound(Turn& turn) {
  // Begins behind the peer that was last in the round before, so that all have
  // their turn though sessions are few.
  std::vector<NodeId> order;
  for (auto it = shared_.upper_bound(last_peer_); it != shared_.end(); ++it) {
    order.push_back(it->first);
  }
  for (const auto& [peer, ranges] : shared_) {
    if (peer <= last_peer_) order.push_back(peer);
  }
  for (const NodeId& peer : order) {
    if (sessions_.IsFull()) return;
    last_peer_ = peer;
    OpenSession(peer, turn);
  }
}

void RepairRoom::OpenSession(NodeId peer, Turn& turn) {
  const auto ranges = shared_.find(peer);
  if (ranges == shared_.end() || by_peer_.contains(peer)) return;
  if (routing_.StateOf(peer) != MemberState::kAlive) return;
  if (!routing_.IsReachable(peer) || sessions_.IsFull()) return;
  const Handle handle =
      sessions_.Create(wiring_, SyncSession::Plan{.peer = peer,
                                                  .ranges = ranges->second,
                                                  .in_doubt = IsInDoubt(store_),
                                                  .losses = store_.losses()});
  by_peer_[peer] = handle;
  sessions_.Find(handle)->Open(handle, turn);
}

SyncSession* RepairRoom::FindSession(Handle handle, NodeId from) {
  SyncSession* session = sessions_.Find(handle);
  if (session == nullptr || session->peer() != from) return nullptr;
  return session;
}

void RepairRoom::Settle(Handle handle, Turn& turn) {
  const SyncSession* session = sessions_.Find(handle);
  if (!session->IsOver()) return;
  repaired_ += session->repaired();
  CountAnewIfMoreIsLost();
  if (session->was_in_doubt() && session->losses() == losses_known_) {
    for (const uint64_t end : session->exchanged()) {
      tally_.Record(end, session->peer(), session->peer_in_doubt());
    }
  }
  if (session->IsComplete()) {
    ++rounds_;
    turn.effects.Mark("repair.round_complete");
  }
  by_peer_.erase(session->peer());
  sessions_.Destroy(handle);
  EndDoubt(turn);
}

// REP-3
void RepairRoom::CountAnewIfMoreIsLost() {
  if (losses_known_ == store_.losses()) return;
  losses_known_ = store_.losses();
  tally_.SetRing(routing_.ring(), routing_.self());
}

void RepairRoom::EndDoubt(Turn& turn) {
  if (!IsInDoubt(store_)) return;
  CountAnewIfMoreIsLost();
  if (!SuspectCleared()) return;
  store_.ClearSuspect(turn);
  store_.EndKeyDoubts(turn);
  turn.effects.Mark("repair.doubt_ended");
  tally_.SetRing(routing_.ring(), routing_.self());  // REP-3
}

}  // namespace orrery
