// sim/checkers/failure_detector.h
//
// O13, over what every running process held of every member, opinion and
// evidence alike:
//   - nobody is found dead, or stays accused for longer than it takes to be
//     heard and to refute, while nothing is wrong with either of the two, with
//     any way from or to one of them, or with the weather (for an opinion that
//     stays: with the ways between the two);
//   - a SUSPECT comes suspect_timeout after the last moment at which the
//     member was surely heard, a DEAD dead_timeout after that, not earlier;
//   - a process that is down or paused is SUSPECT, and then DEAD, in time for
//     everybody who can still hear the others, and stays so.
//
// The bounds follow from the knobs; failure_detector.cc has the arithmetic.

#ifndef ORRERY_SIM_CHECKERS_FAILURE_DETECTOR_H_
#define ORRERY_SIM_CHECKERS_FAILURE_DETECTOR_H_

#include "sim/evidence.h"

namespace orrery::sim {

// Beyond this many members not everybody watches everybody, and who finds a
// silent one dead depends on whom it watches: the third rule is not judged.
inline constexpr uint32_t kAllWatchAll = 7;

// Datagrams that are lost, late or damaged, together: what the detector must
// bear (membership section 11, G4).
inline constexpr Ratio kLossBound{3, 10};
bool IsStorm(const Noise& noise);

Verdict CheckFailureDetector(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_FAILURE_DETECTOR_H_
