#include "core/membership/ring_keeper.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"
#include "core/membership/admission.h"
#include "core/protocol/limits.h"

namespace orrery {

namespace {

constexpr Duration kFounderTick = 100 * kMillisecond;
constexpr Duration kJoinBatch = kSecond;
constexpr Duration kLastJoinAge = 2 * kSecond;
constexpr Duration kPullRetry = 250 * kMillisecond;
constexpr Duration kCloseWantedFor = 10 * kSecond;
constexpr uint32_t kPullsMax = 20;  // 5 s; the next packet starts again.

uint64_t TokensOf(const RingState& ring) {
  uint64_t tokens = 0;
  for (const RingMember& member : ring.members) tokens += member.vnodes;
  return tokens;
}

// Inserts or replaces by id.  A ring that would break a limit stays as it is.
void PutMember(RingState& ring, const RingMember& member) {
  const auto place = std::lower_bound(
      ring.members.begin(), ring.members.end(), member.id,
      [](const RingMember& a, NodeId id) { return a.id < id; });
  if (place != ring.members.end() && place->id == member.id) {
    *place = member;
    return;
  }
  if (ring.members.size() >= kMembersMax) return;
  if (TokensOf(ring) + member.vnodes > kRingTokensMax) return;
  ring.members.insert(place, member);
}

}  // namespace

RingKeeper::RingKeeper(const Wiring& wiring) : in_(wiring) {}

void RingKeeper::Restore(ClusterId cluster,
                         const std::optional<RingState>& ring, Turn& turn) {
  in_.local.cluster = cluster;
  if (ring.has_value()) Install(*ring, turn);
  // Whoever knows this node by another cluster has as long to say so as after a
  // join: its disk may have been wiped since.
  joined_at_ = turn.now();
}

void RingKeeper::Found(ClusterId cluster, Turn& turn) {
  ORRERY_INVARIANT(in_.local.cluster.IsZero());  // MEM-4
  ORRERY_INVARIANT(!pending_.has_value());
  RingState ring;
  ring.cluster = cluster;
  ring.epoch = {.era = 1, .seq = 1};
  ring.pristine = true;
  ring.params = ParamsOf(in_.local.options);
  ring.council = {in_.local.id};
  ring.members = {{.id = in_.local.id,
                   .name = in_.local.name,
                   .storage = in_.local.storage,
                   .zone = {},
                   .vnodes = in_.local.options.vnodes,
                   .status = MemberStatus::kNormal}};
  committed_at_ = turn.now();
  joined_at_ = turn.now();
  BeginPersist(std::move(ring), true);
}

void RingKeeper::Offer(const RingState& ring, Turn& turn) {
  const bool first = in_.local.cluster.IsZero();
  if (!first && ring.cluster != in_.local.cluster) return;
  if (ring.epoch == in_.local.epoch && !first) {
    if (RingHash(ring) != in_.local.ring_hash) {
      turn.effects.Mark("membership.ring_conflict");
    }
    return;
  }
  if (ring.epoch < in_.local.epoch) return;
  if (ring.pristine && installed_.has_value() && !installed_->pristine) {
    turn.effects.Mark("membership.ring_conflict");  // RKP-3
    return;
  }
  if (!pending_.has_value()) {
    BeginPersist(ring, false);
  } else if (ring.cluster == pending_->ring.cluster &&
             ring.epoch > pending_->ring.epoch &&
             (!next_.has_value() || ring.epoch > next_->epoch)) {
    next_ = ring;
  }
}

void RingKeeper::BeginPersist(RingState ring, bool mine) {
  ORRERY_INVARIANT(!pending_.has_value());         // RKP-2
  ORRERY_INVARIANT(ring.epoch > in_.local.epoch);  // RKP-1
  const uint64_t token = next_token_++;
  to_persist_ = Persist{token, ring.cluster, EncodeRingState(ring)};
  pending_ = Pending{token, std::move(ring), mine};
}

bool RingKeeper::OnPersisted(uint64_t token, Turn& turn) {
  if (!pending_.has_value() || pending_->token != token) return false;
  const Pending done = *std::exchange(pending_, std::nullopt);
  Install(done.ring, turn);
  if (done.mine) PushToAll(turn);
  if (next_.has_value()) {
    const RingState next = *std::exchange(next_, std::nullopt);
    if (next.epoch > in_.local.epoch) BeginPersist(next, false);
  }
  return true;
}

void RingKeeper::Install(const RingState& ring, Turn& turn) {
  ORRERY_INVARIANT(ring.epoch > in_.local.epoch);  // RKP-1
  const bool was_open = installed_.has_value() && installed_->pristine;
  installed_ = ring;
  encoded_ = EncodeRingState(ring);
  in_.local.cluster = ring.cluster;
  in_.local.epoch = ring.epoch;
  in_.local.ring_hash = RingHash(ring);
  turn.effects.Mark("membership.ring_installed");
  if (was_open && !ring.pristine) turn.effects.Mark("membership.ring_closed");
  turn.effects.notes.push_back({.kind = Note::Kind::kRingInstalled,
                                .member = founder(),
                                .detail = ring.pristine ? 1u : 0u,
                                .number = ring.epoch.seq,
                                .text = {}});
  if (ring.pristine && IsFounder()) {
    turn.timers.Arm(TimerKind::kFounding, Handle{}, turn.now() + kFounderTick);
  } else {
    turn.timers.Cancel(TimerKind::kFounding, Handle{});
  }
}

NodeId RingKeeper::founder() const {
  return installed_.has_value() ? installed_->council.front() : NodeId{};
}

bool RingKeeper::Owns(NodeId node, StorageId storage) const {
  if (!installed_.has_value()) return false;
  const RingMember* member = FindMember(*installed_, node);
  return member != nullptr && member->status == MemberStatus::kNormal &&
         member->storage == storage;
}

// A wiped disk under the founder's name is not the founder: it does not know
// what that one committed.
bool RingKeeper::IsFounder() const {
  return founder() == in_.local.id && Owns(in_.local.id, in_.local.storage);
}

bool RingKeeper::IsAloneInPristineRing() const {
  return installed_.has_value() && installed_->pristine && IsFounder() &&
         installed_->members.size() == 1 && joins_.empty();
}

void RingKeeper::Abandon(Turn& turn) {
  ORRERY_INVARIANT(IsAloneInPristineRing());
  installed_.reset();
  encoded_ = {};
  pending_.reset();
  to_persist_.reset();
  next_.reset();
  in_.local.cluster = {};
  in_.local.epoch = {};
  in_.local.ring_hash = 0;
  declared_ready_ = false;
  close_wanted_ = false;
  turn.timers.Cancel(TimerKind::kFounding, Handle{});
}

// ---- The founder ----

void RingKeeper::Admit(const RingMember& member, const Endpoint& reply_to,
                       Turn& turn) {
  ORRERY_INVARIANT(IsFounder());
  ORRERY_INVARIANT(installed_->pristine);
  if (Owns(member.id, member.storage)) {
    PushTo(reply_to, turn);
    return;
  }
  joins_[member.id] = member;
  join_endpoints_[member.id] = reply_to;
}

void RingKeeper::OnFounderTick(Turn& turn) {
  if (!installed_.has_value() || !installed_->pristine || !IsFounder()) return;
  turn.timers.Arm(TimerKind::kFounding, Handle{}, turn.now() + kFounderTick);
  if (pending_.has_value()) return;
  if (!joins_.empty()) {
    if (turn.now() >= committed_at_ + kJoinBatch) CommitJoins(turn);
    return;
  }
  if (!declared_ready_ && recovered_ && SeedsSettled(turn.now()) &&
      turn.now() >= joined_at_ + kLastJoinAge) {
    declared_ready_ = true;
  }
  if (!declared_ready_) return;
  if (close_wanted_ || SeedsJoined()) CommitClose();
}

void RingKeeper::CommitJoins(Turn& turn) {
  RingState ring = *installed_;
  ++ring.epoch.seq;
  for (const auto& [id, member] : joins_) PutMember(ring, member);
  joins_.clear();
  committed_at_ = turn.now();
  joined_at_ = turn.now();
  BeginPersist(std::move(ring), true);
}

void RingKeeper::CommitClose() {
  RingState ring = *installed_;
  ++ring.epoch.seq;
  ring.pristine = false;
  BeginPersist(std::move(ring), true);
}

bool RingKeeper::HasJoined(const Endpoint& seed) const {
  const Member* member = in_.table.FindAt(seed);
  return member != nullptr && Owns(member->record.id, member->record.storage);
}

bool RingKeeper::SeedsSettled(Instant now) const {
  for (const Endpoint& seed : in_.founding.others()) {
    if (!HasJoined(seed) && !in_.founding.IsSilent(seed, now)) return false;
  }
  return true;
}

// A list that names nobody else says nothing about who is still to come, so
// such a ring stays open until the first write, like that of an empty list.
bool RingKeeper::SeedsJoined() const {
  if (in_.founding.others().empty()) return false;
  for (const Endpoint& seed : in_.founding.others()) {
    if (!HasJoined(seed)) return false;
  }
  return true;
}

void RingKeeper::PushToAll(Turn& turn) {
  for (const auto& [id, member] : in_.table.entries()) {
    if (id == in_.local.id || member.state == MemberState::kDead) continue;
    if (join_endpoints_.contains(id)) continue;
    PushTo(member.record.gossip, turn);
  }
  for (const auto& [id, endpoint] : join_endpoints_) PushTo(endpoint, turn);
  // Whoever asked after this state was made waits for the next.
  absl::btree_map<NodeId, Endpoint> waiting;
  for (const auto& [id, member] : joins_) waiting[id] = join_endpoints_[id];
  join_endpoints_ = std::move(waiting);
}

void RingKeeper::PushTo(const Endpoint& to, Turn& turn) {
  if (to.IsNone() || !installed_.has_value()) return;
  turn.effects.Mark("membership.ring_pushed");
  turn.effects.Send(to, RingPush{.ring = encoded_});
}

// ---- Closing and pulling ----

void RingKeeper::WantClosed(Turn& turn) {
  if (!installed_.has_value() || !installed_->pristine) return;
  if (IsFounder()) {
    close_wanted_ = true;
    OnFounderTick(turn);
    return;
  }
  const bool asking = turn.now() < close_wanted_until_;
  close_wanted_until_ = turn.now() + kCloseWantedFor;
  if (!asking) AskToClose(turn);
  ArmPull(turn);
}

void RingKeeper::AskToClose(Turn& turn) {
  const Endpoint founder = EndpointOfFounder();
  if (founder.IsNone()) return;
  turn.effects.Send(founder, RingClose{.epoch = in_.local.epoch});
}

Endpoint RingKeeper::EndpointOfFounder() const {
  const Member* member = in_.table.Find(founder());
  return member == nullptr ? Endpoint{} : member->record.gossip;
}

void RingKeeper::OnClose(const Endpoint& asker, Turn& turn) {
  if (!installed_.has_value()) return;
  if (!installed_->pristine) {
    PushTo(asker, turn);
  } else if (IsFounder()) {
    close_wanted_ = true;
    OnFounderTick(turn);
  }
}

void RingKeeper::OnPull(Epoch theirs, const Endpoint& asker, Turn& turn) {
  if (theirs < in_.local.epoch) PushTo(asker, turn);
}

void RingKeeper::OnEpochSeen(Epoch epoch, const Endpoint& holder, Turn& turn) {
  if (epoch <= in_.local.epoch || in_.local.cluster.IsZero()) return;
  if (pending_.has_value() && epoch <= pending_->ring.epoch) return;
  if (epoch <= seen_ && pulls_ > 0) return;
  seen_ = epoch;
  seen_at_ = holder;
  pulls_ = 1;
  turn.effects.Send(holder, RingPull{.epoch = in_.local.epoch});
  ArmPull(turn);
}

void RingKeeper::OnPullTimer(Turn& turn) {
  const bool wants_close = installed_.has_value() && installed_->pristine &&
                           turn.now() < close_wanted_until_;
  const bool behind = in_.local.epoch < seen_ && pulls_ > 0;
  if (wants_close) AskToClose(turn);
  if (behind) {
    turn.effects.Send(seen_at_, RingPull{.epoch = in_.local.epoch});
    pulls_ = pulls_ < kPullsMax ? pulls_ + 1 : 0;
  } else {
    pulls_ = 0;
  }
  if (wants_close || pulls_ > 0) ArmPull(turn);
}

void RingKeeper::ArmPull(Turn& turn) {
  turn.timers.Arm(TimerKind::kRingPull, Handle{}, turn.now() + kPullRetry);
}

std::optional<RingKeeper::Persist> RingKeeper::TakePersist() {
  return std::exchange(to_persist_, std::nullopt);
}

void RingKeeper::Postpone(Duration late) {
  committed_at_ = committed_at_ + late;
  joined_at_ = joined_at_ + late;
  close_wanted_until_ = close_wanted_until_ + late;
}

void RingKeeper::DigestInto(Hasher& hasher) const {
  hasher.Add(in_.local.cluster.hi);
  hasher.Add(in_.local.cluster.lo);
  hasher.Add(in_.local.epoch.era);
  hasher.Add(in_.local.epoch.seq);
  hasher.Add(in_.local.ring_hash);
  hasher.Add(pending_.has_value() ? pending_->token : 0);
  hasher.Add(uint64_t{joins_.size()});
  hasher.Add(declared_ready_);
  hasher.Add(close_wanted_);
}

}  // namespace orrery
