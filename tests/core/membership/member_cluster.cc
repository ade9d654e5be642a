#include "tests/core/membership/member_cluster.h"

#include <algorithm>

#include "core/membership/gossiper.h"
#include "core/ring/token.h"
#include "gtest/gtest.h"

namespace orrery {

namespace {

constexpr Duration kLatency = kMillisecond;
constexpr Duration kDiskLatency = 2 * kMillisecond;
constexpr Duration kSleptAfter = kSecond;  // As the engine has it.

size_t EstimateOf(const Datagram& datagram) {
  size_t bytes = 48 + 16 + 72;
  if (std::holds_alternative<ViewDigest>(datagram.body)) bytes += 64 * 8;
  for (const MemberRecord& record : datagram.records) {
    bytes += EstimatedBytes(record);
  }
  return bytes;
}

}  // namespace

Endpoint PortOf(int node) {
  Endpoint endpoint;
  endpoint.ip[10] = 0xff;
  endpoint.ip[11] = 0xff;
  endpoint.ip[12] = 127;
  endpoint.ip[15] = 1;
  endpoint.port = static_cast<uint16_t>(7000 + node);
  return endpoint;
}

MemberCluster::MemberCluster(int count, uint64_t seed) : random_(seed) {
  for (int i = 0; i < count; ++i) Add();
}

int MemberCluster::Add() {
  const int id = static_cast<int>(nodes_.size()) + 1;
  auto node = std::make_unique<Node>();
  node->options.node_name = "node" + std::to_string(id);
  node->options.gossip = PortOf(id);
  node->self_first = true;
  nodes_[id] = std::move(node);
  Wipe(id);
  return id;
}

void MemberCluster::SetSeeds(int node, const std::vector<int>& seeds) {
  at(node).seeds = seeds;
  at(node).self_first = seeds.empty() || seeds.front() == node;
  at(node).options.seeds_configured = !seeds.empty();
}

void MemberCluster::SeedAllWith(const std::vector<int>& seeds) {
  for (auto& [id, node] : nodes_) SetSeeds(id, seeds);
}

void MemberCluster::Wipe(int id) {
  Node& node = at(id);
  ASSERT_EQ(node.membership, nullptr);
  node.disk = {};
  node.disk.storage.hi = random_.Next();
  node.disk.storage.lo = random_.Next();
  // A lost counter starts from unix seconds (membership section 3).
  node.disk.generation = static_cast<uint32_t>(now_.ns / kSecond.ns);
}

void MemberCluster::StartAll() {
  for (auto& [id, node] : nodes_) Start(id);
}

void MemberCluster::Start(int id) {
  Node& node = at(id);
  ASSERT_EQ(node.membership, nullptr);
  node.timers = {};
  node.paused = false;
  ++node.disk.generation;
  node.boot_salt = next_salt_++;
  node.membership = std::make_unique<Membership>(node.options);

  Membership::Start start;
  start.id = NodeIdOf(node.options.node_name);
  start.name = node.options.node_name;
  start.storage = node.disk.storage;
  start.generation = node.disk.generation;
  start.boot_salt = node.boot_salt;
  start.cluster = node.disk.cluster;
  if (node.disk.ring.has_value()) {
    start.ring = DecodeRingState(node.disk.ring->view());
  } else {
    start.ring_lost = !node.disk.cluster.IsZero();
  }
  for (uint64_t& word : start.entropy) word = random_.Next();
  SeedsEvent seeds{.seeds = {}, .self_first = node.self_first};
  for (const int seed : node.seeds) seeds.seeds.push_back(PortOf(seed));

  Step(id, [&](Membership& membership, Turn& turn) {
    membership.OnSeeds(seeds, turn);
    membership.OnStart(start, turn);
    membership.OnRecovered(turn);
  });
}

void MemberCluster::Kill(int id) { at(id).membership.reset(); }

void MemberCluster::Resume(int id) {
  at(id).paused = false;
  Step(id, [](Membership&, Turn&) {});
}

void MemberCluster::CloseRing(int id) {
  Step(id,
       [](Membership& membership, Turn& turn) { membership.CloseRing(turn); });
}

void MemberCluster::Inject(int id, const DatagramEvent& event) {
  Step(id, [&](Membership& membership, Turn& turn) {
    membership.OnDatagram(event, turn);
  });
}

void MemberCluster::Inject(int id, const PeerMessage& message) {
  Step(id, [&](Membership& membership, Turn& turn) {
    membership.OnPeerMessage(message, turn);
  });
}

// One engine step: pause credit, the event, due timers, ready lists, effects.
template <typename Body>
void MemberCluster::Step(int id, Body body) {
  Node& node = at(id);
  if (node.membership == nullptr) return;
  Effects effects;
  Turn turn{{now_, WallTime{now_.ns} + node.clock}, effects, node.timers};
  node.membership->OnStep(turn);
  const std::optional<Instant> deadline = node.timers.NextDeadline();
  if (deadline.has_value() && now_ - *deadline > kSleptAfter) {
    const Duration late = now_ - *deadline;
    node.timers.Postpone(late);
    node.membership->OnSlept(late, turn);
  }
  body(*node.membership, turn);
  Drain(id, turn);
  while (const auto due = node.timers.PopDue(now_)) {
    node.membership->OnTimer(*due, turn);
    Drain(id, turn);
  }
  node.membership->CheckInvariants();
  Carry(id, effects);
}

void MemberCluster::Drain(int id, Turn&) {
  Node& node = at(id);
  for (Membership::Output& output : node.membership->TakeOutputs()) {
    if (witness_.on_output) witness_.on_output(id, output);
    if (auto* persist = std::get_if<Membership::PersistRing>(&output)) {
      node.disk.cluster = persist->cluster;
      node.disk.ring = persist->ring;
      arrivals_[{(now_ + kDiskLatency).ns, next_arrival_++}] = {
          id, persist->token, node.boot_salt};
    } else if (auto* fatal = std::get_if<Membership::Fatal>(&output)) {
      node.fatals.push_back(*fatal);
    }
  }
}

bool MemberCluster::IsLost(int from, int to) {
  if (filter_ && filter_(from, to)) return true;
  return loss_percent_ > 0 && random_.Below(100) < loss_percent_;
}

int MemberCluster::NodeAt(const Endpoint& endpoint) const {
  for (const auto& [id, node] : nodes_) {
    if (node->options.gossip == endpoint) return id;
  }
  return 0;
}

void MemberCluster::Carry(int id, Effects& effects) {
  Node& node = at(id);
  if (witness_.on_effects) witness_.on_effects(id, effects);
  for (const std::string_view mark : effects.marks) {
    node.marks.emplace_back(mark);
  }
  for (Note& note : effects.notes) node.notes.push_back(std::move(note));
  const auto& ring = node.membership->ring_state();
  for (SendEffect& send : effects.sends) {
    const int to = NodeAt(send.to);
    if (to == 0 || (filter_ && filter_(id, to))) continue;
    send.message.envelope = {
        .cluster = node.membership->cluster(),
        .from = IdOf(id),
        .storage = node.disk.storage,
        .reply_to = node.options.gossip,
        .generation = node.disk.generation,
        .boot_salt = node.boot_salt,
        .epoch = ring.has_value() ? ring->epoch : Epoch{},
        .ring_hash = ring.has_value() ? RingHash(*ring) : 0};
    arrivals_[{(now_ + kLatency).ns, next_arrival_++}] = {
        to, std::move(send.message), 0};
  }
  for (DatagramEffect& effect : effects.datagrams) {
    largest_datagram_ =
        std::max(largest_datagram_, EstimateOf(effect.datagram));
    records_sent_ += effect.datagram.records.size();
    ++datagrams_sent_;
    const int to = NodeAt(effect.to);
    if (to == 0 || IsLost(id, to)) continue;
    arrivals_[{(now_ + kLatency).ns, next_arrival_++}] = {
        to,
        DatagramEvent{.source = node.options.gossip,
                      .datagram = std::move(effect.datagram)},
        0};
  }
}

void MemberCluster::Deliver(const Arrival& arrival) {
  Node& node = at(arrival.to);
  if (const auto* token = std::get_if<uint64_t>(&arrival.what)) {
    if (arrival.process != node.boot_salt) return;
    Step(arrival.to, [&](Membership& membership, Turn& turn) {
      membership.OnPersisted(*token, turn);
    });
  } else if (const auto* event = std::get_if<DatagramEvent>(&arrival.what)) {
    Inject(arrival.to, *event);
  } else {
    Inject(arrival.to, std::get<PeerMessage>(arrival.what));
  }
}

void MemberCluster::RunFor(Duration duration) {
  RunUntil([] { return false; }, duration);
}

bool MemberCluster::RunUntil(const std::function<bool()>& done,
                             Duration limit) {
  const Instant end = now_ + limit;
  for (;;) {
    if (done()) return true;
    Instant next = end;
    int tick = 0;
    for (const auto& [id, node] : nodes_) {
      if (node->membership == nullptr || node->paused) continue;
      const auto deadline = node->timers.NextDeadline();
      if (deadline.has_value() && *deadline < next) {
        next = *deadline;
        tick = id;
      }
    }
    auto arrival = arrivals_.begin();
    while (arrival != arrivals_.end() && at(arrival->second.to).paused) {
      ++arrival;
    }
    if (arrival != arrivals_.end() && arrival->first.first <= next.ns) {
      now_ = std::max(now_, Instant{arrival->first.first});
      const Arrival taken = std::move(arrival->second);
      arrivals_.erase(arrival);
      Deliver(taken);
    } else if (tick != 0) {
      now_ = std::max(now_, next);
      Step(tick, [](Membership&, Turn&) {});
    } else {
      now_ = end;
      return done();
    }
  }
}

NodeId MemberCluster::IdOf(int node) const {
  return NodeIdOf(nodes_.at(node)->options.node_name);
}

MemberState MemberCluster::StateAt(int observer, int subject) const {
  const Member* member =
      nodes_.at(observer)->membership->members().Find(IdOf(subject));
  return member == nullptr ? MemberState::kLeft : member->state;
}

bool MemberCluster::IsReady(int node) const {
  const auto& membership = nodes_.at(node)->membership;
  return membership != nullptr && membership->ring_ready() &&
         membership->waiting_for().empty();
}

bool MemberCluster::AllReady() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [this](const auto& entry) {
    return IsReady(entry.first);
  });
}

bool MemberCluster::ViewsAgree() const {
  std::optional<uint64_t> hash;
  for (const auto& [id, node] : nodes_) {
    if (node->membership == nullptr) continue;
    const uint64_t mine = node->membership->members().ViewHash();
    if (hash.value_or(mine) != mine) return false;
    hash = mine;
  }
  return true;
}

size_t MemberCluster::CountMarks(int node, const std::string& mark) const {
  const auto& marks = nodes_.at(node)->marks;
  return static_cast<size_t>(std::count(marks.begin(), marks.end(), mark));
}

}  // namespace orrery
