// sim/scenario_shape.h
//
// What can be said of a scenario without running it.

#ifndef ORRERY_SIM_SCENARIO_SHAPE_H_
#define ORRERY_SIM_SCENARIO_SHAPE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/time.h"
#include "sim/scenario.h"
#include "sim/settings.h"

namespace orrery::sim {

// In order of time; of equal times, of lines.
std::vector<const StepLine*> StepsByTime(const Scenario& scenario);
size_t StepCount(const Scenario& scenario);

struct Extent {
  size_t steps = 0;
  uint32_t nodes = 0;
  Duration last;  // The time of its last step.
};
Extent ExtentOf(const Scenario& scenario);

bool ExpectsConvergence(const Scenario& scenario);

// Which nodes are to converge: those of `core=`, or all.
std::vector<bool> CoreOf(const Settings& settings);
// Whether every key has a majority of its owners in the core, whichever they
// are: fewer nodes are outside than a majority of a key's owners; and the only
// seed, if there is but one.  `beyond`: how many of the core are no owners any
// more.
bool CoreSuffices(const Settings& settings, uint32_t beyond);

// Whether after the last step a link is still cut, held, clogged or half open,
// a node down or paused, a disk bad, or weather at work that breaks what
// convergence needs (`tcp.late`, `udp.mtu`, `udp.tail`, `disk.stall`,
// `disk.read_error`).  With `core=` only nodes of the
// core and links between them count, and a core that does not suffice is as
// bad as a fault.
bool LeavesFaults(const Scenario& scenario);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SCENARIO_SHAPE_H_
