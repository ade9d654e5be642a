// sim/sim_network.h
//
// SimNetwork carries messages between the simulated nodes.  It decides when
// each arrives, if at all; it knows nothing of what a message means.
//
// A link is one-way, as core/ports/network.h says: the sender dials it at the
// first message and redials for as long as its process lives.  Inside a
// connection order is kept; a connection that breaks may or may not have
// delivered what was under way.  Datagrams are lost, doubled, late, and
// overtake each other.  Datagrams, and frames on links that cut frames into
// pieces, go through the production codec both ways.  Of the other messages the
// first of each kind on each link does, and one in `codec_check_every`, and is
// compared with what was sent; the rest arrive as they are, which costs a sixth
// less for the whole run.
//
// Faults are worse than they look: a cut link keeps TCP data until it heals or
// the sender gives up; a cut of the way back delivers and then resets; after a
// power loss the sender learns nothing until it gives up, 5 s after it has sent
// something or the connection broke (user timeout, keepalive).  A damaged
// datagram is given to the codec, which must reject it; an old one comes again.
// A frame may come in two pieces, through the product's own FrameReader, and
// the connection may end between them.
//
// Links behave as those of transport/peer do: what is sent while there is no
// connection waits for the next dial and is lost with it, which the sender is
// told; dials pause for 50 ms, doubling to 1 s.
//
// Invariants:
//   NET-1  Messages of one connection arrive in order, each at most once.
//   NET-2  Nothing sent to one process arrives at a later one of that node.
//   NET-3  decode(encode(m)) == m.
//   NET-4  No datagram is larger than kDatagramBytesMax.
//   NET-5  No damaged datagram is decoded.
//   NET-6  A frame in two pieces is the same message, whatever came before.
//
// Cost: one copy, or encoding and decoding, and one heap entry a message.

#ifndef ORRERY_SIM_SIM_NETWORK_H_
#define ORRERY_SIM_SIM_NETWORK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/protocol/event.h"
#include "core/protocol/message.h"
#include "sim/event_queue.h"
#include "sim/listener.h"
#include "sim/settings.h"
#include "sim/tally.h"
#include "sim/weather.h"
#include "transport/wire/frame.h"

namespace orrery::sim {

// Node `index` of the simulated world is at 10.0.0.(index + 1), port 7000.
Endpoint EndpointOfNode(uint32_t index);
// No value: no such address.
std::optional<uint32_t> NodeOfEndpoint(const Endpoint& endpoint);

class SimNetwork {
 public:
  struct Options {
    uint64_t seed = 1;
    uint32_t nodes = 3;
    uint32_t codec_check_every = 16;
    Listener* listener = nullptr;
  };

  // `noise` is read at every message: knobs change it.
  SimNetwork(const Options& options, const Noise& noise, EventQueue& queue,
             Tally& tally);

  // From node `from`, which is up.  A message to an address that is no node's
  // vanishes.
  void Send(uint32_t from, const Endpoint& to, const PeerMessage& message);
  void SendDatagram(uint32_t from, const Endpoint& to,
                    const Datagram& datagram);

  // `process` counts a node's starts, from 1.
  void OnProcessUp(uint32_t node, uint32_t process);
  // `silently`: the machine lost power, nobody is told.
  void OnProcessDown(uint32_t node, bool silently);

  void Cut(uint32_t from, uint32_t to);
  void Clog(uint32_t from, uint32_t to);
  void Hold(uint32_t from, uint32_t to);
  void HalfOpen(uint32_t from, uint32_t to);
  // The receiver of the connection, and of the next ones, stops reading.
  void Choke(uint32_t from, uint32_t to);
  // Whether there was a connection to break.
  bool Reset(uint32_t from, uint32_t to);
  // Undoes Cut, Clog, Hold and Choke.
  void Heal(uint32_t from, uint32_t to);
  void Release(uint32_t from, uint32_t to);

  struct Arrival {
    uint32_t node = 0;
    uint32_t process = 0;
    EventBody event;  // PeerMessageEvent or DatagramEvent.
  };
  // Handles what the queue popped, if it is the network's: kFrame, kDatagram,
  // kDialled, kRedial, kLinkTimeout, kLinkLost.
  std::optional<Arrival> On(const Occasion& occasion);

 private:
  static constexpr size_t kLanes = std::variant_size_v<PeerBody> + 1;
  // Connections of one link of which frames may still arrive.
  static constexpr size_t kReadersMax = 4;

  static constexpr Duration kBackoffMin = 50 * kMillisecond;
  static constexpr Duration kBackoffMax = 1 * kSecond;

