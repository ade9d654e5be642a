#include "core/replica/replica_writer.h"

#include "core/version/causal_context.h"
#include "gtest/gtest.h"
#include "tests/core/replica/replica_bench.h"

namespace orrery {
namespace {

class ReplicaWriterTest : public testing::Test {
 protected:
  ReplicaWriterTest() { bench_.Open(); }

  ReplicaBench bench_;
};

TEST_F(ReplicaWriterTest, TheFirstWriteOfAKeyIsStored) {
  const WriteOutcome outcome = bench_.Put("k", "v");

  EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
  EXPECT_EQ(outcome.stamp, 1'700'000'000'000'000'000U);
  EXPECT_EQ(outcome.top_stamp, outcome.stamp);
  EXPECT_EQ(outcome.promise.level, Durability::kWritten);
  EXPECT_GT(outcome.promise.upto.value, 0U);
  EXPECT_EQ(bench_.Held("k"), outcome.object);
  EXPECT_TRUE(bench_.writer.IsIdle());
}

TEST_F(ReplicaWriterTest, ALaterWriteCoversTheEarlierOne) {
  const WriteOutcome first = bench_.Put("k", "v1");

  const WriteOutcome second = bench_.Put("k", "v2");

  EXPECT_GT(second.stamp, first.stamp);
  EXPECT_EQ(second.basis, first.stamp);
  ASSERT_EQ(second.object.siblings.size(), 1U);
  EXPECT_EQ(second.object.siblings[0].value.text(), "v2");
  EXPECT_EQ(second.object.siblings[0].dot, DotOf(1, 2));
}

TEST_F(ReplicaWriterTest, WritesOfOneKeyAreAppliedInOrderByOnePut) {
  bench_.StartMint({.ticket = Numbered(1), .key = "k", .value = {}});
  for (uint32_t i = 2; i <= 5; ++i) {
    bench_.StartMint({.ticket = Numbered(i),
                      .key = "k",
                      .value = Bytes::CopyOf(std::string(1, 'a'))});
  }
  bench_.Settle();

  ASSERT_EQ(bench_.written.size(), 5U);
  for (uint32_t i = 0; i < 5; ++i) {
    const WriteOutcome& outcome = bench_.written[i];
    EXPECT_EQ(outcome.ticket.part, i + 1);
    EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
    EXPECT_EQ(outcome.top_stamp, outcome.stamp);
    EXPECT_EQ(outcome.object.siblings[0].dot, DotOf(1, i + 1));
  }
  EXPECT_EQ(bench_.store.counters().total_writes, 2U);
}

TEST_F(ReplicaWriterTest, AContextFromAnotherOwnerIsCovered) {
  const Object theirs = ObjectOf(ValueOf(DotOf(2, 1), 99, "theirs"));

  const WriteOutcome outcome = bench_.Mint(
      {.key = "k", .value = Bytes::CopyOf("v"), .seen = SeenOf(theirs)});

  EXPECT_TRUE(Covers(outcome.object.vv, DotOf(2, 1)));
  const WriteOutcome merged =
      bench_.Merge({.key = "k", .object = theirs, .origin = PutOrigin::kHint});
  EXPECT_EQ(merged.status, ReplicaStatus::kOk);
  EXPECT_EQ(bench_.Held("k"), outcome.object);
}

TEST_F(ReplicaWriterTest, AMergeKeepsWhatRanksFirst) {
  const WriteOutcome own = bench_.Put("k", "own");
  const Object late = ObjectOf(ValueOf(DotOf(2, 1), 5, "late"));

  const WriteOutcome outcome = bench_.Merge({.key = "k", .object = late});

  EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
  EXPECT_EQ(outcome.top_stamp, own.stamp);
  EXPECT_EQ(bench_.Held("k").siblings[0].value.text(), "own");
}

TEST_F(ReplicaWriterTest, AMergeOfWhatIsHeldStoresNothing) {
  const Object object = ObjectOf(ValueOf(DotOf(2, 1), 5, "v"));
  bench_.Merge({.key = "k", .object = object});
  const uint64_t writes = bench_.store.counters().total_writes;

  const WriteOutcome again = bench_.Merge({.key = "k", .object = object});

  EXPECT_EQ(again.status, ReplicaStatus::kOk);
  EXPECT_EQ(again.top_stamp, 5U);
  EXPECT_EQ(bench_.store.counters().total_writes, writes);
}

TEST_F(ReplicaWriterTest, AMergeThatMustSyncWaitsForIt) {
  const Object object = ObjectOf(ValueOf(DotOf(2, 1), 5, "v"));
  bench_.Merge({.key = "k", .object = object});

  const WriteOutcome again =
      bench_.Merge({.key = "k", .object = object, .must_sync = true});

  EXPECT_TRUE(again.synced);
  EXPECT_EQ(again.promise.level, Durability::kSynced);
}

// S28: the process slept between the question and the answer of its store.
TEST_F(ReplicaWriterTest, NothingIsMintedAfterTheDeadline) {
  const Instant deadline = bench_.at.mono + kSecond;
  bench_.at.mono = deadline;
  EXPECT_EQ(bench_.Mint({.key = "k", .deadline = deadline}).status,
            ReplicaStatus::kOk);  // WRT-5: not before it, either.
  bench_.at.mono = deadline + Duration{1};

  const WriteOutcome late = bench_.Mint({.key = "k", .deadline = deadline});

  EXPECT_EQ(late.status, ReplicaStatus::kBusy);
  EXPECT_TRUE(late.object.IsEmpty());
}

// What only a hostile peer can bring: nothing would rank above it.
TEST_F(ReplicaWriterTest, NothingIsMintedNearTheEndOfTime) {
  const uint64_t last = kStampMax - kStampHeadroom;
  EXPECT_EQ(
      bench_.Mint({.key = "k", .seen = SeenVersions{.stamp = last}}).status,
      ReplicaStatus::kOk);
  EXPECT_EQ(
      bench_.Mint({.key = "k", .seen = SeenVersions{.stamp = last + 1}}).status,
      ReplicaStatus::kCorrupt);
  EXPECT_EQ(
      bench_.Mint({.key = "j", .proposed_stamp = kStampMax, .retry = true})
          .status,
      ReplicaStatus::kCorrupt);
  EXPECT_EQ(bench_.Mint({.key = "j"}).status, ReplicaStatus::kOk);
}

TEST_F(ReplicaWriterTest, StampsFollowTheTimeOfTheCluster) {
  bench_.cluster.offset = -40 * kSecond;

  const WriteOutcome outcome = bench_.Put("k", "v");

  EXPECT_EQ(outcome.stamp,
            static_cast<uint64_t>(bench_.at.wall.ns - 40 * kSecond.ns));
}

TEST_F(ReplicaWriterTest, NothingIsMintedWithoutTheTimeOfTheCluster) {
  bench_.cluster = {.known = false, .is_sure = false, .may_mint = false};
  EXPECT_EQ(bench_.Put("k", "v").status, ReplicaStatus::kNotReady);
  EXPECT_EQ(bench_.clock.drawn(), 0U);

  bench_.cluster = {};
  EXPECT_EQ(bench_.Put("k", "v").status, ReplicaStatus::kOk);
}

TEST_F(ReplicaWriterTest, AMergeMovesTheClockWithinTheBoundOnly) {
  const auto now = static_cast<uint64_t>(bench_.at.wall.ns);
  const auto merge = [&](uint64_t counter, uint64_t stamp) {
    return bench_.Merge(
        {.key = "k" + std::to_string(counter),
         .object = ObjectOf(ValueOf(DotOf(9, counter), stamp, "v"))});
  };
  bench_.cluster.known = false;
  EXPECT_EQ(merge(1, now + 1).status, ReplicaStatus::kOk);
  EXPECT_EQ(bench_.clock.last(), 0U);

  bench_.cluster.known = true;
  EXPECT_EQ(merge(2, now + 1'000'000'000).status, ReplicaStatus::kOk);
  EXPECT_EQ(bench_.clock.last(), 0U);
  EXPECT_EQ(merge(3, now + 400'000'000).status, ReplicaStatus::kOk);
  EXPECT_EQ(bench_.clock.last(), now + 400'000'000);
}

// C2: its coordinator is one of those that receive it.
TEST_F(ReplicaWriterTest, ARetryBeyondTheBoundIsNotMinted) {
  const auto far = static_cast<uint64_t>(bench_.at.wall.ns) + 1'000'000'000;

  const WriteOutcome refused =
      bench_.Mint({.key = "k", .proposed_stamp = far, .retry = true});
  EXPECT_EQ(refused.status, ReplicaStatus::kClockAhead);
  EXPECT_TRUE(bench_.Held("k").IsEmpty());

  bench_.Merge({.key = "k",
                .object = ObjectOf(ValueOf(DotOf(9, 1), far + 5, "v")),
                .origin = PutOrigin::kSync});
  const WriteOutcome outcome =
      bench_.Mint({.key = "k", .proposed_stamp = far, .retry = true});
  EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
  EXPECT_EQ(outcome.stamp, far);
}

TEST_F(ReplicaWriterTest, ARepeatedOperationMintsNothing) {
  const OperationId operation{{.hi = 7, .lo = 7}};
  const WriteOutcome first = bench_.Mint(
      {.key = "k", .value = Bytes::CopyOf("v"), .operation = operation});

  const WriteOutcome again = bench_.Mint({.key = "k",
                                          .value = Bytes::CopyOf("v"),
                                          .operation = operation,
                                          .retry = true});

  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.stamp, first.stamp);
  EXPECT_EQ(again.basis, first.stamp) << "nothing in it is newly stamped";
  EXPECT_EQ(again.object, first.object);
}

TEST_F(ReplicaWriterTest, ARetryKeepsItsStampAndIsOutranked) {
  const WriteOutcome newer = bench_.Put("k", "newer");

  const WriteOutcome retry = bench_.Mint({.key = "k",
                                          .value = Bytes::CopyOf("older"),
                                          .operation = {{.hi = 1, .lo = 1}},
                                          .proposed_stamp = newer.stamp - 10,
                                          .retry = true});

  EXPECT_EQ(retry.stamp, newer.stamp - 10);
  EXPECT_EQ(retry.top_stamp, newer.stamp);
  EXPECT_EQ(bench_.Held("k").siblings[0].value.text(), "newer");
}

// M4: what covers a version has a higher stamp, whoever retries with what.
TEST_F(ReplicaWriterTest, ARetryNeverCoversAHigherStamp) {
  const WriteOutcome newer = bench_.Put("k", "newer");

  const WriteOutcome retry = bench_.Mint({.key = "k",
                                          .value = Bytes::CopyOf("older"),
                                          .seen = SeenOf(newer.object),
                                          .proposed_stamp = newer.stamp - 10,
                                          .retry = true});

  EXPECT_GT(retry.stamp, newer.stamp);
}

TEST_F(ReplicaWriterTest, ADeleteLeavesATombstone) {
  bench_.Put("k", "v");

  const WriteOutcome outcome = bench_.Mint({.key = "k", .tombstone = true});

  EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
  const Object held = bench_.Held("k");
  EXPECT_TRUE(IsAbsent(held));
  EXPECT_FALSE(held.IsEmpty());
}

TEST_F(ReplicaWriterTest, AFutureStampIsOverwrittenButMovesNoClock) {
  const uint64_t future = 1'800'000'000'000'000'000U;
  bench_.Merge({.key = "k",
                .object = ObjectOf(ValueOf(DotOf(2, 1), future, "v")),
                .origin = PutOrigin::kSync});

  const WriteOutcome outcome = bench_.Put("k", "w");

  EXPECT_GT(outcome.stamp, future);
  EXPECT_LE(outcome.stamp, future + kBasisStampStep);
  EXPECT_LT(bench_.clock.last(), future);
  EXPECT_EQ(bench_.Put("other", "x").stamp, 1'700'000'000'000'000'000U);
}

TEST_F(ReplicaWriterTest, AContextFromTheFutureOfThisActorIsRefused) {
  const SeenVersions seen{.vv = VectorOf({DotOf(1, 100)}), .stamp = 5};

  const WriteOutcome outcome =
      bench_.Mint({.key = "k", .value = Bytes::CopyOf("v"), .seen = seen});

  EXPECT_EQ(outcome.status, ReplicaStatus::kNotReady);
  EXPECT_TRUE(bench_.Held("k").IsEmpty());
}

// M9: 2,000 actors are more metadata than who has not seen the key may add to.
TEST_F(ReplicaWriterTest, AKeyFullOfMetadataTakesOnlyWritesThatSawIt) {
  Object crowded = ObjectOf(ValueOf(DotOf(2, 1), 5, "v"));
  for (uint64_t actor = 3; actor < 2000; ++actor) {
    Raise(&crowded.vv, DotOf(actor, 1));
  }
  bench_.Merge({.key = "k", .object = crowded});

  const WriteOutcome blind =
      bench_.Mint({.key = "k", .value = Bytes::CopyOf("blind")});
  const WriteOutcome seeing =
      bench_.Mint({.key = "k",
                   .value = Bytes::CopyOf("seeing"),
                   .seen = SeenVersions{.vv = crowded.vv, .stamp = 5}});

  EXPECT_EQ(blind.status, ReplicaStatus::kTooManySiblings);
  EXPECT_EQ(blind.object, crowded);
  EXPECT_EQ(seeing.status, ReplicaStatus::kOk);
  ASSERT_EQ(bench_.Held("k").siblings.size(), 1U);
  EXPECT_EQ(bench_.Held("k").siblings[0].value.text(), "seeing");
}

TEST_F(ReplicaWriterTest, ARottenObjectIsNotMerged) {
  Object object = ObjectOf(ValueOf(DotOf(2, 1), 5, "v"));
  object.siblings[0].value = Bytes::CopyOf("w");

  const WriteOutcome outcome = bench_.Merge({.key = "k", .object = object});

  EXPECT_EQ(outcome.status, ReplicaStatus::kCorrupt);
  EXPECT_TRUE(bench_.Held("k").IsEmpty());
}

TEST(ReplicaWriterLimitsTest, BeyondTheLimitWritesAreRefused) {
  ReplicaBenchOptions options;
  options.limits.client_requests_max = 1;
  options.limits.peer_requests_max = 1;
  ReplicaBench bench(options);
  bench.Open();

  for (uint32_t i = 0; i < 3; ++i) {
    bench.StartMint({.ticket = Numbered(i), .key = std::to_string(i)});
  }
  bench.Settle();

  ASSERT_EQ(bench.written.size(), 3U);
  EXPECT_EQ(bench.written[0].status, ReplicaStatus::kBusy);
  EXPECT_EQ(bench.written[0].ticket.part, 2U);
  EXPECT_EQ(bench.written[1].status, ReplicaStatus::kOk);
  EXPECT_EQ(bench.written[2].status, ReplicaStatus::kOk);
}

TEST(ReplicaWriterStartTest, NothingIsWrittenBeforeTheStoreIsOpen) {
  ReplicaBench bench;

  EXPECT_EQ(bench.Put("k", "v").status, ReplicaStatus::kNotReady);
}

TEST(ReplicaWriterSyncTest, WithSyncWritesEveryOutcomeIsSynced) {
  ReplicaBench bench({.sync_writes = true});
  bench.Open();

  const WriteOutcome outcome = bench.Put("k", "v");

  EXPECT_TRUE(outcome.synced);
}

// WRT-4, WRT-6: the record at offset 4,096 + 64 of the first file cannot be
// read.
class LostRecordTest : public testing::Test {
 protected:
  void SetUp() override {
    bench_.Open();
    bench_.Merge({.key = "k", .object = newer_, .origin = PutOrigin::kSync});
    Lose();
  }
  void Merge(const Object& object, PutOrigin origin) {
    const WriteOutcome outcome =
        bench_.Merge({.key = "k", .object = object, .origin = origin});
    EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
  }
  bool Doubts() {
    const ReadOutcome outcome = bench_.Read("k", ReadDepth::kObject);
    EXPECT_EQ(outcome.status, ReplicaStatus::kOk);
    EXPECT_EQ(outcome.suspect, outcome.doubted);
    return outcome.doubted;
  }
  // Whatever is there cannot be read.
  void Lose() {
    bench_.disk.FailReads(kFile, true);
    ASSERT_EQ(bench_.Read("k", ReadDepth::kObject).status,
              ReplicaStatus::kCorrupt);
    bench_.disk.FailReads(kFile, false);
  }
  // What the other owners hold is here.
  void EndDoubt() {
    Turn turn = bench_.NewTurn();
    bench_.store.EndKeyDoubts(turn);
    bench_.Settle();
  }

  static constexpr const char* kFile = "shard-0000/0000000000000001.data";
  const Object older_ = ObjectOf(ValueOf(DotOf(2, 1), 50, "old"));
  const Object newer_ =
      orrery::Merge(older_, ObjectOf(ValueOf(DotOf(3, 1), 60, "new")));
  ReplicaBench bench_{{.sync_writes = true}};
};

// Whatever it is and whoever brings it: light seeds 226 and 6256 of decision 7,
// and a version above the lost one that has not seen what stood beside that.
TEST_F(LostRecordTest, NothingVotesInItsPlaceBeforeItWasExchanged) {
  Merge(older_, PutOrigin::kSync);
  EXPECT_TRUE(Doubts());
  EXPECT_EQ(bench_.Held("k"), older_);
  Merge(newer_, PutOrigin::kWriteBack);
  EXPECT_TRUE(Doubts());
  const Object above = ObjectOf(ValueOf(DotOf(4, 1), 70, "above"));
  Merge(above, PutOrigin::kFresh);
  EXPECT_TRUE(Doubts());

  EndDoubt();

  EXPECT_FALSE(Doubts());
  EXPECT_FALSE(bench_.store.HasKeysInDoubt());
}

TEST_F(LostRecordTest, WhatNobodyHadStaysUnreadableUntilItIsWrittenAgain) {
  EndDoubt();
  EXPECT_EQ(bench_.Read("k", ReadDepth::kObject).status,
            ReplicaStatus::kCorrupt);
  EXPECT_FALSE(bench_.store.HasKeysInDoubt());

  Merge(older_, PutOrigin::kFresh);

  EXPECT_FALSE(Doubts());
}

TEST_F(LostRecordTest, WhatIsLostAfterwardsIsANewDoubt) {
  const uint64_t before = bench_.store.losses();
  Merge(newer_, PutOrigin::kSync);
  EndDoubt();
  Lose();
  EXPECT_GT(bench_.store.losses(), before);

  Merge(newer_, PutOrigin::kSync);

  EXPECT_TRUE(Doubts());
}

// What light seed 4539 showed: an owner acknowledged a write that ranks below
// what it had acknowledged before and lost, and did not say so.
TEST_F(LostRecordTest, C9ACopyThatCannotBeReadMintsNothing) {
  const WriteOutcome outcome = bench_.Put("k", "fresh");

  EXPECT_EQ(outcome.status, ReplicaStatus::kCorrupt);
  EXPECT_TRUE(outcome.object.IsEmpty());
  EXPECT_EQ(bench_.Read("k", ReadDepth::kObject).status,
            ReplicaStatus::kCorrupt);
}

TEST_F(LostRecordTest, TheAcknowledgementOfALowerWriteTellsOfIt) {
  const auto top_after = [this](const Object& object) {
    return bench_
        .Merge({.key = "k", .object = object, .origin = PutOrigin::kFresh})
        .top_stamp;
  };
  EXPECT_EQ(top_after(older_), TopStamp(newer_));
  EXPECT_EQ(top_after(older_), TopStamp(newer_));
  EXPECT_EQ(top_after(newer_), TopStamp(newer_));
}

// A new dot of this actor would cover the one that was lost, which another
// owner may have acknowledged too: light seed 1126, and light seed 103 with
// siblings.
TEST_F(LostRecordTest, NothingIsMintedBesideWhatTookItsPlace) {
  Merge(newer_, PutOrigin::kSync);
  EndDoubt();
  const WriteOutcome lost = bench_.Put("k", "lost");
  Lose();
  Merge(newer_, PutOrigin::kSync);
  EXPECT_EQ(bench_.Put("k", "fresh").status, ReplicaStatus::kCorrupt);
  EXPECT_EQ(bench_
                .Mint({.key = "k",
                       .operation = {{.hi = 1, .lo = 1}},
                       .proposed_stamp = lost.stamp + 1,
                       .retry = true})
                .status,
            ReplicaStatus::kCorrupt);
  EXPECT_EQ(bench_.Held("k"), newer_);

  Merge(lost.object, PutOrigin::kSync);
  EXPECT_EQ(bench_.Held("k"), lost.object);
  EndDoubt();
  EXPECT_EQ(bench_.Put("k", "fresh").status, ReplicaStatus::kOk);
}

// What light seed 226 showed: the record that stood in for the lost one is lost
// as well.
TEST_F(LostRecordTest, ADoubtIsNotForgottenWithTheRecordThatHasIt) {
  Merge(older_, PutOrigin::kSync);
  Lose();
  Merge(older_, PutOrigin::kSync);
  EXPECT_TRUE(Doubts());
}

}  // namespace
}  // namespace orrery
