#include "core/hint/hint_reader.h"

#include "gtest/gtest.h"
#include "tests/core/hint/hint_bench.h"

namespace orrery {
namespace {

class HintReaderTest : public testing::Test {
 protected:
  HintReaderTest() {
    bench_.cluster.Kill(bench_.cluster.B());
    bench_.cluster.Kill(bench_.cluster.C());
  }

  const Object first_ = ObjectOf(ValueOf(DotOf(1, 1), 50, "first"));
  const Object second_ = ObjectOf(ValueOf(DotOf(2, 1), 60, "second"));
  HintBench bench_;
};

TEST_F(HintReaderTest, AHeldHintIsShown) {
  bench_.Add(bench_.cluster.C(), first_);

  const HintRead read = bench_.Read(kKey);

  EXPECT_EQ(read.status, ReplicaStatus::kOk);
  EXPECT_EQ(read.object, first_);
  EXPECT_EQ(read.ticket.owner, TicketOwner::kPeerRequest);
  EXPECT_TRUE(bench_.log->reader().IsIdle());
}

TEST_F(HintReaderTest, HintsForSeveralOwnersAreMerged) {
  bench_.Add(bench_.cluster.B(), first_);
  bench_.Add(bench_.cluster.C(), second_);

  EXPECT_EQ(bench_.Read(kKey).object, Merge(first_, second_));
}

TEST_F(HintReaderTest, WithoutAHintThereIsNothing) {
  bench_.Add(bench_.cluster.C(), first_);

  EXPECT_TRUE(bench_.Read("other").object.IsEmpty());
}

TEST_F(HintReaderTest, ADeliveredHintIsNotShown) {
  bench_.Add(bench_.cluster.C(), first_);
  bench_.cluster.SetState(bench_.cluster.B().node, MemberState::kAlive);
  bench_.Return(bench_.cluster.C());
  for (const Owner& owner : bench_.cluster.owners) bench_.Acknowledge(owner);
  ASSERT_EQ(bench_.log->held(), 0U);

  EXPECT_TRUE(bench_.Read(kKey).object.IsEmpty());
}

// HRD-2
TEST_F(HintReaderTest, BeyondItsCapItIsBusy) {
  bench_.Add(bench_.cluster.C(), first_);
  for (uint32_t i = 0; i <= kHintReadsMax; ++i) {
    bench_.log->reader().Read({TicketOwner::kPeerRequest, i, {}},
                              bench_.cluster.owners, kKey,
                              bench_.cluster.turn());
  }

  const std::vector<HintRead> busy = bench_.log->reader().TakeReads();

  ASSERT_FALSE(busy.empty());
  EXPECT_EQ(busy.back().status, ReplicaStatus::kBusy);
  bench_.Settle();
  EXPECT_TRUE(bench_.log->reader().IsIdle());
}

}  // namespace
}  // namespace orrery
