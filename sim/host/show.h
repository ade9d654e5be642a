// sim/host/show.h
//
// `orrery sim show`: runs a scenario and writes what happened as a page, or in
// a format that another tool reads.

#ifndef ORRERY_SIM_HOST_SHOW_H_
#define ORRERY_SIM_HOST_SHOW_H_

#include <string>

#include "core/base/time.h"
#include "sim/scenario.h"

namespace orrery::sim {

struct ShowOptions {
  std::string name;  // Of the scenario, for people.
  std::string out;   // Path of what is written.
  std::string format = "html";
  Duration from;  // Zero both: of a page as WindowOf says, else all.
  Duration until;
};

// An exit code.
int Show(const Scenario& scenario, const ShowOptions& options);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_SHOW_H_
