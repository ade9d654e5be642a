// sim/swarm_weather.h
//
// The classes of faults of network, processes and clocks that a seed may have
// besides those of swarm.cc: stops, faults while the ring forms, damaged and
// late datagrams, streams that are cut, choked or stormed, shapes of
// partitions, clients that do not get through, clocks far off, and one clock
// that was never right.  Each class
// draws from a stream of its own, whether it exists included: a new one moves
// nothing that an older seed does.

#ifndef ORRERY_SIM_SWARM_WEATHER_H_
#define ORRERY_SIM_SWARM_WEATHER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/scenario.h"
#include "sim/swarm.h"

namespace orrery::sim {

// What a class of faults is about.
enum class Area : uint8_t { kNet, kDisk, kProcess, kPower, kClock };

// Whether a class strikes in this run.  A profile of one area has all of it,
// and nothing else: what is left out of it cannot hide anything.
bool IsPresent(Profile profile, Area area, bool drawn);

// What they have to know of the run.
struct SwarmShape {
  uint64_t seed = 0;
  uint32_t nodes = 0;
  uint32_t keys = 0;
  Duration first_op;
  Duration first_fault;
  Duration heal_at;
  Profile profile = Profile::kLight;
  std::string udp_loss;  // As the weather has it.
  // n0 loses its disk: without a list of seeds it would found another cluster,
  // as it was told to.
  bool lacks_founder = false;
};

struct SwarmFaults {
  std::vector<Line> settings;   // `cfg` and `noise` lines.
  std::vector<StepLine> steps;  // In no order; none after `heal_at`.
};

SwarmFaults WeatherOf(const SwarmShape& shape);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SWARM_WEATHER_H_
