#include "core/quorum/coordinator_room.h"

#include "core/version/causal_context.h"
#include "gtest/gtest.h"
#include "tests/core/quorum/room_bench.h"

namespace orrery {
namespace {

constexpr OperationId kOperation{{.hi = 11, .lo = 12}};

// A single node with N=3 serves: quorums are counted over the owners there are.
TEST(CoordinatorRoomTest, ASingleNodeWritesReadsAndDeletes) {
  RoomBench bench(1);
  const auto* written =
      bench.Do<WriteDone>(bench.Request(ClientVerb::kPut, "v"));
  ASSERT_NE(written, nullptr);
  EXPECT_EQ(written->acks.owners, 1U);
  const uint64_t version = written->version;

  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  EXPECT_TRUE(read->found);
  EXPECT_EQ(read->value.text(), "v");
  EXPECT_EQ(read->version, version);

  const auto* deleted = bench.Do<WriteDone>(bench.Request(ClientVerb::kDelete));
  ASSERT_NE(deleted, nullptr);
  EXPECT_GT(deleted->version, version);
  read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  EXPECT_FALSE(read->found);
  EXPECT_TRUE(read->deleted);
  EXPECT_TRUE(bench.room.IsIdle());
  EXPECT_EQ(bench.room.counters().gets, 2U);
}

// Semantics C3, W3: an owner without the time of the cluster hands the write
// over, with no stamp of its own, and is handed none.
TEST(CoordinatorRoomTest, AnOwnerWithoutTimeCoordinatesNothing) {
  RoomBench bench(3);
  bench.cluster.turn().cluster = {
      .known = false, .is_sure = false, .may_mint = false};
  bench.Start(bench.Request(ClientVerb::kPut, "v"));
  const auto sent = bench.cluster.SentTo<ForwardWrite>(bench.cluster.B());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].proposed_stamp, 0U);
  EXPECT_EQ(bench.clock.drawn(), 0U);
  EXPECT_TRUE(bench.cluster.Marked("room.lacks_cluster_time"));

  ForwardWrite forward = sent[0];
  forward.request = {5, 5};
  bench.Receive(bench.cluster.B(), std::move(forward));
  const auto acks = bench.cluster.SentTo<ForwardWriteAck>(bench.cluster.B());
  ASSERT_EQ(acks.size(), 1U);
  const auto* refused = std::get_if<Refused>(&acks[0].reply);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kClockUnknown);
  EXPECT_EQ(bench.user_store.counters().total_writes, 0U);
}

TEST(CoordinatorRoomTest, AContextOfAnotherKeyOrClusterIsRefused) {
  RoomBench bench(1);
  const SeenVersions seen{.vv = VectorOf({DotOf(1, 1)}), .stamp = 5};
  for (const Bytes& context :
       {SealContext(kTestCluster, "other", seen),
        SealContext({{.hi = 1, .lo = 1}}, kKey, seen), Bytes::CopyOf("x")}) {
    ClientRequest request = bench.Request(ClientVerb::kPut, "v");
    request.context = context;

    const auto* refused = bench.Do<Refused>(request);

    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->why, Refused::Why::kBadContext);
  }
  EXPECT_EQ(bench.user_store.counters().total_writes, 0U);
}

TEST(CoordinatorRoomTest, ABadOperationTokenIsRefused) {
  RoomBench bench(1);
  ClientRequest request = bench.Request(ClientVerb::kPut, "v");
  request.operation_token = Bytes::CopyOf("nonsense");

  const auto* refused = bench.Do<Refused>(request);

  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kBadOperation);
}

TEST(CoordinatorRoomTest, ARepeatedOperationIsTheSameWrite) {
  RoomBench bench(1);
  ClientRequest request = bench.Request(ClientVerb::kPut, "v");
  request.operation = kOperation;
  const auto* first = bench.Do<WriteDone>(request);
  ASSERT_NE(first, nullptr);
  const uint64_t version = first->version;

  const auto* again = bench.Do<WriteDone>(request);

  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->version, version);
  EXPECT_TRUE(bench.cluster.Marked("room.operation_repeated"));
}

