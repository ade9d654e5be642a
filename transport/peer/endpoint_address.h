// transport/peer/endpoint_address.h
//
// Endpoints of the core between text and the addresses of sockets.  An IPv4
// address is ::ffff:a.b.c.d in the core and itself everywhere else.

#ifndef ORRERY_TRANSPORT_PEER_ENDPOINT_ADDRESS_H_
#define ORRERY_TRANSPORT_PEER_ENDPOINT_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "boost/asio/ip/address.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ip/udp.hpp"
#include "boost/system/error_code.hpp"
#include "core/protocol/member.h"

namespace orrery {

boost::asio::ip::address AddressOf(const Endpoint& endpoint);
boost::asio::ip::tcp::endpoint TcpOf(const Endpoint& endpoint);
boost::asio::ip::udp::endpoint UdpOf(const Endpoint& endpoint);
Endpoint EndpointOf(const boost::asio::ip::address& address, uint16_t port);

// "127.0.0.1" or "::1"; nullopt if it is no IP literal.
std::optional<Endpoint> ParseAddress(std::string_view literal, uint16_t port);

// "127.0.0.1:7946", "[::1]:7946".
std::string FormatEndpoint(const Endpoint& endpoint);

// Of a call that failed: "bind TCP 127.0.0.1:7946: ...".
absl::Status SocketError(const boost::system::error_code& error,
                         const char* operation, const Endpoint& local);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_PEER_ENDPOINT_ADDRESS_H_
