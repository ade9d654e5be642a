// transport/wire/member_fields.h
//
// Endpoints and member records between the core's types and the wire's.  Only
// the codec includes this.

#ifndef ORRERY_TRANSPORT_WIRE_MEMBER_FIELDS_H_
#define ORRERY_TRANSPORT_WIRE_MEMBER_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/protocol/member.h"
#include "transport/wire/messages.pb.h"

namespace orrery {

// The 16 bytes of an address as two big-endian numbers, and back.
std::pair<uint64_t, uint64_t> IpToWire(const Endpoint& endpoint);
[[nodiscard]] bool ReadEndpoint(uint64_t ip_high, uint64_t ip_low,
                                uint32_t port, Endpoint* endpoint);

void Write(const Endpoint& endpoint, wire::Endpoint* out);
[[nodiscard]] bool Read(const wire::Endpoint& in, Endpoint* endpoint);

void Write(const MemberRecord& record, wire::MemberRecord* out);
// Moves texts out of `in`.
[[nodiscard]] bool Read(wire::MemberRecord* in, MemberRecord* record);

void Write(const std::vector<MemberRecord>& records,
           google::protobuf::RepeatedPtrField<wire::MemberRecord>* out);
[[nodiscard]] bool Read(
    google::protobuf::RepeatedPtrField<wire::MemberRecord>* in, size_t max,
    std::vector<MemberRecord>* records);

void Write(const std::vector<Endpoint>& endpoints,
           google::protobuf::RepeatedPtrField<wire::Endpoint>* out);
[[nodiscard]] bool Read(
    const google::protobuf::RepeatedPtrField<wire::Endpoint>& in, size_t max,
    std::vector<Endpoint>* endpoints);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_WIRE_MEMBER_FIELDS_H_
