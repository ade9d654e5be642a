// The wide layer of the property tests: a whole scenario is drawn as a value
// and run in a process of its own with every oracle.  What fails is made small
// by the simulator's own Shrinker and printed as a scenario, to be committed;
// RapidCheck draws and does not shrink.  Nothing is drawn once it runs.

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/cluster_schedule.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "rapidcheck/gtest.h"
#include "sim/host/seed_report.h"
#include "sim/host/shrink.h"
#include "sim/host/trial.h"
#include "sim/scenario_text.h"

namespace orrery::sim {
namespace {

// The smallest scenario that fails in the same way; nothing: all held.
std::optional<Shrunk> FailureOf(const Scenario& scenario) {
  const SeedReport report = Trial(scenario).Await();
  if (report.violations.empty()) return std::nullopt;
  return Shrink(scenario, "", {.name = "wide", .jobs = 1, .runs_max = 200});
}

// Few steps at first, then ever more: most failures need few, some need many.
size_t RecordsFor(int size) {
  const auto part = static_cast<size_t>(size);
  return 4 + part * part * (kRecordsMax - 4) / 10'000;
}

rc::Gen<std::vector<uint8_t>> AnySchedule() {
  return rc::gen::withSize([](int size) {
    const size_t records = RecordsFor(size);
    const size_t bytes = kHeaderBytes + records * kRecordBytes + 4;
    return rc::gen::map(
        rc::gen::noShrink(rc::gen::container<std::vector<uint8_t>>(
            bytes, rc::gen::resize(100, rc::gen::arbitrary<uint8_t>()))),
        [records](std::vector<uint8_t> schedule) {
          schedule[0] = static_cast<uint8_t>(records);
          return schedule;
        });
  });
}

// The same ones every time, unless the caller wants others.
void SetSizes() {
  setenv("RC_PARAMS", "max_success=200 max_size=100 seed=1", 0);
}

TEST(WidePropertyTest, EveryOracleHoldsInAnyScenario) {
  SetSizes();
  rc::check("every oracle holds", [] {
    const std::vector<uint8_t> schedule = *rc::gen::noShrink(AnySchedule());
    const std::optional<Shrunk> failure = FailureOf(ScheduleOf(schedule));
    if (failure.has_value()) {
      RC_FAIL(failure->violation.sentence + "\n" +
              MinimalText(*failure, "the wide property test"));
    }
  });
}

// That a failure would be seen, in the other process, and made small.
TEST(WidePropertyTest, AScenarioThatFailsIsMadeSmall) {
  // Puts, once the ring has formed.
  std::vector<uint8_t> schedule(kHeaderBytes + 12 * kRecordBytes, 0);
  schedule[0] = 12;
  Scenario scenario = ScheduleOf(schedule);
  scenario.lines.emplace_back(
      ExpectLine{"outcome", {{"op", "3"}, {"is", "failed"}}});

  const std::optional<Shrunk> failure = FailureOf(scenario);

  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->before.steps, 12u);
  EXPECT_LE(failure->after.steps, 2u);
}

}  // namespace
}  // namespace orrery::sim
