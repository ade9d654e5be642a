#include "core/quorum/put_tally.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr Owner kA{{1}, {{.hi = 1, .lo = 1}}};
constexpr Owner kB{{2}, {{.hi = 2, .lo = 1}}};
constexpr Owner kC{{3}, {{.hi = 3, .lo = 1}}};
constexpr Owner kD{{4}, {{.hi = 4, .lo = 1}}};
constexpr NodeId kF{9};
constexpr NodeId kG{10};

QuorumSets SetOf(const PreferenceList& owners, uint32_t required) {
  return {QuorumSet{.owners = owners, .required = required}};
}

PutTally StrictTally(uint32_t required) {
  return PutTally({.sets = SetOf({kA, kB, kC}, required)});
}

PutTally SloppyTally(uint32_t required) {
  return PutTally({.sets = SetOf({kA, kB, kC}, required), .sloppy = true});
}

TEST(PutTallyTest, SucceedsOnceEnoughOwnersMerged) {
  PutTally tally = StrictTally(2);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);

  tally.RecordAck(kA, true);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  tally.RecordAck(kC, false);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
  EXPECT_EQ(tally.acks(),
            (Acks{.owners = 2, .hints = 0, .synced = 1, .nodes = 2}));
}

// TALLY-1
TEST(PutTallyTest, AnOwnerThatAnswersTwiceCountsOnce) {
  PutTally tally = StrictTally(2);

  tally.RecordAck(kA, false);
  tally.RecordAck(kA, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  EXPECT_EQ(tally.received(), 1U);
  EXPECT_EQ(tally.acks().synced, 1U);
}

TEST(PutTallyTest, ANodeWithAnotherDiskIsNotTheOwner) {
  PutTally tally = StrictTally(2);

  tally.RecordAck(kA, false);
  tally.RecordAck({kB.node, {{.hi = 77, .lo = 1}}}, false);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
}

TEST(PutTallyTest, IsOutOfReachWhenTooFewCanStillAnswer) {
  PutTally tally = StrictTally(2);
  tally.RecordAck(kA, false);

  tally.RecordFailure(kB);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  tally.RecordFailure(kC);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kOutOfReach);
}

TEST(PutTallyTest, AnAcknowledgementAfterAFailureCounts) {
  PutTally tally = StrictTally(2);
  tally.RecordAck(kA, false);
  tally.RecordFailure(kB);
  tally.RecordFailure(kC);

  tally.RecordAck(kC, false);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
}

TEST(PutTallyTest, AFailureAfterAnAcknowledgementChangesNothing) {
  PutTally tally = StrictTally(1);
  tally.RecordAck(kA, false);

  tally.RecordFailure(kA);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
  EXPECT_EQ(tally.received(), 1U);
}

TEST(PutTallyTest, AHintDoesNotCountWhenStrict) {
  PutTally tally = StrictTally(2);
  tally.RecordAck(kA, false);
  tally.RecordFailure(kB);
  tally.RecordFailure(kC);

  tally.RecordHint(kC, kF, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kOutOfReach);
  EXPECT_EQ(tally.acks().hints, 1U);
}

TEST(PutTallyTest, ASyncedHintCountsWhenSloppy) {
  PutTally tally = SloppyTally(2);
  tally.RecordAck(kA, false);
  tally.RecordFailure(kC);

  tally.RecordHint(kC, kF, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
  EXPECT_EQ(tally.received(), 1U);
  EXPECT_EQ(tally.acks(),
            (Acks{.owners = 1, .hints = 1, .synced = 1, .nodes = 2}));
}

// TALLY-2
TEST(PutTallyTest, AHintThatIsNotSyncedDoesNotCount) {
  PutTally tally = SloppyTally(2);
  tally.RecordAck(kA, false);
  tally.RecordFailure(kB);
  tally.RecordFailure(kC);

  tally.RecordHint(kB, kF, false);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  tally.RecordHintFailure(kC);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kOutOfReach);
}

// TALLY-2
TEST(PutTallyTest, OneStandInCountsForOneOwnerOnly) {
  PutTally tally = SloppyTally(3);
  tally.RecordAck(kA, false);
  tally.RecordFailure(kB);
  tally.RecordFailure(kC);

  tally.RecordHint(kB, kF, true);
  tally.RecordHint(kC, kF, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kOutOfReach);
  EXPECT_EQ(tally.acks().hints, 1U);
}

// TALLY-2
TEST(PutTallyTest, AnOwnerCannotStandIn) {
  PutTally tally = SloppyTally(2);
  tally.RecordAck(kA, false);
  tally.RecordFailure(kB);
  tally.RecordFailure(kC);

  tally.RecordHint(kC, kA.node, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  EXPECT_EQ(tally.acks().hints, 0U);
}

// TALLY-3
TEST(PutTallyTest, HintsAloneAreNotEnough) {
  PutTally tally = SloppyTally(2);

  tally.RecordHint(kB, kF, true);
  tally.RecordHint(kC, kG, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
}

TEST(PutTallyTest, EveryActiveSetMustBeReached) {
  QuorumSets sets = SetOf({kA, kB, kC}, 2);
  sets.push_back({.owners = {kA, kB, kD}, .required = 2});
  PutTally tally({.sets = sets});

  tally.RecordAck(kA, false);
  tally.RecordAck(kC, false);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  EXPECT_EQ(tally.received(), 1U);
  tally.RecordAck(kD, false);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
}

// W9
TEST(PutTallyTest, AcknowledgementsAreCountedAgainstNewSets) {
  PutTally tally = StrictTally(2);
  tally.RecordAck(kA, false);
  tally.RecordAck(kB, false);
  ASSERT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);

  tally.Recount(SetOf({kB, kC, kD}, 2));

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  EXPECT_EQ(tally.received(), 1U);
}

}  // namespace
}  // namespace orrery
