#include "sim/trace/event_codec.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/invariant.h"
#include "transport/wire/codec.h"

namespace orrery::sim {
namespace {

// No list of an event is longer: names of a directory are most.
constexpr uint64_t kListMax = 1u << 20;

uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^
         static_cast<uint64_t>(value >> 63);
}
int64_t FromZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

void PutText(ByteBuffer& out, std::string_view text) {
  PutSizedBytes(out, ViewOf(text));
}
void PutHandle(ByteBuffer& out, Handle handle) {
  PutVarint(out, handle.slot);
  PutVarint(out, handle.gen);
}
void PutId(ByteBuffer& out, const Id128& id) {
  PutU64(out, id.hi);
  PutU64(out, id.lo);
}
void PutEndpoint(ByteBuffer& out, const Endpoint& endpoint) {
  PutBytes(out, std::as_bytes(std::span(endpoint.ip)));
  PutU16(out, endpoint.port);
}

bool ReadText(Reader& in, std::string* text) {
  ByteView bytes;
  if (!in.ReadSizedBytes(&bytes)) return false;
  *text = TextOf(bytes);
  return true;
}
bool ReadValue(Reader& in, Bytes* value) {
  ByteView bytes;
  if (!in.ReadSizedBytes(&bytes)) return false;
  *value = Bytes::CopyOf(TextOf(bytes));
  return true;
}
template <typename Number>
bool ReadNumber(Reader& in, Number* number) {
  uint64_t wide = 0;
  if (!in.ReadVarint(&wide)) return false;
  *number = static_cast<Number>(wide);
  return static_cast<uint64_t>(*number) == wide;
}
bool ReadFlag(Reader& in, bool* flag) {
  uint8_t byte = 0;
  if (!in.ReadU8(&byte) || byte > 1) return false;
  *flag = byte == 1;
  return true;
}
// An enumeration whose values are `low` to `high`.
template <typename Enum>
bool ReadEnum(Reader& in, Enum low, Enum high, Enum* value) {
  uint8_t byte = 0;
  if (!in.ReadU8(&byte)) return false;
  if (byte < static_cast<uint8_t>(low) || byte > static_cast<uint8_t>(high)) {
    return false;
  }
  *value = static_cast<Enum>(byte);
  return true;
}
bool ReadHandle(Reader& in, Handle* handle) {
  return ReadNumber(in, &handle->slot) && ReadNumber(in, &handle->gen);
}
bool ReadId(Reader& in, Id128* id) {
  return in.ReadU64(&id->hi) && in.ReadU64(&id->lo);
}
bool ReadEndpoint(Reader& in, Endpoint* endpoint) {
  ByteView ip;
  if (!in.ReadBytes(endpoint->ip.size(), &ip)) return false;
  for (size_t i = 0; i < ip.size(); ++i) {
    endpoint->ip[i] = static_cast<uint8_t>(ip[i]);
  }
  return in.ReadU16(&endpoint->port);
}
void PutLevel(ByteBuffer& out, const Level& level) {
  PutU8(out, static_cast<uint8_t>(level.kind));
  PutVarint(out, level.number);
}
bool ReadLevel(Reader& in, Level* level) {
  return ReadEnum(in, Level::Kind::kConfigured, Level::Kind::kNumber,
                  &level->kind) &&
         ReadNumber(in, &level->number);
}

struct BodyPutter {
  ByteBuffer& out;

