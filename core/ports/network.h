// core/ports/network.h
//
// A network carries peer messages over one-way ordered links that it dials and
// redials by itself, and datagrams.  Both may be lost; neither call blocks or
// fails.  Link changes and arrivals come back as events through Pump::Deliver,
// never inside a call.

#ifndef ORRERY_CORE_PORTS_NETWORK_H_
#define ORRERY_CORE_PORTS_NETWORK_H_

#include "core/protocol/message.h"

namespace orrery {

class NetworkPort {
 public:
  virtual ~NetworkPort() = default;
  virtual void Send(const Endpoint& to, const PeerMessage& message) = 0;
  virtual void SendDatagram(const Endpoint& to, const Datagram& datagram) = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PORTS_NETWORK_H_
