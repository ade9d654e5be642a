// core/protocol/limits.h
//
// Limits that several rooms and both shells share, each with its reason.  A
// limit of one room stands in that room's header.

#ifndef ORRERY_CORE_PROTOCOL_LIMITS_H_
#define ORRERY_CORE_PROTOCOL_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace orrery {

inline constexpr size_t kKeyBytesMax = 1024;              // CONTRACT section 3.
inline constexpr size_t kValueBytesMaxDefault = 1 << 20;  // CONTRACT section 3.
inline constexpr size_t kContextBytesMax = 32 << 10;      // CONTRACT section 3.
inline constexpr uint32_t kReplicationMax = 99;           // CONTRACT section 2.
inline constexpr uint32_t kVnodesMax = 65536;             // CONTRACT section 2.
inline constexpr uint32_t kMembersMax = 8192;         // membership section 5.
inline constexpr size_t kDatagramBytesMax = 1400;     // membership section 5.
inline constexpr size_t kRecordsPerDatagramMax = 64;  // membership section 5.
inline constexpr size_t kAccusersMax = 4;             // membership section 5.
inline constexpr size_t kNodeNameBytesMax = 128;      // membership section 3.
inline constexpr size_t kMetaBytesMax = 65535;        // storage section 8.
// One peer frame: the largest merged object (127 MiB, semantics M9) and room.
inline constexpr size_t kPeerFrameBytesMax = 128 << 20;
// Semantics M9.  A key with so many versions is worth a warning;
inline constexpr size_t kSiblingsWarned = 25;
// with so many, so large or with so much metadata it takes no more from clients
// that have not seen what it holds.  Merges of replicas are not held to it.
inline constexpr size_t kSiblingsFull = 100;
inline constexpr size_t kSiblingBytesFull = 16 << 20;
inline constexpr size_t kSiblingMetaBytesFull = 32 << 10;
inline constexpr uint32_t kListLimitMax = 10000;  // CONTRACT section 3.
// Stamps are nanoseconds since 1970 and fit a signed 64-bit integer until 2262.
// One from the far end of time would leave none above it: it is not read, and
// nothing is minted within the headroom below.
inline constexpr uint64_t kStampMax = (uint64_t{1} << 63) - 1;
inline constexpr uint64_t kStampHeadroom = uint64_t{1} << 32;

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_LIMITS_H_
