// core/protocol/member.h
//
// What nodes tell each other about members.  Rules: membership sections 3 to 5.

#ifndef ORRERY_CORE_PROTOCOL_MEMBER_H_
#define ORRERY_CORE_PROTOCOL_MEMBER_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"

namespace orrery {

// An IP address (IPv4 as ::ffff:a.b.c.d, network byte order) and a port.
// UDP gossip and TCP peer frames use the same number.
struct Endpoint {
  std::array<uint8_t, 16> ip{};
  uint16_t port = 0;
  ORRERY_FIELDS(ip, port)
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
  bool IsNone() const { return port == 0; }
};

// At equal incarnation the larger value wins.  Persisted.
enum class MemberState : uint8_t {
  kAlive = 1,
  kSuspect = 2,
  kDead = 3,
  kLeft = 4
};
// Empty: no such state.
constexpr std::string_view NameOf(MemberState state) {
  switch (state) {
    case MemberState::kAlive:
      return "alive";
    case MemberState::kSuspect:
      return "suspect";
    case MemberState::kDead:
      return "dead";
    case MemberState::kLeft:
      return "left";
  }
  return {};
}

// Ring status as a member announces it of itself.
enum class RingStatus : uint8_t {
  kNoCluster = 0,  // Has no cluster id yet.
  kJoining = 1,    // Asked to join, not in the ring it knows.
  kForming = 2,   // In a pristine ring that its founder has not declared ready.
  kReady = 3,     // In the ring, recovered, serves.
  kStarting = 4,  // In the ring, recovering.
};

struct MemberRecord {
  NodeId id;
  Incarnation incarnation;
  MemberState state = MemberState::kAlive;
  // SUSPECT and DEAD: who says so (at most kAccusersMax, sorted).
  std::vector<NodeId> accusers;
  // ALIVE only; an accusation may be a stub without them (name empty).
  std::string name;
  StorageId storage;
  Endpoint gossip;
  uint16_t http_port = 0;
  uint32_t vnodes = 0;
  std::string zone;
  uint32_t protocol_min = 1;
  uint32_t protocol_max = 1;
  uint64_t features = 0;
  RingStatus ring_status = RingStatus::kNoCluster;
  uint64_t boot_salt = 0;
  ORRERY_FIELDS(id, incarnation, state, accusers, name, storage, gossip,
                http_port, vnodes, zone, protocol_min, protocol_max, features,
                ring_status, boot_salt)
  friend bool operator==(const MemberRecord&, const MemberRecord&) = default;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_MEMBER_H_
