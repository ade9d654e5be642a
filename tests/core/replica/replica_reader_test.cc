#include "core/replica/replica_reader.h"

#include "core/ring/token.h"
#include "gtest/gtest.h"
#include "tests/core/replica/replica_bench.h"

namespace orrery {
namespace {

TEST(ReplicaReaderTest, AnAbsentKeyIsOkWithNothing) {
  ReplicaBench bench;
  bench.Open();

  for (const ReadDepth depth :
       {ReadDepth::kDigest, ReadDepth::kVersions, ReadDepth::kObject}) {
    const ReadOutcome outcome = bench.Read("k", depth);
    EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
    EXPECT_EQ(outcome.digest, 0U);
    EXPECT_TRUE(outcome.object.IsEmpty());
    EXPECT_EQ(outcome.depth, depth);
  }
}

TEST(ReplicaReaderTest, EachDepthShowsAsMuchAsAsked) {
  ReplicaBench bench;
  bench.Open();
  const Object object = bench.Put("k", "value").object;

  const ReadOutcome digest = bench.Read("k", ReadDepth::kDigest);
  const ReadOutcome versions = bench.Read("k", ReadDepth::kVersions);
  const ReadOutcome whole = bench.Read("k", ReadDepth::kObject);

  EXPECT_EQ(digest.digest, DigestOf(object));
  EXPECT_TRUE(digest.object.IsEmpty());
  EXPECT_EQ(versions.object.vv, object.vv);
  EXPECT_TRUE(versions.object.siblings.at(0).value.empty());
  EXPECT_EQ(versions.object.siblings[0].checksum, object.siblings[0].checksum);
  EXPECT_EQ(whole.object, object);
  EXPECT_EQ(whole.digest, DigestOf(object));
}

TEST(ReplicaReaderTest, ATombstoneIsAnObject) {
  ReplicaBench bench;
  bench.Open();
  const Object object = bench.Mint({.key = "k", .tombstone = true}).object;

  EXPECT_EQ(bench.Held("k"), object);
}

TEST(ReplicaReaderTest, AnEntryIsReadByTokenAndDigest) {
  ReplicaBench bench;
  bench.Open();
  const Object object = bench.Put("k", "value").object;

  Turn turn = bench.NewTurn();
  bench.reader.ReadAt(Numbered(1), TokenOf("k"), DigestOf(object), turn);
  bench.reader.ReadAt(Numbered(2), TokenOf("k"), DigestOf(object) + 1, turn);
  bench.Settle();

  ASSERT_EQ(bench.read.size(), 2U);
  for (const ReadOutcome& outcome : bench.read) {
    EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
    if (outcome.ticket.part == 1) {
      EXPECT_EQ(outcome.key, "k");
      EXPECT_EQ(outcome.object, object);
    } else {
      EXPECT_TRUE(outcome.object.IsEmpty());
    }
  }
}

TEST(ReplicaReaderTest, AStoreInDoubtSaysSo) {
  ReplicaBench bench({.moved = true});
  bench.Open();
  ASSERT_TRUE(bench.store.IsSuspect());

  EXPECT_TRUE(bench.Read("k", ReadDepth::kDigest).suspect);
  EXPECT_TRUE(bench.Read("k", ReadDepth::kObject).suspect);
}

TEST(ReplicaReaderTest, BeforeTheStoreIsOpenNothingIsAbsent) {
  ReplicaBench bench;

  EXPECT_EQ(bench.Read("k", ReadDepth::kDigest).status,
            ReplicaStatus::kNotReady);
  EXPECT_EQ(bench.Read("k", ReadDepth::kObject).status,
            ReplicaStatus::kNotReady);
}

TEST(ReplicaReaderTest, BeyondTheLimitReadsAreBusy) {
  ReplicaBenchOptions options;
  options.limits.store_reads_max = 1;
  ReplicaBench bench(options);
  bench.Open();
  bench.Put("k", "v");

  Turn turn = bench.NewTurn();
  bench.reader.Read({.ticket = Numbered(1), .key = "k"}, turn);
  bench.reader.Read({.ticket = Numbered(2), .key = "k"}, turn);
  bench.Settle();

  ASSERT_EQ(bench.read.size(), 2U);
  EXPECT_EQ(bench.read[0].ticket.part, 2U);
  EXPECT_EQ(bench.read[0].status, ReplicaStatus::kBusy);
  EXPECT_EQ(bench.read[1].status, ReplicaStatus::kOk);
}

}  // namespace
}  // namespace orrery
