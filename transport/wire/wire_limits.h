// transport/wire/wire_limits.h
//
// How much of anything one message may hold.  Limits that the core shares are
// in core/protocol/limits.h; these keep a hostile or broken peer from making a
// small frame into a large allocation.

#ifndef ORRERY_TRANSPORT_WIRE_WIRE_LIMITS_H_
#define ORRERY_TRANSPORT_WIRE_WIRE_LIMITS_H_

#include <cstddef>

#include "core/protocol/limits.h"

namespace orrery {

// What stands before the Protobuf part of a frame's payload: its length.
inline constexpr size_t kBodyLengthBytes = 4;
// The Protobuf part of a frame, values excluded: a join into 8,192 members
// (ring 2 MiB, records 2 MiB) and room.  Parsed it takes up to 50 times that.
inline constexpr size_t kPeerBodyBytesMax = 8 << 20;
// An entry of a version vector takes 16 bytes of a record's metadata at the
// least.  Siblings: kSiblingsMax of core/version.
inline constexpr size_t kWireVectorEntriesMax = kMetaBytesMax / 16;
// Sixteen times what a session asks for by default (Limits::sync_items_max).
inline constexpr size_t kWireSyncItemsMax = 1 << 16;
// Ranges two nodes may share: 300 members of 150 virtual nodes, three owners
// each, give 135,000.
inline constexpr size_t kWireSyncRangesMax = 1 << 18;
inline constexpr size_t kWireSeedsMax = 1024;  // Addresses of one seed list.
inline constexpr size_t kWireRingBytesMax =
    4 << 20;  // 8,192 members, 512 B each.
inline constexpr size_t kWireZoneBytesMax = 128;
inline constexpr size_t kWireFieldNameBytesMax = 128;
inline constexpr size_t kWireOperationTokenBytesMax = 1024;

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_WIRE_WIRE_LIMITS_H_
