#include "sim/workload.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "sim/settings.h"
#include "sim/swarm.h"

namespace orrery::sim {
namespace {

constexpr WorkloadFrame kFrame{.seed = 7,
                               .first_op = 4 * kSecond,
                               .first_fault = 6 * kSecond,
                               .until = 40 * kSecond,
                               .ops_per_second = 160,
                               .nodes = 5,
                               .keys = 64,
                               .clients = 8,
                               .file_bytes = 16384};

std::vector<OpStep> OpsOf(const Workload& workload) {
  std::vector<OpStep> ops;
  for (const StepLine& line : workload.steps) {
    ops.push_back(std::get<OpStep>(line.step));
  }
  return ops;
}

std::vector<OpStep> OpsOf(WorkloadStyle style) {
  return OpsOf(MakeWorkload(kFrame, style));
}

template <typename Predicate>
size_t CountOf(const std::vector<OpStep>& ops, Predicate predicate) {
  size_t count = 0;
  for (const OpStep& op : ops) count += predicate(op) ? 1U : 0U;
  return count;
}

TEST(WorkloadTest, HalfOfTheSeedsHaveAStyleAndEachStyleComesUp) {
  std::map<WorkloadStyle, int> styles;
  int mixed = 0;
  for (uint64_t seed = 1; seed <= 900; ++seed) {
    const std::optional<WorkloadStyle> style = StyleOf(seed);
    if (style.has_value()) {
      ++styles[*style];
    } else {
      ++mixed;
    }
  }

  EXPECT_NEAR(mixed, 450, 60);
  EXPECT_EQ(styles.size(), kWorkloadStyles);
  for (const auto& [style, seeds] : styles) EXPECT_GT(seeds, 20);
}

TEST(WorkloadTest, EveryOperationHasItsOwnNameAndItsTimeInTheRun) {
  for (uint32_t style = 1; style <= kWorkloadStyles; ++style) {
    const Workload workload =
        MakeWorkload(kFrame, static_cast<WorkloadStyle>(style));
    std::set<uint32_t> names;
    for (const StepLine& line : workload.steps) {
      EXPECT_GE(line.at, kFrame.first_op);
      EXPECT_LE(line.at, kFrame.until);
      const auto& op = std::get<OpStep>(line.step);
      EXPECT_TRUE(names.insert(op.id).second) << op.id;
      EXPECT_LT(op.key, kFrame.keys);
      EXPECT_LT(op.client, kFrame.clients);
    }
    EXPECT_GT(names.size(), 1000u) << style;
    EXPECT_EQ(workload.steps,
              MakeWorkload(kFrame, static_cast<WorkloadStyle>(style)).steps);
  }
}

TEST(WorkloadTest, AWriteAfterAReadCarriesItsContext) {
  std::map<uint32_t, uint32_t> reads;  // Key of each.
  size_t pairs = 0;
  for (const OpStep& op : OpsOf(WorkloadStyle::kReadModifyWrite)) {
    if (op.verb == OpStep::Verb::kGet) reads[op.id] = op.key;
    if (op.context != OpStep::Context::kOp) continue;
    const auto read = reads.find(op.context_op);
    if (read != reads.end() && read->second == op.key) ++pairs;
  }

  EXPECT_GT(pairs, 2000u);
}

TEST(WorkloadTest, AppendsAreAChainOfContexts) {
  const std::vector<OpStep> ops = OpsOf(WorkloadStyle::kAppends);

  const size_t puts = CountOf(ops, [](const OpStep& op) {
    return op.verb == OpStep::Verb::kPut && op.retry_of == 0;
  });
  const size_t chained = CountOf(
      ops, [](const OpStep& op) { return op.context == OpStep::Context::kOp; });
  EXPECT_GT(puts, 2000u);
  EXPECT_GE(chained + 16, puts);  // Each key has a first one.
}

TEST(WorkloadTest, OneKeyIsHotForEveryClient) {
  const std::vector<OpStep> ops = OpsOf(WorkloadStyle::kHotKey);
  std::set<uint32_t> writers;
  for (const OpStep& op : ops) {
    if (op.key == 0 && op.verb == OpStep::Verb::kPut) writers.insert(op.client);
  }

  EXPECT_EQ(writers.size(), 8u);
  EXPECT_GT(CountOf(ops, [](const OpStep& op) { return op.key == 0; }),
            ops.size() * 9 / 10);
}

TEST(WorkloadTest, ChurnDeletesAndMakesAgain) {
  const std::vector<OpStep> ops = OpsOf(WorkloadStyle::kChurn);

  EXPECT_GT(CountOf(ops,
                    [](const OpStep& op) {
                      return op.verb == OpStep::Verb::kDelete && op.key < 8;
                    }),
            ops.size() / 5);
}

TEST(WorkloadTest, SomeValuesAreLargerThanADataFile) {
  const std::vector<OpStep> ops = OpsOf(WorkloadStyle::kLargeValues);

  EXPECT_GT(
      CountOf(ops,
              [](const OpStep& op) { return op.size > kFrame.file_bytes; }),
      50u);
  EXPECT_GT(CountOf(ops,
                    [](const OpStep& op) {
                      return op.size > 0 && op.size < kFrame.file_bytes / 2;
                    }),
            50u);
}

TEST(WorkloadTest, ColdKeysAreWrittenOnceAndBeforeAnyFault) {
  std::map<uint32_t, int> touched;
  for (const StepLine& line :
       MakeWorkload(kFrame, WorkloadStyle::kColdKeys).steps) {
    const auto& op = std::get<OpStep>(line.step);
    if (op.key < kFrame.keys / 2) continue;
    ++touched[op.key];
    EXPECT_EQ(op.verb, OpStep::Verb::kPut);
    EXPECT_LE(line.at, kFrame.first_fault);
  }

  EXPECT_EQ(touched.size(), kFrame.keys / 2);
  for (const auto& [key, times] : touched) EXPECT_EQ(times, 1) << key;
}

TEST(WorkloadTest, AnOverloadIsBeyondWhatNodesAdmit) {
  const Workload workload = MakeWorkload(kFrame, WorkloadStyle::kOverload);
  Config config;
  for (const Setting& setting : workload.settings) {
    EXPECT_EQ(ApplyConfig(setting, &config), "");
  }

  EXPECT_LE(config.engine.limits.client_requests_max, 32u);
  EXPECT_GE(config.engine.limits.client_requests_max, 4u);
  EXPECT_GE(config.engine.limits.peer_requests_max,
            config.engine.limits.client_requests_max);
}

TEST(WorkloadTest, TheImpatientHangUpAndAskAgainByTheirOwnName) {
  std::set<uint32_t> named;
  size_t repeated = 0;
  for (const OpStep& op : OpsOf(WorkloadStyle::kImpatient)) {
    if (op.own_id) named.insert(op.id);
    if (op.retry_of != 0 && named.contains(op.retry_of)) ++repeated;
  }

  EXPECT_GT(named.size(), 1000u);
  EXPECT_GT(repeated, 1000u);
}

// Faults are drawn elsewhere: a style moves none of them.
TEST(WorkloadTest, AStyledSeedSaysWhichStyleItHas) {
  uint64_t seed = 1;
  while (!StyleOf(seed).has_value()) ++seed;
  const std::string wanted = " " + std::string(NameOf(*StyleOf(seed)));

  const Scenario scenario = SwarmScenario(seed, Profile::kLight);

  EXPECT_THAT(scenario.lines, ::testing::Contains(Line{CommentLine{wanted}}));
}

}  // namespace
}  // namespace orrery::sim
