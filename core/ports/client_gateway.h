// core/ports/client_gateway.h
//
// Where replies to clients go.  The gateway minted the Handle; one that is
// gone (the client hung up) is ignored.

#ifndef ORRERY_CORE_PORTS_CLIENT_GATEWAY_H_
#define ORRERY_CORE_PORTS_CLIENT_GATEWAY_H_

#include "core/base/ids.h"
#include "core/protocol/client.h"

namespace orrery {

class ClientGateway {
 public:
  virtual ~ClientGateway() = default;
  virtual void Reply(Handle client, ClientReply reply) = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PORTS_CLIENT_GATEWAY_H_
