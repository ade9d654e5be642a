#include "sim/sim_network.h"

#include <algorithm>
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
constexpr Range kRedialAfter{100 * kMillisecond, 250 * kMillisecond};
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
  if (path.phase == Phase::kWaiting) {
    tally_.Count("net.sent_while_down");
    return;
  }
  if (path.phase == Phase::kDialling && path.queue.size() >= kQueuedMax) {
    return;
  }

  const uint32_t index =
      TakeFlight(link, static_cast<uint32_t>(message.body.index()));
  std::string& bytes = flights_[index].bytes;
  EncodePeerMessage(message, &bytes);
  if (++encoded_ % options_.codec_check_every == 0) {
    const std::optional<PeerMessage> decoded = DecodePeerMessage(ViewOf(bytes));
    ORRERY_INVARIANT(decoded.has_value());
    ORRERY_INVARIANT(*decoded == message);  // NET-3
  }
  switch (path.phase) {
    case Phase::kIdle:
      path.queue.push_back(index);
      Dial(link);
      break;
    case Phase::kDialling:
      path.queue.push_back(index);
      break;
    case Phase::kUp:
      Transmit(link, index);
      break;
    case Phase::kWaiting:
      break;
  }
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
    path.timing = false;
    path.attempts = 0;
    path.to_process = host.process;
    Notify(link, true);
    Flush(link);
    return;
  }
  DropQueue(path);
  path.phase = Phase::kWaiting;
  ++path.attempts;
  Notify(link, false);
  const uint64_t fate =
      Fate(options_.seed, Lot::kRedial, link, ~uint64_t{path.dialling});
  const int64_t backoff = std::min<int64_t>(path.attempts, 4);
  queue_.Schedule(
      queue_.now() + Within(fate, kRedialAfter) * backoff,
      {.process = path.dialling, .payload = link, .what = Happening::kRedial});
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
  if (path.cut || path.held) {
    tally_.Count("fault.stalled");
    path.queue.push_back(index);
    if (path.cut) StartTimeout(link);
    return;
  }
  // Delivered, but the sender's TCP never hears so.
  if (Back(link).cut) StartTimeout(link);

  Flight& flight = flights_[index];
  flight.connection = path.connection;
  flight.process = path.to_process;
  const Instant at = queue_.now() + DelayOf(flight, noise_.tcp_late);
  const int64_t at_ns = std::max(at.ns, path.last_arrival_ns + kFrameGap.ns);
  path.last_arrival_ns = at_ns;
  queue_.Schedule({at_ns}, {.payload = index, .what = Happening::kFrame});
}

void SimNetwork::StartTimeout(uint32_t link) {
  Pathway& path = links_[link];
  if (path.timing) return;
  path.timing = true;
  // A machine that is up again answers with a reset at once.
  const Host& host = hosts_[ToOf(link)];
  const bool refused = host.process != path.to_process && !host.silent &&
                       !path.cut && !Back(link).cut;
  const Duration wait = refused ? noise_.delay.high * 2 : kGiveUp;
  queue_.Schedule(queue_.now() + wait, {.process = path.connection,
                                        .payload = link,
                                        .what = Happening::kLinkTimeout});
}

void SimNetwork::OnTimeout(uint32_t link, uint32_t connection) {
  Pathway& path = links_[link];
  if (path.phase != Phase::kUp || path.connection != connection) return;
  path.timing = false;
  const Host& host = hosts_[ToOf(link)];
  const bool broken = path.half_open || host.silent || path.cut ||
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
  path.phase = Phase::kWaiting;
  path.half_open = false;
  path.timing = false;
  ++path.dialling;
  Notify(link, false);
  const uint64_t fate =
      Fate(options_.seed, Lot::kRedial, link, ~uint64_t{path.dialling});
  queue_.Schedule(
      queue_.now() + Within(fate, kRedialAfter),
      {.process = path.dialling, .payload = link, .what = Happening::kRedial});
}

void SimNetwork::Notify(uint32_t link, bool connected) {
  Pathway& path = links_[link];
  if (path.told && path.told_up == connected) return;
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
  if (++encoded_ % options_.codec_check_every == 0) {
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
    const uint32_t copy = TakeFlight(link, kDatagramLane);
    flights_[copy].bytes = flights_[index].bytes;
    ScheduleDatagram(copy, 1);
  }
  ScheduleDatagram(index, 0);
}

void SimNetwork::ScheduleDatagram(uint32_t index, uint64_t salt) {
  const Flight& flight = flights_[index];
  const Duration delay = DelayOf(flight, noise_.udp_late);
  // A copy may come long after: an old datagram replayed.
  const Duration extra =
      salt == 0 ? Duration{0}
                : Within(Fate(options_.seed, Lot::kDelay, flight.link,
                              ~uint64_t{flight.number}),
                         {Duration{0}, 2 * kSecond});
  queue_.Schedule(queue_.now() + delay + extra,
                  {.payload = index, .what = Happening::kDatagram});
}

std::optional<SimNetwork::Arrival> SimNetwork::OnFrame(uint32_t index) {
  const Flight& flight = flights_[index];
  const Pathway& path = links_[flight.link];
  const uint32_t to = ToOf(flight.link);
  const Host& host = hosts_[to];
  const bool dead = flight.connection < path.kills_below || !host.up ||
                    host.process != flight.process;  // NET-2
  if (dead) {
    LoseFlight(index, "connection lost");
    return std::nullopt;
  }
  std::optional<PeerMessage> message = DecodePeerMessage(ViewOf(flight.bytes));
  ORRERY_INVARIANT(message.has_value());
  Land(index);
  return Arrival{to, host.process, PeerMessageEvent{std::move(*message)}};
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
  ORRERY_INVARIANT(datagram.has_value());
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
