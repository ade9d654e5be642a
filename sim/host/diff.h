// sim/host/diff.h
//
// Finds the first event at which two runs differ: two scenarios, or one before
// and after an edit.  Everything before it was the same to the bit, so it is
// where to look, whatever the symptom later.

#ifndef ORRERY_SIM_HOST_DIFF_H_
#define ORRERY_SIM_HOST_DIFF_H_

#include <string>

#include "sim/scenario.h"

namespace orrery::sim {

struct NamedScenario {
  std::string name;
  Scenario scenario;
};

// Prints where they part, each with the events around it.  An exit code: 0 if
// they do not differ, 1 if they do.
int Diff(const NamedScenario& a, const NamedScenario& b);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_DIFF_H_
