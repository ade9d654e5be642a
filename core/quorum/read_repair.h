// core/quorum/read_repair.h
//
// What a read that found differing copies owes its later readers: the merged
// object is held by so many owners that every quorum read meets one of them
// (semantics R4).  Also how an object becomes the answer to a client.

#ifndef ORRERY_CORE_QUORUM_READ_REPAIR_H_
#define ORRERY_CORE_QUORUM_READ_REPAIR_H_

#include <cstdint>
#include <string_view>

#include "core/base/ids.h"
#include "core/protocol/client.h"
#include "core/protocol/object.h"
#include "core/quorum/put_tally.h"

namespace orrery {

constexpr uint32_t MajorityOf(uint32_t set_size) { return set_size / 2 + 1; }

// K: a majority, and never less than size - majority + 1.
constexpr uint32_t HoldersRequired(uint32_t set_size) {
  const uint32_t majority = MajorityOf(set_size);
  const uint32_t meets_majority = set_size - majority + 1;
  return majority > meets_majority ? majority : meets_majority;
}

// Whether this read promises never to go back in time: R is a majority in
// every set.
bool PromisesMonotonicity(const QuorumSets& sets);

// The same sets, with K required of each.
QuorumSets RepairSets(const QuorumSets& sets);

// R8: the value that ranks first, or an absence with what is known of it.
ReadDone ReadDoneOf(const ClusterId& cluster, std::string_view key,
                    const Object& object);

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_READ_REPAIR_H_
