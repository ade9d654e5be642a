// core/hint/hint_replayer.h
//
// HintReplayer brings held hints home (semantics H6 to H8): when a target is
// alive and connected it reads its hints in token order, sends each to the
// current owners of the key as stored data, and has the record erased once
// every recipient has merged it.  It also drops best-effort hints older than
// handoff_timeout: anti-entropy repairs what they held.
//
// This node, if it owns the key, is no recipient: as an owner it holds hints
// only of writes that it coordinated, and merged before it sent anything.
//
// It does not store hints and does not decide who is alive.
//
// Marks: hint.delivered, hint.redirected, hint.expired, hint.unanswered,
// hint.refused, hint.partly_delivered, hint.throttled, hint.recovered,
// hint.unreadable.
//
// Invariants:
//   HRP-1  At most kHintReplaysMax deliveries are open, one for each hint.
//   HRP-2  A record is erased only by the sequence number that was read, so a
//          hint that grew meanwhile stays.
//   HRP-3  A delivery ends: by answers, by a lost peer, or by its timer.
//
// Threading: engine thread.
// Cost: a round looks at no more than kHintLooksMax hints of a target.

#ifndef ORRERY_CORE_HINT_HINT_REPLAYER_H_
#define ORRERY_CORE_HINT_HINT_REPLAYER_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/pool.h"
#include "core/hint/hint_log.h"
#include "core/hint/replay_throttle.h"
#include "core/protocol/message.h"
#include "core/protocol/options.h"
#include "core/protocol/request_handle.h"
#include "core/protocol/turn.h"
#include "core/ring/routing_view.h"
#include "core/storage/store.h"

namespace orrery {

inline constexpr uint32_t kHintReplaysMax = 16;  // Foreground work goes first.
// So that a target with millions of hints does not hold the loop.
inline constexpr uint32_t kHintLooksMax = 1024;
inline constexpr Duration kHintReplayInterval = kSecond;
// A target that failed is tried again after 1 s, doubling up to this: under
// the 10 s within which replicas become equal (CONTRACT section 4).
inline constexpr Duration kHintBackoffMin = kSecond;
inline constexpr Duration kHintBackoffMax = 8 * kSecond;
inline constexpr int64_t kHintReplayBytesPerSecond = 32 << 20;
inline constexpr int64_t kHintReplayBurstBytes = 8 << 20;

class HintReplayer {
 public:
  struct Wiring {
    const EngineOptions& options;
    const RoutingView& routing;
    Store& hints;
    HintLog& log;
  };

  explicit HintReplayer(const Wiring& wiring);

  // As CoordinatorRoom::SetGeneration.
  void SetGeneration(uint32_t generation) { deliveries_.StartAt(generation); }

  // The hints store is open: learns what it holds, then replays.
  void OnOpen(Turn& turn);
  // Someone came, went, or the ring changed.
  void OnRoutingChanged(Turn& turn);
  // ReplicaPutAck to a handle that is OwnsHandle.
  void OnPeerMessage(const PeerMessage& message, Turn& turn);
  void OnPeerLost(NodeId node, Turn& turn);
  // REQUIRES: reply.ticket.owner == TicketOwner::kHintReplayer.
  void OnStoreReply(const StoreReply& reply, Turn& turn);
  // kHintReplay, kHintAnswer.
  void OnTimer(const TimerHeap::Due& due, Turn& turn);

  static bool OwnsHandle(Handle handle) {
    return IsOf(handle, RequestPool::kHintReplay);
  }

  bool IsIdle() const { return deliveries_.empty() && scan_reads_ == 0; }
  uint64_t StateDigest() const;
  void CheckInvariants() const;

  ORRERY_FIELDS(deliveries_, open_, progress_, throttle_, scanned_, scan_after_,
                scan_reads_, scan_is_last_)

 private:
  using Name = std::pair<StorageId, uint64_t>;  // Target, token.
  struct Recipient {
    NodeId node;
    bool acknowledged = false;
    ORRERY_FIELDS(node, acknowledged)
  };
  struct Delivery {
    Name name;
    bool expires = false;   // Not sent: dropped for its age.
    bool complete = false;  // Every recipient could be reached.
    absl::InlinedVector<Recipient, 3> recipients;
    HintLog::Erasure erasure;
    ORRERY_FIELDS(name, expires, complete, recipients, erasure)
  };
  struct Progress {
    uint64_t cursor = 0;  // Next token to look at.
    bool round_done = false;
    Instant not_before;
    Duration backoff = kHintBackoffMin;
    ORRERY_FIELDS(cursor, round_done, not_before, backoff)
  };

  void ScanOn(Turn& turn);
  void OnScanned(const StoreReply& reply, Turn& turn);
  void Replay(Turn& turn);
  void ReplayTarget(const StorageId& storage, const HintLog::Target& target,
                    Turn& turn);
  bool IsDue(const Name& name, const HintLog::Held& held,
             bool may_deliver) const;
  bool HasExpired(const HintLog::Held& held, WallTime now) const;
  void OnRead(Handle handle, Delivery& delivery, const StoreReply& reply,
              Turn& turn);
  void Send(Handle handle, Delivery& delivery, const Hint& hint, Turn& turn);
  void OnAllAcknowledged(Handle handle, Delivery& delivery, Turn& turn);
  void Erase(Delivery& delivery, Turn& turn);
  void Fail(Handle handle, Delivery& delivery, Turn& turn);
  void End(Handle handle, Delivery& delivery, Turn& turn);
  bool MayDeliver(const StorageId& storage, NodeId target, Instant now);
  bool EveryMemberIsReachable() const;

  Wiring wiring_;
  Pool<Delivery> deliveries_;
  absl::btree_set<Name> open_;  // Of deliveries_.
  absl::btree_map<StorageId, Progress> progress_;
  std::optional<ReplayThrottle> throttle_;  // Full when first used.
  bool scanned_ = false;
  uint64_t scan_after_ = 0;
  uint32_t scan_reads_ = 0;
  bool scan_is_last_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_HINT_HINT_REPLAYER_H_
