#include "core/membership/membership_rooms.h"

#include <span>
#include <utility>
#include <variant>

#include "core/base/invariant.h"
#include "core/membership/admission.h"

namespace orrery {

namespace {

// One random stream per purpose, so that a new draw shifts no other.
enum class Stream : uint64_t {
  kClusterId = 1,
  kJoinJitter = 2,
  kProbes = 3,
  kGossipTargets = 4,
  kDigestPeers = 5,
};

Prng StreamOf(const std::array<uint64_t, 4>& entropy, Stream stream) {
  return Prng(std::as_bytes(std::span<const uint64_t, 4>(entropy)),
              static_cast<uint64_t>(stream));
}

// A sample is enough: the rest comes by digest.
constexpr size_t kAcceptMembersMax = 64;
// Of members whose clocks are not known yet: a thousand in half a minute.
constexpr uint32_t kClocksPerTick = 8;

template <class... Handlers>
struct Overload : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overload(Handlers...) -> Overload<Handlers...>;

}  // namespace

MembershipRooms::MembershipRooms(const EngineOptions& options)
    : local_(options),
      sender_(local_, table_, gossiper_),
      suspicion_({local_, table_, gossiper_, sender_}),
      detector_({local_, table_, sender_, suspicion_, clock_}),
      keeper_({local_, table_, founding_}),
      handshake_({local_, table_, founding_, keeper_, suspicion_}),
      rounds_({local_, table_, gossiper_, sender_, detector_, suspicion_}),
      comparison_({local_, table_, gossiper_, sender_, suspicion_}),
      clock_(options.skew_bound) {}

void MembershipRooms::OnStart(const Membership::Start& start, Turn& turn) {
  ORRERY_INVARIANT(!started_);
  started_ = true;
  local_.id = start.id;
  local_.name = start.name;
  local_.storage = start.storage;
  local_.generation = start.generation;
  local_.boot_salt = start.boot_salt;
  gossiper_.SetSelf(start.id);
  keeper_.Restore(start.cluster, start.ring, turn);

  MemberRecord self;
  self.id = start.id;
  self.incarnation = {.generation = start.generation, .counter = 0};
  self.name = start.name;
  self.storage = start.storage;
  self.gossip = local_.options.gossip;
  self.http_port = local_.options.http_port;
  self.vnodes = OwnVnodes();
  self.protocol_min = kProtocolVersion;
  self.protocol_max = kProtocolVersion;
  self.ring_status = OwnStatus();
  self.boot_salt = start.boot_salt;
  suspicion_.Introduce(self, turn);

  if (start.ring.has_value()) {
    OnRing(turn);
    const auto mismatch =
        MismatchOf(start.ring->params, ParamsOf(local_.options));
    if (mismatch.has_value()) {
      outputs_.emplace_back(Membership::Fatal{
          mismatch->field + " is " + std::to_string(mismatch->theirs) +
              " here and " + std::to_string(mismatch->ours) +
              " in the ring of the cluster",
          2});
    }
    // Tokens are ownership: only a planned change moves them.
    if (self.vnodes != local_.options.vnodes) {
      turn.effects.notes.push_back({.kind = Note::Kind::kVnodesKept,
                                    .detail = local_.options.vnodes,
                                    .number = self.vnodes,
                                    .text = {}});
    }
  }
  detector_.Start(StreamOf(start.entropy, Stream::kProbes), turn);
  rounds_.Start(StreamOf(start.entropy, Stream::kGossipTargets), turn);
  comparison_.Start(StreamOf(start.entropy, Stream::kDigestPeers), turn);
  handshake_.Start(StreamOf(start.entropy, Stream::kClusterId),
                   StreamOf(start.entropy, Stream::kJoinJitter), turn);
  Settle(turn);
}

void MembershipRooms::OnSeeds(const SeedsEvent& event, Turn& turn) {
  founding_.SetSeeds(local_.options.gossip, event.seeds, event.self_first,
                     turn.now());
  rounds_.SetSeeds(founding_.others());
  if (!started_) return;
  handshake_.OnSeeds(turn);
  Settle(turn);
}

void MembershipRooms::OnDatagram(const DatagramEvent& event, Turn& turn) {
  if (!started_) return;
  const DatagramHeader& header = event.datagram.header;
  if (header.from == local_.id) {
    if (header.boot_salt != local_.boot_salt &&
        header.cluster_tag == local_.cluster.Tag() && header.cluster_tag != 0) {
      suspicion_.OnDouble(header.generation, turn);
    }
  } else if (header.cluster_tag == 0 || local_.cluster.IsZero()) {
    OnStranger(event, turn);
  } else if (header.cluster_tag != local_.cluster.Tag()) {
    OnForeigner(event, turn);
  } else if (!replays_.IsNew(header)) {
    turn.effects.Mark("membership.replay_dropped");
  } else {
    founding_.OnHeard(event.source, turn.now());
    for (const MemberRecord& record : event.datagram.records) {
      suspicion_.Merge(record, header.from, turn);
    }
    const bool heard = suspicion_.OnEvidence(header.from, header.generation,
                                             header.boot_salt, turn);
    if (heard) detector_.OnHeard(header.from, turn);
    keeper_.OnEpochSeen(header.epoch, event.source, turn);
    OnBody(event, heard, turn);
  }
  Settle(turn);
}

// One of the two has no cluster id: an answer, nothing else.
void MembershipRooms::OnStranger(const DatagramEvent& event, Turn& turn) {
  founding_.OnHeard(event.source, turn.now());
  if (const Ping* ping = std::get_if<Ping>(&event.datagram.body)) {
    sender_.SendBare(event.source,
                     Ack{.seq = ping->seq, .wall_ns = turn.wall().ns}, turn);
  }
}

// Never merged.  A founder that stands alone in a pristine ring and is looked
// for by its own id from another cluster was wiped: it goes back there.
void MembershipRooms::OnForeigner(const DatagramEvent& event, Turn& turn) {
  turn.effects.Mark("membership.foreign_packet");
  const Ping* ping = std::get_if<Ping>(&event.datagram.body);
  if (ping == nullptr || ping->target != local_.id) return;
  if (!keeper_.IsAloneInPristineRing()) return;
  keeper_.Abandon(turn);
  handshake_.OnStanding(turn);
}

void MembershipRooms::OnBody(const DatagramEvent& event, bool heard,
                             Turn& turn) {
  const NodeId from = event.datagram.header.from;
  std::visit(Overload{[&](const Ping& ping) {
                        detector_.OnPing(ping, from, event.source, turn);
                        if (heard)
                          comparison_.OnViewHash(from, ping.view_hash, turn);
                      },
                      [&](const Ack& ack) {
                        if (!heard) return;
                        detector_.OnAck(ack, from, turn);
                        clock_.OnAck(ack, from, turn);
                        comparison_.OnViewHash(from, ack.view_hash, turn);
                      },
                      [&](const PingRequest& request) {
                        if (!heard) return;
                        detector_.OnPingRequest(request, from, event.source,
                                                turn);
                      },
                      [&](const ForwardedAck& ack) {
                        if (heard) detector_.OnForwardedAck(ack, turn);
                      },
                      [](const Nack&) {}, [](const GossipOnly&) {},
                      [&](const ViewDigest& digest) {
                        if (heard)
                          comparison_.OnDigest(digest, event.source, turn);
                      }},
             event.datagram.body);
}

bool MembershipRooms::IsOurs(const Envelope& envelope) const {
  return !local_.cluster.IsZero() && envelope.cluster == local_.cluster &&
         envelope.from != local_.id;
}

void MembershipRooms::OnHeard(const Envelope& envelope, Turn& turn) {
  if (!started_ || !IsOurs(envelope)) return;
  // Of a busy member that is so for thousands of frames a second.
  const bool is_nothing_new =
      envelope.epoch <= local_.epoch &&
      suspicion_.OnMoreEvidence(envelope.from, envelope.generation,
                                envelope.boot_salt, turn.now());
  if (is_nothing_new) return;
  TakeEvidence(envelope, turn);
  Settle(turn);
}

void MembershipRooms::TakeEvidence(const Envelope& envelope, Turn& turn) {
  if (suspicion_.OnEvidence(envelope.from, envelope.generation,
                            envelope.boot_salt, turn)) {
    detector_.OnHeard(envelope.from, turn);
  }
  if (!envelope.reply_to.IsNone()) {
    keeper_.OnEpochSeen(envelope.epoch, envelope.reply_to, turn);
  }
}

void MembershipRooms::OnPeerMessage(const PeerMessage& message, Turn& turn) {
  if (!started_) return;
  const Envelope& from = message.envelope;
  if (from.reply_to.IsNone()) return;
  if (from.from == local_.id) return OnNamesake(message, turn);
  founding_.OnHeard(from.reply_to, turn.now());
  if (IsOurs(from)) TakeEvidence(from, turn);
  if (const auto* request = std::get_if<JoinRequest>(&message.body)) {
    OnJoinRequest(*request, from, turn);
  } else if (const auto* accept = std::get_if<JoinAccept>(&message.body)) {
    handshake_.OnAccept(*accept, turn);
  } else if (const auto* reject = std::get_if<JoinReject>(&message.body)) {
    handshake_.OnReject(*reject, from, turn);
  } else if (!IsOurs(from)) {
    turn.effects.Mark("membership.foreign_packet");
  } else if (std::holds_alternative<RingClose>(message.body)) {
    keeper_.OnClose(from.reply_to, turn);
  } else if (const auto* pull = std::get_if<RingPull>(&message.body)) {
    keeper_.OnPull(pull->epoch, from.reply_to, turn);
  } else if (const auto* push = std::get_if<RingPush>(&message.body)) {
    const auto ring = DecodeRingState(push->ring.view());
    if (ring.has_value()) keeper_.Offer(*ring, turn);
  } else if (const auto* sync = std::get_if<MemberSync>(&message.body)) {
    comparison_.OnSync(*sync, from.from, from.reply_to, turn);
  }
  Settle(turn);
}

// Two processes that were given one node_id: the later one is told, and both
// say it in their logs.
void MembershipRooms::OnNamesake(const PeerMessage& message, Turn& turn) {
  const Envelope& from = message.envelope;
  if (from.boot_salt == local_.boot_salt) return;
  const auto* reject = std::get_if<JoinReject>(&message.body);
  if (reject != nullptr && reject->why == JoinRejection::kNameTakenAlive) {
    handshake_.OnReject(*reject, from, turn);
    return Settle(turn);
  }
  const bool asks = std::holds_alternative<JoinRequest>(message.body);
  if (!asks || local_.cluster.IsZero()) return;
  JoinReject taken;
  taken.why = JoinRejection::kNameTakenAlive;
  taken.address = local_.options.gossip;
  turn.effects.Send(from.reply_to, std::move(taken));
  if (namesake_ == from.reply_to) return;
  namesake_ = from.reply_to;
  turn.effects.Mark("membership.namesake_refused");
  turn.effects.notes.push_back(
      {.kind = Note::Kind::kIdentityConflict,
       .member = local_.id,
       .number = from.generation,
       .text = "another process with this node_id asks to join"});
}

void MembershipRooms::OnJoinRequest(const JoinRequest& request,
                                    const Envelope& from, Turn& turn) {
  if (local_.cluster.IsZero()) {
    AnswerNoCluster(from.reply_to, turn);
    return;
  }
  if (!keeper_.state().has_value()) return;  // It seeks the ring itself.
  const auto refusal = RefusalOf(request, from.cluster, local_, table_,
                                 *keeper_.state(), turn.now());
  if (refusal.has_value()) {
    turn.effects.Send(from.reply_to, *refusal);
  } else if (request.wants_ring) {
    AskedForOwnership(request, from.reply_to, turn);
  } else {
    AcceptInto(from.reply_to, turn);
  }
}

void MembershipRooms::AnswerNoCluster(const Endpoint& to, Turn& turn) {
  JoinReject reject;
  reject.why = JoinRejection::kNoCluster;
  reject.seeds = founding_.seeds();
  reject.self_first = founding_.self_first();
  reject.address = local_.options.gossip;
  turn.effects.Send(to, std::move(reject));
}

void MembershipRooms::AcceptInto(const Endpoint& to, Turn& turn) {
  JoinAccept accept{.cluster = local_.cluster,
                    .ring = EncodeRingState(*keeper_.state()),
                    .members = {}};
  accept.members.push_back(table_.Find(local_.id)->record);
  for (const auto& [id, member] : table_.entries()) {
    if (accept.members.size() == kAcceptMembersMax) break;
    if (id != local_.id) accept.members.push_back(member.record);
  }
  turn.effects.Send(to, std::move(accept));
}

void MembershipRooms::AskedForOwnership(const JoinRequest& request,
                                        const Endpoint& reply_to, Turn& turn) {
  const MemberRecord& asker = request.self;
  suspicion_.Merge(asker, asker.id, turn);
  if (keeper_.Owns(asker.id, asker.storage)) {
    AcceptInto(reply_to, turn);
    return;
  }
  JoinReject reject;
  if (!keeper_.state()->pristine) {
    reject.why = JoinRejection::kRingClosed;
  } else if (!keeper_.IsFounder()) {
    reject.why = JoinRejection::kNotFounder;
    reject.founder = keeper_.founder();
    const Member* founder = table_.Find(keeper_.founder());
    if (founder != nullptr) reject.address = founder->record.gossip;
  } else {
    RingMember member{.id = asker.id,
                      .name = asker.name,
                      .storage = asker.storage,
                      .zone = asker.zone,
                      .vnodes = asker.vnodes,
                      .status = MemberStatus::kNormal};
    RingState trial = *keeper_.state();
    trial.members = {member};
    trial.council = {member.id};
    if (IsValid(trial)) keeper_.Admit(member, reply_to, turn);
    return;
  }
  turn.effects.Send(reply_to, std::move(reject));
}

void MembershipRooms::OnTimer(const TimerHeap::Due& due, Turn& turn) {
  if (due.kind == TimerKind::kGossipTick) {
    rounds_.OnTick(turn);
    MeasureClocks(turn);
  } else if (due.kind == TimerKind::kProbe ||
             due.kind == TimerKind::kProbeTimeout) {
    detector_.OnTimer(due, turn);
  } else if (due.kind == TimerKind::kSuspicion) {
    suspicion_.OnTimer(NodeOfTimer(due.handle), turn);
  } else if (due.kind == TimerKind::kViewDigest) {
    comparison_.OnTimer(turn);
  } else if (due.kind == TimerKind::kJoin) {
    handshake_.OnTimer(turn);
  } else if (due.kind == TimerKind::kFounding) {
    keeper_.OnFounderTick(turn);
  } else if (due.kind == TimerKind::kRingPull) {
    keeper_.OnPullTimer(turn);
  } else {
    ORRERY_UNREACHABLE("a timer of another room");
  }
  Settle(turn);
}

void MembershipRooms::OnRing(Turn& turn) {
  outputs_.emplace_back(Membership::RingInstalled{});
  std::vector<NodeId> others;
  for (const RingMember& member : keeper_.state()->members) {
    if (member.id != local_.id) others.push_back(member.id);
  }
  clock_.SetOthers(std::move(others), turn);
}

// What is not known of a clock does not wait for its member's turn with the
// failure detector.
void MembershipRooms::MeasureClocks(Turn& turn) {
  for (uint32_t asked = 0; asked < kClocksPerTick; ++asked) {
    const auto next = clock_.Unmeasured(last_measured_);
    if (!next.has_value()) return;
    last_measured_ = *next;
    const Member* member = table_.Find(*next);
    if (member == nullptr || member->record.gossip.IsNone()) continue;
    if (clock_.known() && member->state != MemberState::kAlive) continue;
    detector_.PingOnce(member->record.gossip, *next, turn);
  }
}

void MembershipRooms::OnRecovered(Turn& turn) {
  recovered_ = true;
  keeper_.SetRecovered();
  Settle(turn);
}

void MembershipRooms::OnPersisted(uint64_t token, Turn& turn) {
  if (keeper_.OnPersisted(token, turn)) {
    handshake_.OnStanding(turn);
    OnRing(turn);
  }
  Settle(turn);
}

void MembershipRooms::OnSlept(Duration late, Turn& turn) {
  turn.effects.Mark("membership.pause_credited");
  table_.Postpone(late);
  detector_.Postpone(late);
  founding_.Postpone(late);
  keeper_.Postpone(late);
  rounds_.Postpone(late);
}

void MembershipRooms::CloseRing(Turn& turn) {
  keeper_.WantClosed(turn);
  Settle(turn);
}

RingStatus MembershipRooms::OwnStatus() const {
  if (local_.cluster.IsZero()) return RingStatus::kNoCluster;
  if (!keeper_.Owns(local_.id, local_.storage)) return RingStatus::kJoining;
  if (!recovered_) return RingStatus::kStarting;
  return IsRingReady() ? RingStatus::kReady : RingStatus::kForming;
}

uint32_t MembershipRooms::OwnVnodes() const {
  if (keeper_.Owns(local_.id, local_.storage)) {
    return FindMember(*keeper_.state(), local_.id)->vnodes;
  }
  return local_.options.vnodes;
}

bool MembershipRooms::IsRingReady() const {
  if (suspicion_.fenced() || !keeper_.state().has_value()) return false;
  if (!keeper_.state()->pristine) return true;
  if (keeper_.IsFounder()) return keeper_.declared_ready();
  const Member* founder = table_.Find(keeper_.founder());
  return founder != nullptr &&
         founder->record.ring_status == RingStatus::kReady;
}

void MembershipRooms::Settle(Turn& turn) {
  if (!started_) return;
  const MemberRecord& self = table_.Find(local_.id)->record;
  const RingStatus status = OwnStatus();
  const uint32_t vnodes = OwnVnodes();
  if (status != self.ring_status || vnodes != self.vnodes) {
    suspicion_.Reannounce(status, vnodes);
  }
  if (suspicion_.Settle(turn)) detector_.OnTopology(turn);
  if (suspicion_.TakeRoutingChanged()) {
    outputs_.emplace_back(Membership::RoutingChanged{});
  }
  if (auto persist = keeper_.TakePersist()) {
    outputs_.emplace_back(Membership::PersistRing{
        persist->token, persist->cluster, std::move(persist->ring)});
  }
  if (auto fatal = handshake_.TakeFatal()) {
    outputs_.emplace_back(Membership::Fatal{*std::move(fatal), 2});
  }
}

std::string MembershipRooms::WaitingFor() const {
  if (!started_) return "the data directory";
  if (suspicion_.fenced()) {
    return "another process that runs under this node's identity to end";
  }
  std::string joining = handshake_.WaitingFor();
  if (!joining.empty()) return joining;
  if (!IsRingReady()) return "the founder to declare the ring ready";
  if (!recovered_) return "recovery of the stores";
  return {};
}

uint64_t MembershipRooms::StateDigest() const {
  Hasher hasher;
  table_.DigestInto(hasher);
  keeper_.DigestInto(hasher);
  handshake_.DigestInto(hasher);
  hasher.Add(local_.datagrams_sent);
  hasher.Add(replays_.StateDigest());
  clock_.DigestInto(hasher);
  hasher.Add(recovered_);
  hasher.Add(suspicion_.isolated());
  hasher.Add(suspicion_.fenced());
  return hasher.Value();
}

void MembershipRooms::CheckInvariants() const {
  if (!started_) return;
  suspicion_.CheckInvariants();
  clock_.CheckInvariants();
  if (keeper_.state().has_value()) {
    ORRERY_INVARIANT(keeper_.state()->epoch == local_.epoch);
    ORRERY_INVARIANT(keeper_.state()->cluster == local_.cluster);
  }
}

}  // namespace orrery