// A retry never overtakes what was written in between.
TEST(CoordinatorRoomTest, ARepeatedOperationDoesNotOvertakeALaterWrite) {
  RoomBench bench(1);
  ClientRequest request = bench.Request(ClientVerb::kPut, "v1");
  request.operation = kOperation;
  ASSERT_NE(bench.Do<WriteDone>(request), nullptr);
  ASSERT_NE(bench.Do<WriteDone>(bench.Request(ClientVerb::kPut, "v2")),
            nullptr);

  const auto* again = bench.Do<WriteDone>(request);

  ASSERT_NE(again, nullptr);
  EXPECT_NE(again->superseded_by, 0U);
  const auto* read = bench.Do<ReadDone>(bench.Request(ClientVerb::kGet));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->value.text(), "v2");
}

TEST(CoordinatorRoomTest, AReusedOperationIdIsAConflict) {
  RoomBench bench(1);
  ClientRequest request = bench.Request(ClientVerb::kPut, "v");
  request.operation = kOperation;
  ASSERT_NE(bench.Do<WriteDone>(request), nullptr);
  request.value = Bytes::CopyOf("w");

  const auto* refused = bench.Do<Refused>(request);

  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kOperationReused);
}

TEST(CoordinatorRoomTest, AnUnknownOutcomeRepeatedByItsTokenKeepsItsStamp) {
  RoomBench bench(3);
  bench.Start(bench.Request(ClientVerb::kPut, "v"));
  bench.Advance(bench.cluster.options.request_timeout);
  const auto* unknown = bench.cluster.Replied<OutcomeUnknown>();
  ASSERT_NE(unknown, nullptr);
  const auto operation =
      OpenOperation(kTestCluster, kKey, unknown->operation.view());
  ASSERT_TRUE(operation.has_value());
  ClientRequest retry = bench.Request(ClientVerb::kPut, "v");
  retry.operation_token = unknown->operation;
  bench.cluster.effects.replies.clear();
  bench.cluster.effects.sends.clear();

  bench.Start(retry);
  const auto sent = bench.cluster.SentTo<ReplicaPut>(bench.cluster.B());
  ASSERT_EQ(sent.size(), 1U);
  bench.Receive(bench.cluster.B(), ReplicaPutAck{.request = sent[0].request});

  const auto* done = bench.cluster.Replied<WriteDone>();
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->version, operation->second);
}

TEST(CoordinatorRoomTest, AQuorumWriteAndReadGoThroughOnePeer) {
  RoomBench bench(3);
  bench.Start(bench.Request(ClientVerb::kPut, "v"));
  EXPECT_EQ(bench.cluster.Replies(), 0U);
  const auto put = bench.cluster.SentTo<ReplicaPut>(bench.cluster.B()).at(0);
  bench.Receive(bench.cluster.B(), ReplicaPutAck{.request = put.request});
  ASSERT_NE(bench.cluster.Replied<WriteDone>(), nullptr);
  bench.cluster.effects.replies.clear();

  bench.Start(bench.Request(ClientVerb::kGet));
  const auto get = bench.cluster.SentTo<ReplicaGet>(bench.cluster.B()).at(0);
  EXPECT_TRUE(IsOf(get.request, RequestPool::kGet));
  bench.Receive(bench.cluster.B(),
                ReplicaGetAck{.request = get.request,
                              .depth = ReadDepth::kDigest,
                              .digest = DigestOf(put.object)});

  const auto* read = bench.cluster.Replied<ReadDone>();
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->value.text(), "v");
}

