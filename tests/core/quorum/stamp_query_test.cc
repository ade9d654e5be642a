#include "core/quorum/stamp_query.h"

#include "core/protocol/request_handle.h"
#include "core/version/causal_context.h"
#include "gtest/gtest.h"
#include "tests/core/quorum/room_bench.h"

namespace orrery {
namespace {

// Far above the wall clock of the bench, as behind a fast clock.
constexpr uint64_t kFuture = uint64_t{5000} * 1'000'000'000;

ClientRequest StampedPut(RoomBench& bench, std::string_view value) {
  ClientRequest request = bench.Request(ClientVerb::kPut, value);
  request.quorum_stamp = true;
  return request;
}

// What the owner would answer to the query that it was sent last.
ReplicaGetAck AckOf(const RoomBench& bench, const Owner& owner,
                    uint64_t top_stamp) {
  const auto asked = bench.cluster.SentTo<ReplicaGet>(owner);
  EXPECT_FALSE(asked.empty());
  if (asked.empty()) return {};
  EXPECT_EQ(asked.back().depth, ReadDepth::kDigest);
  return {.request = asked.back().request,
          .depth = ReadDepth::kDigest,
          .digest = 1,
          .top_stamp = top_stamp};
}

TEST(StampQueryTest, AMajorityIsAskedBeforeAnythingIsStored) {
  RoomBench bench(3);
  bench.Start(StampedPut(bench, "v"));

  EXPECT_TRUE(bench.cluster.Sent<ReplicaGet>(bench.cluster.B()));
  EXPECT_TRUE(bench.cluster.Sent<ReplicaGet>(bench.cluster.C()));
  EXPECT_FALSE(bench.cluster.Sent<ReplicaPut>(bench.cluster.B()));
  EXPECT_EQ(bench.user_store.counters().total_writes, 0U);

  bench.Receive(bench.cluster.B(), AckOf(bench, bench.cluster.B(), kFuture));

  const auto sent = bench.cluster.SentTo<ReplicaPut>(bench.cluster.B());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_GT(TopStamp(sent[0].object), kFuture);
  EXPECT_EQ(sent[0].basis, kFuture);
}

// W10b is for those who know that clocks lie: without it the write loses.
TEST(StampQueryTest, WithoutItAWriteBehindAFastClockLoses) {
  RoomBench bench(3);
  bench.Start(bench.Request(ClientVerb::kPut, "v"));

  const auto sent = bench.cluster.SentTo<ReplicaPut>(bench.cluster.B());

  ASSERT_EQ(sent.size(), 1U);
  EXPECT_LT(TopStamp(sent[0].object), kFuture);
}

TEST(StampQueryTest, ThisNodesOwnWordIsOneOfTheMajority) {
  RoomBench bench(3);
  bench.cluster.Kill(bench.cluster.C());
  bench.Start(StampedPut(bench, "v"));
  EXPECT_FALSE(bench.cluster.Sent<ReplicaPut>(bench.cluster.B()));

  bench.Receive(bench.cluster.B(), AckOf(bench, bench.cluster.B(), 7));

  EXPECT_TRUE(bench.cluster.Sent<ReplicaPut>(bench.cluster.B()));
}

TEST(StampQueryTest, OneInDoubtDoesNotCountAndItsStampDoes) {
  RoomBench bench(3);
  bench.Start(StampedPut(bench, "v"));
  ReplicaGetAck doubtful = AckOf(bench, bench.cluster.B(), kFuture);
  doubtful.suspect = true;
  bench.Receive(bench.cluster.B(), doubtful);
  EXPECT_FALSE(bench.cluster.Sent<ReplicaPut>(bench.cluster.B()));

  bench.Receive(bench.cluster.C(), AckOf(bench, bench.cluster.C(), 7));

  const auto sent = bench.cluster.SentTo<ReplicaPut>(bench.cluster.C());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_GT(TopStamp(sent[0].object), kFuture);
}

TEST(StampQueryTest, WithoutAMajorityNothingIsApplied) {
  RoomBench bench(3);
  bench.Start(StampedPut(bench, "v"));
  ReplicaGetAck damaged = AckOf(bench, bench.cluster.B(), 0);
  damaged.status = ReplicaStatus::kCorrupt;
  bench.Receive(bench.cluster.B(), damaged);
  EXPECT_EQ(bench.cluster.Replies(), 0U);

  bench.room.OnPeerLost(bench.cluster.C().node, bench.cluster.turn());
  bench.Settle();

  const auto* refused = bench.cluster.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kReadQuorumFailed);
  EXPECT_EQ(refused->required, 2U);
  EXPECT_EQ(refused->received, 1U);
  EXPECT_EQ(bench.user_store.counters().total_writes, 0U);
  EXPECT_TRUE(bench.room.IsIdle());
}

TEST(StampQueryTest, SilenceEndsAtTheDeadline) {
  RoomBench bench(3);
  bench.Start(StampedPut(bench, "v"));

  bench.Advance(bench.cluster.options.request_timeout);

  const auto* refused = bench.cluster.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->received, 1U);
  EXPECT_TRUE(bench.room.IsIdle());
}

