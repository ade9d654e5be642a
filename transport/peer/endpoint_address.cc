#include "transport/peer/endpoint_address.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "boost/asio/ip/address_v4.hpp"
#include "boost/asio/ip/address_v6.hpp"

namespace orrery {

namespace ip = boost::asio::ip;

ip::address AddressOf(const Endpoint& endpoint) {
  ip::address_v6::bytes_type bytes;
  std::copy(endpoint.ip.begin(), endpoint.ip.end(), bytes.begin());
  const ip::address_v6 v6(bytes);
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6);
  return v6;
}

ip::tcp::endpoint TcpOf(const Endpoint& endpoint) {
  return {AddressOf(endpoint), endpoint.port};
}

ip::udp::endpoint UdpOf(const Endpoint& endpoint) {
  return {AddressOf(endpoint), endpoint.port};
}

Endpoint EndpointOf(const ip::address& address, uint16_t port) {
  const ip::address_v6 v6 =
      address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4())
                      : address.to_v6();
  const ip::address_v6::bytes_type bytes = v6.to_bytes();
  Endpoint endpoint;
  std::copy(bytes.begin(), bytes.end(), endpoint.ip.begin());
  endpoint.port = port;
  return endpoint;
}

std::optional<Endpoint> ParseAddress(std::string_view literal, uint16_t port) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string(literal), error);
  if (error) return std::nullopt;
  return EndpointOf(address, port);
}

std::string FormatEndpoint(const Endpoint& endpoint) {
  const ip::address address = AddressOf(endpoint);
  if (address.is_v4()) {
    return absl::StrCat(address.to_string(), ":", endpoint.port);
  }
  return absl::StrCat("[", address.to_string(), "]:", endpoint.port);
}

absl::Status SocketError(const boost::system::error_code& error,
                         const char* operation, const Endpoint& local) {
  return absl::ErrnoToStatus(
      error.value(), absl::StrCat(operation, " ", FormatEndpoint(local)));
}

}  // namespace orrery
