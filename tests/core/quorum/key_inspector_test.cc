#include "core/quorum/key_inspector.h"

#include "core/protocol/request_handle.h"
#include "gtest/gtest.h"
#include "tests/core/quorum/room_bench.h"

namespace orrery {
namespace {

ReplicaGet LastAsked(const RoomBench& bench, const Owner& of, bool for_hints) {
  for (const ReplicaGet& get : bench.cluster.SentTo<ReplicaGet>(of)) {
    if (get.from_hints == for_hints) return get;
  }
  ADD_FAILURE() << "was not asked";
  return {};
}

void AnswerHints(RoomBench& bench, const Owner& of, const Object& held = {}) {
  bench.Receive(of, ReplicaGetAck{.request = LastAsked(bench, of, true).request,
                                  .object = held});
}

TEST(KeyInspectorTest, ReportsWhatEveryOwnerHolds) {
  RoomBench bench(3);
  bench.Start(bench.Request(ClientVerb::kInspectKey));
  const Object held = ObjectOf(ValueOf(DotOf(1, 1), 70, ""));
  bench.Receive(
      bench.cluster.B(),
      ReplicaGetAck{
          .request = LastAsked(bench, bench.cluster.B(), false).request,
          .suspect = true,
          .object = held});
  bench.Receive(
      bench.cluster.C(),
      ReplicaGetAck{
          .request = LastAsked(bench, bench.cluster.C(), false).request,
          .status = ReplicaStatus::kCorrupt});
  AnswerHints(bench, bench.cluster.B());
  EXPECT_EQ(bench.cluster.Replies(), 0U);
  AnswerHints(bench, bench.cluster.C());

  const auto* report = bench.cluster.Replied<KeyReport>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->token, TokenOf(kKey));
  ASSERT_EQ(report->owners.size(), 3U);
  const KeyCopy& own = report->owners[0];
  EXPECT_EQ(own.node, bench.cluster.A().node);
  EXPECT_EQ(own.answer, KeyCopy::Answer::kHolds);
  EXPECT_EQ(own.digest, 0U);
  const KeyCopy& of_b = report->owners[1];
  EXPECT_TRUE(of_b.suspect);
  EXPECT_FALSE(of_b.name.empty());
  EXPECT_EQ(of_b.digest, DigestOf(held));
  ASSERT_EQ(of_b.versions.size(), 1U);
  EXPECT_EQ(of_b.versions[0].stamp, 70U);
  EXPECT_EQ(of_b.versions[0].dot, DotOf(1, 1));
  EXPECT_EQ(report->owners[2].answer, KeyCopy::Answer::kDamaged);
  EXPECT_TRUE(report->hints.empty());
  EXPECT_TRUE(bench.room.IsIdle());
}

TEST(KeyInspectorTest, ShowsWhoHoldsHints) {
  RoomBench bench(4);
  bench.cluster.Kill(bench.cluster.C());
  bench.Start(bench.Request(ClientVerb::kInspectKey));
  bench.Receive(
      bench.cluster.B(),
      ReplicaGetAck{.request =
                        LastAsked(bench, bench.cluster.B(), false).request});
  AnswerHints(bench, bench.cluster.B());
  AnswerHints(bench, bench.cluster.StandIn(0),
              ObjectOf(ValueOf(DotOf(1, 1), 70, "")));

  const auto* report = bench.cluster.Replied<KeyReport>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->owners[2].answer, KeyCopy::Answer::kUnreachable);
  ASSERT_EQ(report->hints.size(), 2U);  // The dead one cannot tell.
  for (const KeyCopy& copy : report->hints) {
    const bool is_dead = copy.node == bench.cluster.C().node;
    EXPECT_EQ(copy.answer, is_dead ? KeyCopy::Answer::kUnreachable
                                   : KeyCopy::Answer::kHolds);
    EXPECT_EQ(copy.versions.size(), is_dead ? 0U : 1U);
  }
}

// Hints that this node keeps itself, for want of a stand-in.
TEST(KeyInspectorTest, ShowsTheHintsOfThisNode) {
  RoomBench bench(3);
  bench.cluster.Kill(bench.cluster.C());
  bench.Start(bench.Request(ClientVerb::kPut, "v"));
  bench.Start(bench.Request(ClientVerb::kInspectKey));
  bench.Receive(
      bench.cluster.B(),
      ReplicaGetAck{.request =
                        LastAsked(bench, bench.cluster.B(), false).request});
  AnswerHints(bench, bench.cluster.B());

  const auto* report = bench.cluster.Replied<KeyReport>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->owners[0].versions.size(), 1U);
  size_t own_hints = 0;
  for (const KeyCopy& copy : report->hints) {
    if (copy.node != bench.cluster.A().node) continue;
    own_hints += copy.versions.size();
  }
  EXPECT_EQ(own_hints, 1U);
}

TEST(KeyInspectorTest, WhoIsSilentOrLostIsNamed) {
  RoomBench bench(3);
  bench.Start(bench.Request(ClientVerb::kInspectKey));
  bench.room.OnPeerLost(bench.cluster.B().node, bench.cluster.turn());
  bench.Settle();
  EXPECT_EQ(bench.cluster.Replies(), 0U);

  bench.Advance(bench.cluster.options.request_timeout);

  const auto* report = bench.cluster.Replied<KeyReport>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->owners[1].answer, KeyCopy::Answer::kUnreachable);
  EXPECT_EQ(report->owners[2].answer, KeyCopy::Answer::kSilent);
  EXPECT_EQ(report->hints.size(), 2U);
  EXPECT_TRUE(bench.room.IsIdle());
}

// This node is among those asked and keeps none, so it is not listed.
TEST(KeyInspectorTest, TellsHowManyMembersWereNotAskedForHints) {
  RoomBench bench(kInspectedMembersMax + 6);
  bench.Start(bench.Request(ClientVerb::kInspectKey));

  bench.Advance(bench.cluster.options.request_timeout);

  const auto* report = bench.cluster.Replied<KeyReport>();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->not_asked, 6U);
  EXPECT_EQ(report->hints.size(), kInspectedMembersMax - 1);
  EXPECT_TRUE(bench.room.IsIdle());
}

}  // namespace
}  // namespace orrery
