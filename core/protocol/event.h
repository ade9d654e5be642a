// core/protocol/event.h
//
// The only ways into the core.  Everything in an event is borrowed for the
// call.

#ifndef ORRERY_CORE_PROTOCOL_EVENT_H_
#define ORRERY_CORE_PROTOCOL_EVENT_H_

#include <array>
#include <cstdint>
#include <variant>
#include <vector>

#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/disk.h"
#include "core/protocol/member.h"
#include "core/protocol/message.h"

namespace orrery {

// First event of a process start, exactly once.
struct StartEvent {
  std::array<uint8_t, 32>
      entropy{};  // All randomness of the core is drawn from it.
  Id128 boot_id;  // Of the machine: changes when it reboots.
};

struct PeerMessageEvent {
  PeerMessage message;
};

struct DatagramEvent {
  Endpoint source;  // Where an answer goes.
  Datagram datagram;
};

// The outgoing link to an endpoint came up or was lost.  After a loss, whatever
// was sent and not answered may or may not have arrived.
struct PeerLinkEvent {
  Endpoint peer;
  bool connected = false;
};

struct ClientGoneEvent {
  Handle client;
};  // Its reply would find nobody.

// The seeds' addresses as resolved now; sent at start and whenever the shell
// resolves again.  Own address included if the list names it.
struct SeedsEvent {
  std::vector<Endpoint> seeds;
  bool self_first = false;  // The list is empty or begins with this node.
};

struct TickEvent {};  // NextDeadline() passed, or Effects::more was set.

struct StopEvent {};  // Stop accepting, seal, then Effects::stopped.

using EventBody = std::variant<StartEvent, ClientRequest, ClientGoneEvent,
                               PeerMessageEvent, DatagramEvent, PeerLinkEvent,
                               DiskDone, SeedsEvent, TickEvent, StopEvent>;

struct Event {
  Stamp at;
  EventBody body;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_EVENT_H_
