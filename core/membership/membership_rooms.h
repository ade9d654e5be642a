// core/membership/membership_rooms.h
//
// MembershipRooms wires the parts of membership together and dispatches what
// arrives to them.  It decides only whom a packet may come from: the same
// cluster's packets are heard, another cluster's are counted and dropped, and
// a node that has no cluster yet gets an answer and nothing more.
//
// Every handler ends in Settle, which derives what follows from the change:
// this node's announced status, who observes whom, outputs.
//
// Threading: engine thread.

#ifndef ORRERY_CORE_MEMBERSHIP_MEMBERSHIP_ROOMS_H_
#define ORRERY_CORE_MEMBERSHIP_MEMBERSHIP_ROOMS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ready_list.h"
#include "core/membership/cluster_clock.h"
#include "core/membership/datagram_sender.h"
#include "core/membership/failure_detector.h"
#include "core/membership/founding.h"
#include "core/membership/gossip_rounds.h"
#include "core/membership/gossiper.h"
#include "core/membership/join_handshake.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/membership/membership.h"
#include "core/membership/replay_guard.h"
#include "core/membership/ring_keeper.h"
#include "core/membership/suspicion.h"
#include "core/membership/view_digest.h"

namespace orrery {

class MembershipRooms {
 public:
  explicit MembershipRooms(const EngineOptions& options);

  void OnStart(const Membership::Start& start, Turn& turn);
  void OnSeeds(const SeedsEvent& event, Turn& turn);
  void OnDatagram(const DatagramEvent& event, Turn& turn);
  void OnPeerMessage(const PeerMessage& message, Turn& turn);
  void OnHeard(const Envelope& envelope, Turn& turn);
  void OnTimer(const TimerHeap::Due& due, Turn& turn);
  void OnRecovered(Turn& turn);
  void OnPersisted(uint64_t token, Turn& turn);
  void OnStep(Turn& turn) { clock_.OnStep(turn); }
  void OnSlept(Duration late, Turn& turn);
  void CloseRing(Turn& turn);

  ReadyList<Membership::Output>& outputs() { return outputs_; }
  const RingKeeper& keeper() const { return keeper_; }
  const JoinHandshake& handshake() const { return handshake_; }
  const MemberTable& table() const { return table_; }
  const LocalNode& local() const { return local_; }
  const ClusterClock& cluster_clock() const { return clock_; }
  bool IsRingReady() const;
  std::string WaitingFor() const;
  uint64_t StateDigest() const;
  void CheckInvariants() const;

  ORRERY_FIELDS(local_, table_, gossiper_, replays_, namesake_, suspicion_,
                detector_, founding_, keeper_, handshake_, rounds_, comparison_,
                clock_, last_measured_, started_, recovered_, outputs_)

 private:
  void OnStranger(const DatagramEvent& event, Turn& turn);
  void OnForeigner(const DatagramEvent& event, Turn& turn);
  void OnBody(const DatagramEvent& event, bool heard, Turn& turn);
  void OnNamesake(const PeerMessage& message, Turn& turn);
  void OnJoinRequest(const JoinRequest& request, const Envelope& from,
                     Turn& turn);
  void AnswerNoCluster(const Endpoint& to, Turn& turn);
  void AcceptInto(const Endpoint& to, Turn& turn);
  void AskedForOwnership(const JoinRequest& request, const Endpoint& reply_to,
                         Turn& turn);
  bool IsOurs(const Envelope& envelope) const;
  void TakeEvidence(const Envelope& envelope, Turn& turn);
  void Settle(Turn& turn);
  void OnRing(Turn& turn);
  void MeasureClocks(Turn& turn);
  RingStatus OwnStatus() const;
  uint32_t OwnVnodes() const;

  LocalNode local_;
  MemberTable table_;
  Gossiper gossiper_;
  DatagramSender sender_;
  ReplayGuard replays_;
  Endpoint namesake_;  // The last one refused: said once.
  Suspicion suspicion_;
  FailureDetector detector_;
  Founding founding_;
  RingKeeper keeper_;
  JoinHandshake handshake_;
  GossipRounds rounds_;
  ViewComparison comparison_;
  ClusterClock clock_;
  NodeId last_measured_;  // Whom MeasureClocks asked last.

  bool started_ = false;
  bool recovered_ = false;
  ReadyList<Membership::Output> outputs_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_MEMBERSHIP_ROOMS_H_
