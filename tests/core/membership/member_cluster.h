// tests/core/membership/member_cluster.h
//
// MemberCluster runs several Membership objects over virtual time and a small
// network: what an engine and its pump do, for this room alone.  Node i
// listens on port 7000 + i and is named "node{i}".
//
// Frames arrive in order after 1 ms; datagrams after 1 ms, or are lost.  A
// paused node neither runs nor receives: what was sent to it waits.

#ifndef ORRERY_TESTS_CORE_MEMBERSHIP_MEMBER_CLUSTER_H_
#define ORRERY_TESTS_CORE_MEMBERSHIP_MEMBER_CLUSTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/prng.h"
#include "core/membership/membership.h"

namespace orrery {

Endpoint PortOf(int node);

class MemberCluster {
 public:
  struct Disk {  // What survives a process.
    StorageId storage;
    uint32_t generation = 0;
    ClusterId cluster;
    std::optional<Bytes> ring;
  };
  struct Node {
    EngineOptions options;
    std::vector<int> seeds;
    bool self_first = false;
    Disk disk;
    uint64_t boot_salt = 0;
    std::unique_ptr<Membership> membership;  // Null: the process is dead.
    TimerHeap timers;
    Duration clock;  // Of its wall clock to true time.
    bool paused = false;
    std::vector<std::string> marks;
    std::vector<Note> notes;
    std::vector<Membership::Fatal> fatals;
  };

  // Adds nodes 1..count (or one more), each with these seeds, not started.
  explicit MemberCluster(int count, uint64_t seed = 1);
  int Add();
  Node& at(int node) { return *nodes_.at(node); }
  Membership& of(int node) { return *at(node).membership; }
  void SeedAllWith(const std::vector<int>& seeds);
  void SetSeeds(int node, const std::vector<int>& seeds);

  void Start(int node);
  void StartAll();
  void Kill(int node);
  void Pause(int node) { at(node).paused = true; }
  void Resume(int node);
  void Wipe(int node);  // REQUIRES: it is dead.
  void CloseRing(int node);
  // Delivers a datagram made by the test.
  void Inject(int node, const DatagramEvent& event);
  void Inject(int node, const PeerMessage& message);

  // Whether a packet from one node to another is lost.
  using Filter = std::function<bool(int from, int to)>;
  void SetFilter(Filter filter) { filter_ = std::move(filter); }
  void SetLossPercent(uint64_t percent) { loss_percent_ = percent; }

  // Sees what a node does, step by step, before the network takes or loses it.
  struct Witness {
    std::function<void(int node, const Membership::Output&)> on_output;
    std::function<void(int node, const Effects&)> on_effects;
  };
  void SetWitness(Witness witness) { witness_ = std::move(witness); }

  void RunFor(Duration duration);
  // Runs until `done`, at most for `limit`.  Returns whether it came true.
  bool RunUntil(const std::function<bool()>& done, Duration limit);
  Instant now() const { return now_; }

  MemberState StateAt(int observer, int subject) const;
  bool IsReady(int node) const;
  bool AllReady() const;
  bool ViewsAgree() const;
  size_t CountMarks(int node, const std::string& mark) const;
  NodeId IdOf(int node) const;
  uint64_t records_sent() const { return records_sent_; }  // By gossip.
  uint64_t datagrams_sent() const { return datagrams_sent_; }
  size_t largest_datagram_estimate() const { return largest_datagram_; }

 private:
  struct Arrival {
    int to = 0;
    std::variant<DatagramEvent, PeerMessage, uint64_t> what;  // Or a token.
    uint64_t process = 0;  // boot_salt that a token belongs to.
  };
  template <typename Body>
  void Step(int node, Body body);
  void Drain(int node, Turn& turn);
  void Carry(int node, Effects& effects);
  void Deliver(const Arrival& arrival);
  bool IsLost(int from, int to);
  int NodeAt(const Endpoint& endpoint) const;

  Instant now_{1'000'000'000};
  uint64_t next_arrival_ = 0;
  uint64_t next_salt_ = 1;
  Prng random_;
  Filter filter_;
  Witness witness_;
  uint64_t loss_percent_ = 0;
  size_t largest_datagram_ = 0;
  uint64_t records_sent_ = 0;
  uint64_t datagrams_sent_ = 0;
  std::map<int, std::unique_ptr<Node>> nodes_;
  std::map<std::pair<int64_t, uint64_t>, Arrival> arrivals_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_MEMBERSHIP_MEMBER_CLUSTER_H_
