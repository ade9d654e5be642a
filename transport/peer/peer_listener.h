// transport/peer/peer_listener.h
//
// PeerListener accepts the links that peers dial and gives out the messages
// that arrive.  Nothing is ever sent on them.
//
// A frame whose message cannot be decoded is skipped and counted; a stream
// that breaks the framing is closed, and its peer dials again.
//
// The port is open to whoever reaches it, a port scanner or a client that
// mistook it for the API: who does not say the preface in time is hung up on,
// and so is who stops in the middle of a frame.
//
// Limits: kIncomingLinksMax connections; each reads at most kReadBytesPerTurn
// in a turn of the loop, so that one busy peer does not starve the rest; all
// together hold at most Limits::held_bytes of unfinished frames, and the link
// that would pass that is closed.
//
// Threading: the loop's thread; the io_context outlives it.  Cost: one read
// for what arrived since the last turn, into one buffer that all links share.

#ifndef ORRERY_TRANSPORT_PEER_PEER_LISTENER_H_
#define ORRERY_TRANSPORT_PEER_PEER_LISTENER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/steady_timer.hpp"
#include "core/protocol/limits.h"
#include "core/protocol/message.h"
#include "transport/peer/network_counters.h"
#include "transport/wire/frame.h"

namespace orrery {

class PeerListener {
 public:
  // Twice the members there can be: each once, and once more while its old
  // connection has not been noticed to be dead.
  static constexpr size_t kIncomingLinksMax = size_t{2} * kMembersMax;
  static constexpr size_t kReadBytesPerTurn = 1 << 20;

  struct Limits {
    std::chrono::milliseconds preface{5000};  // Since the accept.
    std::chrono::milliseconds frame{10000};   // Since its latest byte.
    // Two of the largest frames, and as much again for all others.
    size_t held_bytes = 4 * kPeerFrameBytesMax;
  };

  using Deliver = std::function<void(PeerMessage)>;

  PeerListener(boost::asio::io_context& loop, NetworkCounters& counters,
               const Limits& limits, Deliver deliver);
  ~PeerListener();

  // Binds and starts to accept.  Port 0: the kernel chooses; see port().
  // Errors: what bind and listen say.
  absl::Status Listen(const Endpoint& local);
  uint16_t port() const;

 private:
  struct Link {
    explicit Link(boost::asio::ip::tcp::socket accepted)
        : socket(std::move(accepted)),
          heard_at(std::chrono::steady_clock::now()) {}
    boost::asio::ip::tcp::socket socket;
    std::chrono::steady_clock::time_point heard_at;  // Or accepted.
    FrameReader frames{FrameReader::Start::kAtPreface};
  };
  using LinkPtr = std::shared_ptr<Link>;

  void Accept();
  void AcceptAfterPause();
  void OnAccepted(boost::asio::ip::tcp::socket socket);
  void AwaitBytes(const LinkPtr& link);
  void ReadWhatArrived(const LinkPtr& link);
  bool TakePiece(Link& link, ByteView piece);
  void Drop(Link& link);
  void AwaitSweep();
  void Sweep();

  NetworkCounters& counters_;
  Deliver deliver_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Limits limits_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer sweep_;
  absl::flat_hash_map<Link*, LinkPtr> links_;
  size_t held_bytes_ = 0;  // Of all links' unfinished frames.
  std::vector<std::byte> buffer_;
  std::shared_ptr<PeerListener*> self_;  // Expires before handlers run.
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_PEER_PEER_LISTENER_H_
