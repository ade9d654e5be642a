// tests/core/repair/repair_cluster.h
//
// A few nodes with real stores and RepairRooms, wired back to back: what one
// sends the other gets at once, unless the link is cut.

#ifndef ORRERY_TESTS_CORE_REPAIR_REPAIR_CLUSTER_H_
#define ORRERY_TESTS_CORE_REPAIR_REPAIR_CLUSTER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/protocol/request_handle.h"
#include "core/repair/repair_room.h"
#include "core/ring/routing_view.h"
#include "core/ring/token.h"
#include "tests/core/replica/replica_bench.h"

namespace orrery {

inline std::string NameOf(size_t node) {
  return "node-" + std::to_string(node);
}

inline RingState RingOf(size_t nodes, uint32_t replication, uint32_t vnodes) {
  RingState state;
  state.cluster = {{.hi = 1, .lo = 2}};
  state.epoch = {.era = 1, .seq = 2};
  state.pristine = false;
  state.params.replication = replication;
  for (size_t i = 0; i < nodes; ++i) {
    RingMember member;
    member.name = NameOf(i);
    member.id = NodeIdOf(member.name);
    member.storage = {{.hi = i + 1, .lo = 1}};
    member.vnodes = vnodes;
    state.members.push_back(std::move(member));
  }
  std::sort(
      state.members.begin(), state.members.end(),
      [](const RingMember& a, const RingMember& b) { return a.id < b.id; });
  state.council = {state.members[0].id};
  return state;
}

struct RepairClusterOptions {
  size_t nodes = 2;
  uint32_t replication = 3;
  uint32_t write_quorum = RingParams{}.write_quorum;
  uint32_t vnodes = 8;
  std::vector<bool> in_doubt = {};  // By node.
  Limits limits = {};
};

class RepairCluster {
 public:
  struct Node {
    Node(const ReplicaBenchOptions& bench_options,
         const EngineOptions& engine_options)
        : options(engine_options),
          bench(bench_options),
          repair({.options = options,
                  .routing = routing,
                  .user_store = bench.store,
                  .reader = bench.reader,
                  .writer = bench.writer}) {}
    EngineOptions options;
    ReplicaBench bench;
    RoutingView routing;
    RepairRoom repair;
    bool cut = false;  // Hears nothing and is not heard.
    uint64_t sent = 0;
  };

  explicit RepairCluster(const RepairClusterOptions& options = {})
      : ring_(RingOf(options.nodes, options.replication, options.vnodes)) {
    ring_.params.write_quorum = options.write_quorum;
    EngineOptions engine;
    engine.limits = options.limits;
    for (size_t i = 0; i < options.nodes; ++i) {
      const bool in_doubt = i < options.in_doubt.size() && options.in_doubt[i];
      nodes_.push_back(std::make_unique<Node>(
          ReplicaBenchOptions{
              .storage = i + 1, .moved = in_doubt, .limits = options.limits},
          engine));
      node(i).bench.Open();
      Introduce(i);
    }
  }

  Node& node(size_t i) { return *nodes_[i]; }
  size_t size() const { return nodes_.size(); }
  NodeId IdOf(size_t i) const { return NodeIdOf(NameOf(i)); }

  void Start() {
    for (auto& one : nodes_) {
      Turn turn = one->bench.NewTurn();
      one->repair.OnStart(turn);
    }
    Settle();
  }

  // Everything at rest, then time goes to the next timer, until `span` is
  // over.
  void Run(Duration span) {
    const Instant end = node(0).bench.at.mono + span;
    Settle();
    while (true) {
      std::optional<Instant> next;
      for (auto& one : nodes_) {
        const auto due = one->bench.timers.NextDeadline();
        if (due.has_value() && (!next.has_value() || *due < *next)) next = due;
      }
      if (!next.has_value() || *next > end) break;
      SetTime(*next);
      FireTimers();
      Settle();
    }
    SetTime(end);
  }

  // A key that all nodes own is any key when there are at most N nodes.
  void Put(size_t i, std::string_view key, std::string_view value) {
    node(i).bench.Put(key, value);
    Settle();
  }

  void SetCut(size_t i, bool cut) { node(i).cut = cut; }

  // Exactly what a coordinator at `i` would send to the others.
  void PutEverywhere(std::string_view key, std::string_view value) {
    const Object object = node(0).bench.Put(key, value).object;
    for (size_t i = 1; i < size(); ++i) {
      node(i).bench.Merge({.key = std::string(key), .object = object});
    }
    Settle();
  }