// The first write closes the ring, and not everybody has heard of it yet.
TEST(StampQueryTest, AnOwnerOfAnotherRingIsAskedAgain) {
  RoomBench bench(3);
  bench.Start(StampedPut(bench, "v"));
  for (const Owner& owner : {bench.cluster.B(), bench.cluster.C()}) {
    ReplicaGetAck behind = AckOf(bench, owner, 0);
    behind.status = ReplicaStatus::kRingBehind;
    bench.Receive(owner, behind);
  }
  EXPECT_EQ(bench.cluster.Replies(), 0U);

  bench.Advance(kPutRetryDelay);

  EXPECT_EQ(bench.cluster.SentTo<ReplicaGet>(bench.cluster.B()).size(), 2U);
  bench.Receive(bench.cluster.B(), AckOf(bench, bench.cluster.B(), 7));
  EXPECT_TRUE(bench.cluster.Sent<ReplicaPut>(bench.cluster.B()));
}

// The stamp that a repeated write keeps is the one proposed here: it has to
// exceed what the majority told as well.
TEST(StampQueryTest, AForwardedWriteProposesAStampAboveTheMajoritys) {
  RoomBench bench(4);
  bench.cluster.BecomeNode(bench.cluster.StandIn(0));
  bench.Start(StampedPut(bench, "v"));
  for (const Owner& owner : {bench.cluster.A(), bench.cluster.B()}) {
    bench.Receive(owner, AckOf(bench, owner, kFuture));
  }

  const auto sent = bench.cluster.SentTo<ForwardWrite>(bench.cluster.A());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].basis, kFuture);
  EXPECT_GT(sent[0].proposed_stamp, kFuture);
  EXPECT_TRUE(sent[0].retry);  // It stands: nobody raises it.

  bench.Advance(bench.cluster.options.request_timeout);
  const auto* unknown = bench.cluster.Replied<OutcomeUnknown>();
  ASSERT_NE(unknown, nullptr);
  const auto operation =
      OpenOperation(kTestCluster, kKey, unknown->operation.view());
  ASSERT_TRUE(operation.has_value());
  EXPECT_EQ(operation->second, sent[0].proposed_stamp);
}

TEST(StampQueryTest, AForwardedBasisIsExceeded) {
  RoomBench bench(3);
  bench.Receive(bench.cluster.B(), ForwardWrite{.request = {1, 1},
                                                .verb = ClientVerb::kPut,
                                                .key = std::string(kKey),
                                                .value = Bytes::CopyOf("v"),
                                                .operation = kTestOperation,
                                                .basis = kFuture,
                                                .remaining = kSecond});

  const auto sent = bench.cluster.SentTo<ReplicaPut>(bench.cluster.B());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_GT(TopStamp(sent[0].object), kFuture);
  EXPECT_EQ(sent[0].basis, kFuture);
}

// The stamp of a retry stands: asking for others could only refuse it.
TEST(StampQueryTest, ARepeatedWriteAsksNobody) {
  RoomBench bench(3);
  ClientRequest request = StampedPut(bench, "v");
  request.operation_token =
      SealOperation(kTestCluster, kKey, kTestOperation, 900);
  bench.Start(request);

  EXPECT_FALSE(bench.cluster.Sent<ReplicaGet>(bench.cluster.B()));
  const auto sent = bench.cluster.SentTo<ReplicaPut>(bench.cluster.B());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(TopStamp(sent[0].object), 900U);
}

// Light seed 141: the clock jumped while the majority was asked.  A stamp drawn
// by it would move this node's clock for every write to come.
TEST(StampQueryTest, WithoutClusterTimeNothingIsDrawn) {
  RoomBench bench(3);
  bench.Start(StampedPut(bench, "v"));
  const uint64_t before = bench.clock.last();
  bench.cluster.turn().cluster = {.offset = kHour, .may_mint = false};

  bench.Receive(bench.cluster.B(), AckOf(bench, bench.cluster.B(), 7));

  const auto* refused = bench.cluster.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kClockUnknown);
  EXPECT_EQ(bench.clock.last(), before);
  EXPECT_TRUE(bench.room.IsIdle());
  // Nor is it begun.
  const auto* at_once = bench.Do<Refused>(StampedPut(bench, "w"));
  ASSERT_NE(at_once, nullptr);
  EXPECT_EQ(at_once->why, Refused::Why::kClockUnknown);
}

TEST(StampQueryTest, ASingleNodeIsItsOwnMajority) {
  RoomBench bench(1);

  EXPECT_NE(bench.Do<WriteDone>(StampedPut(bench, "v")), nullptr);
}

}  // namespace
}  // namespace orrery
