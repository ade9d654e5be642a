// core/engine/client_door.h
//
// ClientDoor decides whether a client's request may begin: the node must have
// recovered, be in a ring that is ready, and have room.  A first write under a
// pristine ring waits here until the ring is closed (membership section 6),
// so that no write is acknowledged under a pristine epoch.  A read under one is
// the founder's alone: whoever missed the close would count the owners of a
// ring that others have written past.  Whoever is turned away here was refused
// before anything could have been applied.
//
// It does not know quorums: what it lets in belongs to the CoordinatorRoom or
// to the KeyLister.
//
// Invariants:
//   DOOR-1  Requests that wait for the ring number at most
//           limits.client_requests_max.
//   DOOR-2  Each one that waits is let in, or refused by its deadline.
//   DOOR-3  Under a pristine ring only its founder lets reads in.
//
// Threading: engine thread.  Cost: O(1) a request.

#ifndef ORRERY_CORE_ENGINE_CLIENT_DOOR_H_
#define ORRERY_CORE_ENGINE_CLIENT_DOOR_H_

#include <cstdint>
#include <deque>
#include <optional>

#include "core/base/fields.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/turn.h"

namespace orrery {

class Rooms;

class ClientDoor {
 public:
  void OnRequest(const ClientRequest& request, Rooms& rooms, Turn& turn);
  // The ring changed: whoever waited may go in.
  void OnRingInstalled(Rooms& rooms, Turn& turn);
  // kRingWait fired.
  void OnDeadline(Turn& turn);
  // Nothing of what waits was begun: it is refused.
  void OnStop(Turn& turn);
  bool IsIdle() const { return waiting_.empty(); }
  uint64_t refused() const { return refused_; }

  ORRERY_FIELDS(waiting_, refused_)

 private:
  struct Waiting {
    ClientRequest request;
    Instant deadline;  // Of the request: what it waits here is part of it.
    ORRERY_FIELDS(request, deadline)
  };

  std::optional<Refused::Why> WhyNot(const Rooms& rooms) const;
  void Refuse(Handle client, Refused::Why why, Turn& turn);
  void Consider(const Waiting& asked, Rooms& rooms, Turn& turn);
  void Admit(const Waiting& asked, Rooms& rooms, Turn& turn);
  void ArmDeadline(Turn& turn);

  std::deque<Waiting> waiting_;  // In order of deadline.
  uint64_t refused_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_CLIENT_DOOR_H_
