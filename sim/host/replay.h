// sim/host/replay.h
//
// Runs one scenario and tells what happened: digest, violations, and with
// `log` every event as a line.

#ifndef ORRERY_SIM_HOST_REPLAY_H_
#define ORRERY_SIM_HOST_REPLAY_H_

#include <optional>
#include <string>

#include "core/base/time.h"
#include "sim/scenario.h"

namespace orrery::sim {

struct ReplayOptions {
  std::string name;  // Of the scenario, for people.
  bool log = false;
  std::optional<uint32_t> node;  // Log only this one.
  Duration until;                // Zero: to the end.
  bool twice = false;            // Check determinism too.
  bool step = false;             // Wait for the reader after each event.
};

// An exit code.
int Replay(const Scenario& scenario, const ReplayOptions& options);

// Prints what is wrong and returns nothing if the file cannot be used.
std::optional<Scenario> LoadScenario(const std::string& path);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_REPLAY_H_
