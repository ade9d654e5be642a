// sim/host/trial.h
//
// Trial runs one scenario in a process of its own and brings back what the
// oracles said, or how the process died (O0).

#ifndef ORRERY_SIM_HOST_TRIAL_H_
#define ORRERY_SIM_HOST_TRIAL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/evidence.h"
#include "sim/host/child.h"
#include "sim/host/seed_report.h"
#include "sim/scenario.h"

namespace orrery::sim {

class Trial {
 public:
  explicit Trial(const Scenario& scenario);

  // Waits until it is over, or too long.
  SeedReport Await();

 private:
  Child child_;
  int64_t started_ms_;
};

// The violation of that signature; null: none.
const Violation* FindSignature(const SeedReport& report,
                               std::string_view signature);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_TRIAL_H_
