// core/ring/quorum_size.h
//
// How many owners of one set must answer (membership section 1): `one` = 1,
// `quorum` = set / 2 + 1, `all` = set, a number k = min(k, set).  Computed
// afresh for each owner set.

#ifndef ORRERY_CORE_RING_QUORUM_SIZE_H_
#define ORRERY_CORE_RING_QUORUM_SIZE_H_

#include <cstdint>

#include "core/protocol/client.h"

namespace orrery {

// `configured` is the node's own R or W, which holds for Level::kConfigured.
// The result is in [1, set_size], or 0 if the set is empty.
// REQUIRES: configured >= 1; level.number >= 1 if it is kNumber.
uint32_t RequiredOf(const Level& level, uint32_t configured, uint32_t set_size);

}  // namespace orrery

#endif  // ORRERY_CORE_RING_QUORUM_SIZE_H_
