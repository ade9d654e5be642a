#include "core/quorum/put_tally.h"

#include "gtest/gtest.h"
#include "tests/core/quorum/quorum_bench.h"

namespace orrery {
namespace {

constexpr Owner kD{{4}, {{.hi = 4, .lo = 1}}};
constexpr NodeId kF{9};
constexpr NodeId kG{10};

QuorumSets SetOf(const PreferenceList& owners, uint32_t required) {
  return {QuorumSet{.owners = owners, .required = required}};
}

PutTally StrictTally(uint32_t required) {
  return PutTally({.sets = SetOf({kOwnerA, kOwnerB, kOwnerC}, required)});
}

PutTally SloppyTally(uint32_t required) {
  return PutTally(
      {.sets = SetOf({kOwnerA, kOwnerB, kOwnerC}, required), .sloppy = true});
}

TEST(PutTallyTest, SucceedsOnceEnoughOwnersMerged) {
  PutTally tally = StrictTally(2);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);

  tally.RecordAck(kOwnerA, true);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  tally.RecordAck(kOwnerC, false);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
  EXPECT_EQ(tally.acks(),
            (Acks{.owners = 2, .hints = 0, .synced = 1, .nodes = 2}));
}

// TALLY-1
TEST(PutTallyTest, AnOwnerThatAnswersTwiceCountsOnce) {
  PutTally tally = StrictTally(2);

  tally.RecordAck(kOwnerA, false);
  tally.RecordAck(kOwnerA, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  EXPECT_EQ(tally.received(), 1U);
  EXPECT_EQ(tally.acks().synced, 1U);
}

TEST(PutTallyTest, ANodeWithAnotherDiskIsNotTheOwner) {
  PutTally tally = StrictTally(2);

  tally.RecordAck(kOwnerA, false);
  tally.RecordAck({kOwnerB.node, {{.hi = 77, .lo = 1}}}, false);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
}

TEST(PutTallyTest, IsOutOfReachWhenTooFewCanStillAnswer) {
  PutTally tally = StrictTally(2);
  tally.RecordAck(kOwnerA, false);

  tally.RecordFailure(kOwnerB);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  tally.RecordFailure(kOwnerC);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kOutOfReach);
}

TEST(PutTallyTest, AnAcknowledgementAfterAFailureCounts) {
  PutTally tally = StrictTally(2);
  tally.RecordAck(kOwnerA, false);
  tally.RecordFailure(kOwnerB);
  tally.RecordFailure(kOwnerC);

  tally.RecordAck(kOwnerC, false);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
}

TEST(PutTallyTest, AFailureAfterAnAcknowledgementChangesNothing) {
  PutTally tally = StrictTally(1);
  tally.RecordAck(kOwnerA, false);

  tally.RecordFailure(kOwnerA);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
  EXPECT_EQ(tally.received(), 1U);
}

TEST(PutTallyTest, AHintDoesNotCountWhenStrict) {
  PutTally tally = StrictTally(2);
  tally.RecordAck(kOwnerA, false);
  tally.RecordFailure(kOwnerB);
  tally.RecordFailure(kOwnerC);

  tally.RecordHint(kOwnerC, kF, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kOutOfReach);
  EXPECT_EQ(tally.acks().hints, 1U);
}

TEST(PutTallyTest, ASyncedHintCountsWhenSloppy) {
  PutTally tally = SloppyTally(2);
  tally.RecordAck(kOwnerA, false);
  tally.RecordFailure(kOwnerC);

  tally.RecordHint(kOwnerC, kF, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
  EXPECT_EQ(tally.received(), 1U);
  EXPECT_EQ(tally.acks(),
            (Acks{.owners = 1, .hints = 1, .synced = 1, .nodes = 2}));
}

// TALLY-2
TEST(PutTallyTest, AHintThatIsNotSyncedDoesNotCount) {
  PutTally tally = SloppyTally(2);
  tally.RecordAck(kOwnerA, false);
  tally.RecordFailure(kOwnerB);
  tally.RecordFailure(kOwnerC);

  tally.RecordHint(kOwnerB, kF, false);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  tally.RecordHintFailure(kOwnerC);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kOutOfReach);
}

// TALLY-2
TEST(PutTallyTest, OneStandInCountsForOneOwnerOnly) {
  PutTally tally = SloppyTally(3);
  tally.RecordAck(kOwnerA, false);
  tally.RecordFailure(kOwnerB);
  tally.RecordFailure(kOwnerC);

  tally.RecordHint(kOwnerB, kF, true);
  tally.RecordHint(kOwnerC, kF, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kOutOfReach);
  EXPECT_EQ(tally.acks().hints, 1U);
}

// TALLY-2
TEST(PutTallyTest, AnOwnerCannotStandIn) {
  PutTally tally = SloppyTally(2);
  tally.RecordAck(kOwnerA, false);
  tally.RecordFailure(kOwnerB);
  tally.RecordFailure(kOwnerC);

  tally.RecordHint(kOwnerC, kOwnerA.node, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  EXPECT_EQ(tally.acks().hints, 0U);
}

// TALLY-3
TEST(PutTallyTest, HintsAloneAreNotEnough) {
  PutTally tally = SloppyTally(2);

  tally.RecordHint(kOwnerB, kF, true);
  tally.RecordHint(kOwnerC, kG, true);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
}

TEST(PutTallyTest, EveryActiveSetMustBeReached) {
  QuorumSets sets = SetOf({kOwnerA, kOwnerB, kOwnerC}, 2);
  sets.push_back({.owners = {kOwnerA, kOwnerB, kD}, .required = 2});
  PutTally tally({.sets = sets});

  tally.RecordAck(kOwnerA, false);
  tally.RecordAck(kOwnerC, false);
  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  EXPECT_EQ(tally.received(), 1U);
  tally.RecordAck(kD, false);

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);
}

// W9
TEST(PutTallyTest, AcknowledgementsAreCountedAgainstNewSets) {
  PutTally tally = StrictTally(2);
  tally.RecordAck(kOwnerA, false);
  tally.RecordAck(kOwnerB, false);
  ASSERT_EQ(tally.verdict(), PutTally::Verdict::kSucceeded);

  tally.Recount(SetOf({kOwnerB, kOwnerC, kD}, 2));

  EXPECT_EQ(tally.verdict(), PutTally::Verdict::kPending);
  EXPECT_EQ(tally.received(), 1U);
}

}  // namespace
}  // namespace orrery
