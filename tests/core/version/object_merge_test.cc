#include "core/version/object_merge.h"

#include "core/version/causal_context.h"
#include "gtest/gtest.h"
#include "tests/core/version/version_samples.h"

namespace orrery {
namespace {

TEST(ObjectMergeTest, TheHigherStampWinsAmongConcurrentWrites) {
  const Object a = ObjectOf(ValueOf(DotOf(1, 1), 10, "a"));
  const Object b = ObjectOf(ValueOf(DotOf(2, 1), 20, "b"));

  const Object merged = Merge(a, b);

  ASSERT_EQ(merged.siblings.size(), 1U);
  EXPECT_EQ(merged.siblings[0].value.text(), "b");
  EXPECT_EQ(merged.vv, VectorOf({DotOf(1, 1), DotOf(2, 1)}));
  EXPECT_EQ(merged, Merge(b, a));
}

TEST(ObjectMergeTest, AWriteWithContextBeatsWhatItCovers) {
  const Object old = ObjectOf(ValueOf(DotOf(1, 1), 10, "old"));

  const Object rewritten =
      Mint({}, SeenOf(old).vv, ValueOf(DotOf(2, 1), 11, "new"));

  const Object merged = Merge(old, rewritten);
  ASSERT_EQ(merged.siblings.size(), 1U);
  EXPECT_EQ(merged.siblings[0].value.text(), "new");
}

TEST(ObjectMergeTest, KeptSiblingsStayAndOthersCollapse) {
  const Object a = ObjectOf(KeptValueOf(DotOf(1, 1), 10, "a"));
  const Object b = ObjectOf(KeptValueOf(DotOf(2, 1), 20, "b"));
  const Object c = ObjectOf(ValueOf(DotOf(3, 1), 5, "c"));

  const Object merged = Merge(Merge(a, b), c);

  ASSERT_EQ(merged.siblings.size(), 2U);
  EXPECT_EQ(merged.siblings[0].value.text(), "b");
  EXPECT_EQ(merged.siblings[1].value.text(), "a");
}

TEST(ObjectMergeTest, ATombstoneNeverHidesAConcurrentKeptValue) {
  const Object kept = ObjectOf(KeptValueOf(DotOf(1, 1), 10, "a"));
  const Object deleted = ObjectOf(TombstoneOf(DotOf(2, 1), 20));

  const Object merged = Merge(kept, deleted);

  ASSERT_EQ(merged.siblings.size(), 2U);
  EXPECT_FALSE(IsAbsent(merged));
}

// S24: equal stamps give one result whatever the order of merging.
TEST(ObjectMergeTest, AtEqualStampsATombstoneRanksAboveAValue) {
  const Object value = ObjectOf(ValueOf(DotOf(9, 9), 10, "zzz"));
  const Object deleted = ObjectOf(TombstoneOf(DotOf(1, 1), 10));

  EXPECT_TRUE(IsAbsent(Merge(value, deleted)));
  EXPECT_EQ(Merge(value, deleted), Merge(deleted, value));
}

// S16, the doomstone: a value that its tombstone covers does not come back,
// however late and often it arrives.
TEST(ObjectMergeTest, ALateCopyOfADeletedValueStaysDeleted) {
  const Object value = ObjectOf(ValueOf(DotOf(1, 1), 10, "v1"));
  const Object deleted =
      Mint(value, SeenOf(value).vv, TombstoneOf(DotOf(2, 1), 11));

  const Object after = Merge(Merge(deleted, value), value);

  EXPECT_TRUE(IsAbsent(after));
  EXPECT_EQ(after, deleted);
}

TEST(ObjectMergeTest, WithoutDropsExactlyWhatWasSeen) {
  const Object both = Merge(ObjectOf(KeptValueOf(DotOf(1, 1), 10, "a")),
                            ObjectOf(KeptValueOf(DotOf(2, 1), 20, "b")));

  const Object rest = Without(both, VectorOf({DotOf(2, 1)}));

  ASSERT_EQ(rest.siblings.size(), 1U);
  EXPECT_EQ(rest.siblings[0].value.text(), "a");
  EXPECT_EQ(rest.vv, both.vv);
}

TEST(ObjectMergeTest, ABlindMintIsConcurrentWithAKeptOne) {
  const Object own = ObjectOf(KeptValueOf(DotOf(1, 1), 10, "a"));

  const Object minted = Mint(own, {}, KeptValueOf(DotOf(1, 2), 11, "b"));

  EXPECT_EQ(minted.siblings.size(), 2U);
  EXPECT_EQ(minted.vv, VectorOf({DotOf(1, 2)}));
}

// S12: equal values with different vectors are different objects.
TEST(ObjectMergeTest, DigestsTellVectorsApart) {
  Object a = ObjectOf(ValueOf(DotOf(1, 1), 10, "same"));
  Object b = a;
  Raise(&b.vv, DotOf(7, 3));

  EXPECT_NE(DigestOf(a), DigestOf(b));
}

TEST(ObjectMergeTest, DigestsTellChecksumsAndKindsApart) {
  const Object a = ObjectOf(ValueOf(DotOf(1, 1), 10, "x"));
  const Object b = ObjectOf(ValueOf(DotOf(1, 1), 10, "y"));
  const Object c = ObjectOf(TombstoneOf(DotOf(1, 1), 10));

  EXPECT_NE(DigestOf(a), DigestOf(b));
  EXPECT_NE(DigestOf(a), DigestOf(c));
  EXPECT_EQ(DigestOf({}), 0U);
}

TEST(ObjectMergeTest, MalformedObjectsAreFound) {
  const Object good = ObjectOf(ValueOf(DotOf(1, 1), 10, "x"));
  ASSERT_TRUE(IsWellFormed(good));

  Object uncovered = good;
  uncovered.siblings[0].dot.counter = 2;
  EXPECT_FALSE(IsWellFormed(uncovered));

  Object uncollapsed = good;
  uncollapsed.siblings.push_back(ValueOf(DotOf(1, 1), 9, "y"));
  EXPECT_FALSE(IsWellFormed(uncollapsed));

  Object twice = ObjectOf(KeptValueOf(DotOf(1, 1), 10, "x"));
  twice.siblings.push_back(KeptValueOf(DotOf(1, 1), 9, "y"));
  EXPECT_FALSE(IsWellFormed(twice));

  Object loud_tombstone = good;
  loud_tombstone.siblings[0].tombstone = true;
  EXPECT_FALSE(IsWellFormed(loud_tombstone));
}

TEST(ObjectMergeTest, ARottenValueIsFound) {
  Object object = ObjectOf(ValueOf(DotOf(1, 1), 10, "x"));
  ASSERT_TRUE(ChecksumsHold(object));

  object.siblings[0].value = Bytes::CopyOf("y");

  EXPECT_FALSE(ChecksumsHold(object));
}

}  // namespace
}  // namespace orrery