TEST(CoordinatorRoomTest, ADeleteReadsVersionsUnderItsOwnHandle) {
  RoomBench bench(3);
  bench.Start(bench.Request(ClientVerb::kDelete));

  const auto get = bench.cluster.SentTo<ReplicaGet>(bench.cluster.B()).at(0);
  EXPECT_TRUE(IsOf(get.request, RequestPool::kDeleteRead));
  bench.Receive(
      bench.cluster.B(),
      ReplicaGetAck{.request = get.request, .depth = ReadDepth::kVersions});

  EXPECT_TRUE(bench.cluster.Sent<ReplicaPut>(bench.cluster.B()));
}

// H3, H5
TEST(CoordinatorRoomTest, AHintForADeadOwnerIsKeptHere) {
  RoomBench bench(3);
  bench.cluster.Kill(bench.cluster.C());
  bench.Start(bench.Request(ClientVerb::kPut, "v"));

  EXPECT_EQ(bench.hints.held(), 1U);
  EXPECT_EQ(bench.room.counters().hints_held, 1U);
  EXPECT_EQ(bench.room.counters().hints_created, 1U);
}

TEST(CoordinatorRoomTest, AForwardedWriteIsAnsweredToItsForwarder) {
  RoomBench bench(1);
  const Owner stranger{{4711}, {{.hi = 1, .lo = 1}}};
  bench.Receive(stranger,
                ForwardWrite{.request = Tagged({5, 2}, RequestPool::kForward),
                             .key = std::string(kKey),
                             .value = Bytes::CopyOf("v"),
                             .operation = kOperation,
                             .remaining = kSecond});

  ASSERT_EQ(bench.cluster.effects.sends.size(), 1U);
  const auto* ack = std::get_if<ForwardWriteAck>(
      &bench.cluster.effects.sends[0].message.body);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(Untagged(ack->request), (Handle{5, 2}));
  EXPECT_TRUE(std::holds_alternative<WriteDone>(ack->reply));
  EXPECT_EQ(bench.cluster.effects.sends[0].promise.level, Durability::kWritten);
}

TEST(CoordinatorRoomTest, AForwardedWriteThatExpiredIsDropped) {
  RoomBench bench(1);

  bench.Receive({{4711}, {{.hi = 1, .lo = 1}}},
                ForwardWrite{.request = {5, 2}, .key = std::string(kKey)});

  EXPECT_TRUE(bench.cluster.effects.sends.empty());
  EXPECT_TRUE(bench.cluster.Marked("room.forwarded_expired"));
}

TEST(CoordinatorRoomTest, ANodeThatDoesNotOwnTheKeyForwardsIt) {
  RoomBench bench(5);
  bench.cluster.BecomeNode(bench.cluster.StandIn(0));

  bench.Start(bench.Request(ClientVerb::kPut, "v"));
  const auto sent = bench.cluster.SentTo<ForwardWrite>(bench.cluster.A());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_NE(sent[0].proposed_stamp, 0U);
  EXPECT_FALSE(sent[0].operation.IsZero());
  bench.Receive(bench.cluster.A(),
                ForwardWriteAck{.request = sent[0].request,
                                .reply = WriteDone{.version = 9}});

  EXPECT_NE(bench.cluster.Replied<WriteDone>(), nullptr);
  EXPECT_TRUE(bench.room.IsIdle());
}

// CRD-2
TEST(CoordinatorRoomTest, BeyondTheCapRequestsAreRefused) {
  RoomBench bench(3, 2);
  for (int i = 0; i < 2; ++i) {
    bench.Start(bench.Request(ClientVerb::kPut, "v"));
    bench.Start(bench.Request(ClientVerb::kGet));
  }
  EXPECT_EQ(bench.cluster.Replies(), 0U);

  for (const ClientVerb verb : {ClientVerb::kPut, ClientVerb::kGet}) {
    const auto* refused = bench.Do<Refused>(bench.Request(verb, ""));
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->why, Refused::Why::kOverloaded);
  }
}

