// sim/host/clock.h
//
// The time that people and limits of the simulator's command see.  No run does:
// its time is simulated.

#ifndef ORRERY_SIM_HOST_CLOCK_H_
#define ORRERY_SIM_HOST_CLOCK_H_

#include <cstdint>
#include <ctime>

namespace orrery::sim {

inline int64_t MonotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_CLOCK_H_
