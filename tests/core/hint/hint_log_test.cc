#include "core/hint/hint_log.h"

#include "gtest/gtest.h"
#include "tests/core/hint/hint_bench.h"

namespace orrery {
namespace {

class HintLogTest : public testing::Test {
 protected:
  HintLogTest() { bench_.cluster.Kill(target_); }

  const Object first_ = ObjectOf(ValueOf(DotOf(1, 1), 50, "first"));
  const Object second_ = Merge(first_, ObjectOf(ValueOf(DotOf(1, 2), 60, "2")));
  HintBench bench_;
  const Owner target_ = bench_.cluster.C();
};

TEST_F(HintLogTest, AHintIsHeldForItsTarget) {
  const HintStored outcome = bench_.Add(target_, first_);

  EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
  EXPECT_EQ(outcome.promise.store, StoreId::kHints);
  EXPECT_GE(outcome.promise.level, Durability::kWritten);
  EXPECT_EQ(bench_.log->held(), 1U);
  ASSERT_TRUE(bench_.log->targets().contains(target_.storage));
  EXPECT_EQ(bench_.log->targets().at(target_.storage).node, target_.node);
}

// HINT-2
TEST_F(HintLogTest, AHintThatCountsIsSyncedFirst) {
  const HintStored outcome = bench_.Add(target_, first_, true);

  EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
  EXPECT_TRUE(outcome.synced);
  EXPECT_TRUE(
      bench_.store->IsDurable(outcome.promise.upto, Durability::kSynced));
}

// H4, HINT-1
TEST_F(HintLogTest, ALaterHintOfTheKeyIsMergedIntoTheEarlier) {
  bench_.Add(target_, first_);

  bench_.Add(target_, second_);

  EXPECT_EQ(bench_.log->held(), 1U);
  EXPECT_EQ(bench_.Counters().hints_created, 2U);
  EXPECT_EQ(bench_.Counters().hints_covered, 1U);
  const auto& hints = bench_.log->targets().at(target_.storage).hints;
  EXPECT_EQ(hints.begin()->second.digest, DigestOf(second_));
}

// HINT-4
TEST_F(HintLogTest, HintsThatArriveTogetherAreStoredTogether) {
  for (uint64_t i = 1; i <= 10; ++i) {
    bench_.StartAdd(target_, ObjectOf(ValueOf(DotOf(1, i), 50 + i, "v")));
  }
  bench_.Settle();

  ASSERT_EQ(bench_.stored.size(), 10U);
  for (const HintStored& outcome : bench_.stored) {
    EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
  }
  EXPECT_EQ(bench_.store->counters().total_writes, 2U);
  EXPECT_EQ(bench_.Counters().hints_created, 10U);
  EXPECT_EQ(bench_.Counters().hints_covered, 9U);
  EXPECT_EQ(bench_.log->held(), 1U);
}

TEST_F(HintLogTest, TargetsAndKeysAreApart) {
  bench_.Add(target_, first_);
  bench_.Add(bench_.cluster.B(), first_);
  bench_.Add(target_, first_, false, "other");

  EXPECT_EQ(bench_.log->held(), 3U);
  EXPECT_EQ(bench_.log->targets().size(), 2U);
}

// HINT-3
TEST_F(HintLogTest, ATargetsCapRefusesNewHintsAndKeepsOldOnes) {
  HintBench bench(2000);
  const Object large =
      ObjectOf(ValueOf(DotOf(1, 1), 50, std::string(1500, 'x')));
  ASSERT_EQ(bench.Add(target_, large).status, ReplicaStatus::kOk);

  EXPECT_EQ(bench.Add(target_, large, true, "other").status,
            ReplicaStatus::kFull);

  EXPECT_EQ(bench.log->held(), 1U);
  EXPECT_EQ(bench.Add(bench.cluster.B(), large).status, ReplicaStatus::kOk);
}

TEST_F(HintLogTest, AnObjectThatIsNoneIsRefused) {
  EXPECT_EQ(bench_.Add(target_, {}).status, ReplicaStatus::kCorrupt);
}

// S30: the stand-in restarts before replay.
TEST_F(HintLogTest, HintsOutliveTheProcess) {
  bench_.Add(target_, first_);
  bench_.Add(target_, second_, false, "other");
  const uint64_t bytes = bench_.log->targets().at(target_.storage).bytes;
  bench_.disk.CrashProcess();

  bench_.Start();

  EXPECT_EQ(bench_.log->held(), 2U);
  EXPECT_EQ(bench_.log->targets().at(target_.storage).bytes, bytes);
  EXPECT_EQ(bench_.Counters().hints_created, 2U);
}

TEST_F(HintLogTest, ACountedHintOutlivesAPowerLoss) {
  bench_.Add(target_, first_, true);
  bench_.disk.LosePower();

  bench_.Start();

  EXPECT_EQ(bench_.log->held(), 1U);
  EXPECT_TRUE(
      bench_.log->targets().at(target_.storage).hints.begin()->second.counted);
}

}  // namespace
}  // namespace orrery
