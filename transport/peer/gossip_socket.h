// transport/peer/gossip_socket.h
//
// The UDP socket of gossip.  What cannot be sent at once is lost, and what
// arrives is a datagram of this protocol or is counted and forgotten.
//
// Threading: the loop's thread; the io_context outlives it.  Cost: one system
// call per datagram, at most kDatagramsPerTurn arrivals in a turn of the loop.

#ifndef ORRERY_TRANSPORT_PEER_GOSSIP_SOCKET_H_
#define ORRERY_TRANSPORT_PEER_GOSSIP_SOCKET_H_

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/udp.hpp"
#include "core/protocol/limits.h"
#include "core/protocol/message.h"
#include "transport/peer/network_counters.h"

namespace orrery {

class GossipSocket {
 public:
  static constexpr int kDatagramsPerTurn = 64;

  using Deliver = std::function<void(const Endpoint& source, Datagram)>;

  GossipSocket(boost::asio::io_context& loop, NetworkCounters& counters,
               Deliver deliver);

  // Binds and starts to receive.  Errors: what bind says.
  absl::Status Bind(const Endpoint& local);

  void Send(const Endpoint& to, const Datagram& datagram);

 private:
  void AwaitDatagrams();
  void ReceiveWhatArrived();

  NetworkCounters& counters_;
  Deliver deliver_;
  boost::asio::ip::udp::socket socket_;
  std::string sending_;
  std::array<std::byte, kDatagramBytesMax + 1> received_;  // One: too long.
  std::shared_ptr<GossipSocket*> self_;  // Expires before handlers run.
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_PEER_GOSSIP_SOCKET_H_
