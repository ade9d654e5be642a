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

#include "core/base/fields.h"
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
  ORRERY_FIELDS(entropy, boot_id)
};

struct PeerMessageEvent {
  PeerMessage message;
  ORRERY_FIELDS(message)
};

struct DatagramEvent {
  Endpoint source;  // Where an answer goes.
  Datagram datagram;
  ORRERY_FIELDS(source, datagram)
};

// The outgoing link to an endpoint came up or was lost.  After a loss, whatever
// was sent and not answered may or may not have arrived.
struct PeerLinkEvent {
  Endpoint peer;
  bool connected = false;
  ORRERY_FIELDS(peer, connected)
};

struct ClientGoneEvent {
  Handle client;
  ORRERY_FIELDS(client)
};  // Its reply would find nobody.

// The seeds' addresses as resolved now; sent at start and whenever the shell
// resolves again.  Own address included if the list names it.
struct SeedsEvent {
  std::vector<Endpoint> seeds;
  bool self_first = false;  // The list is empty or begins with this node.
  ORRERY_FIELDS(seeds, self_first)
};

struct TickEvent {  // NextDeadline() passed, or Effects::more was set.
  ORRERY_FIELDS()
};

struct StopEvent {  // Stop accepting, seal, then Effects::stopped.
  ORRERY_FIELDS()
};

using EventBody = std::variant<StartEvent, ClientRequest, ClientGoneEvent,
                               PeerMessageEvent, DatagramEvent, PeerLinkEvent,
                               DiskDone, SeedsEvent, TickEvent, StopEvent>;

struct Event {
  Stamp at;
  EventBody body;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_EVENT_H_