  bool AllHold(std::string_view key, std::string_view value) {
    for (auto& one : nodes_) {
      const Object held = one->bench.Held(key);
      if (held.siblings.empty()) return false;
      if (held.siblings[0].value.text() != value) return false;
    }
    return true;
  }

  void Settle() {
    bool busy = true;
    while (busy) {
      busy = false;
      for (auto& one : nodes_) busy = Work(*one) || busy;
    }
  }

  std::vector<std::string_view> marks;

 private:
  Endpoint EndpointOf(size_t i) const {
    Endpoint endpoint;
    endpoint.port = static_cast<uint16_t>(7000 + i);
    return endpoint;
  }

  void Introduce(size_t i) {
    RoutingView& routing = node(i).routing;
    routing.SetSelf(IdOf(i), {{.hi = i + 1, .lo = 1}}, EndpointOf(i));
    routing.SetRing(ring_);
    for (size_t other = 0; other < ring_.members.size(); ++other) {
      if (other == i) continue;
      routing.SetMember(IdOf(other), EndpointOf(other), MemberState::kAlive);
    }
  }

  void SetTime(Instant now) {
    for (auto& one : nodes_) {
      one->bench.at.wall.ns += (now - one->bench.at.mono).ns;
      one->bench.at.mono = now;
    }
  }

  void FireTimers() {
    for (auto& one : nodes_) {
      Turn turn = one->bench.NewTurn();
      while (const auto due = one->bench.timers.PopDue(turn.now())) {
        if (due->kind == TimerKind::kSyncRound ||
            due->kind == TimerKind::kSyncSession) {
          one->repair.OnTimer(*due, turn);
        } else {
          one->bench.store.OnTimer(*due, turn);
        }
      }
    }
  }

  // Whether anything happened at this node.
  bool Work(Node& one) {
    one.bench.Settle();
    Turn turn = one.bench.NewTurn();
    bool busy = false;
    for (const Store::Change& change : one.bench.store.TakeChanges()) {
      one.repair.OnChange(change);
    }
    for (const WriteOutcome& outcome : std::exchange(one.bench.written, {})) {
      busy = true;
      OnWritten(one, outcome, turn);
    }
    for (const ReadOutcome& outcome : std::exchange(one.bench.read, {})) {
      busy = true;
      one.repair.OnReadOutcome(outcome, turn);
    }
    for (const std::string_view mark : one.bench.effects.marks) {
      marks.push_back(mark);
    }
    one.bench.effects.marks.clear();
    for (SendEffect& send : std::exchange(one.bench.effects.sends, {})) {
      busy = true;
      ++one.sent;
      Deliver(one, send);
    }
    one.repair.CheckInvariants();
    return busy;
  }

  void Deliver(Node& from, SendEffect& send) {
    Node& to = node(send.to.port - size_t{7000});
    if (from.cut || to.cut) return;
    send.message.envelope = {
        .cluster = ring_.cluster,
        .from = from.routing.self(),
        .storage = from.routing.self_storage(),
        .reply_to = from.routing.EndpointOf(from.routing.self()),
        .generation = 1,
        .boot_salt = 1,
        .epoch = from.routing.ring()->epoch(),
        .ring_hash = from.routing.ring()->hash()};
    Turn turn = to.bench.NewTurn();
    const auto* put = std::get_if<ReplicaPut>(&send.message.body);
    if (put == nullptr) return to.repair.OnPeerMessage(send.message, turn);
    puts_.push_back({send.message.envelope.reply_to, put->request});
    to.bench.writer.Merge(
        {.ticket = Numbered(static_cast<uint32_t>(puts_.size() - 1)),
         .key = put->key,
         .object = put->object,
         .origin = put->origin},
        turn);
  }

  void OnWritten(Node& one, const WriteOutcome& outcome, Turn& turn) {
    if (outcome.ticket.owner == TicketOwner::kSyncSession) {
      return one.repair.OnWriteOutcome(outcome, turn);
    }
    const auto& [to, request] = puts_.at(outcome.ticket.part);
    turn.effects.Send(to, ReplicaPutAck{.request = request,
                                        .status = outcome.status,
                                        .synced = outcome.synced,
                                        .top_stamp = outcome.top_stamp});
  }

  RingState ring_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::pair<Endpoint, Handle>> puts_;  // Served for peers.
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_REPAIR_REPAIR_CLUSTER_H_
