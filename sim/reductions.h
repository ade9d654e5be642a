// sim/reductions.h
//
// Ways to make a scenario smaller or plainer, each a numbered list: Places says
// how many entries the list has for this scenario, and entry `at` is the
// smaller scenario, or nothing if there is nothing to gain there.
//
// They know the language of scenarios and no reason why one fails.

#ifndef ORRERY_SIM_REDUCTIONS_H_
#define ORRERY_SIM_REDUCTIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/time.h"
#include "sim/scenario.h"

namespace orrery::sim {

// Where a failure showed.
struct Scene {
  std::optional<uint32_t> key;
  std::optional<Duration> at;
};

// Everything but the scene's key; everything after its time; every fault of
// one class; every expectation.
size_t WholesalePlaces();
std::optional<Scenario> Wholesale(const Scenario& scenario, const Scene& scene,
                                  size_t at);

// `count` steps from the `at`-th on.
std::optional<Scenario> WithoutSteps(const Scenario& scenario, size_t at,
                                     size_t count);

// The time before steps: first of all at once, then of single ones.
size_t GapPlaces(const Scenario& scenario);
std::optional<Scenario> WithShorterGap(const Scenario& scenario, size_t at);

// Fewer nodes, owners, keys and clients; an earlier end.
size_t TopologyPlaces();
std::optional<Scenario> WithSimplerTopology(const Scenario& scenario,
                                            size_t at);

// Knobs and weather: gone, or a range that is one value.
size_t SettingPlaces(const Scenario& scenario);
std::optional<Scenario> WithoutSetting(const Scenario& scenario, size_t at);

// What an operation says beyond verb, client and key.
size_t WordPlaces(const Scenario& scenario);
std::optional<Scenario> WithSimplerWord(const Scenario& scenario, size_t at);

// Whole seconds rather than milliseconds.
size_t TimePlaces(const Scenario& scenario);
std::optional<Scenario> WithRounderTimes(const Scenario& scenario, size_t at);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_REDUCTIONS_H_
