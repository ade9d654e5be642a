#include "transport/peer/peer_link.h"

#include <algorithm>
#include <array>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "boost/asio/error.hpp"
#include "boost/asio/write.hpp"
#include "transport/peer/endpoint_address.h"
#include "transport/peer/peer_socket.h"
#include "transport/wire/frame.h"

namespace orrery {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// A queue that grew past this in a burst gives its memory back.
constexpr size_t kQueueBytesKept = 4 << 20;

// On loopback a dial to a port that nobody listens on can meet itself.
bool MetItself(const tcp::socket& socket) {
  ErrorCode error;
  const tcp::endpoint local = socket.local_endpoint(error);
  if (error) return true;
  return local == socket.remote_endpoint(error) || error;
}

void BindTo(const Endpoint& local, const Endpoint& peer, tcp::socket& socket) {
  const auto address = AddressOf(local);
  if (address.is_unspecified()) return;
  if (address.is_v4() != AddressOf(peer).is_v4()) return;
  ErrorCode ignored;  // The kernel then chooses.
  socket.bind(tcp::endpoint(address, 0), ignored);
}

}  // namespace

PeerLink::PeerLink(boost::asio::io_context& loop, const Options& options,
                   NetworkCounters& counters, OnChange on_change)
    : loop_(loop),
      options_(options),
      counters_(counters),
      on_change_(std::move(on_change)),
      timer_(loop) {}

void PeerLink::Send(const PeerMessage& message) {
  if (queue_.size() >= kQueueBytesMax) {
    ++counters_.frames_dropped;
    return;
  }
  const size_t before = queue_.size();
  if (!AppendFrame(message, &queue_)) {
    ++counters_.frames_dropped;
    return;
  }
  // One frame larger than the whole queue passes if it is alone.
  if (queue_.size() > kQueueBytesMax && before > 0) {
    queue_.resize(before);
    ++counters_.frames_dropped;
    return;
  }
  ++queued_frames_;
}

void PeerLink::Flush() {
  if (queue_.empty()) return;
  if (state_ == State::kIdle) Dial();
  if (state_ != State::kUp) return;
  if (!writing_) StartWrite(connection_);
}

void PeerLink::Close() {
  state_ = State::kClosed;
  DropConnection();
  timer_.cancel();
  on_change_ = nullptr;
}

void PeerLink::Dial() {
  state_ = State::kConnecting;
  connection_ = std::make_shared<Connection>(loop_);
  tcp::socket& socket = connection_->socket;
  const tcp::endpoint peer = TcpOf(options_.peer);
  ErrorCode error;
  socket.open(peer.protocol(), error);
  if (!error) {
    PreparePeerSocket(socket);
    BindTo(options_.local, options_.peer, socket);
  }
  const auto self = shared_from_this();
  const ConnectionPtr connection = connection_;
  timer_.expires_after(kConnectTimeout);
  timer_.async_wait([self, connection](const ErrorCode& timer_error) {
    if (!timer_error) self->OnConnected(connection, false);
  });
  // Without a socket this fails like any dial, from the loop.
  socket.async_connect(peer, [self, connection](const ErrorCode& result) {
    self->OnConnected(connection, !result);
  });
}

void PeerLink::OnConnected(const ConnectionPtr& connection, bool succeeded) {
  if (connection != connection_ || state_ != State::kConnecting) return;
  if (!succeeded || MetItself(connection->socket)) {
    Lose();
    return;
  }
  timer_.cancel();
  state_ = State::kUp;
  up_since_ = std::chrono::steady_clock::now();
  reported_down_ = false;
  ++counters_.links_up;
  connection->writing = kLinkPreface;
  WatchForEnd(connection);
  StartWrite(connection);
  on_change_(true);
}

// Nothing comes back on this connection but its end.
void PeerLink::WatchForEnd(const ConnectionPtr& connection) {
  connection->socket.async_wait(
      tcp::socket::wait_read,
      [self = shared_from_this(), connection](const ErrorCode& wait_error) {
        if (connection != self->connection_ || wait_error) return;
        std::array<char, 64> bytes;
        ErrorCode error;
        connection->socket.read_some(boost::asio::buffer(bytes), error);
        if (error == boost::asio::error::would_block) {
          self->WatchForEnd(connection);
        } else {
          self->Lose();
        }
      });
}

void PeerLink::StartWrite(const ConnectionPtr& connection) {
  if (connection->writing.empty()) {
    connection->writing.swap(queue_);
  } else {
    connection->writing += queue_;  // The preface goes first.
    queue_.clear();
  }
  writing_frames_ = std::exchange(queued_frames_, 0);
  writing_ = true;
  boost::asio::async_write(connection->socket,
                           boost::asio::buffer(connection->writing),
                           [self = shared_from_this(), connection](
                               const ErrorCode& error, size_t bytes) {
                             self->OnWritten(connection, bytes, !error);
                           });
}

void PeerLink::OnWritten(const ConnectionPtr& connection, size_t bytes,
                         bool succeeded) {
  if (connection != connection_) return;
  if (!succeeded) {
    Lose();
    return;
  }
  counters_.frames_sent += std::exchange(writing_frames_, 0);
  counters_.frame_bytes_sent += bytes;
  writing_ = false;
  connection->writing.clear();
  if (connection->writing.capacity() > kQueueBytesKept) {
    connection->writing.shrink_to_fit();
  }
  if (!queue_.empty()) StartWrite(connection);
}

void PeerLink::Lose() {
  const bool was_up = state_ == State::kUp;
  const uint64_t lost = queued_frames_ + writing_frames_;
  counters_.frames_dropped += lost;
  ++counters_.links_down;
  queued_frames_ = 0;
  writing_frames_ = 0;
  queue_.clear();
  if (queue_.capacity() > kQueueBytesKept) queue_.shrink_to_fit();
  DropConnection();

  const auto up_for = std::chrono::steady_clock::now() - up_since_;
  if (was_up && up_for >= kBackoffMax) backoff_ = kBackoffMin;
  PauseBeforeDial();
  if (reported_down_ && lost == 0) return;
  reported_down_ = true;
  on_change_(false);
}

void PeerLink::DropConnection() {
  if (connection_ == nullptr) return;
  ErrorCode ignored;
  connection_->socket.close(ignored);
  connection_.reset();
  writing_ = false;
}

void PeerLink::PauseBeforeDial() {
  state_ = State::kPausing;
  timer_.expires_after(backoff_);
  backoff_ = std::min(2 * backoff_, kBackoffMax);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error && self->state_ == State::kPausing) self->Dial();
  });
}

}  // namespace orrery
