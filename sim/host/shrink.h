// sim/host/shrink.h
//
// Shrinks a failing scenario by running what the Shrinker proposes, several at
// a time, each in a process of its own.

#ifndef ORRERY_SIM_HOST_SHRINK_H_
#define ORRERY_SIM_HOST_SHRINK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "sim/evidence.h"
#include "sim/scenario.h"
#include "sim/scenario_shape.h"

namespace orrery::sim {

struct ShrinkOptions {
  std::string name;  // Of the scenario, for the progress line.
  uint32_t jobs = 1;
  uint32_t runs_max = 300;
  int64_t ms_max = 60'000;
};

struct Shrunk {
  Scenario scenario;
  Violation violation;  // As the smallest scenario shows it.
  std::string signature;
  uint64_t digest = 0;  // 0: the run died.
  Extent before;
  Extent after;
  uint32_t runs = 0;
  int64_t elapsed_ms = 0;
  bool finished = false;  // Else runs or time ran out, or Ctrl-C.
};

// Nothing if the scenario fails no oracle.  `signature`: which failure to keep;
// empty: the first.
std::optional<Shrunk> Shrink(const Scenario& failing,
                             const std::string& signature,
                             const ShrinkOptions& options);

// "4,812 -> 9 steps, 5 -> 3 nodes, 60 s -> 2.4 s in 11 s (214 runs)"
std::string ShrunkText(const Shrunk& shrunk);

// The scenario's text with what it shows, and its digest, as comments.
std::string MinimalText(const Shrunk& shrunk, const std::string& origin);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_SHRINK_H_
