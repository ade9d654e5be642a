// core/protocol/turn.h
//
// Turn is what a room is given in every handler: the time of the event, where
// effects go, and the engine's timers.  It lives for one Step.

#ifndef ORRERY_CORE_PROTOCOL_TURN_H_
#define ORRERY_CORE_PROTOCOL_TURN_H_

#include "core/base/fields.h"
#include "core/base/time.h"
#include "core/protocol/effects.h"
#include "core/protocol/timers.h"

namespace orrery {

struct Turn {
  Stamp at;
  Effects& effects;
  TimerHeap& timers;

  Instant now() const { return at.mono; }
  WallTime wall() const { return at.wall; }
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
