#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "transport/wire/codec.h"
#include "transport/wire/member_fields.h"
#include "transport/wire/scratch_arena.h"
#include "transport/wire/wire_limits.h"

namespace orrery {
namespace {

// Header, little-endian (membership section 5):
//   magic u16 | version u8 | flags u8 | key_id u8 | local health u8 |
//   view16 u16 | cluster_tag u32 | ring_hash u32 | ring_seq u32 |
//   ring_era u32 | from u64 | generation u32 | seq u32 | boot_salt u64
constexpr size_t kHeaderBytes = 48;
// Trailer: CRC-32C of header and body, then zeros (an authentication tag when
// datagrams are sealed).
constexpr size_t kTrailerBytes = 16;
constexpr uint16_t kMagic = 0x474f;  // "OG" on the wire.
constexpr uint8_t kVersion = 1;

void WriteHeader(const DatagramHeader& from, std::byte* to) {
  StoreU16(to, kMagic);
  to[2] = std::byte{kVersion};
  to[3] = std::byte{0};  // No flags.
  to[4] = std::byte{from.key_id};
  to[5] = std::byte{from.local_health};
  StoreU16(to + 6, from.view16);
  StoreU32(to + 8, from.cluster_tag);
  StoreU32(to + 12, from.ring_hash);
  StoreU32(to + 16, from.epoch.seq);
  StoreU32(to + 20, from.epoch.era);
  StoreU64(to + 24, from.from.value);
  StoreU32(to + 32, from.generation);
  StoreU32(to + 36, from.seq);
  StoreU64(to + 40, from.boot_salt);
}

bool ReadHeader(const std::byte* from, DatagramHeader* to) {
  if (LoadU16(from) != kMagic) return false;
  if (from[2] != std::byte{kVersion}) return false;
  if (from[3] != std::byte{0}) return false;  // Sealed: not in this version.
  to->key_id = std::to_integer<uint8_t>(from[4]);
  to->local_health = std::to_integer<uint8_t>(from[5]);
  to->view16 = LoadU16(from + 6);
  to->cluster_tag = LoadU32(from + 8);
  to->ring_hash = LoadU32(from + 12);
  to->epoch = {.era = LoadU32(from + 20), .seq = LoadU32(from + 16)};
  to->from.value = LoadU64(from + 24);
  to->generation = LoadU32(from + 32);
  to->seq = LoadU32(from + 36);
  to->boot_salt = LoadU64(from + 40);
  return true;
}

void WriteTrailer(ByteView checked, std::byte* to) {
  StoreU32(to, Crc32c(checked));
  StoreU32(to + 4, 0);
  StoreU64(to + 8, 0);
}

bool TrailerFits(ByteView checked, const std::byte* trailer) {
  return LoadU32(trailer) == Crc32c(checked) && LoadU32(trailer + 4) == 0 &&
         LoadU64(trailer + 8) == 0;
}

class PrimaryWriter {
 public:
  explicit PrimaryWriter(wire::Datagram* datagram) : datagram_(datagram) {}

  void operator()(const Ping& from) {
    wire::Ping* to = datagram_->mutable_ping();
    to->set_seq(from.seq);
    to->set_target(from.target.value);
    to->set_expected_generation(from.expected_generation);
    to->set_view_hash(from.view_hash);
    to->set_wall_ns(from.wall_ns);
  }
  void operator()(const Ack& from) {
    wire::Ack* to = datagram_->mutable_ack();
    to->set_seq(from.seq);
    to->set_view_hash(from.view_hash);
    to->set_receive_delay_us(from.receive_delay_us);
    to->set_wall_ns(from.wall_ns);
  }
  void operator()(const PingRequest& from) {
    wire::PingRequest* to = datagram_->mutable_ping_request();
    to->set_seq(from.seq);
    to->set_target(from.target.value);
    Write(from.target_endpoint, to->mutable_target_endpoint());
  }
  void operator()(const ForwardedAck& from) {
    wire::ForwardedAck* to = datagram_->mutable_forwarded_ack();
    to->set_seq(from.seq);
    to->set_target(from.target.value);
    to->set_target_generation(from.target_generation);
  }
  void operator()(const Nack& from) {
    wire::Nack* to = datagram_->mutable_nack();
    to->set_seq(from.seq);
    to->set_target(from.target.value);
  }
  void operator()(const GossipOnly&) {}
  void operator()(const ViewDigest& from) {
    datagram_->mutable_view_digest()->mutable_bucket()->Add(
        from.buckets.begin(), from.buckets.end());
  }

