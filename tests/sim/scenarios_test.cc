// Runs every scenario of tests/scenarios/: all oracles hold and everything the
// text expects happens.

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "sim/scenario_text.h"
#include "sim/world.h"
#include "tests/sim/scenario_files.h"

namespace orrery::sim {
namespace {

class ScenariosTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenariosTest, Holds) {
  const std::string text = FileText(GetParam());
  std::variant<Scenario, ParseError> parsed = ParseScenario(text);
  ASSERT_TRUE(std::holds_alternative<Scenario>(parsed))
      << std::get<ParseError>(parsed).line << ": "
      << std::get<ParseError>(parsed).what;
  const Scenario& scenario = std::get<Scenario>(parsed);
  EXPECT_EQ(PrintScenario(scenario), text) << "is not canonical";

  const RunResult result = World(scenario, {.codec_check_every = 1}).Run();

  for (const Violation& violation : result.violations) {
    ADD_FAILURE() << violation.oracle << " " << violation.property << ": "
                  << violation.sentence;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, ScenariosTest,
                         ::testing::ValuesIn(ScenarioFiles("tests/scenarios")),
                         [](const auto& file) { return StemOf(file.param); });

}  // namespace
}  // namespace orrery::sim
