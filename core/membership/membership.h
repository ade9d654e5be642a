// core/membership/membership.h
//
// Membership decides who is in the cluster, who is believed alive, and which
// ownership ring is installed here.  It is the facade of its room: datagrams,
// frames, timers and time go in; datagrams, frames, notes and marks come out
// as effects, everything else through TakeOutputs.
//
// It does not know keys, quorums or disks: what must be durable leaves as
// PersistRing and counts only after OnPersisted.
//
// First version (membership section 13, stage 1): the founder is a council of
// one; joins are free while the ring is pristine; a later node is told
// RING_CLOSED and owns nothing.
//
// Invariants:
//   MEM-1  The stored incarnation of a member never falls (I1), and nobody but
//          the member raises it (I2).
//   MEM-2  The installed epoch never falls (I4), and was persisted before
//          anything was said under it.
//   MEM-3  Datagrams stay within kDatagramBytesMax by estimate (I10).
//   MEM-4  A node never founds while it has a cluster id.
//
// Marks: membership.founded, membership.joined, membership.join_rejected,
//   membership.ring_closed, membership.ring_installed,
//   membership.ring_pushed, membership.suspected, membership.buried,
//   membership.revived, membership.suspect_refuted, membership.overheard,
//   membership.stub_kept, membership.isolated, membership.pause_credited,
//   membership.foreign_packet, membership.identity_conflict,
//   membership.indirect_ping, membership.views_compared,
//   membership.reached_the_dead, membership.record_refused,
//   membership.relayed_ack, membership.ring_conflict.
//
// Threading: engine thread.  Cost: O(log n) per message plus its records.

#ifndef ORRERY_CORE_MEMBERSHIP_MEMBERSHIP_H_
#define ORRERY_CORE_MEMBERSHIP_MEMBERSHIP_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/ready_list.h"
#include "core/base/time.h"
#include "core/membership/cluster_clock.h"
#include "core/membership/member_table.h"
#include "core/protocol/event.h"
#include "core/protocol/message.h"
#include "core/protocol/options.h"
#include "core/protocol/timers.h"
#include "core/protocol/turn.h"
#include "core/ring/ring_state.h"

namespace orrery {

class MembershipRooms;  // membership_rooms.h

class Membership {
 public:
  // Read from the disk before the first packet.
  struct Start {
    NodeId id;
    std::string name;
    StorageId storage;
    uint32_t generation = 0;  // Already raised and synced.
    uint64_t boot_salt = 0;
    ClusterId cluster;              // Zero: none persisted.
    std::optional<RingState> ring;  // As persisted.
    bool ring_lost = false;         // A cluster id, but RING cannot be read.
    std::array<uint64_t, 4> entropy{};
  };

  // Cluster id (if new) into IDENTITY, then RING, synced; then OnPersisted.
  struct PersistRing {
    uint64_t token = 0;
    ClusterId cluster;
    Bytes ring;  // Canonical encoding.
    ORRERY_FIELDS(token, cluster, ring)
  };
  struct RingInstalled {  // ring_state() or cluster() changed.
    ORRERY_FIELDS()
  };
  struct RoutingChanged {  // members() changed in state, address or count.
    ORRERY_FIELDS()
  };
  struct Fatal {  // The process must end.
    std::string text;
    int exit_code = 0;
    ORRERY_FIELDS(text, exit_code)
  };
  using Output =
      std::variant<PersistRing, RingInstalled, RoutingChanged, Fatal>;

  // `options` must outlive this object.
  explicit Membership(const EngineOptions& options);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // Exactly once, before every other handler but OnSeeds.
  void OnStart(const Start& start, Turn& turn);
  void OnSeeds(const SeedsEvent& event, Turn& turn);
  void OnDatagram(const DatagramEvent& event, Turn& turn);
  // REQUIRES: the body is a JoinRequest, JoinAccept, JoinReject, RingClose,
  // RingPull, RingPush or MemberSync.
  void OnPeerMessage(const PeerMessage& message, Turn& turn);
  // Any other frame: evidence that its sender lives, and of the epoch it holds.
  void OnHeard(const Envelope& envelope, Turn& turn);
  // REQUIRES: a kind that timers.h gives to membership, or kRingPull.
  void OnTimer(const TimerHeap::Due& due, Turn& turn);
  // The stores are open: this node may announce that it serves.
  void OnRecovered(Turn& turn);
  // The PersistRing with this token is durable.
  void OnPersisted(uint64_t token, Turn& turn);
  // Before every other handler of a step.
  void OnStep(Turn& turn);
  // The process slept for `late`; armed timers are postponed already.
  void OnSlept(Duration late, Turn& turn);
  // A write waits for the ring to close.  The founder closes it; others ask
  // the founder until it is closed or nobody has called this for 10 s.
  void CloseRing(Turn& turn);

  std::vector<Output>& TakeOutputs() { return outputs_.Take(); }

  const std::optional<RingState>& ring_state() const;
  ClusterId cluster() const;
  const MemberTable& members() const;
  const ClusterClock& cluster_clock() const;
  // The founder has declared the pristine ring ready, or the ring is closed;
  // and no other process claims this identity.
  bool ring_ready() const;
  // Whether this node closes the ring: no other knows whether a pristine one
  // still is.
  bool is_founder() const;
  // Told RING_CLOSED: owns nothing.
  bool ring_refused() const;
  // For people; empty when nothing is waited for.
  std::string waiting_for() const;

  uint64_t StateDigest() const;
  void CheckInvariants() const;

  // The state (base/fields.h).
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);

 private:
  std::unique_ptr<MembershipRooms> rooms_;
  ReadyList<Output>& outputs_;  // Of the rooms; looked at several times a step.
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_MEMBERSHIP_H_
