#include "core/engine/engine.h"

#include <utility>
#include <variant>

#include "core/base/invariant.h"
#include "core/engine/operator_desk.h"
#include "core/engine/ready_lists.h"
#include "core/engine/rooms.h"
#include "core/engine/value_parts.h"

namespace orrery {

namespace {

// An event this late past a deadline means that the process slept (membership
// section 4, pause credit).
constexpr Duration kSleptAfter = kSecond;

class Dispatcher {
 public:
  Dispatcher(Rooms& rooms, Turn& turn) : rooms_(rooms), turn_(turn) {}

  void operator()(const StartEvent& start) {
    rooms_.boot.OnStart(start, rooms_, turn_);
  }
  void operator()(const ClientRequest& request) {
    if (IsForStorage(request.verb)) {
      return OperatorDesk::OnRequest(request, rooms_, turn_);
    }
    rooms_.door.OnRequest(request, rooms_, turn_);
  }
  void operator()(const ClientGoneEvent&) {
    // The conversation goes on: its writes may already be at other owners,
    // and the gateway drops a reply that finds nobody.
  }
  void operator()(const PeerMessageEvent& event) {
    if (rooms_.boot.HasIdentity()) OnPeerMessage(event.message);
  }
  void operator()(const DatagramEvent& event) {
    if (rooms_.boot.HasIdentity()) rooms_.membership.OnDatagram(event, turn_);
  }
  void operator()(const PeerLinkEvent& event) {
    const std::optional<NodeId> node = rooms_.routing.NodeAt(event.peer);
    if (!node.has_value()) return;
    rooms_.routing.SetConnected(*node, event.connected);
    if (event.connected) {
      rooms_.repair.OnPeerReturned(*node, turn_);
      rooms_.replayer.OnRoutingChanged(turn_);
    } else {
      rooms_.coordinators.OnPeerLost(*node, turn_);
      rooms_.replayer.OnPeerLost(*node, turn_);
    }
  }
  void operator()(const DiskDone& done) {
    switch (done.token.owner) {
      case DiskOwner::kBoot:
      case DiskOwner::kIdentity:
      case DiskOwner::kRing:
        return rooms_.directory.OnDiskDone(done, turn_);
      case DiskOwner::kUserStore:
        return rooms_.user_store.OnDiskDone(done, turn_);
      case DiskOwner::kHintStore:
        return rooms_.hint_store.OnDiskDone(done, turn_);
      case DiskOwner::kSnapshot:
        return rooms_.snapshots.OnDiskDone(done, turn_);
      case DiskOwner::kReserve:
        return rooms_.space.OnDiskDone(done, turn_);
      case DiskOwner::kNone:
        break;
    }
    ORRERY_UNREACHABLE("a disk completion nobody asked for");
  }
  void operator()(const SeedsEvent& seeds) {
    rooms_.membership.OnSeeds(seeds, turn_);
  }
  void operator()(const TickEvent&) {}
  void operator()(const StopEvent&) { rooms_.boot.OnStop(rooms_, turn_); }

 private:
  void OnPeerMessage(const PeerMessage& message);
  bool IsOfAnotherCluster(const Envelope& from) const {
    const ClusterId mine = rooms_.membership.cluster();
    return from.cluster.IsZero() || mine.IsZero() || from.cluster != mine;
  }

