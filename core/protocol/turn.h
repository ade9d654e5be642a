// core/protocol/turn.h
//
// Turn is what a room is given in every handler: the time of the event, on this
// node's clocks and on the cluster's, where effects go, and the engine's
// timers.  It lives for one Step.

#ifndef ORRERY_CORE_PROTOCOL_TURN_H_
#define ORRERY_CORE_PROTOCOL_TURN_H_

#include "core/base/fields.h"
#include "core/base/time.h"
#include "core/protocol/effects.h"
#include "core/protocol/timers.h"

namespace orrery {

// What this node knows of the median of the members' clocks (semantics C3,
// membership/cluster_clock.h).  Stamps are drawn and judged by it.
struct ClusterTime {
  Duration offset = {};  // Added to own wall time.
  bool known = true;     // False: no stamp moves a clock, none is drawn.
  bool is_sure = true;   // False: no stamp is refused by it.
  bool may_mint = true;  // Known, and past what earlier processes drew.
};

struct Turn {
  Stamp at;
  Effects& effects;
  TimerHeap& timers;
  ClusterTime cluster = {};  // Unless said: own clock is right.

  Instant now() const { return at.mono; }
  // Own clock: what people read.
  WallTime wall() const { return at.wall; }
  // Whatever is compared with a stamp.
  WallTime cluster_wall() const {
    return Plausible(Plausible(at.wall) + cluster.offset);
  }
};

// Whose answer a room's reply is.  The room that answers never looks inside.
enum class TicketOwner : uint8_t {
  kNone = 0,
  kReplicaWriter = 1,
  kReplicaReader = 2,
  kPutCoordinator = 3,
  kGetCoordinator = 4,
  kPeerRequest = 5,  // A peer's request served here: engine/peer_requests.
  kHintLog = 6,
  kHintReplayer = 7,
  kSyncSession = 8,
  kKeyLister = 9,
  kStampQuery = 10,
  kKeyInspector = 11,
};

struct Ticket {
  TicketOwner owner = TicketOwner::kNone;
  uint32_t part = 0;  // The owner's own meaning.
  Handle handle;
  ORRERY_FIELDS(owner, part, handle)
  friend constexpr auto operator<=>(const Ticket&, const Ticket&) = default;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_TURN_H_
