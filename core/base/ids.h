// core/base/ids.h
//
// Strong identifiers.  Each names one thing for one lifetime; none is ever a
// bare integer outside its own encoding.
//
//   NodeId       h1 of MurmurHash3 of the node's configured name.
//   StorageId    128 random bits, minted when a data directory is formatted.
//   ClusterId    128 random bits, minted once by the founder.
//   Epoch        number of a committed ownership ring; era rises only in
//                forced recovery.
//   Actor        who mints dots: first 64 bits of the StorageId and the
//                generation of the process start.  Never reused.
//   OperationId  128 bits, names one client write over all its retries.
//   Handle       index into a pool and its generation: a completion for a
//                reused slot finds nobody.
//
// Zero means "none" for every 64- and 128-bit id.

#ifndef ORRERY_CORE_BASE_IDS_H_
#define ORRERY_CORE_BASE_IDS_H_

#include <compare>
#include <cstdint>

#include "core/base/fields.h"

namespace orrery {

struct Id128 {
  uint64_t hi = 0;
  uint64_t lo = 0;
  ORRERY_FIELDS(hi, lo)
  friend constexpr auto operator<=>(const Id128&, const Id128&) = default;
  constexpr bool IsZero() const { return hi == 0 && lo == 0; }
};

struct StorageId : Id128 {
  friend constexpr auto operator<=>(const StorageId&,
                                    const StorageId&) = default;
};

struct ClusterId : Id128 {
  friend constexpr auto operator<=>(const ClusterId&,
                                    const ClusterId&) = default;
  // The 32 bits that stand in every datagram.
  constexpr uint32_t Tag() const { return static_cast<uint32_t>(hi >> 32); }
};

struct OperationId : Id128 {
  friend constexpr auto operator<=>(const OperationId&,
                                    const OperationId&) = default;
};

struct NodeId {
  uint64_t value = 0;
  ORRERY_FIELDS(value)
  friend constexpr auto operator<=>(const NodeId&, const NodeId&) = default;
  constexpr bool IsZero() const { return value == 0; }
};

struct Epoch {
  uint32_t era = 0;
  uint32_t seq = 0;
  ORRERY_FIELDS(era, seq)
  friend constexpr auto operator<=>(const Epoch&, const Epoch&) = default;
};

// Compared lexicographically: a process start dominates any refutation.
struct Incarnation {
  uint32_t generation = 0;  // Durable; raised at every process start.
  uint32_t counter = 0;     // In memory; raised only by its owner, to refute.
  ORRERY_FIELDS(generation, counter)
  friend constexpr auto operator<=>(const Incarnation&,
                                    const Incarnation&) = default;
};

struct Actor {
  uint64_t storage = 0;
  uint32_t generation = 0;
  uint32_t unused = 0;  // Keeps the bytes free of padding; always zero.
  ORRERY_FIELDS(storage, generation, unused)
  friend constexpr auto operator<=>(const Actor&, const Actor&) = default;
};

struct Dot {
  Actor actor;
  uint64_t counter = 0;
  ORRERY_FIELDS(actor, counter)
  friend constexpr auto operator<=>(const Dot&, const Dot&) = default;
};

struct Handle {
  uint32_t slot = 0;
  uint32_t gen = 0;  // 0: no handle; pools start at 1.
  ORRERY_FIELDS(slot, gen)
  friend constexpr auto operator<=>(const Handle&, const Handle&) = default;
  constexpr bool IsNone() const { return gen == 0; }
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_IDS_H_