  void operator()(const StartEvent& e) const {
    PutBytes(out, std::as_bytes(std::span(e.entropy)));
    PutId(out, e.boot_id);
  }
  void operator()(const ClientRequest& e) const {
    PutHandle(out, e.client);
    PutU8(out, static_cast<uint8_t>(e.verb));
    PutText(out, e.key);
    PutSizedBytes(out, e.value.view());
    PutLevel(out, e.read_level);
    PutLevel(out, e.write_level);
    PutU8(out, e.sloppy ? 1 : 0);
    PutSizedBytes(out, e.context.view());
    PutId(out, e.operation);
    PutSizedBytes(out, e.operation_token.view());
    PutVarint(out, e.limit);
    PutText(out, e.prefix);
    PutSizedBytes(out, e.cursor.view());
  }
  void operator()(const ClientGoneEvent& e) const { PutHandle(out, e.client); }
  void operator()(const PeerMessageEvent& e) const {
    std::string bytes;
    ORRERY_INVARIANT(EncodePeerMessage(e.message, &bytes));
    PutText(out, bytes);
  }
  void operator()(const DatagramEvent& e) const {
    PutEndpoint(out, e.source);
    std::string bytes;
    ORRERY_INVARIANT(EncodeDatagram(e.datagram, &bytes));
    PutText(out, bytes);
  }
  void operator()(const PeerLinkEvent& e) const {
    PutEndpoint(out, e.peer);
    PutU8(out, e.connected ? 1 : 0);
  }
  void operator()(const DiskDone& e) const {
    PutU8(out, static_cast<uint8_t>(e.token.owner));
    PutU8(out, e.token.part);
    PutHandle(out, e.token.handle);
    PutU8(out, static_cast<uint8_t>(e.verb));
    PutU8(out, static_cast<uint8_t>(e.error));
    PutVarint(out, e.count);
    PutVarint(out, e.inode);
    PutSizedBytes(out, e.data.view());
    PutVarint(out, e.names.size());
    for (const std::string& name : e.names) PutText(out, name);
  }
  void operator()(const SeedsEvent& e) const {
    PutVarint(out, e.seeds.size());
    for (const Endpoint& seed : e.seeds) PutEndpoint(out, seed);
    PutU8(out, e.self_first ? 1 : 0);
  }
  void operator()(const TickEvent&) const {}
  void operator()(const StopEvent&) const {}
};

bool Read(Reader& in, StartEvent* e) {
  ByteView entropy;
  if (!in.ReadBytes(e->entropy.size(), &entropy)) return false;
  for (size_t i = 0; i < entropy.size(); ++i) {
    e->entropy[i] = static_cast<uint8_t>(entropy[i]);
  }
  return ReadId(in, &e->boot_id);
}

bool Read(Reader& in, ClientRequest* e) {
  return ReadHandle(in, &e->client) &&
         ReadEnum(in, ClientVerb::kPut, ClientVerb::kListKeys, &e->verb) &&
         ReadText(in, &e->key) && ReadValue(in, &e->value) &&
         ReadLevel(in, &e->read_level) && ReadLevel(in, &e->write_level) &&
         ReadFlag(in, &e->sloppy) && ReadValue(in, &e->context) &&
         ReadId(in, &e->operation) && ReadValue(in, &e->operation_token) &&
         ReadNumber(in, &e->limit) && ReadText(in, &e->prefix) &&
         ReadValue(in, &e->cursor);
}

bool Read(Reader& in, ClientGoneEvent* e) { return ReadHandle(in, &e->client); }

bool Read(Reader& in, PeerMessageEvent* e) {
  ByteView bytes;
  if (!in.ReadSizedBytes(&bytes)) return false;
  std::optional<PeerMessage> message = DecodePeerMessage(bytes);
  if (!message.has_value()) return false;
  e->message = *std::move(message);
  return true;
}

bool Read(Reader& in, DatagramEvent* e) {
  ByteView bytes;
  if (!ReadEndpoint(in, &e->source) || !in.ReadSizedBytes(&bytes)) return false;
  std::optional<Datagram> datagram = DecodeDatagram(bytes);
  if (!datagram.has_value()) return false;
  e->datagram = *std::move(datagram);
  return true;
}

bool Read(Reader& in, PeerLinkEvent* e) {
  return ReadEndpoint(in, &e->peer) && ReadFlag(in, &e->connected);
}

bool Read(Reader& in, DiskDone* e) {
  uint64_t names = 0;
  const bool good =
      ReadEnum(in, DiskOwner::kNone, DiskOwner::kHintStore, &e->token.owner) &&
      in.ReadU8(&e->token.part) && ReadHandle(in, &e->token.handle) &&
      ReadEnum(in, DiskVerb::kOpen, DiskVerb::kLock, &e->verb) &&
      ReadEnum(in, DiskError::kNone, DiskError::kOther, &e->error) &&
      in.ReadVarint(&e->count) && in.ReadVarint(&e->inode) &&
      ReadValue(in, &e->data) && in.ReadVarint(&names);
  if (!good || names > kListMax || names > in.remaining()) return false;
  e->names.resize(static_cast<size_t>(names));
  return std::all_of(e->names.begin(), e->names.end(),
                     [&](std::string& name) { return ReadText(in, &name); });
}

bool Read(Reader& in, SeedsEvent* e) {
  uint64_t seeds = 0;
  if (!in.ReadVarint(&seeds) || seeds > in.remaining()) return false;
  e->seeds.resize(static_cast<size_t>(seeds));
  for (Endpoint& seed : e->seeds) {
    if (!ReadEndpoint(in, &seed)) return false;
  }
  return ReadFlag(in, &e->self_first);
}

bool Read(Reader&, TickEvent*) { return true; }
bool Read(Reader&, StopEvent*) { return true; }

// Makes the alternative of that index, and reads it.
template <size_t kIndex = 0>
bool ReadBody(Reader& in, size_t index, EventBody* body) {
  if constexpr (kIndex == std::variant_size_v<EventBody>) {
    return false;
  } else {
    if (index != kIndex) return ReadBody<kIndex + 1>(in, index, body);
    return Read(in, &body->emplace<kIndex>());
  }
}

// Every field of the options, in one place for both directions.
template <typename Options, typename Visit>
void ForEachNumber(Options& o, Visit visit) {
  visit(o.http_port);
  visit(o.vnodes);
  visit(o.replication);
  visit(o.read_quorum);
  visit(o.write_quorum);
  visit(o.seeds_configured);
  visit(o.auto_join);
  visit(o.sync_writes);
  visit(o.sync_interval.ns);
  visit(o.max_file_bytes);
  visit(o.compact_interval.ns);
  visit(o.gossip_interval.ns);
  visit(o.suspect_timeout.ns);
  visit(o.dead_timeout.ns);
  visit(o.request_timeout.ns);
  visit(o.handoff_timeout.ns);
  visit(o.sync_round_interval.ns);
  visit(o.skew_bound.ns);
  visit(o.limits.client_requests_max);
  visit(o.limits.peer_requests_max);
  visit(o.limits.store_reads_max);
  visit(o.limits.pinned_bytes_max);
  visit(o.limits.key_segments);
  visit(o.limits.allocate_step);
  visit(o.limits.hint_bytes_per_target_max);
  visit(o.limits.sync_items_max);
  visit(o.limits.sync_bytes_max);
  visit(o.limits.sync_in_flight_max);
}
// A field more is a line more above, and another version of the format.
static_assert(sizeof(Limits) == 72);
static_assert(sizeof(EngineOptions) ==
              sizeof(std::string) + sizeof(Limits) + 120);

}  // namespace

