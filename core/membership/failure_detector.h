// core/membership/failure_detector.h
//
// FailureDetector asks members whether they live and answers when asked.  It
// pings each of this node's subjects once per gossip_interval; one that does
// not answer in half of that is in DOUBT: pinged again, asked for through
// three helpers, and tried over TCP.  Nothing of that is said to others.  What
// silence means is Suspicion's affair.
//
// Beyond seven live members it also probes one more member per interval,
// round-robin, so that nobody is unobserved while views differ.
//
// Invariants:
//   FDT-1  A kProbe timer is armed for each subject.
//   FDT-2  Relays held <= kRelaysMax.
//
// Timers: kProbe and kProbeTimeout by TimerHandleOf(subject); kProbe with no
// handle: the extra probe.
// Marks: membership.indirect_ping, membership.relayed_ack.
// Cost: O(log n) per packet.

#ifndef ORRERY_CORE_MEMBERSHIP_FAILURE_DETECTOR_H_
#define ORRERY_CORE_MEMBERSHIP_FAILURE_DETECTOR_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "core/base/fields.h"
#include "core/base/prng.h"
#include "core/membership/cluster_clock.h"
#include "core/membership/datagram_sender.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/membership/suspicion.h"
#include "core/protocol/message.h"
#include "core/protocol/turn.h"

namespace orrery {

// Six observers in doubt of one subject, for every member of a small cluster.
inline constexpr size_t kRelaysMax = 256;

class FailureDetector {
 public:
  struct Wiring {
    LocalNode& local;
    MemberTable& table;
    DatagramSender& sender;
    Suspicion& suspicion;
    ClusterClock& clock;
  };
  explicit FailureDetector(const Wiring& wiring);

  void Start(Prng random, Turn& turn);
  // The set of live members changed: begins and ends watching.
  void OnTopology(Turn& turn);
  // REQUIRES: kProbe or kProbeTimeout.
  void OnTimer(const TimerHeap::Due& due, Turn& turn);
  // `id` was heard: it is not in doubt.
  void OnHeard(NodeId id, Turn& turn);

  // `from` is the sender's id, `source` where its packet came from.
  void OnPing(const Ping& ping, NodeId from, const Endpoint& source,
              Turn& turn);
  void OnAck(const Ack& ack, NodeId from, Turn& turn);
  void OnPingRequest(const PingRequest& request, NodeId from,
                     const Endpoint& source, Turn& turn);
  void OnForwardedAck(const ForwardedAck& ack, Turn& turn);

  // Outside the schedule: a member that is not watched, or a seed (zero id).
  void PingOnce(const Endpoint& to, NodeId target, Turn& turn);

  void Postpone(Duration late);

  ORRERY_FIELDS(random_, next_seq_, last_extra_, relays_)

 private:
  struct Relay {  // Somebody waits for `target`'s answer to our `seq`.
    uint32_t seq = 0;
    NodeId target;
    Endpoint origin;
    NodeId origin_id;
    uint32_t origin_seq = 0;
    Instant expires;
    ORRERY_FIELDS(seq, target, origin, origin_id, origin_seq, expires)
  };

  void OnProbe(NodeId id, Turn& turn);
  void OnExtraProbe(Turn& turn);
  void OnProbeTimeout(NodeId id, Turn& turn);
  void AskHelpers(const Member& subject, Turn& turn);
  void PingOverFrames(Member& subject, Turn& turn);
  uint32_t SendPing(const Endpoint& to, NodeId target, Turn& turn);
  Duration Jittered(Duration period);

  Wiring in_;
  Prng random_{0};
  uint32_t next_seq_ = 1;
  NodeId last_extra_;
  std::deque<Relay> relays_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_FAILURE_DETECTOR_H_
