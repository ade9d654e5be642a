#include "core/quorum/get_tally.h"

#include "gtest/gtest.h"
#include "tests/core/quorum/quorum_bench.h"

namespace orrery {
namespace {

GetTally TallyOf(uint32_t required) {
  return GetTally(
      {QuorumSet{.owners = {kOwnerA, kOwnerB, kOwnerC}, .required = required}});
}

TEST(GetTallyTest, HasAQuorumOnceEnoughOwnersAnswered) {
  GetTally tally = TallyOf(2);

  tally.RecordAnswer(kOwnerA, {.digest = 5});
  EXPECT_FALSE(tally.HasQuorum());
  tally.RecordAnswer(kOwnerB, {.digest = 5});

  EXPECT_TRUE(tally.HasQuorum());
  EXPECT_TRUE(tally.AllAgree());
}

// GTL-1
TEST(GetTallyTest, AnOwnerThatAnswersTwiceCountsOnce) {
  GetTally tally = TallyOf(2);

  tally.RecordAnswer(kOwnerA, {.digest = 5});
  tally.RecordAnswer(kOwnerA, {.digest = 6});

  EXPECT_FALSE(tally.HasQuorum());
  EXPECT_EQ(tally.received(), 1U);
}

TEST(GetTallyTest, TheLatestAnswerOfAnOwnerIsCompared) {
  GetTally tally = TallyOf(2);
  tally.RecordAnswer(kOwnerA, {.digest = 5});
  tally.RecordAnswer(kOwnerB, {.digest = 6});
  ASSERT_FALSE(tally.AllAgree());

  tally.RecordAnswer(kOwnerA, {.digest = 6});

  EXPECT_TRUE(tally.AllAgree());
}

// GTL-2
TEST(GetTallyTest, AnOwnerInDoubtIsComparedAndNotCounted) {
  GetTally tally = TallyOf(2);
  tally.RecordAnswer(kOwnerA, {.digest = 5});

  tally.RecordAnswer(kOwnerB, {.digest = 6, .suspect = true});

  EXPECT_FALSE(tally.HasQuorum());
  EXPECT_FALSE(tally.AllAgree());
  EXPECT_FALSE(tally.IsOutOfReach());
}

TEST(GetTallyTest, TwoOwnersInDoubtPutAQuorumOutOfReach) {
  GetTally tally = TallyOf(2);

  tally.RecordAnswer(kOwnerA, {.digest = 5, .suspect = true});
  tally.RecordAnswer(kOwnerB, {.digest = 5, .suspect = true});

  EXPECT_TRUE(tally.IsOutOfReach());
}

// GTL-3
TEST(GetTallyTest, AFailedOwnerDoesNotCountWhateverItSaid) {
  GetTally tally = TallyOf(2);
  tally.RecordAnswer(kOwnerA, {.digest = 5});
  tally.RecordAnswer(kOwnerB, {.digest = 6});

  tally.RecordFailure(kOwnerB);

  EXPECT_FALSE(tally.HasQuorum());
  EXPECT_TRUE(tally.AllAgree());
  EXPECT_EQ(tally.received(), 1U);
}

TEST(GetTallyTest, FailuresPutAQuorumOutOfReach) {
  GetTally tally = TallyOf(2);

  tally.RecordFailure(kOwnerA);
  EXPECT_FALSE(tally.IsOutOfReach());
  tally.RecordFailure(kOwnerC);

  EXPECT_TRUE(tally.IsOutOfReach());
}

TEST(GetTallyTest, WithoutAnyOwnerNothingIsInReach) {
  const GetTally tally{QuorumSets{}};

  EXPECT_TRUE(tally.IsOutOfReach());
  EXPECT_FALSE(tally.HasQuorum());
}

}  // namespace
}  // namespace orrery
