// core/version/object_merge.h
//
// The algebra of objects (semantics M1 to M5, R2): pure functions that decide
// which versions of a key survive when copies meet.  They know no clock, no
// disk and no ring.
//
// Invariants of every object given and returned:
//   OBJ-1  Each sibling's dot is covered by vv, and no two share a dot (M1).
//   OBJ-2  Siblings stand in order of rank, highest first (M3).
//   OBJ-3  Collapsed: behind the first, only siblings with `keep` (M2).
//   OBJ-4  A tombstone has no value; at most kSiblingsMax siblings come from a
//          peer or a record.
//
// Laws (M5), for objects whose versions have stamps above all that they cover:
// Merge is commutative, associative and idempotent, and loses no sibling that
// is neither covered nor outranked.
//
// Cost: quadratic in siblings (1 in the default mode), linear in vv entries.

#ifndef ORRERY_CORE_VERSION_OBJECT_MERGE_H_
#define ORRERY_CORE_VERSION_OBJECT_MERGE_H_

#include <cstddef>
#include <cstdint>

#include "core/protocol/object.h"

namespace orrery {

// Far above the 100 at which coordinators refuse blind writes (M9): merges
// between replicas are not refused for it.  So many fit into a record's
// metadata together with their actors (object_codec.cc has the arithmetic).
inline constexpr size_t kSiblingsMax = 900;

// M3: by stamp, kind (a tombstone above a value), operation, checksum, dot.
bool RanksAbove(const Sibling& a, const Sibling& b);

Object Merge(const Object& a, const Object& b);

// W5: `own` without what `seen` covers.  The vector of the result is that of
// `own`.
Object Without(const Object& own, const VersionVector& seen);

// W5: adds the new version to what is left of the own object.  Its vector is
// that of both and the dot.
// REQUIRES: `fresh.dot` is covered neither by `own.vv` nor by `seen`.
Object Mint(const Object& own, const VersionVector& seen, Sibling fresh);

// R2: never 0 but for an object under which nothing was ever written.  Never
// leaves out vv: equal values with different vectors are different objects.
uint64_t DigestOf(const Object& object);

// Stamp of the version that ranks first, 0 if there is none.
uint64_t TopStamp(const Object& object);

// M7: whether nothing but tombstones is left, or nothing at all.
bool IsAbsent(const Object& object);

// M9: so many versions, or so many bytes of values, that a client which has not
// seen them may add none.
bool IsFull(const Object& object);

// OBJ-1 to OBJ-4.  For objects from outside; inside they are asserted.
bool IsWellFormed(const Object& object);

// Whether each value has the checksum its sibling carries.
bool ChecksumsHold(const Object& object);

// The object without its values (checksums stay), for ReadDepth::kVersions.
Object WithoutValues(const Object& object);

}  // namespace orrery

#endif  // ORRERY_CORE_VERSION_OBJECT_MERGE_H_
