// sim/checkers/bounds.h
//
// O23: what must stay bounded does.
//
// Stamps: a version's stamp lies within 1,024 above its basis, or no further
// above the highest wall time that its coordinator ever saw than the skew bound
// D, and D/2 for each process that ran there before, since each leases stamps
// so far ahead (docs/decisions/0003: until cluster time is built, "wall" is the
// node's own clock).  Excused: a write that was repeated keeps the stamp that
// another node's clock gave it.
//
// Loads: the requests that clients wait for at a node, and the files that its
// process has open, are within the limits it was given.
//
// Siblings: as long as the last write wins, a key has one version.

#ifndef ORRERY_SIM_CHECKERS_BOUNDS_H_
#define ORRERY_SIM_CHECKERS_BOUNDS_H_

#include <cstdint>
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

  void OnClock(uint32_t node, WallTime wall);
  void OnStart(uint32_t node) { ++clocks_[node].starts; }

  struct Fresh {
    uint32_t node = 0;
    std::string_view key;
    uint64_t stamp = 0;
    uint64_t basis = 0;
    uint32_t op = 0;
  };
  void OnFresh(const Fresh& fresh, Evidence::FreshStamps* seen) const;

 private:
  struct Clock {
    WallTime highest;
    uint32_t starts = 0;
  };

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
