#include "sim/trace/event_codec.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/base/invariant.h"
#include "transport/wire/codec.h"

namespace orrery::sim {
namespace {

uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^
         static_cast<uint64_t>(value >> 63);
}
int64_t FromZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

void PutVarint(uint64_t value, ByteSink& out) {
  for (; value >= 0x80; value >>= 7) {
    *out.Extend(1) = static_cast<std::byte>(value | 0x80);
  }
  *out.Extend(1) = static_cast<std::byte>(value);
}

struct BodyPutter {
  std::span<const ByteSpan> values;
  FieldSaver& out;

  template <typename Body>
  void operator()(const Body& body) const {
    out(body);
  }
  void operator()(const DiskDone& done) const {
    out(done.token, done.verb, done.error, done.count, done.inode, done.total,
        done.names);
    out.SaveMixed(done.data.view(), values);
  }
};

// Whether a peer can have sent it: the wire's decoder is what says so.
bool IsOfTheWire(const PeerMessage& message) {
  std::string bytes;
  if (!EncodePeerMessage(message, &bytes)) return false;
  const std::optional<PeerMessage> decoded = DecodePeerMessage(ViewOf(bytes));
  return decoded.has_value() && *decoded == message;
}
bool IsOfTheWire(const Datagram& datagram) {
  std::string bytes;
  if (!EncodeDatagram(datagram, &bytes)) return false;
  const std::optional<Datagram> decoded = DecodeDatagram(ViewOf(bytes));
  return decoded.has_value() && *decoded == datagram;
}

template <typename Body>
bool Read(FieldLoader& in, Body* body) {
  in(*body);
  return in.ok();
}
bool Read(FieldLoader& in, PeerMessageEvent* event) {
  in(*event);
  return in.ok() && IsOfTheWire(event->message);
}
bool Read(FieldLoader& in, DatagramEvent* event) {
  in(*event);
  return in.ok() && IsOfTheWire(event->datagram);
}
bool Read(FieldLoader& in, DiskDone* done) {
  in(done->token, done->verb, done->error, done->count, done->inode,
     done->total, done->names);
  done->data = in.LoadMixed();
  return in.ok();
}

// Makes the alternative of that index, and reads it.
template <size_t kIndex = 0>
bool ReadBody(FieldLoader& in, size_t index, EventBody* body) {
  if constexpr (kIndex == std::variant_size_v<EventBody>) {
    return false;
  } else {
    if (index != kIndex) return ReadBody<kIndex + 1>(in, index, body);
    return Read(in, &body->emplace<kIndex>());
  }
}

}  // namespace

void PutEvent(const Event& event, const Stamp& previous,
              std::span<const ByteSpan> values, FieldSaver& out) {
  ORRERY_INVARIANT(values.empty() ||
                   out.options().values == ValueMode::kElided);
  PutVarint(static_cast<uint64_t>(event.at.mono.ns - previous.mono.ns),
            out.out());
  PutVarint(ZigZag(event.at.wall.ns - previous.wall.ns), out.out());
  out(static_cast<uint8_t>(event.body.index()));
  std::visit(BodyPutter{values, out}, event.body);
}

bool ReadEvent(FieldLoader& in, const Stamp& previous, Event* event) {
  uint64_t mono = 0;
  uint64_t wall = 0;
  uint8_t index = 0;
  if (!in.in().ReadVarint(&mono) || !in.in().ReadVarint(&wall)) return false;
  in(index);
  // Unsigned, because a hostile delta may overflow.
  event->at.mono.ns =
      static_cast<int64_t>(static_cast<uint64_t>(previous.mono.ns) + mono);
  event->at.wall.ns =
      static_cast<int64_t>(static_cast<uint64_t>(previous.wall.ns) +
                           static_cast<uint64_t>(FromZigZag(wall)));
  if (!in.ok() || event->at.mono < previous.mono) return false;
  return ReadBody(in, index, &event->body);
}

}  // namespace orrery::sim