  Rooms& rooms_;
  Turn& turn_;
};

void Dispatcher::OnPeerMessage(const PeerMessage& message) {
  const Envelope& from = message.envelope;
  const PeerBody& body = message.body;
  const bool is_membership = std::holds_alternative<JoinRequest>(body) ||
                             std::holds_alternative<JoinAccept>(body) ||
                             std::holds_alternative<JoinReject>(body) ||
                             std::holds_alternative<RingClose>(body) ||
                             std::holds_alternative<RingPull>(body) ||
                             std::holds_alternative<RingPush>(body) ||
                             std::holds_alternative<MemberSync>(body);
  if (is_membership) return rooms_.membership.OnPeerMessage(message, turn_);
  if (IsOfAnotherCluster(from)) {
    turn_.effects.Mark("engine.other_cluster_dropped");
    return;
  }
  rooms_.membership.OnHeard(from, turn_);
  if (const auto* put = std::get_if<ReplicaPut>(&body)) {
    return rooms_.peer_requests.OnReplicaPut(from, *put, rooms_, turn_);
  }
  if (const auto* get = std::get_if<ReplicaGet>(&body)) {
    return rooms_.peer_requests.OnReplicaGet(from, *get, rooms_, turn_);
  }
  if (const auto* put = std::get_if<HintPut>(&body)) {
    return rooms_.peer_requests.OnHintPut(from, *put, rooms_, turn_);
  }
  if (const auto* forward = std::get_if<ForwardWrite>(&body)) {
    return rooms_.peer_requests.OnForwardWrite(from, *forward, rooms_, turn_);
  }
  if (const auto* ack = std::get_if<ReplicaPutAck>(&body)) {
    if (HintReplayer::OwnsHandle(ack->request)) {
      return rooms_.replayer.OnPeerMessage(message, turn_);
    }
    if (RepairRoom::OwnsHandle(ack->request)) {
      return rooms_.repair.OnPeerMessage(message, turn_);
    }
    return rooms_.coordinators.OnPeerMessage(message, turn_);
  }
  const bool is_answer = std::holds_alternative<ReplicaGetAck>(body) ||
                         std::holds_alternative<ForwardWriteAck>(body) ||
                         std::holds_alternative<HintPutAck>(body);
  if (is_answer) return rooms_.coordinators.OnPeerMessage(message, turn_);
  rooms_.repair.OnPeerMessage(message, turn_);
}

void FireTimer(const TimerHeap::Due& due, Rooms& rooms, Turn& turn) {
  switch (due.kind) {
    case TimerKind::kPutDeadline:
    case TimerKind::kGetDeadline:
    case TimerKind::kGetSpare:
    case TimerKind::kForwardDeadline:
    case TimerKind::kPutRetry:
    case TimerKind::kStampDeadline:
    case TimerKind::kStampRetry:
    case TimerKind::kInspectDeadline:
      return rooms.coordinators.OnTimer(due, turn);
    case TimerKind::kRingWait:
      return rooms.door.OnDeadline(turn);
    case TimerKind::kGossipTick:
    case TimerKind::kProbe:
    case TimerKind::kProbeTimeout:
    case TimerKind::kSuspicion:
    case TimerKind::kViewDigest:
    case TimerKind::kJoin:
    case TimerKind::kFounding:
    case TimerKind::kRingPull:
      return rooms.membership.OnTimer(due, turn);
    case TimerKind::kHintReplay:
    case TimerKind::kHintAnswer:
      return rooms.replayer.OnTimer(due, turn);
    case TimerKind::kSyncRound:
    case TimerKind::kSyncSession:
      return rooms.repair.OnTimer(due, turn);
    case TimerKind::kStoreSync:
    case TimerKind::kDiskWatch:
    case TimerKind::kWatermark:
    case TimerKind::kCompaction:
    case TimerKind::kCompactionPace:
    case TimerKind::kScrub:
    case TimerKind::kSpace:
      if (due.handle.slot == static_cast<uint32_t>(StoreId::kUser)) {
        return rooms.user_store.OnTimer(due, turn);
      }
      return rooms.hint_store.OnTimer(due, turn);
    case TimerKind::kHlcLease:
      return rooms.lease.Renew(rooms.clock, rooms.directory, turn);
    case TimerKind::kDirectoryRetry:
      return rooms.directory.OnRetry(turn);
    case TimerKind::kSpaceLook:
      return rooms.space.OnTimer(turn);
    case TimerKind::kListDeadline:
      return rooms.lister.OnDeadline(due.handle, turn);
    case TimerKind::kDrain:
      return rooms.boot.OnDrainDeadline(rooms, turn);
  }
  ORRERY_UNREACHABLE("a timer nobody armed");
}

void FireDue(Instant now, Rooms& rooms, Turn& turn) {
  while (const auto due = rooms.timers.PopDue(now)) {
    FireTimer(*due, rooms, turn);
    DrainReadyLists(rooms, turn);
  }
}

// The process slept for `late`.  Requests whose clients were told meanwhile
// that their time is up end before anything else happens: whatever arrives now,
// they mint and send nothing more on that authority (semantics S28).
void WakeUp(Duration late, Rooms& rooms, Turn& turn) {
  turn.effects.Mark("engine.slept");
  rooms.timers.Postpone(late);
  rooms.membership.OnSlept(late, turn);
  // Every postponed deadline is now or later, so these are clients'.
  FireDue(turn.now() - Duration{1}, rooms, turn);
}

void StampEnvelopes(Rooms& rooms, Effects& effects) {
  if (effects.sends.empty()) return;
  const Envelope envelope{
      .cluster = rooms.membership.cluster(),
      .from = rooms.routing.self(),
      .storage = rooms.routing.self_storage(),
      .reply_to = rooms.options.gossip,
      .generation = rooms.directory.identity().generation,
      .boot_salt = rooms.boot.boot_salt(),
      .epoch = rooms.routing.ring() == nullptr ? Epoch{}
                                               : rooms.routing.ring()->epoch(),
      .ring_hash =
          rooms.routing.ring() == nullptr ? 0 : rooms.routing.ring()->hash()};
  for (SendEffect& send : effects.sends) send.message.envelope = envelope;
}

}  // namespace

Engine::Engine(const EngineOptions& options)
    : rooms_(std::make_unique<Rooms>(options)) {}

Engine::~Engine() = default;

void Engine::Step(const Event& event, Effects& effects) {
  Rooms& rooms = *rooms_;
  if (rooms.boot.phase() >= Boot::Phase::kStopped) return;
  Turn turn{event.at, effects, rooms.timers};
  rooms.membership.OnStep(turn);
  rooms.TellClusterTime(turn);
  const std::optional<Instant> deadline = rooms.timers.NextDeadline();
  if (deadline.has_value() && event.at.mono - *deadline > kSleptAfter) {
    WakeUp(event.at.mono - *deadline, rooms, turn);
  }
  std::visit(Dispatcher(rooms, turn), event.body);
  DrainReadyLists(rooms, turn);
  FireDue(event.at.mono, rooms, turn);
  if (std::holds_alternative<TickEvent>(event.body)) {
    rooms.user_store.OnTick(turn);
    rooms.hint_store.OnTick(turn);
    DrainReadyLists(rooms, turn);
  }
  const Boot::Phase phase = rooms.boot.phase();
  rooms.boot.Advance(rooms, turn);
  // Once recovered it completes nothing, and the lists are still empty, but for
  // what was too much for one go.
  const bool may_have_more = phase != Boot::Phase::kRecovered ||
                             rooms.boot.phase() != phase || effects.more;
  if (may_have_more) DrainReadyLists(rooms, turn);
  rooms.repair.EndDoubt(turn);
  rooms.lease.Watch(rooms.clock, turn);
  StampEnvelopes(rooms, effects);
}

void Engine::FindValues(const DiskDone& done,
                        std::vector<ByteSpan>* spans) const {
  if (done.token.owner == DiskOwner::kUserStore) {
    rooms_->user_store.FindValues(done, AppendValueParts, spans);
  } else if (done.token.owner == DiskOwner::kHintStore) {
    rooms_->hint_store.FindValues(done, AppendValueParts, spans);
  }
}

std::optional<Instant> Engine::NextDeadline() const {
  return rooms_->timers.NextDeadline();
}

bool Engine::IsDurable(const Promise& promise) const {
  const Store& store =
      promise.store == StoreId::kUser ? rooms_->user_store : rooms_->hint_store;
  return store.IsDurable(promise.upto, promise.level);
}

}  // namespace orrery
