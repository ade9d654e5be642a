// core/protocol/options.h
//
// What an engine is told at construction.  The shell has validated every
// field (CONTRACT section 2); the core asserts.

#ifndef ORRERY_CORE_PROTOCOL_OPTIONS_H_
#define ORRERY_CORE_PROTOCOL_OPTIONS_H_

#include <cstdint>
#include <string>

#include "core/base/fields.h"
#include "core/base/time.h"
#include "core/protocol/limits.h"
#include "core/protocol/member.h"

namespace orrery {

// Named limits of one engine.  The simulator uses small ones, so that slow
// machinery runs early.
struct Limits {
  uint32_t client_requests_max = 4096;      // In flight; beyond: kOverloaded.
  uint32_t peer_requests_max = 16384;       // Served for peers at once.
  uint32_t store_reads_max = 16384;         // Reads in flight per store.
  uint64_t pinned_bytes_max = 32ull << 20;  // Unsynced plus queued, per store.
  uint32_t key_segments = 1024;             // Of the key index; a power of two.
  uint64_t allocate_step = 4ull << 20;      // Data files grow by this.
  // Bytes a second that compaction reads and writes (CompactionPace).
  uint64_t compaction_rate_min = 8ull << 20;
  uint64_t compaction_rate_max = 256ull << 20;
  uint64_t scrub_rate = 32ull << 20;  // Bytes a second while it reads.
  // RESERVE is so much longer than a data file (storage section 8).
  uint64_t reserve_slack_bytes = 1ull << 20;
  uint64_t hint_bytes_per_target_max = 1ull << 30;
  uint32_t sync_items_max = 4096;        // Key digests in one SyncKeys.
  uint64_t sync_bytes_max = 1ull << 20;  // Object bytes in one SyncObjects.
  uint64_t sync_in_flight_max = 64;      // Merges a session keeps open.
  ORRERY_FIELDS(client_requests_max, peer_requests_max, store_reads_max,
                pinned_bytes_max, key_segments, allocate_step,
                compaction_rate_min, compaction_rate_max, scrub_rate,
                reserve_slack_bytes, hint_bytes_per_target_max, sync_items_max,
                sync_bytes_max, sync_in_flight_max)
};

struct EngineOptions {
  std::string node_name;   // 1 to kNodeNameBytesMax bytes of UTF-8.
  Endpoint gossip;         // Bound and advertised.
  uint16_t http_port = 0;  // Advertised only.
  uint32_t vnodes = 150;
  uint32_t replication = 3;       // N
  uint32_t read_quorum = 2;       // R
  uint32_t write_quorum = 2;      // W
  bool seeds_configured = false;  // The seed list is not empty.
  bool auto_join = true;
  // Effects::told is filled.  The simulator's; it costs a copy of each key.
  bool tells_stores = false;

  bool sync_writes = false;
  Duration sync_interval = kSecond;
  uint64_t max_file_bytes = 100ull << 20;
  Duration compact_interval = 300 * kSecond;
  Duration scrub_pass = 7 * 24 * kHour;  // Every sealed file is read once.

  Duration gossip_interval = kSecond;
  Duration suspect_timeout = 5 * kSecond;
  Duration dead_timeout = 30 * kSecond;
  Duration request_timeout = 5 * kSecond;
  Duration handoff_timeout = 24 * kHour;
  Duration sync_round_interval = 4 * kSecond;  // Anti-entropy roots.
  Duration skew_bound = 500 * kMillisecond;    // D of the hybrid clock.

  Limits limits;
  ORRERY_FIELDS(node_name, gossip, http_port, vnodes, replication, read_quorum,
                write_quorum, seeds_configured, auto_join, tells_stores,
                sync_writes, sync_interval, max_file_bytes, compact_interval,
                scrub_pass, gossip_interval, suspect_timeout, dead_timeout,
                request_timeout, handoff_timeout, sync_round_interval,
                skew_bound, limits)
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_OPTIONS_H_
