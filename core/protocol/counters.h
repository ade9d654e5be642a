// core/protocol/counters.h
//
// Numbers that rooms count and admin pages show.  Nothing in core decides by
// them.

#ifndef ORRERY_CORE_PROTOCOL_COUNTERS_H_
#define ORRERY_CORE_PROTOCOL_COUNTERS_H_

#include <cstdint>
#include <string_view>

#include "core/base/fields.h"

namespace orrery {

struct StoreCounters {  // CONTRACT section 3, /admin/stats.
  uint64_t active_keys = 0;
  uint64_t deleted_keys = 0;
  uint64_t data_files = 0;
  uint64_t pinned_files = 0;  // Being written, read or compacted.
  uint64_t data_bytes = 0;
  uint64_t dead_bytes = 0;
  uint64_t total_reads = 0;
  uint64_t total_writes = 0;
  uint64_t bytes_written = 0;
  uint64_t syncs = 0;
  uint64_t compactions = 0;
  uint64_t damaged_records = 0;  // That cannot be read, and are not repaired.
  uint64_t damaged_files = 0;
  uint64_t ranges_in_doubt = 0;
  uint64_t reclaimed_bytes = 0;  // By compaction.
  // Of the job that runs, all 0 if none does.
  uint64_t compacting_files = 0;
  uint64_t compacting_bytes = 0;
  uint64_t compacted_bytes = 0;  // Of these, what has been read.
  uint64_t scrubbed_files = 0;
  uint64_t scrubbed_bytes = 0;
  uint64_t scrub_passes = 0;
  uint64_t scrub_files_left = 0;  // Of a pass that an operator asked for.
  uint64_t index_snapshots = 0;   // Written.
  uint64_t index_snapshots_given_up = 0;  // Until the next start.
  ORRERY_FIELDS(active_keys, deleted_keys, data_files, data_bytes, dead_bytes,
                total_reads, total_writes, bytes_written, syncs, compactions,
                damaged_records, damaged_files, ranges_in_doubt, pinned_files,
                reclaimed_bytes, compacting_files, compacting_bytes,
                compacted_bytes, scrubbed_files, scrubbed_bytes, scrub_passes,
                scrub_files_left, index_snapshots, index_snapshots_given_up)
};

// What a node may do with its disk: storage/space_governor.h.
enum class SpaceState : uint8_t { kNormal = 1, kTight = 2, kFull = 3 };

constexpr std::string_view NameOf(SpaceState state) {
  switch (state) {
    case SpaceState::kNormal:
      return "normal";
    case SpaceState::kTight:
      return "tight";
    case SpaceState::kFull:
      return "full";
  }
  return "";
}

struct SpaceView {
  SpaceState state = SpaceState::kNormal;
  bool is_known = false;  // The disk says how much is free.
  uint64_t free_bytes = 0;
  uint64_t reserve_bytes = 0;  // In RESERVE.
};

struct EngineCounters {
  uint64_t puts = 0, gets = 0, deletes = 0;
  uint64_t refused = 0, unknown = 0;
  uint64_t read_repairs = 0;
  uint64_t hints_created = 0, hints_delivered = 0, hints_covered = 0;
  uint64_t hints_redirected = 0, hints_expired = 0, hints_held = 0;
  uint64_t sync_rounds = 0, sync_repaired = 0;
  ORRERY_FIELDS(puts, gets, deletes, refused, unknown, read_repairs,
                hints_created, hints_delivered, hints_covered, hints_redirected,
                hints_expired, hints_held, sync_rounds, sync_repaired)
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_COUNTERS_H_
