// core/repair/sync_wiring.h
//
// What both sides of an exchange work with.

#ifndef ORRERY_CORE_REPAIR_SYNC_WIRING_H_
#define ORRERY_CORE_REPAIR_SYNC_WIRING_H_

#include <cstdint>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/options.h"
#include "core/repair/range_digest.h"
#include "core/replica/replica_reader.h"
#include "core/replica/replica_writer.h"
#include "core/ring/routing_view.h"
#include "core/storage/store.h"

namespace orrery {

struct SyncWiring {
  const EngineOptions& options;
  const RoutingView& routing;
  Store& store;
  ReplicaReader& reader;
  ReplicaWriter& writer;
  const RangeDigests& digests;
};

// Ticket::part under TicketOwner::kSyncSession: which side asked.  The
// answerer adds the index of what it reads.
inline constexpr uint32_t kSyncOpenerPart = 0;
inline constexpr uint32_t kSyncAnswererPart = 1;

// Ranges that differ are compared again after this; what was in flight the
// first time has arrived by then (semantics A3).
inline constexpr Duration kSyncRecheckDelay = 2 * kSecond;

}  // namespace orrery

#endif  // ORRERY_CORE_REPAIR_SYNC_WIRING_H_
