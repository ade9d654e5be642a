#include "core/quorum/read_repair.h"

#include "core/version/causal_context.h"
#include "gtest/gtest.h"
#include "tests/core/quorum/quorum_bench.h"

namespace orrery {
namespace {

// R4: whoever reads a majority later must meet a holder.
TEST(ReadRepairTest, EveryMajorityMeetsTheHolders) {
  for (uint32_t size = 1; size <= kReplicationMax; ++size) {
    EXPECT_GE(HoldersRequired(size), MajorityOf(size)) << size;
    EXPECT_GT(HoldersRequired(size) + MajorityOf(size), size);
    EXPECT_LE(HoldersRequired(size), size);
  }
}

TEST(ReadRepairTest, OnlyAMajorityPromisesMonotonicity) {
  const QuorumBench bench;
  QuorumSets sets{QuorumSet{.owners = bench.owners, .required = 1}};
  EXPECT_FALSE(PromisesMonotonicity(sets));

  sets[0].required = 2;

  EXPECT_TRUE(PromisesMonotonicity(sets));
}

TEST(ReadRepairTest, AnUnknownKeyHasNoContext) {
  const ReadDone done = ReadDoneOf(kTestCluster, kKey, {});

  EXPECT_EQ(done, ReadDone{});
}

TEST(ReadRepairTest, AValueComesWithItsVersionAndContext) {
  const Object object = ObjectOf(ValueOf(DotOf(1, 1), 70, "v"));

  const ReadDone done = ReadDoneOf(kTestCluster, kKey, object);

  EXPECT_TRUE(done.found);
  EXPECT_EQ(done.version, 70U);
  EXPECT_EQ(done.value.text(), "v");
  EXPECT_EQ(OpenContext(kTestCluster, kKey, done.context.view()),
            SeenOf(object));
}

TEST(ReadRepairTest, ADeletedKeySaysSo) {
  const Object object = ObjectOf(TombstoneOf(DotOf(1, 1), 70));

  const ReadDone done = ReadDoneOf(kTestCluster, kKey, object);

  EXPECT_FALSE(done.found);
  EXPECT_TRUE(done.deleted);
  EXPECT_EQ(done.version, 70U);
  EXPECT_FALSE(done.context.empty());
}

// M7
TEST(ReadRepairTest, ATombstoneDoesNotHideAKeptValue) {
  const Object object = Merge(ObjectOf(TombstoneOf(DotOf(1, 1), 70)),
                              ObjectOf(KeptValueOf(DotOf(2, 1), 60, "kept")));

  const ReadDone done = ReadDoneOf(kTestCluster, kKey, object);

  EXPECT_TRUE(done.found);
  EXPECT_EQ(done.version, 60U);
}

}  // namespace
}  // namespace orrery
