// transport/peer/peer_link.h
//
// PeerLink is the one-way connection to one peer: it dials when there is first
// something to send, redials for ever with growing pauses, and writes the
// frames of one turn of the loop with one system call.
//
// What is queued while the link is down waits for the next dial, and is lost
// with it: a frame that is late by more than a dial is of no use.  A change is
// reported when the link comes up, when it is lost, and when a dial fails that
// lost frames or was the first.
//
// Invariants:
//   LNK-1  Queued bytes <= kQueueBytesMax; what would pass it is dropped.
//   LNK-2  Frames reach the peer in the order of Send, without gaps, as long
//          as no down was reported in between.
//
// Threading: the loop's thread; held by shared_ptr, because handlers outlive
// the owner's interest.  Cost: a frame is copied once into the queue.

#ifndef ORRERY_TRANSPORT_PEER_PEER_LINK_H_
#define ORRERY_TRANSPORT_PEER_PEER_LINK_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/steady_timer.hpp"
#include "core/protocol/message.h"
#include "transport/peer/network_counters.h"

namespace orrery {

class PeerLink : public std::enable_shared_from_this<PeerLink> {
 public:
  // Two seconds of a gigabit network: more is a peer that does not keep up.
  static constexpr size_t kQueueBytesMax = 64 << 20;
  static constexpr std::chrono::milliseconds kConnectTimeout{1000};
  static constexpr std::chrono::milliseconds kBackoffMin{50};
  static constexpr std::chrono::milliseconds kBackoffMax{1000};

  struct Options {
    Endpoint peer;
    Endpoint local;  // Dials from this address if it has one of the family.
  };
  using OnChange = std::function<void(bool connected)>;

  PeerLink(boost::asio::io_context& loop, const Options& options,
           NetworkCounters& counters, OnChange on_change);

  // Queues; Flush sends.
  void Send(const PeerMessage& message);
  void Flush();

  // No handler calls back after this.
  void Close();

  bool IsUp() const { return state_ == State::kUp; }

 private:
  enum class State : uint8_t {
    kIdle = 1,  // Nothing was ever sent.
    kConnecting = 2,
    kUp = 3,
    kPausing = 4,  // Until the next dial.
    kClosed = 5,
  };
  // One attempt: handlers of an earlier one compare and go.
  struct Connection {
    explicit Connection(boost::asio::io_context& loop) : socket(loop) {}
    boost::asio::ip::tcp::socket socket;
    std::string writing;
  };
  using ConnectionPtr = std::shared_ptr<Connection>;

  void Dial();
  void OnConnected(const ConnectionPtr& connection, bool succeeded);
  void WatchForEnd(const ConnectionPtr& connection);
  void StartWrite(const ConnectionPtr& connection);
  void OnWritten(const ConnectionPtr& connection, size_t bytes, bool succeeded);
  void Lose();
  void DropConnection();
  void PauseBeforeDial();

  boost::asio::io_context& loop_;
  Options options_;
  NetworkCounters& counters_;
  OnChange on_change_;
  State state_ = State::kIdle;
  ConnectionPtr connection_;
  boost::asio::steady_timer timer_;  // Of the connect, or of the pause.
  std::chrono::milliseconds backoff_ = kBackoffMin;
  std::chrono::steady_clock::time_point up_since_;
  bool reported_down_ = false;

  std::string queue_;
  uint64_t queued_frames_ = 0;
  bool writing_ = false;
  uint64_t writing_frames_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_PEER_PEER_LINK_H_
