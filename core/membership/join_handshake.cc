#include "core/membership/join_handshake.h"

#include <algorithm>

#include "core/base/invariant.h"
#include "core/membership/admission.h"

namespace orrery {

namespace {

constexpr Duration kSeekInterval = 250 * kMillisecond;
constexpr Duration kRetryMin = kSecond;
constexpr Duration kRetryMax = 30 * kSecond;
constexpr int64_t kRetryJitterPercent = 20;

bool IsFatal(JoinRejection why) {
  switch (why) {
    case JoinRejection::kClusterMismatch:
    case JoinRejection::kProtocolUnsupported:
    case JoinRejection::kParamsMismatch:
    case JoinRejection::kIdCollision:
    case JoinRejection::kStorageConflict:
    case JoinRejection::kEvicted:
      return true;
    case JoinRejection::kNoCluster:
    case JoinRejection::kNameTakenAlive:
    case JoinRejection::kRingClosed:
    case JoinRejection::kNotFounder:
      return false;
  }
  return false;
}

}  // namespace

JoinHandshake::JoinHandshake(const Wiring& wiring) : in_(wiring) {}

void JoinHandshake::Start(Prng ids, Prng jitter, Turn& turn) {
  ids_ = ids;
  jitter_ = jitter;
  started_ = true;
  if (!InRing()) ArmSoon(turn);
}

void JoinHandshake::OnSeeds(Turn& turn) {
  if (started_ && in_.local.cluster.IsZero()) ArmSoon(turn);
}

bool JoinHandshake::InRing() const {
  return in_.keeper.Owns(in_.local.id, in_.local.storage);
}

void JoinHandshake::OnTimer(Turn& turn) {
  if (in_.local.cluster.IsZero()) {
    AskSeeds(turn);
    FoundIfAllowed(turn);
    ArmLater(turn);
  } else if (!in_.keeper.state().has_value()) {
    AskSeeds(turn);
    ArmLater(turn);
  } else if (!InRing() && in_.local.options.auto_join) {
    AskWhoMayKnow(turn);
    ArmLater(turn);
  }
}

// The founder decides; without it any member knows whether the ring is closed.
void JoinHandshake::AskWhoMayKnow(Turn& turn) {
  if (!pointed_to_.IsNone()) {
    AskForOwnership(std::exchange(pointed_to_, {}), turn);
    return;
  }
  std::vector<const Member*> live;
  for (const auto& [id, member] : in_.table.entries()) {
    if (id == in_.local.id || member.record.gossip.IsNone()) continue;
    if (member.state != MemberState::kAlive) continue;
    if (id == in_.keeper.founder()) {
      AskForOwnership(member.record.gossip, turn);
      return;
    }
    live.push_back(&member);
  }
  if (!live.empty()) {
    const size_t chosen = jitter_.Below(live.size());
    AskForOwnership(live[chosen]->record.gossip, turn);
    return;
  }
  for (const Endpoint& seed : in_.founding.others()) {
    AskForOwnership(seed, turn);
  }
}

JoinRequest JoinHandshake::MakeRequest(bool wants_ring) const {
  const Member* self = in_.table.Find(in_.local.id);
  ORRERY_INVARIANT(self != nullptr);
  return {.self = self->record,
          .params = ParamsOf(in_.local.options),
          .wants_ring = wants_ring,
          .seeds = in_.founding.seeds(),
          .self_first = in_.founding.self_first()};
}

void JoinHandshake::AskSeeds(Turn& turn) {
  if (in_.keeper.IsPersisting()) return;
  for (const Endpoint& seed : in_.founding.others()) {
    turn.effects.Send(seed, MakeRequest(false));
  }
}

void JoinHandshake::AskForOwnership(const Endpoint& to, Turn& turn) {
  turn.effects.Send(to, MakeRequest(true));
}

void JoinHandshake::FoundIfAllowed(Turn& turn) {
  if (in_.keeper.IsPersisting()) return;
  if (!in_.founding.MayFound(turn.now())) return;
  ClusterId cluster;
  do {  // Tag 0 means "no cluster".
    cluster.hi = ids_.Next();
    cluster.lo = ids_.Next();
  } while (cluster.Tag() == 0);
  founding_ = true;
  in_.keeper.Found(cluster, turn);
}

void JoinHandshake::OnAccept(const JoinAccept& accept, Turn& turn) {
  const std::optional<RingState> ring = DecodeRingState(accept.ring.view());
  if (!ring.has_value() || ring->cluster != accept.cluster) return;
  if (in_.local.cluster.IsZero()) {
    if (in_.keeper.IsPersisting()) return;
    // Seen by the other side too; asked again here in case it changed.
    const auto mismatch = MismatchOf(ParamsOf(in_.local.options), ring->params);
    if (mismatch.has_value()) {
      Fail(*mismatch);
      return;
    }
    in_.keeper.Offer(*ring, turn);
    met_ = accept.members;
    return;
  }
  if (ring->cluster != in_.local.cluster) return;
  in_.keeper.Offer(*ring, turn);
  for (const MemberRecord& record : accept.members) {
    in_.suspicion.Merge(record, NodeId{}, turn);
  }
}

void JoinHandshake::OnReject(const JoinReject& reject, const Envelope& from,
                             Turn& turn) {
  if (reject.why == JoinRejection::kNoCluster) {
    in_.founding.OnNoCluster(from.reply_to, reject.seeds, reject.self_first,
                             turn.now());
    if (in_.local.cluster.IsZero()) FoundIfAllowed(turn);
    return;
  }
  if (InRing()) return;  // An answer to an older question.
  if (last_rejection_ != reject.why) {
    last_rejection_ = reject.why;
    turn.effects.Mark("membership.join_rejected");
    turn.effects.notes.push_back({.kind = Note::Kind::kJoinRejected,
                                  .member = from.from,
                                  .detail = static_cast<uint32_t>(reject.why),
                                  .number = reject.theirs,
                                  .text = reject.field});
  }
  if (IsFatal(reject.why)) {
    Fail(reject);
  } else if (reject.why == JoinRejection::kRingClosed) {
    refused_ = true;
  } else if (reject.why == JoinRejection::kNotFounder &&
             !reject.address.IsNone()) {
    pointed_to_ = reject.address;
  }
}

void JoinHandshake::Fail(const JoinReject& reject) {
  switch (reject.why) {
    case JoinRejection::kParamsMismatch:
      fatal_ = reject.field + " is " + std::to_string(reject.theirs) +
               " here and " + std::to_string(reject.ours) + " in the cluster";
      return;
    case JoinRejection::kClusterMismatch:
      fatal_ = "the data directory belongs to another cluster than the seeds";
      return;
    case JoinRejection::kProtocolUnsupported:
      fatal_ = "the cluster speaks no protocol version that this node knows";
      return;
    case JoinRejection::kIdCollision:
      fatal_ = "node_id collides with that of another member; choose another";
      return;
    case JoinRejection::kStorageConflict:
      fatal_ =
          "the data directory is a copy of another member's; start with an "
          "empty one";
      return;
    case JoinRejection::kEvicted:
      fatal_ = "this node was removed from the cluster";
      return;
    case JoinRejection::kNoCluster:
    case JoinRejection::kNameTakenAlive:
    case JoinRejection::kRingClosed:
    case JoinRejection::kNotFounder:
      return;
  }
}

std::optional<std::string> JoinHandshake::TakeFatal() {
  return std::exchange(fatal_, std::nullopt);
}

void JoinHandshake::OnStanding(Turn& turn) {
  if (in_.local.cluster.IsZero()) {  // It was left.
    attempts_ = 0;
    refused_ = false;
    ArmSoon(turn);
    return;
  }
  for (const MemberRecord& record : std::exchange(met_, {})) {
    in_.suspicion.Merge(record, NodeId{}, turn);
  }
  if (InRing()) {
    const bool founded = std::exchange(founding_, false);
    if (founded || turn.timers.IsArmed(TimerKind::kJoin, Handle{})) {
      turn.effects.Mark(founded ? "membership.founded" : "membership.joined");
      turn.effects.notes.push_back(
          {.kind = founded ? Note::Kind::kFounded : Note::Kind::kJoined,
           .member = in_.local.id,
           .number = in_.local.epoch.seq,
           .text = {}});
    }
    refused_ = false;
    last_rejection_.reset();
    turn.timers.Cancel(TimerKind::kJoin, Handle{});
  } else if (attempts_ == 0) {
    ArmSoon(turn);
  }
}

void JoinHandshake::ArmSoon(Turn& turn) {
  turn.timers.Arm(TimerKind::kJoin, Handle{}, turn.now());
}

void JoinHandshake::ArmLater(Turn& turn) {
  Duration delay = kSeekInterval;
  if (!in_.local.cluster.IsZero()) {
    delay = kRetryMin * (int64_t{1} << std::min(attempts_, 5u));
    delay = std::min(delay, kRetryMax);
    ++attempts_;
    const int64_t spread = delay.ns * kRetryJitterPercent / 100;
    delay = Duration{delay.ns + jitter_.Between(-spread, spread)};
  }
  turn.timers.Arm(TimerKind::kJoin, Handle{}, turn.now() + delay);
}

std::string JoinHandshake::WaitingFor() const {
  if (in_.local.cluster.IsZero()) {
    if (last_rejection_ == JoinRejection::kNameTakenAlive) {
      return "the other running node with this node_id to be stopped";
    }
    if (in_.founding.self_first()) {
      return "the other seeds to answer, or 10 s of silence, before founding";
    }
    return "a seed that knows a cluster, or that founds one";
  }
  if (!in_.keeper.state().has_value()) return "a peer that sends the ring";
  if (InRing()) return {};
  if (refused_) {
    return "the ring to open: RING_CLOSED, this node owns nothing";
  }
  if (!in_.local.options.auto_join) return "an operator to plan its join";
  return "the founder to let this node into the ring";
}

void JoinHandshake::DigestInto(Hasher& hasher) const {
  hasher.Add(refused_);
  hasher.Add(attempts_);
  hasher.Add(founding_);
}

}  // namespace orrery