void PutEvent(const Event& event, const Stamp& previous, ByteBuffer& out) {
  PutVarint(out, static_cast<uint64_t>(event.at.mono.ns - previous.mono.ns));
  PutVarint(out, ZigZag(event.at.wall.ns - previous.wall.ns));
  PutU8(out, static_cast<uint8_t>(event.body.index()));
  std::visit(BodyPutter{out}, event.body);
}

bool ReadEvent(Reader& in, const Stamp& previous, Event* event) {
  uint64_t mono = 0;
  uint64_t wall = 0;
  uint8_t index = 0;
  if (!in.ReadVarint(&mono) || !in.ReadVarint(&wall) || !in.ReadU8(&index)) {
    return false;
  }
  // Unsigned, because a hostile delta may overflow.
  event->at.mono.ns =
      static_cast<int64_t>(static_cast<uint64_t>(previous.mono.ns) + mono);
  event->at.wall.ns =
      static_cast<int64_t>(static_cast<uint64_t>(previous.wall.ns) +
                           static_cast<uint64_t>(FromZigZag(wall)));
  if (event->at.mono < previous.mono) return false;
  return ReadBody(in, index, &event->body);
}

void PutOptions(const EngineOptions& options, ByteBuffer& out) {
  PutText(out, options.node_name);
  PutEndpoint(out, options.gossip);
  ForEachNumber(options, [&](const auto& field) {
    PutVarint(out, static_cast<uint64_t>(field));
  });
}

bool ReadOptions(Reader& in, EngineOptions* options) {
  if (!ReadText(in, &options->node_name)) return false;
  if (!ReadEndpoint(in, &options->gossip)) return false;
  bool good = true;
  ForEachNumber(*options,
                [&](auto& field) { good = good && ReadNumber(in, &field); });
  return good;
}

}  // namespace orrery::sim
