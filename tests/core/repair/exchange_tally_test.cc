#include "core/repair/exchange_tally.h"

#include "gtest/gtest.h"
#include "tests/core/repair/repair_cluster.h"

namespace orrery {
namespace {

void RecordAll(const Ring& ring, NodeId peer, ExchangeTally* tally,
               bool in_doubt = false) {
  for (const Ring::Range& range : ring.ranges()) {
    tally->Record(range.end, peer, in_doubt);
  }
}

Ring FiveOwnersAndWOfThree() {
  RingState state = RingOf(5, 5, 4);
  state.params.write_quorum = 3;
  return Ring(std::move(state));
}

TEST(ExchangeTallyTest, WithThreeOwnersAndWTwoBothOthersAreNeeded) {
  const Ring ring(RingOf(3, 3, 4));
  ExchangeTally tally;
  tally.SetRing(&ring, NodeIdOf(NameOf(0)));

  RecordAll(ring, NodeIdOf(NameOf(1)), &tally);
  RecordAll(ring, NodeIdOf(NameOf(1)), &tally);
  EXPECT_FALSE(tally.IsComplete());

  RecordAll(ring, NodeIdOf(NameOf(2)), &tally);
  EXPECT_TRUE(tally.IsComplete());
}

// o = 5, w* = 3: o - w* + 1 = 3 of the 4 others.
TEST(ExchangeTallyTest, WithFiveOwnersAMajorityWriteMeetsThree) {
  const Ring ring = FiveOwnersAndWOfThree();
  ExchangeTally tally;
  tally.SetRing(&ring, NodeIdOf(NameOf(0)));

  RecordAll(ring, NodeIdOf(NameOf(1)), &tally);
  RecordAll(ring, NodeIdOf(NameOf(2)), &tally);
  EXPECT_FALSE(tally.IsComplete());

  RecordAll(ring, NodeIdOf(NameOf(3)), &tally);
  EXPECT_TRUE(tally.IsComplete());
}

// A write on three of five, lost by two of them: each has met the other and two
// that never had it.
TEST(ExchangeTallyTest, OwnersInDoubtDoNotVouchForEachOther) {
  const Ring ring = FiveOwnersAndWOfThree();
  ExchangeTally tally;
  tally.SetRing(&ring, NodeIdOf(NameOf(0)));

  RecordAll(ring, NodeIdOf(NameOf(1)), &tally, true);
  RecordAll(ring, NodeIdOf(NameOf(3)), &tally);
  RecordAll(ring, NodeIdOf(NameOf(4)), &tally);
  EXPECT_FALSE(tally.IsComplete());

  RecordAll(ring, NodeIdOf(NameOf(1)), &tally, false);  // It has recovered.
  EXPECT_TRUE(tally.IsComplete());
}

// S32: all lost power; nobody would ever vote again.
TEST(ExchangeTallyTest, WhoMetAllOthersHasMetWhateverThereIs) {
  const Ring ring = FiveOwnersAndWOfThree();
  ExchangeTally tally;
  tally.SetRing(&ring, NodeIdOf(NameOf(0)));

  for (const size_t i : {1u, 2u, 3u}) {
    RecordAll(ring, NodeIdOf(NameOf(i)), &tally, true);
  }
  EXPECT_FALSE(tally.IsComplete());
  RecordAll(ring, NodeIdOf(NameOf(4)), &tally, true);
  EXPECT_TRUE(tally.IsComplete());
}

TEST(ExchangeTallyTest, EveryOwnedRangeCounts) {
  const Ring ring(RingOf(2, 3, 4));
  ExchangeTally tally;
  tally.SetRing(&ring, NodeIdOf(NameOf(0)));

  for (size_t i = 0; i + 1 < ring.ranges().size(); ++i) {
    tally.Record(ring.ranges()[i].end, NodeIdOf(NameOf(1)), false);
  }
  EXPECT_FALSE(tally.IsComplete());

  tally.Record(ring.ranges().back().end, NodeIdOf(NameOf(1)), false);
  EXPECT_TRUE(tally.IsComplete());
}

TEST(ExchangeTallyTest, ALoneOwnerIsCompleteAtOnce) {
  const Ring ring(RingOf(1, 3, 4));
  ExchangeTally tally;

  tally.SetRing(&ring, NodeIdOf(NameOf(0)));

  EXPECT_TRUE(tally.IsComplete());
}

TEST(ExchangeTallyTest, WithoutARingNothingIsComplete) {
  ExchangeTally tally;

  tally.SetRing(nullptr, NodeIdOf(NameOf(0)));

  EXPECT_FALSE(tally.IsComplete());
}

TEST(ExchangeTallyTest, StrangersDoNotCount) {
  const Ring ring(RingOf(2, 3, 4));
  ExchangeTally tally;
  tally.SetRing(&ring, NodeIdOf(NameOf(0)));

  RecordAll(ring, NodeIdOf("stranger"), &tally);

  EXPECT_FALSE(tally.IsComplete());
}

}  // namespace
}  // namespace orrery
