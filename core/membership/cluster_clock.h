// core/membership/cluster_clock.h
//
// ClusterClock measures how far this node's wall clock is off the lower median
// of the members' clocks (semantics C3), from the wall times that PING and ACK
// carry: a member's clock is read at the midpoint of a round trip.  Stamps
// follow own wall time plus that offset; timeouts do not.
//
// It sends nothing and does not know stamps: whoever pings tells it, and asks
// whom it still lacks.  What peers say may be forged or absurd: it is held
// within [1970, kWallMax], so that no sum overflows.
//
// Invariants:
//   CLK-1  Known only with the clocks of half of the other members, rounded up,
//          or as the only member; unknown again once wall minus monotonic time
//          has jumped by more than D/2, until that is so anew.  Where the
//          clocks that are missing could move the median by more than D/2,
//          they are waited for, a second at most.
//   CLK-2  While known, offset() is D/2 from the measured median at most, and
//          nears it by 1 ms per second; farther off it follows at once.
//   CLK-3  A sample whose round trip, without what the answerer kept it, took
//          more than D/2 does not count.  So each is off by D/4 at most.
//   CLK-4  Clocks of members that fell silent are kept as they were last heard.
//   CLK-5  At most kClockPingsMax pings are remembered, and one clock of each
//          node of the member table.
//   CLK-6  Sure only while they could not.
//
// A wall clock that runs up to 1 % faster or slower than the monotonic one is
// no jump, however long; what goes beyond adds up, so that a clock that stands
// has jumped once it stood for D/2.
//
// Marks: clock.measured, clock.jumped, clock.off, clock.sample_late.
//
// Threading: engine thread.  Cost: O(1) an event, O(members) an answer.

#ifndef ORRERY_CORE_MEMBERSHIP_CLUSTER_CLOCK_H_
#define ORRERY_CORE_MEMBERSHIP_CLUSTER_CLOCK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/message.h"
#include "core/protocol/turn.h"

namespace orrery {

// More than a node sends in D/2 by far: who is watched, helped and measured.
inline constexpr size_t kClockPingsMax = 256;

class ClusterClock {
 public:
  explicit ClusterClock(Duration skew_bound) : skew_bound_(skew_bound) {}

  // The members of the ring, without this node; from the first ring on.
  void SetOthers(std::vector<NodeId> others, Turn& turn);
  // At the start of every step: looks for jumps, and blends.
  void OnStep(Turn& turn);
  // `target` zero: whoever hears it.
  void OnPingSent(uint32_t seq, NodeId target, Turn& turn);
  // REQUIRES: `from` is in the member table.
  void OnAck(const Ack& ack, NodeId from, Turn& turn);

  bool known() const { return known_; }
  // Whether no clock that is not known can be far from what is measured.
  bool is_sure() const { return is_sure_; }
  // REQUIRES: known(), to mean anything.
  Duration offset() const { return offset_; }
  // Whether own wall time is more than D/2 off.
  bool is_off() const { return is_off_; }
  uint32_t samples() const;
  uint32_t others() const { return static_cast<uint32_t>(others_.size()); }
  // The next member after `last`, in a circle, whose clock is not known.
  std::optional<NodeId> Unmeasured(NodeId last) const;

  void DigestInto(Hasher& hasher) const;
  void CheckInvariants() const;

  ORRERY_FIELDS(has_ring_, others_, pings_, offsets_, half_known_since_, known_,
                is_sure_, is_off_, offset_, target_, stepped_at_,
                has_reference_, reference_)

 private:
  struct Sent {
    uint32_t seq = 0;
    NodeId target;
    Instant at;
    ORRERY_FIELDS(seq, target, at)
  };

  void Measure(Turn& turn);
  bool IsSure(std::span<const Duration> clocks) const;
  void SayWhetherOff(Turn& turn);
  void Blend(Instant now);
  bool HasJumped(const Stamp& at);

  Duration skew_bound_;
  bool has_ring_ = false;
  std::vector<NodeId> others_;                 // In order.
  std::vector<Sent> pings_;                    // Oldest first.
  absl::btree_map<NodeId, Duration> offsets_;  // Of their clocks to this one.
  std::optional<Instant> half_known_since_;
  bool known_ = false;
  bool is_sure_ = false;
  bool is_off_ = false;
  Duration offset_;  // In use.
  Duration target_;  // As measured.
  Instant stepped_at_;
  bool has_reference_ = false;
  Duration reference_;  // Wall minus monotonic time: what is no jump.
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_CLUSTER_CLOCK_H_
