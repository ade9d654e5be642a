#include "core/version/version_vector.h"

#include "gtest/gtest.h"
#include "tests/core/version/version_samples.h"

namespace orrery {
namespace {

TEST(VersionVectorTest, CoversCountersUpToItsOwn) {
  const VersionVector vv = VectorOf({DotOf(1, 5)});

  EXPECT_TRUE(Covers(vv, DotOf(1, 5)));
  EXPECT_TRUE(Covers(vv, DotOf(1, 1)));
  EXPECT_FALSE(Covers(vv, DotOf(1, 6)));
  EXPECT_FALSE(Covers(vv, DotOf(2, 1)));
}

TEST(VersionVectorTest, AnotherGenerationIsAnotherActor) {
  const VersionVector vv = VectorOf({DotOf(1, 5)});
  const Dot reborn{.actor = {.storage = 1, .generation = 2}, .counter = 1};

  EXPECT_FALSE(Covers(vv, reborn));
}

TEST(VersionVectorTest, JoinTakesTheMaximumOfEachActor) {
  VersionVector vv = VectorOf({DotOf(1, 5), DotOf(3, 1)});

  Join(&vv, VectorOf({DotOf(1, 2), DotOf(2, 7), DotOf(3, 4)}));

  EXPECT_EQ(vv, VectorOf({DotOf(1, 5), DotOf(2, 7), DotOf(3, 4)}));
}

TEST(VersionVectorTest, DescendsMeansKnowingAllTheOtherKnows) {
  const VersionVector more = VectorOf({DotOf(1, 5), DotOf(2, 1)});
  const VersionVector less = VectorOf({DotOf(1, 4)});

  EXPECT_TRUE(Descends(more, less));
  EXPECT_TRUE(Descends(more, more));
  EXPECT_FALSE(Descends(less, more));
}

TEST(VersionVectorTest, DisorderDuplicatesZerosAndPaddingAreMalformed) {
  VersionVector vv;
  vv.entries = {DotOf(2, 1), DotOf(1, 1)};
  EXPECT_FALSE(IsWellFormed(vv));
  vv.entries = {DotOf(1, 1), DotOf(1, 2)};
  EXPECT_FALSE(IsWellFormed(vv));
  vv.entries = {DotOf(1, 0)};
  EXPECT_FALSE(IsWellFormed(vv));
  vv.entries = {DotOf(1, 1)};
  vv.entries[0].actor.unused = 1;
  EXPECT_FALSE(IsWellFormed(vv));
  vv.entries = {DotOf(1, 1), DotOf(2, 9)};
  EXPECT_TRUE(IsWellFormed(vv));
}

}  // namespace
}  // namespace orrery
