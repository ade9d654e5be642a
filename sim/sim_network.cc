#include "sim/sim_network.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "core/protocol/limits.h"
#include "transport/wire/codec.h"

namespace orrery::sim {
namespace {

constexpr uint16_t kPort = 7000;
constexpr uint32_t kDatagramLane = std::variant_size_v<PeerBody>;

// How long a sender waits for the peer's TCP before it gives a connection up.
constexpr Duration kGiveUp = 5 * kSecond;
constexpr Duration kConnectTimeout = 1 * kSecond;
// How late the loop of a sender is for its redial.
constexpr Range kRedialLate{Duration{0}, 2 * kMillisecond};
// From the first piece of a frame to the second.
constexpr Range kPieceGap{Duration{0}, 50 * kMillisecond};
constexpr Range kDoubleAfter{Duration{0}, 2 * kSecond};
constexpr Range kReplayAfter{1 * kSecond, 30 * kSecond};
constexpr Duration kTailMin = 100 * kMillisecond;  // Doubles up to 64 times.
// A lost segment is sent again; what follows it on the connection waits.
constexpr Range kRetransmission{200 * kMillisecond, 900 * kMillisecond};
constexpr Range kClogDelay{500 * kMillisecond, 3 * kSecond};
// A frame is never at the same instant as the one before it on its connection.
constexpr Duration kFrameGap = kMicrosecond;

}  // namespace

Endpoint EndpointOfNode(uint32_t index) {
  Endpoint endpoint;
  endpoint.ip[10] = 0xff;
  endpoint.ip[11] = 0xff;
  endpoint.ip[12] = 10;
  endpoint.ip[14] = static_cast<uint8_t>((index + 1) >> 8);
  endpoint.ip[15] = static_cast<uint8_t>(index + 1);
  endpoint.port = kPort;
  return endpoint;
}

std::optional<uint32_t> NodeOfEndpoint(const Endpoint& endpoint) {
  const uint32_t number =
      static_cast<uint32_t>(endpoint.ip[14]) * 256 + endpoint.ip[15];
  if (number == 0) return std::nullopt;
  if (endpoint != EndpointOfNode(number - 1)) return std::nullopt;
  return number - 1;
}

SimNetwork::SimNetwork(const Options& options, const Noise& noise,
                       EventQueue& queue, Tally& tally)
    : options_(options),
      noise_(noise),
      queue_(queue),
      tally_(tally),
      links_(size_t{options.nodes} * options.nodes),
      hosts_(options.nodes) {
  for (Pathway& path : links_) path.kills_below = 1;
}

uint32_t SimNetwork::TakeFlight(uint32_t link, uint32_t lane) {
  uint32_t index = 0;
  if (free_flights_.empty()) {
    index = static_cast<uint32_t>(flights_.size());
    flights_.emplace_back();
  } else {
    index = free_flights_.back();
    free_flights_.pop_back();
  }
  Flight& flight = flights_[index];
  flight.link = link;
  flight.connection = 0;
  flight.process = 0;
  flight.lane = lane;
  flight.number = ++links_[link].sent[lane];
  flight.id = ++launched_;
  flight.copy = Flight::Copy::kNone;
  flight.damaged = false;
  flight.framed = false;
  flight.held_back = 0;
  flight.half_fed = false;
  if (options_.listener != nullptr) {
    options_.listener->OnSent(queue_.now(), {.id = flight.id,
                                             .from = FromOf(link),
                                             .to = ToOf(link),
                                             .lane = lane});
  }
  return index;
}

void SimNetwork::Land(uint32_t flight) {
  if (options_.listener != nullptr) {
    options_.listener->OnArrived(queue_.now(), flights_[flight].id);
  }
  EndFlight(flight);
}

void SimNetwork::LoseFlight(uint32_t flight, std::string_view why) {
  if (options_.listener != nullptr) {
    options_.listener->OnLost(queue_.now(), flights_[flight].id, why);
  }
  EndFlight(flight);
}

void SimNetwork::DropQueue(Pathway& path) {
  for (const uint32_t flight : path.queue) {
    LoseFlight(flight, "connection lost");
  }
  path.queue.clear();
}

Duration SimNetwork::DelayOf(const Flight& flight, Ratio late) {
  const uint64_t name = (uint64_t{flight.link} << 8) | flight.lane;
  Duration delay = Within(Fate(options_.seed, Lot::kDelay, name, flight.number),
                          noise_.delay);
  const uint64_t fate = Fate(options_.seed, Lot::kLate, name, flight.number);
  if (Falls(fate, late)) {
    tally_.Count("fault.late");
    delay = flight.lane == kDatagramLane
                ? delay * static_cast<int64_t>(4 + fate % 60)
                : delay + Within(Mix64(fate), kRetransmission);
  }
  if (links_[flight.link].clogged) {
    tally_.Count("fault.clogged");
    delay = delay + Within(fate, kClogDelay);
  }
  return delay;
}

void SimNetwork::Send(uint32_t from, const Endpoint& to,
                      const PeerMessage& message) {
  const std::optional<uint32_t> target = NodeOfEndpoint(to);
  if (!target.has_value() || *target >= options_.nodes) return;
  const uint32_t link = LinkOf(from, *target);
  Pathway& path = links_[link];
  if (path.phase == Phase::kWaiting) tally_.Count("net.sent_while_down");
  if (path.queue.size() >= noise_.tcp_queue) {
    tally_.Count("fault.queue_full");
    return;
  }

  const uint32_t index =
      TakeFlight(link, static_cast<uint32_t>(message.body.index()));
  Load(message, flights_[index]);
  switch (path.phase) {
    case Phase::kIdle:
      path.queue.push_back(index);
      Dial(link);
      break;
    case Phase::kDialling:
    case Phase::kWaiting:
      path.queue.push_back(index);
      break;
    case Phase::kUp:
      Transmit(link, index);
      break;
  }
}

void SimNetwork::Load(const PeerMessage& message, Flight& flight) {
  const bool checked = IsSampled(flight);
  if (noise_.tcp_pieces.num == 0 && !checked) {
    flight.message = message;
    return;
  }
  flight.message.reset();
  if (noise_.tcp_pieces.num != 0) {
    flight.bytes.clear();
    flight.framed = AppendFrame(message, &flight.bytes);
    ORRERY_INVARIANT(flight.framed);
  } else {
    EncodePeerMessage(message, &flight.bytes);
  }
  if (!checked) return;
  const ByteView payload =
      ViewOf(flight.bytes).subspan(flight.framed ? kFrameHeaderBytes : 0);
  const std::optional<PeerMessage> decoded = DecodePeerMessage(payload);
  ORRERY_INVARIANT(decoded.has_value());
  ORRERY_INVARIANT(*decoded == message);  // NET-3
}

void SimNetwork::Dial(uint32_t link) {
  Pathway& path = links_[link];
  path.phase = Phase::kDialling;
  ++path.dialling;
  const uint64_t fate = Fate(options_.seed, Lot::kRedial, link, path.dialling);
  const bool blocked = path.cut || path.held || Back(link).cut ||
                       Back(link).held || hosts_[ToOf(link)].silent;
  const Duration trip =
      blocked ? kConnectTimeout : Within(fate, noise_.delay) * 2;
  queue_.Schedule(
      queue_.now() + trip,
      {.process = path.dialling, .payload = link, .what = Happening::kDialled});
}

void SimNetwork::OnDialled(uint32_t link, uint32_t dialling) {
  Pathway& path = links_[link];
  if (path.phase != Phase::kDialling || path.dialling != dialling) return;
  const Host& host = hosts_[ToOf(link)];
  if (host.up && !path.cut && !Back(link).cut && !path.held) {
    path.phase = Phase::kUp;
    ++path.connection;
    path.half_open = false;
    path.timing = Timing::kNone;
    path.up_since = queue_.now();
    path.to_process = host.process;
    Notify(link, true, Told::kOnChange);
    Flush(link);
    return;
  }
  // Whoever waits for an answer to what is lost with the dial is told.
  const bool lost = !path.queue.empty();
  DropQueue(path);
  Notify(link, false, lost ? Told::kAgain : Told::kOnChange);
  PauseBeforeDial(link);
}

void SimNetwork::PauseBeforeDial(uint32_t link) {
  Pathway& path = links_[link];
  path.phase = Phase::kWaiting;
  const uint64_t fate =
      Fate(options_.seed, Lot::kRedial, link, ~uint64_t{path.dialling});
  queue_.Schedule(
      queue_.now() + path.backoff + Within(fate, kRedialLate),
      {.process = path.dialling, .payload = link, .what = Happening::kRedial});
  path.backoff = std::min(path.backoff * 2, kBackoffMax);
}

// Passes on what waited, in order.
void SimNetwork::Flush(uint32_t link) {
  Pathway& path = links_[link];
  if (path.phase != Phase::kUp) return;
  std::vector<uint32_t> waiting;
  waiting.swap(path.queue);
  for (const uint32_t flight : waiting) Transmit(link, flight);
}

void SimNetwork::Transmit(uint32_t link, uint32_t index) {
  Pathway& path = links_[link];
  const Host& host = hosts_[ToOf(link)];
  const bool vanishes =
      path.half_open || host.silent || host.process != path.to_process;
  if (vanishes) {
    tally_.Count("fault.vanished");
    LoseFlight(index, "vanished");
    StartTimeout(link);
    return;
  }
  if (path.cut || path.held || path.choked) {
    tally_.Count(path.choked ? "mattered.choke" : "fault.stalled");
    path.queue.push_back(index);
    // A sender gives a full window up as it does a dead peer.
    if (path.cut || path.choked) StartTimeout(link);
    return;
  }
  // Delivered, but the sender's TCP never hears so.
  if (Back(link).cut) StartTimeout(link);

  Flight& flight = flights_[index];
  flight.connection = path.connection;
  flight.process = path.to_process;
  const Instant due = queue_.now() + DelayOf(flight, noise_.tcp_late);
  const int64_t at_ns = std::max(due.ns, path.last_arrival_ns + kFrameGap.ns);
  path.last_arrival_ns = at_ns;
  queue_.Schedule({at_ns}, {.payload = index, .what = Happening::kFrame});
  if (!flight.framed) return;
  const uint64_t name = (uint64_t{link} << 8) | flight.lane;
  const uint64_t fate = Fate(options_.seed, Lot::kPieces, name, flight.number);
  if (!Falls(fate, noise_.tcp_pieces)) return;
  tally_.Count("fault.tcp_pieces");
  flight.held_back =
      static_cast<uint32_t>(1 + Mix64(fate) % (flight.bytes.size() - 1));
  // By its own delay, not behind the others': else a link with pieces would
  // carry only so many frames a second, which no network with delays does.
  const Instant rest = due + Within(fate, kPieceGap);
  path.last_arrival_ns = std::max(at_ns + kFrameGap.ns, rest.ns);
  queue_.Schedule({path.last_arrival_ns},
                  {.payload = index, .what = Happening::kFrame});
}

void SimNetwork::StartTimeout(uint32_t link) {
  Pathway& path = links_[link];
  // A machine that is up again answers with a reset at once.
  const Host& host = hosts_[ToOf(link)];
  const bool refused = host.process != path.to_process && !host.silent &&
                       !path.cut && !Back(link).cut;
  const Timing timing = refused ? Timing::kReset : Timing::kGivesUp;
  if (path.timing >= timing) return;
  path.timing = timing;
  const Duration wait = refused ? noise_.delay.high * 2 : kGiveUp;
  queue_.Schedule(queue_.now() + wait, {.process = path.connection,
                                        .payload = link,
                                        .what = Happening::kLinkTimeout});
}

void SimNetwork::OnTimeout(uint32_t link, uint32_t connection) {
  Pathway& path = links_[link];
  if (path.phase != Phase::kUp || path.connection != connection) return;
  path.timing = Timing::kNone;
  const Host& host = hosts_[ToOf(link)];
  const bool broken = path.half_open || !host.up || path.cut || path.choked ||
                      Back(link).cut || host.process != path.to_process;
  if (!broken) return;  // It healed meanwhile, and TCP went on.
  tally_.Count("fault.reset");
  Lose(link, true);
}

// The connection is gone.  `delivers_rest`: what is under way still arrives.
void SimNetwork::Lose(uint32_t link, bool delivers_rest) {
  Pathway& path = links_[link];
  if (path.phase != Phase::kUp) return;
  if (!delivers_rest) path.kills_below = path.connection + 1;
  DropQueue(path);
  path.half_open = false;
  path.timing = Timing::kNone;
  ++path.dialling;
  if (queue_.now() - path.up_since >= kBackoffMax) path.backoff = kBackoffMin;
  Notify(link, false, Told::kOnChange);
  PauseBeforeDial(link);
}

void SimNetwork::Notify(uint32_t link, bool connected, Told told) {
  Pathway& path = links_[link];
  const bool known = path.told && path.told_up == connected;
  if (known && told == Told::kOnChange) return;
  path.told = true;
  path.told_up = connected;
  const uint32_t from = FromOf(link);
  queue_.Schedule(queue_.now() + kFrameGap,
                  {.process = hosts_[from].process,
                   .payload = ToOf(link) * 2 + (connected ? 1 : 0),
                   .node = static_cast<uint16_t>(from),
                   .what = Happening::kLinkNotice});
}

void SimNetwork::SendDatagram(uint32_t from, const Endpoint& to,
                              const Datagram& datagram) {
  const std::optional<uint32_t> target = NodeOfEndpoint(to);
  if (!target.has_value() || *target >= options_.nodes) return;
  const uint32_t link = LinkOf(from, *target);
  Pathway& path = links_[link];
  const uint32_t index = TakeFlight(link, kDatagramLane);
  std::string& bytes = flights_[index].bytes;
  const bool fits = EncodeDatagram(datagram, &bytes);
  ORRERY_INVARIANT(fits);  // NET-4
  if (IsSampled(flights_[index])) {
    const std::optional<Datagram> decoded = DecodeDatagram(ViewOf(bytes));
    ORRERY_INVARIANT(decoded.has_value());
    ORRERY_INVARIANT(*decoded == datagram);  // NET-3
  }
  const uint32_t number = flights_[index].number;
  if (path.cut) {
    tally_.Count("fault.cut");
    LoseFlight(index, "cut");
    return;
  }
  if (bytes.size() > noise_.udp_mtu) {
    tally_.Count("fault.udp_mtu");
    LoseFlight(index, "larger than a packet");
    return;
  }
  if (Falls(Fate(options_.seed, Lot::kLoss, link, number), noise_.udp_loss)) {
    tally_.Count("fault.udp_loss");
    LoseFlight(index, "lost");
    return;
  }
  if (path.held) {
    path.held_datagrams.push_back(index);
    return;
  }
  if (Falls(Fate(options_.seed, Lot::kDuplicate, link, number),
            noise_.udp_dup)) {
    tally_.Count("fault.udp_dup");
    Copy(index, Flight::Copy::kDouble);
  }
  if (Falls(Fate(options_.seed, Lot::kReplay, link, number),
            noise_.udp_replay)) {
    tally_.Count("fault.udp_replay");
    Copy(index, Flight::Copy::kReplay);
  }
  Damage(index);
  ScheduleDatagram(index);
}

void SimNetwork::Copy(uint32_t index, Flight::Copy copy) {
  const uint32_t twin = TakeFlight(flights_[index].link, kDatagramLane);
  flights_[twin].bytes = flights_[index].bytes;
  flights_[twin].copy = copy;
  ScheduleDatagram(twin);
}

// A byte becomes another, or the end is missing.
void SimNetwork::Damage(uint32_t index) {
  Flight& flight = flights_[index];
  const uint64_t fate =
      Fate(options_.seed, Lot::kDamage, flight.link, flight.number);
  const uint64_t cut = Mix64(fate);
  if (Falls(fate, noise_.udp_flip)) {
    tally_.Count("fault.udp_flip");
    char& byte = flight.bytes[cut % flight.bytes.size()];
    byte = static_cast<char>(static_cast<uint8_t>(byte) ^
                             (1 + (fate & 0xffff) % 255));
    flight.damaged = true;
  } else if (Falls(cut, noise_.udp_cut)) {
    tally_.Count("fault.udp_cut");
    flight.bytes.resize(fate % flight.bytes.size());
    flight.damaged = true;
  }
}

void SimNetwork::ScheduleDatagram(uint32_t index) {
  const Flight& flight = flights_[index];
  Duration delay = DelayOf(flight, noise_.udp_late);
  if (flight.copy != Flight::Copy::kNone) {
    const uint64_t fate =
        Fate(options_.seed, Lot::kDelay, flight.link, ~uint64_t{flight.number});
    delay = delay + Within(fate, flight.copy == Flight::Copy::kDouble
                                     ? kDoubleAfter
                                     : kReplayAfter);
  }
  const uint64_t fate =
      Fate(options_.seed, Lot::kTail, flight.link, flight.number);
  if (Falls(fate, noise_.udp_tail)) {
    tally_.Count("fault.udp_tail");
    delay = delay + kTailMin * (int64_t{1} << std::countr_zero(fate | 64));
  }
  queue_.Schedule(queue_.now() + delay,
                  {.payload = index, .what = Happening::kDatagram});
}

bool SimNetwork::IsDead(const Flight& flight) const {
  const Host& host = hosts_[ToOf(flight.link)];
  return flight.connection < links_[flight.link].kills_below || !host.up ||
         host.process != flight.process;  // NET-2
}

// What the receiver has of the flight's connection; null: it has closed it.
FrameReader* SimNetwork::ReaderOf(const Flight& flight) {
  std::vector<Reader>& readers = links_[flight.link].readers;
  for (Reader& reader : readers) {
    if (reader.connection == flight.connection) return &reader.frames;
  }
  if (!readers.empty() && readers.back().connection > flight.connection) {
    return nullptr;
  }
  if (readers.size() == kReadersMax) readers.erase(readers.begin());
  readers.push_back({.connection = flight.connection});
  FrameReader& frames = readers.back().frames;
  frames.Feed(ViewOf(kLinkPreface));
  const std::optional<ByteView> nothing = frames.Next();
  ORRERY_INVARIANT(!nothing.has_value());
  return &frames;
}

// Takes what has come of the frame; nothing: the rest has not, or never will.
std::optional<PeerMessage> SimNetwork::Read(uint32_t index) {
  Flight& flight = flights_[index];
  if (flight.message.has_value()) {
    return std::exchange(flight.message, std::nullopt);
  }
  const ByteView bytes = ViewOf(flight.bytes);
  if (!flight.framed) return DecodePeerMessage(bytes);
  FrameReader* frames = ReaderOf(flight);
  if (frames == nullptr) return std::nullopt;
  const size_t first = bytes.size() - flight.held_back;
  const bool is_rest = flight.half_fed;
  frames->Feed(is_rest ? bytes.subspan(first) : bytes.first(first));
  const std::optional<ByteView> payload = frames->Next();
  ORRERY_INVARIANT(frames->error() == FrameError::kNone);  // NET-6
  ORRERY_INVARIANT(payload.has_value() == (is_rest || flight.held_back == 0));
  if (!payload.has_value()) return std::nullopt;
  std::optional<PeerMessage> message = DecodePeerMessage(*payload);
  const std::optional<ByteView> more = frames->Next();
  ORRERY_INVARIANT(!more.has_value());
  return message;
}

std::optional<SimNetwork::Arrival> SimNetwork::OnFrame(uint32_t index) {
  Flight& flight = flights_[index];
  const Pathway& path = links_[flight.link];
  const uint32_t to = ToOf(flight.link);
  const bool awaits_rest = flight.held_back > 0 && !flight.half_fed;
  if (IsDead(flight)) {
    if (flight.half_fed) tally_.Count("mattered.tcp_pieces");
    if (awaits_rest) {
      flight.held_back = 0;  // The second piece comes here once more.
      return std::nullopt;
    }
    tally_.Count("mattered.reset_lost");
    LoseFlight(index, "connection lost");
    return std::nullopt;
  }
  std::optional<PeerMessage> message = Read(index);
  if (awaits_rest) {
    flight.half_fed = true;
    return std::nullopt;
  }
  if (!message.has_value()) {
    ORRERY_INVARIANT(flight.framed);
    LoseFlight(index, "connection lost");
    return std::nullopt;
  }
  if (path.phase != Phase::kUp || path.connection != flight.connection) {
    tally_.Count("mattered.reset_delivered");
  }
  Land(index);
  std::optional<Arrival> arrival(std::in_place);
  arrival->node = to;
  arrival->process = hosts_[to].process;
  arrival->event.emplace<PeerMessageEvent>().message = std::move(*message);
  return arrival;
}

std::optional<SimNetwork::Arrival> SimNetwork::OnDatagram(uint32_t index) {
  const Flight& flight = flights_[index];
  const uint32_t to = ToOf(flight.link);
  const Host& host = hosts_[to];
  if (!host.up) {
    LoseFlight(index, "nobody there");
    return std::nullopt;
  }
  std::optional<Datagram> datagram = DecodeDatagram(ViewOf(flight.bytes));
  if (flight.damaged) {
    ORRERY_INVARIANT(!datagram.has_value());  // NET-5
    LoseFlight(index, "damaged");
    return std::nullopt;
  }
  ORRERY_INVARIANT(datagram.has_value());
  uint32_t& latest = links_[flight.link].latest_datagram;
  if (flight.copy == Flight::Copy::kDouble) {
    tally_.Count("mattered.udp_dup");
  } else if (flight.copy == Flight::Copy::kReplay) {
    tally_.Count("mattered.udp_replay");
  } else if (flight.number < latest) {
    tally_.Count("mattered.udp_overtaken");
  } else {
    latest = flight.number;
  }
  const Endpoint source = EndpointOfNode(FromOf(flight.link));
  Land(index);
  return Arrival{to, host.process, DatagramEvent{source, std::move(*datagram)}};
}

std::optional<SimNetwork::Arrival> SimNetwork::On(const Occasion& occasion) {
  switch (occasion.what) {
    case Happening::kFrame:
      return OnFrame(occasion.payload);
    case Happening::kDatagram:
      return OnDatagram(occasion.payload);
    case Happening::kDialled:
      OnDialled(occasion.payload, occasion.process);
      return std::nullopt;
    case Happening::kRedial:
      if (links_[occasion.payload].phase == Phase::kWaiting &&
          links_[occasion.payload].dialling == occasion.process) {
        Dial(occasion.payload);
      }
      return std::nullopt;
    case Happening::kLinkTimeout:
      OnTimeout(occasion.payload, occasion.process);
      return std::nullopt;
    case Happening::kLinkLost:
      if (links_[occasion.payload].connection == occasion.process) {
        Lose(occasion.payload, true);
      }
      return std::nullopt;
    case Happening::kTick:
    case Happening::kTickSoon:
    case Happening::kLinkNotice:
    case Happening::kDiskDone:
    case Happening::kOpTimeout:
    case Happening::kStart:
    case Happening::kStopTimeout:
      break;
  }
  ORRERY_UNREACHABLE("not the network's");
}

}  // namespace orrery::sim
