#include "transport/wire/member_fields.h"

#include <bit>

#include "core/base/coding.h"
#include "transport/wire/object_fields.h"
#include "transport/wire/wire_limits.h"

namespace orrery {
namespace {

uint64_t FromBigEndian(const uint8_t* bytes) {
  return __builtin_bswap64(LoadU64(reinterpret_cast<const std::byte*>(bytes)));
}

void ToBigEndian(uint64_t value, uint8_t* bytes) {
  StoreU64(reinterpret_cast<std::byte*>(bytes), __builtin_bswap64(value));
}

bool ReadAccusers(const google::protobuf::RepeatedField<uint64_t>& in,
                  std::vector<NodeId>* accusers) {
  if (static_cast<size_t>(in.size()) > kAccusersMax) return false;
  for (const uint64_t id : in) {
    if (!accusers->empty() && id <= accusers->back().value) return false;
    accusers->push_back(NodeId{id});
  }
  return true;
}

}  // namespace

std::pair<uint64_t, uint64_t> IpToWire(const Endpoint& endpoint) {
  return {FromBigEndian(endpoint.ip.data()),
          FromBigEndian(endpoint.ip.data() + 8)};
}

bool ReadEndpoint(uint64_t ip_high, uint64_t ip_low, uint32_t port,
                  Endpoint* endpoint) {
  if (port > UINT16_MAX) return false;
  ToBigEndian(ip_high, endpoint->ip.data());
  ToBigEndian(ip_low, endpoint->ip.data() + 8);
  endpoint->port = static_cast<uint16_t>(port);
  return true;
}

void Write(const Endpoint& endpoint, wire::Endpoint* out) {
  const auto [high, low] = IpToWire(endpoint);
  out->set_ip_high(high);
  out->set_ip_low(low);
  out->set_port(endpoint.port);
}

bool Read(const wire::Endpoint& in, Endpoint* endpoint) {
  return ReadEndpoint(in.ip_high(), in.ip_low(), in.port(), endpoint);
}

void Write(const MemberRecord& record, wire::MemberRecord* out) {
  out->set_id(record.id.value);
  out->set_generation(record.incarnation.generation);
  out->set_counter(record.incarnation.counter);
  out->set_state(static_cast<uint32_t>(record.state));
  for (const NodeId accuser : record.accusers) {
    out->add_accuser(accuser.value);
  }
  out->set_name(record.name);
  out->set_storage_high(record.storage.hi);
  out->set_storage_low(record.storage.lo);
  if (record.gossip != Endpoint{}) Write(record.gossip, out->mutable_gossip());
  out->set_http_port(record.http_port);
  out->set_vnodes(record.vnodes);
  out->set_zone(record.zone);
  out->set_protocol_min(record.protocol_min);
  out->set_protocol_max(record.protocol_max);
  out->set_features(record.features);
  out->set_ring_status(static_cast<uint32_t>(record.ring_status));
  out->set_boot_salt(record.boot_salt);
}

bool Read(wire::MemberRecord* in, MemberRecord* record) {
  record->id.value = in->id();
  record->incarnation = {in->generation(), in->counter()};
  if (!ReadEnum(in->state(), MemberState::kAlive, MemberState::kLeft,
                &record->state)) {
    return false;
  }
  if (!ReadAccusers(in->accuser(), &record->accusers)) return false;
  if (in->name().size() > kNodeNameBytesMax) return false;
  record->name = std::move(*in->mutable_name());
  record->storage.hi = in->storage_high();
  record->storage.lo = in->storage_low();
  if (!Read(in->gossip(), &record->gossip)) return false;
  if (in->http_port() > UINT16_MAX) return false;
  record->http_port = static_cast<uint16_t>(in->http_port());
  if (in->vnodes() > kVnodesMax) return false;
  record->vnodes = in->vnodes();
  if (in->zone().size() > kWireZoneBytesMax) return false;
  record->zone = std::move(*in->mutable_zone());
  record->protocol_min = in->protocol_min();
  record->protocol_max = in->protocol_max();
  record->features = in->features();
  record->boot_salt = in->boot_salt();
  return ReadEnum(in->ring_status(), RingStatus::kNoCluster,
                  RingStatus::kStarting, &record->ring_status);
}

void Write(const std::vector<MemberRecord>& records,
           google::protobuf::RepeatedPtrField<wire::MemberRecord>* out) {
  for (const MemberRecord& record : records) Write(record, out->Add());
}

bool Read(google::protobuf::RepeatedPtrField<wire::MemberRecord>* in,
          size_t max, std::vector<MemberRecord>* records) {
  if (static_cast<size_t>(in->size()) > max) return false;
  records->reserve(static_cast<size_t>(in->size()));
  for (wire::MemberRecord& record : *in) {
    if (!Read(&record, &records->emplace_back())) return false;
  }
  return true;
}

void Write(const std::vector<Endpoint>& endpoints,
           google::protobuf::RepeatedPtrField<wire::Endpoint>* out) {
  for (const Endpoint& endpoint : endpoints) Write(endpoint, out->Add());
}

bool Read(const google::protobuf::RepeatedPtrField<wire::Endpoint>& in,
          size_t max, std::vector<Endpoint>* endpoints) {
  if (static_cast<size_t>(in.size()) > max) return false;
  endpoints->reserve(static_cast<size_t>(in.size()));
  for (const wire::Endpoint& endpoint : in) {
    if (!Read(endpoint, &endpoints->emplace_back())) return false;
  }
  return true;
}

}  // namespace orrery
