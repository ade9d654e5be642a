// core/protocol/object.h
//
// What is stored under a key, as data.  The algebra (merge, rank, collapse) is
// core/version; semantics M1 to M9.  Dotted version vectors: Preguica et al.,
// "Dotted Version Vectors: Logical Clocks for Optimistic Replication", 2010.

#ifndef ORRERY_CORE_PROTOCOL_OBJECT_H_
#define ORRERY_CORE_PROTOCOL_OBJECT_H_

#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"

namespace orrery {

// Actor -> highest counter known.  Sorted by actor, no duplicates, counters
// above zero.
struct VersionVector {
  absl::InlinedVector<Dot, 3> entries;
  ORRERY_FIELDS(entries)
  friend bool operator==(const VersionVector&, const VersionVector&) = default;
};

struct Sibling {
  Dot dot;             // Names exactly this version, for ever.
  uint64_t stamp = 0;  // Hybrid logical clock; the client's `version`.
  bool tombstone = false;
  bool keep = false;  // Written with siblings=true: concurrent ones stay.
  OperationId operation;
  uint32_t checksum = 0;  // CRC-32C of `value`.
  Bytes value;            // Empty for a tombstone and in "versions only" reads.
  ORRERY_FIELDS(dot, stamp, tombstone, keep, operation, checksum,
                AsValue(value))
  friend bool operator==(const Sibling&, const Sibling&) = default;
};

struct Object {
  VersionVector vv;
  absl::InlinedVector<Sibling, 1> siblings;  // Highest rank first.
  ORRERY_FIELDS(vv, siblings)
  friend bool operator==(const Object&, const Object&) = default;
  // Nothing was ever written under the key.
  bool IsEmpty() const { return vv.entries.empty() && siblings.empty(); }
};

// What a client has seen of one key (the opened context token).
struct SeenVersions {
  VersionVector vv;
  uint64_t stamp = 0;  // Highest stamp seen.
  ORRERY_FIELDS(vv, stamp)
  friend bool operator==(const SeenVersions&, const SeenVersions&) = default;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_OBJECT_H_
