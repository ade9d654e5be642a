#include "core/engine/rooms.h"

namespace orrery {

namespace {

Store::Options StoreOptions(const EngineOptions& options, StoreId id) {
  const bool hints = id == StoreId::kHints;
  return {.id = id,
          .directory = hints ? "shard-0000/hints" : "shard-0000",
          .sync_writes = options.sync_writes,
          .sync_interval = options.sync_interval,
          .compact_interval = options.compact_interval,
          .scrub_pass = options.scrub_pass,
          .max_file_bytes = options.max_file_bytes,
          .limits = options.limits,
          // A hint's key is its target's storage id and the key.
          .key_bytes_max = hints ? kKeyBytesMax + 16 : kKeyBytesMax,
          .tells = options.tells_stores,
          .drops_tombstones = hints};
}

}  // namespace

Rooms::Rooms(const EngineOptions& engine_options)
    : options(engine_options),
      space({.max_file_bytes = options.max_file_bytes,
             .reserve_slack_bytes = options.limits.reserve_slack_bytes}),
      user_store(StoreOptions(options, StoreId::kUser), space),
      hint_store(StoreOptions(options, StoreId::kHints), space),
      snapshots(directory, user_store, hint_store),
      membership(options),
      writer(user_store, clock, options.limits, options.skew_bound),
      reader(user_store, options.limits),
      hint_log(hint_store, options),
      replayer({options, routing, hint_store, hint_log}),
      coordinators({options, routing, writer, reader, clock, hint_log}),
      repair({options, routing, user_store, reader, writer}),
      peer_requests(options.limits.peer_requests_max),
      lister(options.request_timeout),
      lease(options.skew_bound) {}

void Rooms::TellClusterTime(Turn& turn) {
  const ClusterClock& cluster = membership.cluster_clock();
  turn.cluster.known = cluster.known();
  turn.cluster.is_sure = cluster.is_sure();
  turn.cluster.offset = cluster.known() ? cluster.offset() : Duration{0};
  turn.cluster.may_mint =
      cluster.known() && lease.IsPast(turn.cluster_wall(), turn.now());
}

}  // namespace orrery
