// core/membership/gossip_rounds.h
//
// GossipRounds pushes news and keeps doors open.  Every gossip_interval / 5,
// while there is news, three random live members hear it.  One DEAD member
// every 2 s and one seed every 30 s (every 2 s while no member is known there)
// are pinged for ever, so that two halves of a cluster find each other again; a
// node that hears nobody pings all its seeds every second.
//
// Timers: kGossipTick.
// Marks: membership.reached_the_dead.
// Cost: O(n) per tick with news, else O(1) amortised.

#ifndef ORRERY_CORE_MEMBERSHIP_GOSSIP_ROUNDS_H_
#define ORRERY_CORE_MEMBERSHIP_GOSSIP_ROUNDS_H_

#include <cstddef>
#include <vector>

#include "core/base/fields.h"
#include "core/base/prng.h"
#include "core/membership/datagram_sender.h"
#include "core/membership/failure_detector.h"
#include "core/membership/gossiper.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/membership/suspicion.h"
#include "core/protocol/turn.h"

namespace orrery {

class GossipRounds {
 public:
  struct Wiring {
    LocalNode& local;
    const MemberTable& table;
    Gossiper& gossiper;
    DatagramSender& sender;
    FailureDetector& detector;
    const Suspicion& suspicion;
  };
  explicit GossipRounds(const Wiring& wiring);

  void Start(Prng random, Turn& turn);
  void SetSeeds(std::vector<Endpoint> seeds) { seeds_ = std::move(seeds); }
  void OnTick(Turn& turn);
  void Postpone(Duration late);

  ORRERY_FIELDS(random_, seeds_, next_seed_, last_dead_, dead_at_, seed_at_,
                all_seeds_at_)

 private:
  void PushNews(Turn& turn);
  void ReachTheDead(Turn& turn);
  void ReachSeeds(Turn& turn);
  bool PassToStranger();

  Wiring in_;
  Prng random_{0};
  std::vector<Endpoint> seeds_;  // Without this node.
  size_t next_seed_ = 0;
  NodeId last_dead_;
  Instant dead_at_ = kLongAgo;
  Instant seed_at_ = kLongAgo;
  Instant all_seeds_at_ = kLongAgo;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_GOSSIP_ROUNDS_H_
