#include "core/quorum/conversation.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/invariant.h"
#include "core/protocol/message.h"
#include "core/ring/quorum_size.h"
#include "core/ring/token.h"

namespace orrery {

namespace {

// REQUIRES: it answers a write; reads are never forwarded.
WriteReply ReplyOfWrite(ClientReply reply) {
  if (auto* done = std::get_if<WriteDone>(&reply)) return std::move(*done);
  if (auto* refused = std::get_if<Refused>(&reply)) return *refused;
  auto* unknown = std::get_if<OutcomeUnknown>(&reply);
  ORRERY_INVARIANT(unknown != nullptr);
  return std::move(*unknown);
}

}  // namespace

void Answer(const ReplyPath& path, ClientReply reply, const Promise& promise,
            Conversation& here) {
  if (std::holds_alternative<Refused>(reply)) ++here.counters.refused;
  if (std::holds_alternative<OutcomeUnknown>(reply)) ++here.counters.unknown;
  if (!path.client.IsNone()) {
    here.turn.effects.Reply(path.client, std::move(reply), promise);
    return;
  }
  here.turn.effects.Send(
      path.forwarder,
      ForwardWriteAck{.request = path.request,
                      .reply = ReplyOfWrite(std::move(reply))},
      promise);
}

QuorumSets ActiveSets(std::string_view key, const Level& level,
                      uint32_t configured, const RoutingView& routing) {
  QuorumSets sets;
  const Ring* ring = routing.ring();
  if (ring == nullptr) return sets;
  QuorumSet set{.owners = ring->OwnersOf(TokenOf(key))};
  if (set.owners.empty()) return sets;
  set.required =
      RequiredOf(level, configured, static_cast<uint32_t>(set.owners.size()));
  sets.push_back(std::move(set));
  return sets;
}

PreferenceList OwnersOf(const QuorumSets& sets) {
  PreferenceList owners;
  for (const QuorumSet& set : sets) {
    for (const Owner& owner : set.owners) {
      const bool known =
          std::find(owners.begin(), owners.end(), owner) != owners.end();
      if (!known) owners.push_back(owner);
    }
  }
  return owners;
}

bool IsSelf(const Owner& owner, const RoutingView& routing) {
  return owner.node == routing.self() &&
         owner.storage == routing.self_storage();
}

bool CoordinatesHere(std::string_view key, const RoutingView& routing) {
  if (!routing.serves() || routing.ring() == nullptr) return false;
  return routing.ring()->IsOwner(TokenOf(key),
                                 {routing.self(), routing.self_storage()});
}

PreferenceList ReachableOwners(const QuorumSets& sets,
                               const RoutingView& routing) {
  PreferenceList self;
  PreferenceList alive;
  PreferenceList others;
  for (const Owner& owner : OwnersOf(sets)) {
    if (owner.node == routing.self()) {
      if (IsSelf(owner, routing) && routing.serves()) self.push_back(owner);
      continue;
    }
    if (!routing.IsReachable(owner.node)) continue;
    const bool is_alive = routing.StateOf(owner.node) == MemberState::kAlive;
    (is_alive ? alive : others).push_back(owner);
  }
  self.insert(self.end(), alive.begin(), alive.end());
  self.insert(self.end(), others.begin(), others.end());
  return self;
}

}  // namespace orrery
