// transport/peer/peer_socket.h
//
// Options of every TCP socket between nodes.

#ifndef ORRERY_TRANSPORT_PEER_PEER_SOCKET_H_
#define ORRERY_TRANSPORT_PEER_PEER_SOCKET_H_

#include "boost/asio/ip/tcp.hpp"

namespace orrery {

// No delay, not blocking, and a dead peer is noticed within five seconds: by
// unacknowledged data (user timeout) or by silence (keepalive, 2 + 3 * 1 s).
// An option that the kernel refuses is left at its default.
void PreparePeerSocket(boost::asio::ip::tcp::socket& socket);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_PEER_PEER_SOCKET_H_
