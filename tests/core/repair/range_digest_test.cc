#include "core/repair/range_digest.h"

#include "gtest/gtest.h"
#include "tests/core/repair/repair_cluster.h"

namespace orrery {
namespace {

TEST(RangeDigestsTest, OwnsEveryRangeWhereItIsAnOwner) {
  ReplicaBench bench;
  bench.Open();
  const Ring ring(RingOf(5, 3, 8));
  RangeDigests digests;

  digests.SetRing(&ring, NodeIdOf(NameOf(0)), bench.store);

  size_t owned = 0;
  for (const Ring::Range& range : ring.ranges()) {
    bool mine = false;
    for (const Owner& owner : range.owners) {
      mine = mine || owner.node == NodeIdOf(NameOf(0));
    }
    if (mine) ++owned;
    EXPECT_EQ(digests.Find(range.end) != nullptr, mine);
  }
  EXPECT_EQ(digests.ranges().size(), owned);
}

// DIG-1.
TEST(RangeDigestsTest, FollowingChangesEqualsARebuild) {
  ReplicaBench bench;
  bench.Open();
  const Ring ring(RingOf(5, 3, 8));
  RangeDigests followed;
  followed.SetRing(&ring, NodeIdOf(NameOf(0)), bench.store);

  for (int i = 0; i < 100; ++i) {
    bench.Put("key-" + std::to_string(i % 40), std::to_string(i));
    for (const Store::Change& change : bench.store.TakeChanges()) {
      followed.Apply(change);
    }
  }

  RangeDigests rebuilt;
  rebuilt.SetRing(&ring, NodeIdOf(NameOf(0)), bench.store);
  EXPECT_EQ(followed.StateDigest(), rebuilt.StateDigest());
}

TEST(RangeDigestsTest, OneRangeMayBeTheWholeRing) {
  ReplicaBench bench;
  bench.Open();
  const Ring ring(RingOf(1, 3, 1));
  RangeDigests digests;
  digests.SetRing(&ring, NodeIdOf(NameOf(0)), bench.store);
  ASSERT_EQ(digests.ranges().size(), 1U);

  bench.Put("k", "v");
  for (const Store::Change& change : bench.store.TakeChanges()) {
    digests.Apply(change);
  }

  EXPECT_NE(digests.RootOf(digests.ranges()[0].end), 0U);
}

TEST(RangeDigestsTest, WithoutARingNothingIsOwned) {
  ReplicaBench bench;
  bench.Open();
  RangeDigests digests;

  digests.SetRing(nullptr, NodeIdOf(NameOf(0)), bench.store);

  EXPECT_TRUE(digests.ranges().empty());
}

}  // namespace
}  // namespace orrery
