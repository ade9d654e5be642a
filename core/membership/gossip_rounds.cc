#include "core/membership/gossip_rounds.h"

#include <span>

namespace orrery {

namespace {

constexpr size_t kFanOut = 3;
constexpr int64_t kTicksPerInterval = 5;
constexpr Duration kDeadInterval = 2 * kSecond;
constexpr Duration kSeedInterval = 30 * kSecond;
constexpr Duration kLonelyInterval = kSecond;

}  // namespace

GossipRounds::GossipRounds(const Wiring& wiring) : in_(wiring) {}

void GossipRounds::Start(Prng random, Turn& turn) {
  random_ = random;
  turn.timers.Arm(TimerKind::kGossipTick, Handle{}, turn.now());
}

void GossipRounds::OnTick(Turn& turn) {
  turn.timers.Arm(
      TimerKind::kGossipTick, Handle{},
      turn.now() + in_.local.options.gossip_interval / kTicksPerInterval);
  if (in_.local.cluster.IsZero()) return;
  PushNews(turn);
  ReachTheDead(turn);
  ReachSeeds(turn);
}

void GossipRounds::PushNews(Turn& turn) {
  if (in_.gossiper.IsIdle()) return;
  std::vector<const Member*> peers;
  for (const auto& [id, member] : in_.table.entries()) {
    if (id == in_.local.id || member.record.gossip.IsNone()) continue;
    if (member.state == MemberState::kAlive ||
        member.state == MemberState::kSuspect) {
      peers.push_back(&member);
    }
  }
  random_.Shuffle(std::span<const Member*>(peers));
  if (peers.size() > kFanOut) peers.resize(kFanOut);
  for (const Member* peer : peers) {
    in_.sender.Send(peer->record.gossip, peer->record.id, GossipOnly{}, turn);
  }
}

void GossipRounds::ReachTheDead(Turn& turn) {
  if (turn.now() < dead_at_ + kDeadInterval) return;
  dead_at_ = turn.now();
  const MemberTable::Entries& entries = in_.table.entries();
  auto next = entries.upper_bound(last_dead_);
  for (size_t step = 0; step < entries.size(); ++step, ++next) {
    if (next == entries.end()) next = entries.begin();
    const Member& member = next->second;
    if (member.state != MemberState::kDead) continue;
    if (member.record.gossip.IsNone()) continue;
    last_dead_ = next->first;
    turn.effects.Mark("membership.reached_the_dead");
    in_.detector.PingOnce(member.record.gossip, last_dead_, turn);
    return;
  }
}

void GossipRounds::ReachSeeds(Turn& turn) {
  if (seeds_.empty()) return;
  if (!in_.suspicion.HearsAnyone() &&
      turn.now() >= all_seeds_at_ + kLonelyInterval) {
    all_seeds_at_ = turn.now();
    for (const Endpoint& seed : seeds_) {
      in_.detector.PingOnce(seed, NodeId{}, turn);
    }
    return;
  }
  // Whoever started anew while cut off knows nobody of the other half but by
  // its seeds: a seed that is no known member is as good as a dead one.
  const bool is_stranger = PassToStranger();
  if (turn.now() < seed_at_ + (is_stranger ? kDeadInterval : kSeedInterval)) {
    return;
  }
  seed_at_ = turn.now();
  const Endpoint& seed = seeds_[next_seed_ % seeds_.size()];
  next_seed_ = (next_seed_ + 1) % seeds_.size();
  in_.detector.PingOnce(seed, NodeId{}, turn);
}

// Moves `next_seed_` to the next seed at which no member is known, if any.
bool GossipRounds::PassToStranger() {
  for (size_t step = 0; step < seeds_.size(); ++step) {
    const size_t index = (next_seed_ + step) % seeds_.size();
    if (in_.table.FindAt(seeds_[index]) != nullptr) continue;
    next_seed_ = index;
    return true;
  }
  return false;
}

void GossipRounds::Postpone(Duration late) {
  dead_at_ = dead_at_ + late;
  seed_at_ = seed_at_ + late;
  all_seeds_at_ = all_seeds_at_ + late;
}

}  // namespace orrery
