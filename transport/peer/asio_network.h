// transport/peer/asio_network.h
//
// AsioNetwork is the network port over TCP and UDP: one outgoing link per
// endpoint that was ever sent to, one listener, one gossip socket on the same
// port number.
//
// Delivers PeerMessageEvent, DatagramEvent and PeerLinkEvent, from the loop,
// never inside a call of the port.
//
// Limits: kLinksMax outgoing links; a message that would need another is
// dropped and counted.
//
// Threading: constructed, called and destroyed on the loop's thread, the last
// not from within a delivery; the io_context outlives it.

#ifndef ORRERY_TRANSPORT_PEER_ASIO_NETWORK_H_
#define ORRERY_TRANSPORT_PEER_ASIO_NETWORK_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "boost/asio/io_context.hpp"
#include "core/ports/network.h"
#include "core/protocol/event.h"
#include "transport/peer/gossip_socket.h"
#include "transport/peer/network_counters.h"
#include "transport/peer/peer_link.h"
#include "transport/peer/peer_listener.h"

namespace orrery {

class AsioNetwork final : public NetworkPort {
 public:
  // Members that there can be, and as many again that changed their address.
  static constexpr size_t kLinksMax = size_t{2} * kMembersMax;

  using Deliver = std::function<void(EventBody)>;

  // Binds TCP and UDP at `local`.  Port 0: one that is free in both (tests).
  // Errors: what bind and listen say, with protocol and address.
  static absl::StatusOr<std::unique_ptr<AsioNetwork>> Listen(
      boost::asio::io_context& loop, const Endpoint& local, Deliver deliver);
  ~AsioNetwork() override;

  void Send(const Endpoint& to, const PeerMessage& message) override;
  void SendDatagram(const Endpoint& to, const Datagram& datagram) override;

  const Endpoint& local() const { return local_; }
  const NetworkCounters& counters() const { return counters_; }

 private:
  struct Outgoing {
    std::shared_ptr<PeerLink> link;
    bool flush_wanted = false;
  };

  AsioNetwork(boost::asio::io_context& loop, const Endpoint& local,
              Deliver deliver);

  absl::Status Bind();
  std::shared_ptr<PeerLink> NewLink(const Endpoint& peer);
  void FlushSoon();
  void FlushAll();

  boost::asio::io_context& loop_;
  Endpoint local_;
  Deliver deliver_;
  NetworkCounters counters_;
  std::unique_ptr<PeerListener> listener_;
  std::unique_ptr<GossipSocket> gossip_;
  absl::btree_map<Endpoint, Outgoing> outgoing_;
  std::vector<Endpoint> flush_wanted_;
  bool flush_posted_ = false;
  std::shared_ptr<AsioNetwork*> self_;  // Expires before posted handlers run.
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_PEER_ASIO_NETWORK_H_
