#include "core/quorum/get_tally.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr Owner kA{{1}, {{.hi = 1, .lo = 1}}};
constexpr Owner kB{{2}, {{.hi = 2, .lo = 1}}};
constexpr Owner kC{{3}, {{.hi = 3, .lo = 1}}};

GetTally TallyOf(uint32_t required) {
  return GetTally({QuorumSet{.owners = {kA, kB, kC}, .required = required}});
}

TEST(GetTallyTest, HasAQuorumOnceEnoughOwnersAnswered) {
  GetTally tally = TallyOf(2);

  tally.RecordAnswer(kA, {.digest = 5});
  EXPECT_FALSE(tally.HasQuorum());
  tally.RecordAnswer(kB, {.digest = 5});

  EXPECT_TRUE(tally.HasQuorum());
  EXPECT_TRUE(tally.AllAgree());
}

// GTL-1
TEST(GetTallyTest, AnOwnerThatAnswersTwiceCountsOnce) {
  GetTally tally = TallyOf(2);

  tally.RecordAnswer(kA, {.digest = 5});
  tally.RecordAnswer(kA, {.digest = 6});

  EXPECT_FALSE(tally.HasQuorum());
  EXPECT_EQ(tally.received(), 1U);
}

TEST(GetTallyTest, TheLatestAnswerOfAnOwnerIsCompared) {
  GetTally tally = TallyOf(2);
  tally.RecordAnswer(kA, {.digest = 5});
  tally.RecordAnswer(kB, {.digest = 6});
  ASSERT_FALSE(tally.AllAgree());

  tally.RecordAnswer(kA, {.digest = 6});

  EXPECT_TRUE(tally.AllAgree());
}

// GTL-2
TEST(GetTallyTest, AnOwnerInDoubtIsComparedAndNotCounted) {
  GetTally tally = TallyOf(2);
  tally.RecordAnswer(kA, {.digest = 5});

  tally.RecordAnswer(kB, {.digest = 6, .suspect = true});

  EXPECT_FALSE(tally.HasQuorum());
  EXPECT_FALSE(tally.AllAgree());
  EXPECT_FALSE(tally.IsOutOfReach());
}

TEST(GetTallyTest, TwoOwnersInDoubtPutAQuorumOutOfReach) {
  GetTally tally = TallyOf(2);

  tally.RecordAnswer(kA, {.digest = 5, .suspect = true});
  tally.RecordAnswer(kB, {.digest = 5, .suspect = true});

  EXPECT_TRUE(tally.IsOutOfReach());
}

// GTL-3
TEST(GetTallyTest, AFailedOwnerDoesNotCountWhateverItSaid) {
  GetTally tally = TallyOf(2);
  tally.RecordAnswer(kA, {.digest = 5});
  tally.RecordAnswer(kB, {.digest = 6});

  tally.RecordFailure(kB);

  EXPECT_FALSE(tally.HasQuorum());
  EXPECT_TRUE(tally.AllAgree());
  EXPECT_EQ(tally.received(), 1U);
}

TEST(GetTallyTest, FailuresPutAQuorumOutOfReach) {
  GetTally tally = TallyOf(2);

  tally.RecordFailure(kA);
  EXPECT_FALSE(tally.IsOutOfReach());
  tally.RecordFailure(kC);

  EXPECT_TRUE(tally.IsOutOfReach());
}

TEST(GetTallyTest, WithoutAnyOwnerNothingIsInReach) {
  const GetTally tally{QuorumSets{}};

  EXPECT_TRUE(tally.IsOutOfReach());
  EXPECT_FALSE(tally.HasQuorum());
}

}  // namespace
}  // namespace orrery