// CRD-2: a silent owner must not stop the others' writes.
TEST(CoordinatorRoomTest, LingeringWritesGiveWayAndLeaveHints) {
  constexpr uint32_t kRequestsMax = 4;
  RoomBench bench(3, kRequestsMax);
  for (uint32_t i = 0; i < 3 * kRequestsMax; ++i) {
    bench.cluster.effects.sends.clear();
    ClientRequest request = bench.Request(ClientVerb::kPut, "v");
    bench.cluster.effects.replies.clear();
    bench.Start(request);
    const auto put = bench.cluster.SentTo<ReplicaPut>(bench.cluster.B()).at(0);
    bench.Receive(bench.cluster.B(), ReplicaPutAck{.request = put.request});
    ASSERT_NE(bench.cluster.Replied<WriteDone>(), nullptr) << i;
  }

  EXPECT_TRUE(bench.cluster.Marked("room.lingering_cut"));
  EXPECT_FALSE(bench.room.IsIdle());
  EXPECT_TRUE(bench.room.HasAnsweredAll());
  EXPECT_EQ(bench.hints.held(), 1U);  // Of one key, merged.
  bench.room.CutLingering(bench.cluster.turn());
  EXPECT_TRUE(bench.room.IsIdle());
}

TEST(CoordinatorRoomTest, LostPeersEndWhatWaitsForThem) {
  RoomBench bench(3);
  bench.Start(bench.Request(ClientVerb::kPut, "v"));
  bench.Start(bench.Request(ClientVerb::kGet));

  bench.room.OnPeerLost(bench.cluster.B().node, bench.cluster.turn());
  bench.room.OnPeerLost(bench.cluster.C().node, bench.cluster.turn());
  bench.Settle();

  EXPECT_EQ(bench.cluster.Replies(), 2U);
  EXPECT_TRUE(bench.room.IsIdle());
  EXPECT_EQ(bench.hints.held(), 2U);
}

TEST(CoordinatorRoomTest, AnAnswerThatFindsNobodyIsIgnored) {
  RoomBench bench(3);

  for (const RequestPool pool :
       {RequestPool::kPut, RequestPool::kGet, RequestPool::kForward,
        RequestPool::kDeleteRead, RequestPool::kSync}) {
    const Handle handle = Tagged({1, 9}, pool);
    bench.Receive(bench.cluster.B(), ReplicaPutAck{.request = handle});
    bench.Receive(bench.cluster.B(), ReplicaGetAck{.request = handle});
    bench.Receive(bench.cluster.B(), HintPutAck{.request = handle});
    bench.Receive(bench.cluster.B(), ForwardWriteAck{.request = handle});
  }

  EXPECT_EQ(bench.cluster.Replies(), 0U);
}

// W2: its client has been told 504, and may have repeated it.
TEST(CoordinatorRoomTest, AForwardedWriteThatWasLongOnItsWayIsNotBegun) {
  const auto begins_after = [](Duration on_its_way) {
    RoomBench bench(3);
    const WallTime now = bench.cluster.turn().cluster_wall();
    bench.Receive(bench.cluster.B(),
                  ForwardWrite{.request = {1, 1},
                               .verb = ClientVerb::kPut,
                               .key = std::string(kKey),
                               .value = Bytes::CopyOf("v"),
                               .operation = kOperation,
                               .remaining = kSecond,
                               .sent = now + on_its_way * -1});
    return bench.cluster.Sent<ReplicaPut>(bench.cluster.B());
  };
  EXPECT_TRUE(begins_after({}));
  EXPECT_TRUE(begins_after(kSecond));  // Within what clocks may differ by.
  EXPECT_FALSE(begins_after(kSecond * 2));
  EXPECT_FALSE(begins_after(kHour * 1000));
  EXPECT_TRUE(begins_after(kHour * -1000));  // Another clock's future.
}

}  // namespace
}  // namespace orrery
