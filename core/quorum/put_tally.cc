#include "core/quorum/put_tally.h"

#include <algorithm>

#include "core/base/invariant.h"

namespace orrery {

PutTally::PutTally(const Options& options)
    : sets_(options.sets), sloppy_(options.sloppy) {
  CheckInvariants();
}

void PutTally::RecordAck(const Owner& owner, bool synced) {
  Vote& vote = VoteOf(owner);
  vote.acknowledged = true;
  vote.synced |= synced;
  vote.failed = false;
}

void PutTally::RecordFailure(const Owner& owner) {
  Vote& vote = VoteOf(owner);
  vote.failed = !vote.acknowledged;
}

void PutTally::RecordHint(const Owner& target, NodeId stand_in, bool synced) {
  const bool holds_one = std::any_of(
      holders_.begin(), holders_.end(),
      [&](const HintHolder& holder) { return holder.node == stand_in; });
  if (holds_one || IsOwner(stand_in)) {  // TALLY-2
    VoteOf(target).hint_failed = true;
    return;
  }
  holders_.push_back({stand_in, synced});
  Vote& vote = VoteOf(target);
  vote.hinted |= sloppy_ && synced;
  vote.hint_failed = !vote.hinted;
}

void PutTally::RecordHintFailure(const Owner& target) {
  VoteOf(target).hint_failed = true;
}

void PutTally::Recount(const QuorumSets& sets) {
  sets_ = sets;
  CheckInvariants();
}

PutTally::Verdict PutTally::verdict() const {
  bool reached = received() > 0;  // TALLY-3
  for (const QuorumSet& set : sets_) {
    uint32_t counted = 0;
    uint32_t possible = 0;
    for (const Owner& owner : set.owners) {
      const Vote* vote = Find(owner);
      const bool counts =
          vote != nullptr && (vote->acknowledged || vote->hinted);
      if (counts) ++counted;
      if (vote == nullptr || MayStillCount(*vote)) ++possible;
    }
    if (possible < set.required) return Verdict::kOutOfReach;
    reached = reached && counted >= set.required;
  }
  return reached ? Verdict::kSucceeded : Verdict::kPending;
}

Acks PutTally::acks() const {
  Acks acks;
  absl::InlinedVector<NodeId, 3> nodes;
  const auto add_node = [&](NodeId node) {
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) {
      nodes.push_back(node);
    }
  };
  for (const Vote& vote : votes_) {
    if (!vote.acknowledged) continue;
    ++acks.owners;
    if (vote.synced) ++acks.synced;
    add_node(vote.owner.node);
  }
  for (const HintHolder& holder : holders_) {
    ++acks.hints;
    if (holder.synced) ++acks.synced;
    add_node(holder.node);
  }
  acks.nodes = static_cast<uint32_t>(nodes.size());
  return acks;
}

uint32_t PutTally::required() const {
  uint32_t required = 0;
  for (const QuorumSet& set : sets_) {
    required = std::max(required, set.required);
  }
  return required;
}

uint32_t PutTally::received() const {
  uint32_t least = UINT32_MAX;
  for (const QuorumSet& set : sets_) {
    const auto count =
        std::count_if(set.owners.begin(), set.owners.end(),
                      [&](const Owner& owner) { return HasAck(owner); });
    least = std::min(least, static_cast<uint32_t>(count));
  }
  return sets_.empty() ? 0 : least;
}

bool PutTally::HasAck(const Owner& owner) const {
  const Vote* vote = Find(owner);
  return vote != nullptr && vote->acknowledged;
}

void PutTally::CheckInvariants() const {
  for (const QuorumSet& set : sets_) {
    ORRERY_INVARIANT(set.required >= 1);
    ORRERY_INVARIANT(set.required <= set.owners.size());
  }
  for (const HintHolder& holder : holders_) {
    ORRERY_INVARIANT(std::count_if(holders_.begin(), holders_.end(),
                                   [&](const HintHolder& other) {
                                     return other.node == holder.node;
                                   }) == 1);
  }
}

PutTally::Vote& PutTally::VoteOf(const Owner& owner) {
  for (Vote& vote : votes_) {
    if (vote.owner == owner) return vote;
  }
  votes_.push_back({.owner = owner});
  return votes_.back();
}

const PutTally::Vote* PutTally::Find(const Owner& owner) const {
  for (const Vote& vote : votes_) {
    if (vote.owner == owner) return &vote;
  }
  return nullptr;
}

bool PutTally::MayStillCount(const Vote& vote) const {
  if (vote.acknowledged || vote.hinted || !vote.failed) return true;
  return sloppy_ && !vote.hint_failed;
}

bool PutTally::IsOwner(NodeId node) const {
  for (const QuorumSet& set : sets_) {
    for (const Owner& owner : set.owners) {
      if (owner.node == node) return true;
    }
  }
  return false;
}

}  // namespace orrery
