// sim/checkers/bounds.h
//
// O23: what must stay bounded does.
//
// Stamps: a version's stamp lies within 1,024 above its basis, or no further
// above the highest cluster time so far than the skew bound D (semantics C2,
// C3).  Cluster time is the lower median of the clocks of the ring's members:
// the highest that any of them can have measured, from half of the others, each
// of whose clocks may be remembered as it was.  So it is a median of the
// highest that each clock ever showed, against true time; and one clock,
// however wrong, cannot raise it beyond the others.  Where cluster time was set
// back, D/2 more is leased by each process: it goes on above its stamps after a
// second.  Excused: a write that was repeated keeps the stamp
// that an earlier try was given.
//
// Loads: the requests that clients wait for at a node, and the files that its
// process has open, are within the limits it was given.
//
// Siblings: as long as the last write wins, a key has one version.

#ifndef ORRERY_SIM_CHECKERS_BOUNDS_H_
#define ORRERY_SIM_CHECKERS_BOUNDS_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/protocol/object.h"
#include "sim/evidence.h"

namespace orrery::sim {

class StampBound {
 public:
  StampBound(uint32_t nodes, Duration skew_bound)
      : skew_bound_(skew_bound), clocks_(nodes) {}

  // A clock as the node's process sees it, at true time `now`.
  void OnClock(uint32_t node, WallTime wall, Instant now);
  void OnStart(uint32_t node) { ++clocks_[node].starts; }

  struct Fresh {
    uint32_t node = 0;
    std::string_view key;
    uint64_t stamp = 0;
    uint64_t basis = 0;
    uint32_t op = 0;
    std::span<const uint32_t> members;  // Of the ring, the node among them.
    Instant now;
  };
  void OnFresh(const Fresh& fresh, Evidence::FreshStamps* seen) const;

 private:
  struct Clock {
    bool seen = false;
    Duration highest;  // Against true time.
    Duration lowest;
    uint32_t starts = 0;
  };
  // What may have been added to true time.
  Duration HighestMedian(std::span<const uint32_t> members) const;
  bool WasSetBack(std::span<const uint32_t> members) const;

  Duration skew_bound_;
  std::vector<Clock> clocks_;
};

// What one node holds at one moment.
struct NodeLoad {
  uint32_t node = 0;
  uint32_t open_requests = 0;  // Of clients, not answered.
  uint64_t open_files = 0;
  uint64_t pinned_files = 0;     // Of both stores.
  uint64_t disk_operations = 0;  // Under way: each may be about a file.
};

void CheckLoad(const NodeLoad& load, const Config& config, Watched* watched);
void CheckSiblings(std::string_view key, const Object& object,
                   Watched* watched);

Verdict CheckBounds(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_BOUNDS_H_
