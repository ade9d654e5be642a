// Runs the seeds that once failed: tests/seeds/seeds.txt, one a line, with
// profile and story.

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "sim/swarm.h"
#include "sim/world.h"
#include "tests/sim/scenario_files.h"

namespace orrery::sim {
namespace {

TEST(SeedsTest, SeedsThatOnceFailedHold) {
  std::istringstream lines(FileText("tests/seeds/seeds.txt"));
  std::string line;
  int seeds = 0;
  while (std::getline(lines, line)) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string profile_name;
    uint64_t seed = 0;
    words >> profile_name >> seed;
    const std::optional<Profile> profile = ProfileOf(profile_name);
    ASSERT_TRUE(profile.has_value()) << line;
    ++seeds;

    const RunResult result = World(SwarmScenario(seed, *profile), {}).Run();

    for (const Violation& violation : result.violations) {
      ADD_FAILURE() << line << "\n"
                    << violation.oracle << " " << violation.sentence;
    }
  }
  EXPECT_GT(seeds, 0);
}

}  // namespace
}  // namespace orrery::sim
