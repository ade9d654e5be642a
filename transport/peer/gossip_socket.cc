#include "transport/peer/gossip_socket.h"

#include <optional>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "transport/peer/endpoint_address.h"
#include "transport/wire/codec.h"

namespace orrery {
namespace {

using boost::asio::ip::udp;
using ErrorCode = boost::system::error_code;

// A burst of 8,192 members' gossip; the kernel may grant less.
constexpr int kReceiveBufferBytes = 4 << 20;

}  // namespace

GossipSocket::GossipSocket(boost::asio::io_context& loop,
                           NetworkCounters& counters, Deliver deliver)
    : counters_(counters),
      deliver_(std::move(deliver)),
      socket_(loop),
      self_(std::make_shared<GossipSocket*>(this)) {}

absl::Status GossipSocket::Bind(const Endpoint& local) {
  ErrorCode error;
  const udp::endpoint endpoint = UdpOf(local);
  socket_.open(endpoint.protocol(), error);
  if (error) return SocketError(error, "open UDP", local);
  socket_.bind(endpoint, error);
  if (error) return SocketError(error, "bind UDP", local);
  socket_.non_blocking(true, error);
  if (error) return SocketError(error, "unblock UDP", local);
  ErrorCode ignored;
  socket_.set_option(
      boost::asio::socket_base::receive_buffer_size(kReceiveBufferBytes),
      ignored);
  AwaitDatagrams();
  return absl::OkStatus();
}

void GossipSocket::Send(const Endpoint& to, const Datagram& datagram) {
  ErrorCode error;
  if (EncodeDatagram(datagram, &sending_)) {
    socket_.send_to(boost::asio::buffer(sending_), UdpOf(to), 0, error);
    if (!error) {
      ++counters_.datagrams_sent;
      return;
    }
  }
  ++counters_.datagrams_dropped;
}

void GossipSocket::AwaitDatagrams() {
  socket_.async_wait(
      udp::socket::wait_read,
      [self = std::weak_ptr<GossipSocket*>(self_)](const ErrorCode& error) {
        const auto gossip = self.lock();
        if (gossip == nullptr) return;
        if (error == boost::asio::error::operation_aborted) return;
        (*gossip)->ReceiveWhatArrived();
      });
}

void GossipSocket::ReceiveWhatArrived() {
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    udp::endpoint source;
    ErrorCode error;
    const size_t size =
        socket_.receive_from(boost::asio::buffer(received_), source, 0, error);
    // Other errors are of datagrams sent earlier: the next one may be there.
    if (error == boost::asio::error::would_block) break;
    if (error) continue;
    ++counters_.datagrams_received;
    std::optional<Datagram> datagram = DecodeDatagram({received_.data(), size});
    if (datagram.has_value()) {
      deliver_(EndpointOf(source.address(), source.port()),
               *std::move(datagram));
    } else {
      ++counters_.datagrams_skipped;
    }
  }
  AwaitDatagrams();
}

}  // namespace orrery
