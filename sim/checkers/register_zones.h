// sim/checkers/register_zones.h
//
// O7: is a key a linearizable register?  Offered for keys that are written with
// stamp=quorum alone, by a majority or more each, and read by majorities: those
// are judged.  Of all others the order of two writes without context is that of
// two clocks: deviations are counted and told, and fail nothing.
//
// Not judged: keys with siblings, or of which a write was repeated under the
// client's own name for it (elsewhere that is a new write).  Excused: some node
// may have lost something of the key.
//
// Values are unique, so it is decided by zones (Gibbons and Korach, "Testing
// Shared Memories", 1997): all that wrote or read one version span the zone
// from the first return to the last invocation.  If the return comes first the
// zone is a forward one, in which the register must have had that value.  The
// register is linearizable exactly if no two forward zones overlap, and no
// backward zone lies within a forward one.
//
// Cost: O(n log n).

#ifndef ORRERY_SIM_CHECKERS_REGISTER_ZONES_H_
#define ORRERY_SIM_CHECKERS_REGISTER_ZONES_H_

#include <cstdint>
#include <vector>

#include "sim/evidence.h"

namespace orrery::sim {

// A version between the first return and the last invocation of those that
// wrote or read it.
struct Zone {
  Instant first_return;
  Instant last_invoked;
  bool IsForward() const { return first_return < last_invoked; }
  friend bool operator==(const Zone&, const Zone&) = default;
};

// How many of the zones of one register another one contradicts.
uint64_t ContradictedZones(std::vector<Zone> zones);

// Reads by a majority or more; each version is a case.
Verdict CheckRegisters(const Evidence& evidence);
Verdict MeasureRegisters(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_REGISTER_ZONES_H_
