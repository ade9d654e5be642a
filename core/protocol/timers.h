// core/protocol/timers.h
//
// Every timer that exists, and the one heap that orders them.  The shell sees
// one deadline (Engine::NextDeadline) and sends a Tick; no timer id crosses
// the border.  A room arms with a kind and its own handle; when the timer
// fires the engine hands both back.  Re-arming the same (kind, handle)
// replaces the old deadline; a cancelled timer never fires.
//
// Invariants:
//   TIM-1  Timers fire in order of (deadline, order of arming).
//   TIM-2  At most one deadline exists per (kind, handle).
//
// Cost: O(log n) to arm, cancel and pop, O(1) to look; Postpone is O(n log n).
// A cancelled timer leaves the heap at once: most are, and would else outnumber
// the living for as long as a request may take.  Allocates up to the
// high-water mark only.

#ifndef ORRERY_CORE_PROTOCOL_TIMERS_H_
#define ORRERY_CORE_PROTOCOL_TIMERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/ids.h"
#include "core/base/lookup_map.h"
#include "core/base/time.h"

namespace orrery {

enum class TimerKind : uint8_t {
  kPutDeadline = 1,      // quorum: W not reached in time
  kGetDeadline = 2,      // quorum: R not reached in time
  kGetSpare = 3,         // quorum: a spare read request goes out
  kForwardDeadline = 4,  // quorum: the coordinator did not answer
  kRingWait = 5,         // engine: writes that wait for the ring to close
  kGossipTick = 6,       // membership: records are pushed
  kProbe = 7,            // membership: next ping of a subject
  kSuspicion = 8,        // membership: a suspect becomes dead
  kViewDigest = 9,       // membership: digest with one random peer
  kJoin = 10,            // membership: ask the seeds again
  kFounding = 11,        // membership: silent seeds are given up
  kRingPull = 12,        // ring: ask for the epoch again
  kHintReplay = 13,      // hint: next replay round
  kHintAnswer = 14,      // hint: a recipient did not answer
  kSyncRound = 15,       // repair: roots are compared
  kSyncSession = 16,     // repair: a session's deadline
  kStoreSync = 17,       // storage: unsynced bytes are synced (sync_interval)
  kWatermark = 18,       // storage: closing watermark
  kCompaction = 19,      // storage: compaction check
  kHlcLease = 20,        // engine: stamp lease renewal
  kListDeadline = 21,    // engine: a key listing gave up
  kSpace = 22,           // storage: a file handle may be free again
  kProbeTimeout = 23,    // membership: a ping went unanswered
  kDrain = 24,           // engine: a stop waits no longer for requests
  kPutRetry = 25,        // quorum: a refused replica is asked again
  kCompactionPace = 27,  // storage: a compaction goes on
  kScrub = 28,           // storage: the next file, or piece of one, is scrubbed
  kDirectoryRetry = 26,  // storage: RING is written again after a full disk
  kSpaceLook = 29,       // storage: the disk is asked how much space it has
  kDiskWatch = 30,       // storage: does the disk answer the log?
  kStampDeadline = 31,   // quorum: no majority told its stamps in time
  kStampRetry = 32,      // quorum: a refused owner is asked again
  kInspectDeadline = 33,  // quorum: not everybody told what it holds
};

// Deadlines of clients, who do not sleep when this process does.
bool IsClientDeadline(TimerKind kind);

class TimerHeap {
 public:
  struct Due {
    TimerKind kind;
    Handle handle;
    Instant deadline;
  };

  void Arm(TimerKind kind, Handle handle, Instant deadline);
  void Cancel(TimerKind kind, Handle handle);
  bool IsArmed(TimerKind kind, Handle handle) const;

  std::optional<Instant> NextDeadline() const;
  // Removes and returns the first timer due at `now`, if any.
  std::optional<Due> PopDue(Instant now);

  // Adds `late` to every armed deadline but those of clients: the process slept
  // (pause credit, membership section 4).
  void Postpone(Duration late);

  // The state (base/fields.h): what is armed, in the order in which it fires.
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);

 private:
  struct Name {
    uint32_t kind;
    uint32_t slot;
    uint32_t gen;
    friend constexpr bool operator==(const Name&, const Name&) = default;
  };
  struct Armed {
    Instant deadline;
    uint64_t seq = 0;
    uint32_t entry = 0;
  };
  struct Entry {
    TimerKind kind;
    Handle handle;
    size_t place;  // In the heap.
  };

  static Name NameOf(TimerKind kind, Handle handle) {
    return {static_cast<uint32_t>(kind), handle.slot, handle.gen};
  }
  static bool Before(const Armed& a, const Armed& b) {  // TIM-1
    if (a.deadline != b.deadline) return a.deadline < b.deadline;
    return a.seq < b.seq;
  }
  uint32_t TakeEntry();
  void Put(size_t place, const Armed& armed) {
    heap_[place] = armed;
    entries_[armed.entry].place = place;
  }
  void Settle(size_t hole, const Armed& armed);
  void Remove(size_t place);

  uint64_t next_seq_ = 0;
  std::vector<Armed> heap_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> free_entries_;
  LookupMap<Name, uint32_t> by_name_;  // Into `entries_`.
};

}  // namespace orrery

#endif  // ORRERY_CORE_PROTOCOL_TIMERS_H_