 private:
  wire::Datagram* datagram_;
};

bool ReadViewDigest(const wire::ViewDigest& from, ViewDigest* to) {
  const auto count = static_cast<size_t>(from.bucket_size());
  if (count != to->buckets.size()) return false;
  std::copy(from.bucket().begin(), from.bucket().end(), to->buckets.begin());
  return true;
}

bool ReadPrimary(const wire::Datagram& from, DatagramBody* to) {
  switch (from.primary_case()) {
    case wire::Datagram::kPing:
      *to = Ping{.seq = from.ping().seq(),
                 .target = {from.ping().target()},
                 .expected_generation = from.ping().expected_generation(),
                 .view_hash = from.ping().view_hash(),
                 .wall_ns = from.ping().wall_ns()};
      return true;
    case wire::Datagram::kAck:
      *to = Ack{.seq = from.ack().seq(),
                .view_hash = from.ack().view_hash(),
                .receive_delay_us = from.ack().receive_delay_us(),
                .wall_ns = from.ack().wall_ns()};
      return true;
    case wire::Datagram::kPingRequest: {
      auto& request = to->emplace<PingRequest>();
      request.seq = from.ping_request().seq();
      request.target.value = from.ping_request().target();
      return Read(from.ping_request().target_endpoint(),
                  &request.target_endpoint);
    }
    case wire::Datagram::kForwardedAck:
      *to = ForwardedAck{
          .seq = from.forwarded_ack().seq(),
          .target = {from.forwarded_ack().target()},
          .target_generation = from.forwarded_ack().target_generation()};
      return true;
    case wire::Datagram::kNack:
      *to = Nack{.seq = from.nack().seq(), .target = {from.nack().target()}};
      return true;
    case wire::Datagram::kViewDigest:
      return ReadViewDigest(from.view_digest(), &to->emplace<ViewDigest>());
    case wire::Datagram::PRIMARY_NOT_SET:
      to->emplace<GossipOnly>();
      return true;
  }
  return false;
}

}  // namespace

bool EncodeDatagram(const Datagram& datagram, std::string* out) {
  ScratchArena scratch;
  auto* to = scratch.Create<wire::Datagram>();
  std::visit(PrimaryWriter(to), datagram.body);
  Write(datagram.records, to->mutable_record());

  out->clear();
  const size_t body_bytes = to->ByteSizeLong();
  const size_t total = kHeaderBytes + body_bytes + kTrailerBytes;
  if (total > kDatagramBytesMax) return false;
  out->resize(total);
  auto* bytes = reinterpret_cast<std::byte*>(out->data());
  WriteHeader(datagram.header, bytes);
  to->SerializeWithCachedSizesToArray(
      reinterpret_cast<uint8_t*>(bytes + kHeaderBytes));
  WriteTrailer({bytes, kHeaderBytes + body_bytes},
               bytes + kHeaderBytes + body_bytes);
  return true;
}

std::optional<Datagram> DecodeDatagram(ByteView bytes) {
  if (bytes.size() > kDatagramBytesMax) return std::nullopt;
  if (bytes.size() < kHeaderBytes + kTrailerBytes) return std::nullopt;
  const ByteView checked = bytes.first(bytes.size() - kTrailerBytes);
  if (!TrailerFits(checked, bytes.data() + checked.size())) {
    return std::nullopt;
  }
  std::optional<Datagram> datagram(std::in_place);
  if (!ReadHeader(bytes.data(), &datagram->header)) return std::nullopt;

  const ByteView body = checked.subspan(kHeaderBytes);
  ScratchArena scratch;
  auto* from = scratch.Create<wire::Datagram>();
  if (!from->ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return std::nullopt;
  }
  if (!ReadPrimary(*from, &datagram->body)) return std::nullopt;
  if (!Read(from->mutable_record(), kRecordsPerDatagramMax,
            &datagram->records)) {
    return std::nullopt;
  }
  return datagram;
}

}  // namespace orrery