  // What the receiver has of a connection's stream.
  struct Reader {
    uint32_t connection = 0;
    FrameReader frames{FrameReader::Start::kAtPreface};
  };

  enum class Phase : uint8_t { kIdle, kDialling, kUp, kWaiting };

  // What will end this connection, if it does not heal.
  enum class Timing : uint8_t { kNone = 0, kGivesUp = 1, kReset = 2 };

  struct Pathway {
    Phase phase = Phase::kIdle;
    bool cut = false;
    bool clogged = false;
    bool held = false;
    bool choked = false;
    bool half_open = false;  // Of this connection.
    Timing timing = Timing::kNone;
    bool told_up = false;  // What the sender was last told.
    bool told = false;
    uint32_t dialling = 0;     // Names dialling attempts.
    uint32_t connection = 0;   // Names connections.
    uint32_t kills_below = 0;  // Frames of earlier connections are lost.
    Duration backoff = kBackoffMin;
    Instant up_since;
    uint32_t to_process = 0;
    int64_t last_arrival_ns = 0;
    std::array<uint32_t, kLanes> sent{};
    std::vector<uint32_t>
        queue;  // Waiting for the dial, the heal, the release.
    std::vector<uint32_t> held_datagrams;
    uint32_t latest_datagram = 0;  // The highest number that arrived.
    std::vector<Reader> readers;   // In order of connection.
  };

  struct Flight {
    std::string bytes;
    std::optional<PeerMessage> message;  // Instead, if not encoded.
    uint64_t id = 0;
    uint32_t link = 0;
    uint32_t connection = 0;
    uint32_t process = 0;  // That it is addressed to; 0: whichever is up.
    uint32_t lane = 0;
    uint32_t number = 0;  // On its lane.
    enum class Copy : uint8_t { kNone = 0, kDouble = 1, kReplay = 2 };
    Copy copy = Copy::kNone;
    bool damaged = false;
    bool framed = false;     // The bytes are a frame, not a message.
    uint32_t held_back = 0;  // Of a frame: the bytes that come later.
    bool half_fed = false;
  };

  struct Host {
    uint32_t process = 0;
    bool up = false;
    bool silent = false;  // Without power: not even a refusal.
  };

  uint32_t LinkOf(uint32_t from, uint32_t to) const {
    return from * options_.nodes + to;
  }
  uint32_t FromOf(uint32_t link) const { return link / options_.nodes; }
  uint32_t ToOf(uint32_t link) const { return link % options_.nodes; }
  Pathway& Back(uint32_t link) {
    return links_[LinkOf(ToOf(link), FromOf(link))];
  }

  // The first message of each kind on a link, and each codec_check_every-th.
  bool IsSampled(const Flight& flight) const {
    return (flight.number - 1) % options_.codec_check_every == 0;
  }
  void Load(const PeerMessage& message, Flight& flight);
  uint32_t TakeFlight(uint32_t link, uint32_t lane);
  void EndFlight(uint32_t flight) { free_flights_.push_back(flight); }
  void Land(uint32_t flight);
  void LoseFlight(uint32_t flight, std::string_view why);
  void DropQueue(Pathway& path);

  Duration DelayOf(const Flight& flight, Ratio late);
  void Dial(uint32_t link);
  void Transmit(uint32_t link, uint32_t flight);
  void Flush(uint32_t link);
  void StartTimeout(uint32_t link);
  void Lose(uint32_t link, bool delivers_rest);
  void PauseBeforeDial(uint32_t link);
  enum class Told : uint8_t { kOnChange = 1, kAgain = 2 };
  void Notify(uint32_t link, bool connected, Told told);
  void Copy(uint32_t flight, Flight::Copy copy);
  void Damage(uint32_t flight);
  void ScheduleDatagram(uint32_t flight);
  bool IsDead(const Flight& flight) const;
  FrameReader* ReaderOf(const Flight& flight);
  std::optional<PeerMessage> Read(uint32_t flight);

  void OnDialled(uint32_t link, uint32_t dialling);
  void OnTimeout(uint32_t link, uint32_t connection);
  std::optional<Arrival> OnFrame(uint32_t flight);
  std::optional<Arrival> OnDatagram(uint32_t flight);

  Options options_;
  const Noise& noise_;
  EventQueue& queue_;
  Tally& tally_;
  std::vector<Pathway> links_;
  std::vector<Host> hosts_;
  std::vector<Flight> flights_;
  std::vector<uint32_t> free_flights_;
  uint64_t launched_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SIM_NETWORK_H_
