// core/ring/ring_state.h
//
// RingState is one committed ownership ring: who is a member, with which disk
// and how many virtual nodes, under which parameters.  It is numbered by its
// epoch, persisted (file RING), sent whole, and the same bytes on every node
// at the same epoch.
//
// Encoding (canonical: one state has exactly one encoding), little-endian:
//   u32 format = 1 | cluster u64 hi, u64 lo | era u32 | seq u32 | pristine u8 |
//   N, R, W, hash, zone_rule, placement: u32 each |
//   u32 count, council NodeIds u64 each, ascending |
//   u32 count, members by ascending id: id u64, storage u64 hi, u64 lo,
//     weight_permille u32, vnodes u32, status u8, name, zone
//     (texts: varint length, bytes).
//
// Invariants of every decoded state:
//   RST-1  Members are in ascending order of id; id == NodeIdOf(name); no two
//          members share a storage.
//   RST-2  Names, vnodes, members and tokens are within their limits.
//   RST-3  The council is 1, 3 or 5 members, ascending.
//   RST-4  1 <= R, W <= N <= kReplicationMax; hash, zone rule and placement
//          are ones this version knows.
//
// Cost: linear in the members.

#ifndef ORRERY_CORE_RING_RING_STATE_H_
#define ORRERY_CORE_RING_RING_STATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/protocol/message.h"

namespace orrery {

// Persisted.
enum class MemberStatus : uint8_t {
  kJoining = 1,
  kNormal = 2,  // The only status that owns in this version.
  kLeaving = 3,
  kReplacing = 4,
  kLeft = 5,
  kRemoved = 6,
};

inline constexpr size_t kZoneBytesMax = 64;  // A label such as "eu-west-1a".
inline constexpr size_t kCouncilMax = 5;     // membership section 7.
// 8,192 members of 150 vnodes are 1.2 million; an encoding that claims more
// than 4 million tokens is an attack on memory.
inline constexpr uint64_t kRingTokensMax = uint64_t{1} << 22;

struct RingMember {
  NodeId id;
  std::string name;
  StorageId storage;
  std::string zone;
  uint32_t weight_permille = 1000;  // Informs vnodes; not read by placement.
  uint32_t vnodes = 0;
  MemberStatus status = MemberStatus::kNormal;
  ORRERY_FIELDS(id, name, storage, zone, weight_permille, vnodes, status)
  friend bool operator==(const RingMember&, const RingMember&) = default;
};

struct RingState {
  ClusterId cluster;
  Epoch epoch;
  bool pristine = true;  // Joins are free and writes refused until it closes.
  RingParams params;
  std::vector<NodeId> council;
  std::vector<RingMember> members;  // By id.
  ORRERY_FIELDS(cluster, epoch, pristine, params, council, members)
  friend bool operator==(const RingState&, const RingState&) = default;
};

// Null if `id` is no member.
const RingMember* FindMember(const RingState& state, NodeId id);

// Whether RST-1 to RST-4 hold.
bool IsValid(const RingState& state);

// REQUIRES: IsValid(state).
Bytes EncodeRingState(const RingState& state);

// Empty for anything that EncodeRingState cannot have produced.  The bytes may
// be hostile: memory stays proportional to their length.
std::optional<RingState> DecodeRingState(ByteView bytes);

// 64-bit hash of the canonical encoding; never 0.
uint64_t RingHash(const RingState& state);

}  // namespace orrery

#endif  // ORRERY_CORE_RING_RING_STATE_H_
