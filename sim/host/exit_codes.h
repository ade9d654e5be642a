// sim/host/exit_codes.h
//
// What `orrery sim` says by its exit status (CONTRACT section 1).

#ifndef ORRERY_SIM_HOST_EXIT_CODES_H_
#define ORRERY_SIM_HOST_EXIT_CODES_H_

namespace orrery::sim {

inline constexpr int kExitHeld = 0;
inline constexpr int kExitUnexpected = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitViolated = 10;
inline constexpr int kExitNotDeterministic = 11;
inline constexpr int kExitVacuous = 12;

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_EXIT_CODES_H_
