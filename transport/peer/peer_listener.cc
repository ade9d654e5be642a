#include "transport/peer/peer_listener.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "boost/asio/buffer.hpp"
#include "boost/asio/error.hpp"
#include "transport/peer/endpoint_address.h"
#include "transport/peer/peer_socket.h"
#include "transport/wire/codec.h"

namespace orrery {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr size_t kBufferBytes = 256 << 10;
// After an accept that failed for want of descriptors.
constexpr std::chrono::milliseconds kAcceptPause{100};

}  // namespace

PeerListener::PeerListener(boost::asio::io_context& loop,
                           NetworkCounters& counters, const Limits& limits,
                           Deliver deliver)
    : counters_(counters),
      deliver_(std::move(deliver)),
      acceptor_(loop),
      limits_(limits),
      pause_(loop),
      sweep_(loop),
      buffer_(kBufferBytes),
      self_(std::make_shared<PeerListener*>(this)) {}

PeerListener::~PeerListener() {
  ErrorCode ignored;
  for (const auto& [address, link] : links_) link->socket.close(ignored);
}

absl::Status PeerListener::Listen(const Endpoint& local) {
  ErrorCode error;
  const tcp::endpoint endpoint = TcpOf(local);
  acceptor_.open(endpoint.protocol(), error);
  if (error) return SocketError(error, "open TCP", local);
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor_.bind(endpoint, error);
  if (error) return SocketError(error, "bind TCP", local);
  acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return SocketError(error, "listen on TCP", local);
  Accept();
  AwaitSweep();
  return absl::OkStatus();
}

uint16_t PeerListener::port() const {
  ErrorCode error;
  return acceptor_.local_endpoint(error).port();
}

void PeerListener::Accept() {
  acceptor_.async_accept([self = std::weak_ptr<PeerListener*>(self_)](
                             const ErrorCode& error, tcp::socket socket) {
    const auto listener = self.lock();
    if (listener == nullptr) return;
    if (error == boost::asio::error::operation_aborted) return;
    if (error) return (*listener)->AcceptAfterPause();
    (*listener)->OnAccepted(std::move(socket));
    (*listener)->Accept();
  });
}

void PeerListener::AcceptAfterPause() {
  pause_.expires_after(kAcceptPause);
  pause_.async_wait(
      [self = std::weak_ptr<PeerListener*>(self_)](const ErrorCode& error) {
        const auto listener = self.lock();
        if (!error && listener != nullptr) (*listener)->Accept();
      });
}

void PeerListener::OnAccepted(tcp::socket socket) {
  if (links_.size() >= kIncomingLinksMax) return;  // Closed: dialled again.
  PreparePeerSocket(socket);
  const auto link = std::make_shared<Link>(std::move(socket));
  links_.emplace(link.get(), link);
  AwaitBytes(link);
}

void PeerListener::AwaitBytes(const LinkPtr& link) {
  link->socket.async_wait(tcp::socket::wait_read,
                          [self = std::weak_ptr<PeerListener*>(self_),
                           link](const ErrorCode& error) {
                            const auto listener = self.lock();
                            if (listener == nullptr) return;
                            if (error) return (*listener)->Drop(*link);
                            (*listener)->ReadWhatArrived(link);
                          });
}

void PeerListener::ReadWhatArrived(const LinkPtr& link) {
  size_t total = 0;
  while (total < kReadBytesPerTurn) {
    ErrorCode error;
    const size_t size =
        link->socket.read_some(boost::asio::buffer(buffer_), error);
    if (error == boost::asio::error::would_block) break;
    if (error) return Drop(*link);
    if (!TakePiece(*link, {buffer_.data(), size})) return Drop(*link);
    total += size;
    if (size < buffer_.size()) break;  // That was all.
  }
  AwaitBytes(link);
}

bool PeerListener::TakePiece(Link& link, ByteView piece) {
  counters_.frame_bytes_received += piece.size();
  held_bytes_ -= link.frames.held_bytes();
  link.frames.Feed(piece);
  while (const std::optional<ByteView> payload = link.frames.Next()) {
    std::optional<PeerMessage> message = DecodePeerMessage(*payload);
    if (message.has_value()) {
      ++counters_.frames_received;
      deliver_(*std::move(message));
    } else {
      ++counters_.frames_skipped;
    }
  }
  held_bytes_ += link.frames.held_bytes();
  // A stranger who dribbles a preface gains no time by it.
  if (link.frames.IsPastPreface()) {
    link.heard_at = std::chrono::steady_clock::now();
  }
  if (link.frames.error() == FrameError::kNone &&
      held_bytes_ <= limits_.held_bytes) {
    return true;
  }
  ++counters_.streams_broken;
  return false;
}

void PeerListener::Drop(Link& link) {
  ErrorCode ignored;
  link.socket.close(ignored);
  // Its waiting handler comes here once more.
  if (links_.erase(&link) > 0) held_bytes_ -= link.frames.held_bytes();
}

void PeerListener::AwaitSweep() {
  sweep_.expires_after(std::min(limits_.preface, limits_.frame) / 4);
  sweep_.async_wait(
      [self = std::weak_ptr<PeerListener*>(self_)](const ErrorCode& error) {
        const auto listener = self.lock();
        if (error || listener == nullptr) return;
        (*listener)->Sweep();
        (*listener)->AwaitSweep();
      });
}

void PeerListener::Sweep() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<LinkPtr> late;
  for (const auto& [address, link] : links_) {
    const auto silent = now - link->heard_at;
    const bool is_late =
        link->frames.IsPastPreface()
            ? !link->frames.AtBoundary() && silent > limits_.frame
            : silent > limits_.preface;
    if (is_late) late.push_back(link);
  }
  for (const LinkPtr& link : late) {
    ++counters_.streams_broken;
    Drop(*link);
  }
}

}  // namespace orrery
