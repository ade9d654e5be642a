// core/version/version_vector.h
//
// The arithmetic of version vectors: which dots one knows, and the least one
// that knows all that two know.  Knows nothing of siblings or stamps.
//
// Invariants of every vector given and returned:
//   VV-1  Sorted by actor, each actor once, counters above zero.
//
// Cost: linear in the entries; Covers is logarithmic.

#ifndef ORRERY_CORE_VERSION_VERSION_VECTOR_H_
#define ORRERY_CORE_VERSION_VERSION_VECTOR_H_

#include <cstdint>

#include "core/base/ids.h"
#include "core/protocol/object.h"

namespace orrery {

// The highest counter of `actor` that `vv` knows, 0 if none.
uint64_t CounterOf(const VersionVector& vv, const Actor& actor);

bool Covers(const VersionVector& vv, const Dot& dot);

// Whether `vv` covers every dot that `other` covers.
bool Descends(const VersionVector& vv, const VersionVector& other);

// Pointwise maximum.
void Join(VersionVector* into, const VersionVector& other);

// Join with the vector that knows `dot` and all of its actor below it.
// REQUIRES: dot.counter > 0.
void Raise(VersionVector* vv, const Dot& dot);

// VV-1, and the padding of every actor is zero.
bool IsWellFormed(const VersionVector& vv);

}  // namespace orrery

#endif  // ORRERY_CORE_VERSION_VERSION_VECTOR_H_
