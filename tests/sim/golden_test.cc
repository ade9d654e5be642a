// What the golden packs hold.  Their digests are compared by
// scripts/golden.py, on every build.

#include "sim/host/golden.h"

#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "sim/host/recording.h"
#include "sim/scenario_text.h"
#include "sim/world.h"
#include "tests/sim/scenario_files.h"

namespace orrery::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<Golden> AllGoldens() {
  std::vector<Golden> all;
  for (const std::string& path : ScenarioFiles("tests/golden")) {
    if (!path.ends_with(".pack.txt")) continue;
    auto pack = ReadPack(FileText(path));
    if (const auto* wrong = std::get_if<std::string>(&pack)) {
      ADD_FAILURE() << path << ":" << *wrong;
      continue;
    }
    for (Golden& golden : std::get<std::vector<Golden>>(pack)) {
      all.push_back(std::move(golden));
    }
  }
  return all;
}

std::string ComplaintAbout(const std::string& text) {
  const auto pack = ReadPack(text);
  const auto* wrong = std::get_if<std::string>(&pack);
  return wrong == nullptr ? "" : *wrong;
}

TEST(GoldenTest, ThereAreAThousandEachWithANameOfItsOwn) {
  const std::vector<Golden> goldens = AllGoldens();

  std::set<std::string> names;
  for (const Golden& golden : goldens) names.insert(golden.name);
  EXPECT_GE(goldens.size(), 1000u);
  EXPECT_EQ(names.size(), goldens.size());
}

// A kind of step that no golden has may depend on the compiler unseen:
// `scripts/golden.py --make` draws them anew.
TEST(GoldenTest, EveryKindOfStepIsInSome) {
  std::set<size_t> kinds;
  for (const Golden& golden : AllGoldens()) {
    for (const Line& line : golden.scenario.lines) {
      if (const auto* step = std::get_if<StepLine>(&line)) {
        kinds.insert(step->step.index());
      }
    }
  }
  EXPECT_THAT(kinds, SizeIs(std::variant_size_v<Step>));
}

// Rule 13: logs, marks and pictures feed nothing back.
TEST(GoldenTest, WhoeverListensChangesNothing) {
  std::vector<Golden> goldens = AllGoldens();
  for (size_t i = 0; i < goldens.size(); i += 50) {
    const RunResult alone = World(goldens[i].scenario, {}).Run();
    const Recording watched = Record(goldens[i].name, goldens[i].scenario);

    EXPECT_EQ(watched.result.digest, alone.digest) << goldens[i].name;
  }
}

TEST(GoldenTest, APackNamesWhatIsWrongWithIt) {
  EXPECT_EQ(ComplaintAbout("orrery-sim 1\n# golden a\nat 1s crash n0\n"
                           "orrery-sim 1\n# golden b\n"),
            "");
  EXPECT_THAT(ComplaintAbout("orrery-sim 1\n# golden a\nat 1s crash n0\n"
                             "orrery-sim 1\n# golden b\nat 1s jump n0\n"),
              HasSubstr("6: "));
  EXPECT_THAT(ComplaintAbout("orrery-sim 1\nat 1s crash n0\n"),
              HasSubstr("golden NAME"));
  EXPECT_THAT(ComplaintAbout(""), HasSubstr("does not begin"));
}

}  // namespace
}  // namespace orrery::sim
