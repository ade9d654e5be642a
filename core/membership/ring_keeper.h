// core/membership/ring_keeper.h
//
// RingKeeper holds the installed RingState and brings newer ones in.  On the
// founder (a council of one) it also makes them: it batches joins while the
// ring is pristine, declares it ready, and closes it.  A new state is first
// persisted, then installed, then spoken of (MEM-2).
//
// Ready (membership section 6): every other seed has joined or kept silent for
// 10 s, the last join (founding is one) is 2 s old, and this node has
// recovered.  Closed: as soon as it is ready, if the seed list names others and
// all of them have joined; otherwise when the first write asks.
//
// Invariants:
//   RKP-1  The installed epoch rises with every install.
//   RKP-2  At most one state is being persisted.
//   RKP-3  A state with pristine cleared never follows into one with it set.
//
// Timers: kFounding (founder of a pristine ring), kRingPull.
// Marks: membership.ring_installed, membership.ring_closed,
//   membership.ring_pushed, membership.ring_conflict.
// Cost: O(members) per state; O(1) otherwise.

#ifndef ORRERY_CORE_MEMBERSHIP_RING_KEEPER_H_
#define ORRERY_CORE_MEMBERSHIP_RING_KEEPER_H_

#include <cstdint>
#include <optional>

#include "absl/container/btree_map.h"
#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/membership/founding.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/protocol/turn.h"
#include "core/ring/ring_state.h"

namespace orrery {

class RingKeeper {
 public:
  struct Wiring {
    LocalNode& local;
    const MemberTable& table;
    const Founding& founding;
  };
  struct Persist {
    uint64_t token = 0;
    ClusterId cluster;
    Bytes ring;
    ORRERY_FIELDS(token, cluster, ring)
  };
  explicit RingKeeper(const Wiring& wiring);

  // At the start, from the disk: already durable.
  void Restore(ClusterId cluster, const std::optional<RingState>& ring,
               Turn& turn);
  // The first ring of a new cluster, with this node alone.
  void Found(ClusterId cluster, Turn& turn);
  // A state somebody sent.  Only the first may name a new cluster.
  void Offer(const RingState& ring, Turn& turn);
  // The founder lets `member` into the pristine ring with its next batch.
  // REQUIRES: IsFounder() and the ring is pristine.
  void Admit(const RingMember& member, const Endpoint& reply_to, Turn& turn);
  // A write waits here for the ring to close.
  void WantClosed(Turn& turn);

  void OnClose(const Endpoint& asker, Turn& turn);
  void OnPull(Epoch theirs, const Endpoint& asker, Turn& turn);
  void OnEpochSeen(Epoch epoch, const Endpoint& holder, Turn& turn);
  // Returns whether a ring was installed by it.
  bool OnPersisted(uint64_t token, Turn& turn);
  void OnFounderTick(Turn& turn);
  void OnPullTimer(Turn& turn);
  void SetRecovered() { recovered_ = true; }

  // Forgets a cluster that consists of this node and holds nothing.
  // REQUIRES: IsAloneInPristineRing().
  void Abandon(Turn& turn);

  std::optional<Persist> TakePersist();

  const std::optional<RingState>& state() const { return installed_; }
  bool IsPersisting() const { return pending_.has_value(); }
  NodeId founder() const;  // Zero without a ring.
  bool IsFounder() const;
  bool IsAloneInPristineRing() const;
  // NORMAL in the ring, with this storage.
  bool Owns(NodeId node, StorageId storage) const;
  // On the founder: the pristine ring has been declared ready.
  bool declared_ready() const { return declared_ready_; }

  void Postpone(Duration late);
  void DigestInto(Hasher& hasher) const;

  ORRERY_FIELDS(installed_, encoded_, pending_, to_persist_, next_, next_token_,
                recovered_, joins_, join_endpoints_, committed_at_, joined_at_,
                declared_ready_, close_wanted_, close_wanted_until_, seen_,
                seen_at_, pulls_)

 private:
  struct Pending {
    uint64_t token = 0;
    RingState ring;
    bool mine = false;  // Committed here, to be pushed.
    ORRERY_FIELDS(token, ring, mine)
  };

  void BeginPersist(RingState ring, bool mine);
  void Install(const RingState& ring, Turn& turn);
  void PushToAll(Turn& turn);
  void PushTo(const Endpoint& to, Turn& turn);
  void CommitJoins(Turn& turn);
  void CommitClose();
  bool SeedsSettled(Instant now) const;
  bool SeedsJoined() const;
  bool HasJoined(const Endpoint& seed) const;
  Endpoint EndpointOfFounder() const;
  void AskToClose(Turn& turn);
  void ArmPull(Turn& turn);

  Wiring in_;
  std::optional<RingState> installed_;
  Bytes encoded_;
  std::optional<Pending> pending_;
  std::optional<Persist> to_persist_;
  std::optional<RingState> next_;  // Arrived while another was persisted.
  uint64_t next_token_ = 1;
  bool recovered_ = false;

  // Founder.
  absl::btree_map<NodeId, RingMember> joins_;
  absl::btree_map<NodeId, Endpoint> join_endpoints_;
  Instant committed_at_ = kLongAgo;
  Instant joined_at_ = kLongAgo;
  bool declared_ready_ = false;
  bool close_wanted_ = false;

  // Others.
  Instant close_wanted_until_ = kLongAgo;
  Epoch seen_;
  Endpoint seen_at_;
  uint32_t pulls_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_RING_KEEPER_H_
