// tests/core/quorum/quorum_bench.h
//
// A cluster as one coordinator sees it: a real ring and routing view, and
// conversations driven by hand.  The owners of kKey are A, B and C in order;
// everybody else may stand in.  This node is A unless told otherwise.

#ifndef ORRERY_TESTS_CORE_QUORUM_QUORUM_BENCH_H_
#define ORRERY_TESTS_CORE_QUORUM_QUORUM_BENCH_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/protocol/turn.h"
#include "core/quorum/conversation.h"
#include "core/ring/ring.h"
#include "core/ring/routing_view.h"
#include "core/ring/token.h"
#include "core/version/object_merge.h"
#include "tests/core/version/version_samples.h"

namespace orrery {

inline constexpr std::string_view kKey = "k";
inline constexpr ClusterId kTestCluster{{.hi = 7, .lo = 8}};
inline constexpr Handle kTestHandle{3, 1};
inline constexpr ReplyPath kTestClient{.client = {9, 1}};
inline constexpr OperationId kTestOperation{{.hi = 1, .lo = 2}};
inline constexpr Level kOne{.kind = Level::Kind::kOne};
inline constexpr Level kQuorum{.kind = Level::Kind::kQuorum};
inline constexpr Level kAll{.kind = Level::Kind::kAll};
// For whom no ring is needed.
inline constexpr Owner kOwnerA{{1}, {{.hi = 1, .lo = 1}}};
inline constexpr Owner kOwnerB{{2}, {{.hi = 2, .lo = 1}}};
inline constexpr Owner kOwnerC{{3}, {{.hi = 3, .lo = 1}}};

inline RingState RingOf(uint32_t nodes, uint32_t replication = 3) {
  RingState state{.cluster = kTestCluster,
                  .epoch = {.era = 0, .seq = 2},
                  .pristine = false,
                  .params = {.replication = replication}};
  for (uint32_t i = 1; i <= nodes; ++i) {
    const std::string name = "n" + std::to_string(i);
    state.members.push_back({.id = NodeIdOf(name),
                             .name = name,
                             .storage = {{.hi = 100 + i, .lo = 1}},
                             .vnodes = 8});
  }
  std::sort(
      state.members.begin(), state.members.end(),
      [](const RingMember& a, const RingMember& b) { return a.id < b.id; });
  state.council = {state.members.front().id};
  return state;
}

class QuorumBench {
 public:
  explicit QuorumBench(uint32_t nodes = 3, uint32_t replication = 3,
                       const Limits& limits = {}) {
    options.limits = limits;
    options.replication = replication;
    routing.SetRing(RingOf(nodes, replication));
    owners = routing.ring()->OwnersOf(TokenOf(kKey));
    stand_ins = routing.ring()->NonOwnersClockwise(TokenOf(kKey));
    BecomeNode(A());
  }

  Owner A() const { return owners[0]; }
  Owner B() const { return owners[1]; }
  Owner C() const { return owners[2]; }
  Owner StandIn(size_t i) const {
    for (const RingMember& member : routing.ring()->state().members) {
      if (member.id == stand_ins[i]) return {member.id, member.storage};
    }
    return {};
  }

  void BecomeNode(const Owner& self) {
    routing.SetSelf(self.node, self.storage, EndpointOf(self.node));
    routing.SetServes(true);
    for (const RingMember& member : routing.ring()->state().members) {
      SetState(member.id, MemberState::kAlive);
    }
  }
  void SetState(NodeId node, MemberState state) {
    routing.SetMember(node, EndpointOf(node), state);
  }
  void Kill(const Owner& owner) { SetState(owner.node, MemberState::kDead); }

  Conversation Here() {
    return {.turn = turn_,
            .options = options,
            .routing = routing,
            .cluster = kTestCluster,
            .local = local,
            .counters = counters,
            .answer_times = answer_times};
  }
  Turn& turn() { return turn_; }
  Instant now() const { return turn_.at.mono; }
  void Advance(Duration by) { turn_.at.mono = turn_.at.mono + by; }
  Instant Deadline() const { return now() + options.request_timeout; }

  // What was sent to `node`, in order.
  template <typename Body>
  std::vector<Body> SentTo(const Owner& to) const {
    std::vector<Body> found;
    for (const SendEffect& send : effects.sends) {
      const auto* body = std::get_if<Body>(&send.message.body);
      const bool matches = send.to == routing.EndpointOf(to.node);
      if (matches && body != nullptr) found.push_back(*body);
    }
    return found;
  }
  template <typename Body>
  bool Sent(const Owner& to) const {
    return !SentTo<Body>(to).empty();
  }

  size_t Replies() const { return effects.replies.size(); }
  template <typename Reply>
  const Reply* Replied() const {
    if (effects.replies.size() != 1) return nullptr;
    return std::get_if<Reply>(&effects.replies[0].reply);
  }
  bool Marked(std::string_view mark) const {
    return std::find(effects.marks.begin(), effects.marks.end(), mark) !=
           effects.marks.end();
  }

  EngineOptions options;
  RoutingView routing;
  PreferenceList owners;
  std::vector<NodeId> stand_ins;
  LocalWork local;
  EngineCounters counters;
  AnswerTimes answer_times;
  Effects effects;
  TimerHeap timers;

 private:
  static Endpoint EndpointOf(NodeId node) {
    return {.ip = {}, .port = static_cast<uint16_t>(1 + node.value % 60000)};
  }

  Turn turn_{.at = {.mono = {kSecond.ns}, .wall = {1000 * kSecond.ns}},
             .effects = effects,
             .timers = timers};
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_QUORUM_QUORUM_BENCH_H_
