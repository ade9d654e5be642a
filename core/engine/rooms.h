// core/engine/rooms.h
//
// Every room of one engine, wired together.  The order of the members is the
// order of dependency: a room holds references only to rooms above it.

#ifndef ORRERY_CORE_ENGINE_ROOMS_H_
#define ORRERY_CORE_ENGINE_ROOMS_H_

#include "core/base/fields.h"
#include "core/engine/boot.h"
#include "core/engine/client_door.h"
#include "core/engine/key_lister.h"
#include "core/engine/peer_requests.h"
#include "core/engine/stamp_lease.h"
#include "core/hint/hint_log.h"
#include "core/hint/hint_replayer.h"
#include "core/membership/membership.h"
#include "core/protocol/counters.h"
#include "core/protocol/options.h"
#include "core/protocol/timers.h"
#include "core/quorum/coordinator_room.h"
#include "core/repair/repair_room.h"
#include "core/replica/replica_reader.h"
#include "core/replica/replica_writer.h"
#include "core/ring/ring.h"
#include "core/ring/routing_view.h"
#include "core/ring/token.h"
#include "core/storage/data_directory.h"
#include "core/storage/snapshot_job.h"
#include "core/storage/space_governor.h"
#include "core/storage/store.h"
#include "core/version/hybrid_clock.h"

namespace orrery {

class Rooms {
 public:
  explicit Rooms(const EngineOptions& engine_options);

  // At the start of a step, and when the ring changes in it.
  void TellClusterTime(Turn& turn);

  // The state of all (base/fields.h); options are given.
  ORRERY_FIELDS(timers, counters, routing, clock, directory, space, user_store,
                hint_store, snapshots, membership, writer, reader, hint_log,
                replayer, coordinators, repair, peer_requests, lister, lease,
                door, boot)

  const EngineOptions options;
  TimerHeap timers;
  EngineCounters counters;
  RoutingView routing;
  HybridClock clock;
  DataDirectory directory;
  SpaceGovernor space;
  Store user_store;
  Store hint_store;
  SnapshotJob snapshots;
  Membership membership;
  ReplicaWriter writer;
  ReplicaReader reader;
  HintLog hint_log;
  HintReplayer replayer;
  CoordinatorRoom coordinators;
  RepairRoom repair;
  PeerRequests peer_requests;
  KeyLister lister;
  StampLease lease;
  ClientDoor door;
  Boot boot;
};

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_ROOMS_H_
