// core/storage/victim_chooser.h
//
// Which files a compaction job takes (storage section 7; the order is that of
// Rosenblum and Ousterhout, "The Design and Implementation of a Log-Structured
// File System", 1992: what costs little to copy, and has changed little
// lately, goes first).
//
// A candidate is sealed, holds no cells, and is whole, or what it lacks was
// repaired.  It is taken if half of it
// is dead, if all of it is, if a scrub found it worn, or if it is small and
// there is another to join it with.  When an operator asks, a twentieth is
// enough, for each file that there was then.
//
// Where tombstones are needed no longer than what they hide
// (Store::Options::drops_tombstones) a file of which half the records are
// tombstones is worth a job too, and with it come, if there is room for all of
// them, the files that may hold what they hide.  Without room they wait until
// enough is dead in those.
//
// Invariants:
//   VIC-1  No job follows another for ever: what comes out of one that freed
//          little cools down, twice as long each time, before it is taken for
//          anything but what is dead in it (A15).
//   VIC-2  A job has at most kVictimsMax files, and more than one only within
//          kVictimBytesMax, live_bytes_max of it live.
//
// Threading: none.  Cost: a look at every file.

#ifndef ORRERY_CORE_STORAGE_VICTIM_CHOOSER_H_
#define ORRERY_CORE_STORAGE_VICTIM_CHOOSER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/time.h"
#include "core/storage/file_table.h"
#include "core/storage/manifest.h"

namespace orrery {

inline constexpr size_t kVictimsMax = 8;
inline constexpr uint64_t kVictimBytesMax = uint64_t{800} << 20;
// Bounds the list of moves: 32 bytes for each record of 100 bytes or more.
inline constexpr uint64_t kVictimLiveBytesMax = uint64_t{128} << 20;

struct VictimQuery {
  uint64_t max_file_bytes = 0;
  uint64_t live_bytes_max = kVictimLiveBytesMax;  // Less if space is short.
  bool drops_tombstones = false;
  uint64_t thorough_below = 0;  // File id; 0: nobody asked.
  // `listed` knows of all damage: no edit is under way.
  bool takes_repaired = false;
  Instant now;
  uint64_t wall_ns = 0;
};

// Slots, in the order in which they are to be read.
std::vector<uint16_t> ChooseVictims(const FileTable& files,
                                    const ManifestState& listed,
                                    const VictimQuery& query);

// While the disk is full (storage section 8): what is wholly dead, else the
// file with the fewest live bytes, if copying it frees something.
struct Relief {
  std::vector<uint16_t> slots;
  bool copies = false;      // Of the one slot, what is alive.
  bool wants_room = false;  // One would be worth it, and has no room.
};
// `room`: how many bytes a job may write.
Relief ChooseRelief(const FileTable& files, uint64_t room);

// After a job that read much for what it freed.
Duration LongerCoolDown(Duration before, Duration compact_interval);

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_VICTIM_CHOOSER_H_
