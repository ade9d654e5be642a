// transport/http/listen_socket.h
//
// Opens sockets the way the server wants them: non-blocking, close-on-exec.

#ifndef ORRERY_TRANSPORT_HTTP_LISTEN_SOCKET_H_
#define ORRERY_TRANSPORT_HTTP_LISTEN_SOCKET_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace orrery {

struct ListenSocket {
  int fd = -1;
  uint16_t port = 0;
};

// kAlreadyExists: in use.  kInvalidArgument: not an IP literal.
absl::StatusOr<ListenSocket> OpenListenSocket(const std::string& address,
                                              uint16_t port);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_LISTEN_SOCKET_H_
