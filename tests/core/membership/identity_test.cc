// Who is who: clusters, processes and addresses that must not be mixed up.

#include <vector>

#include "core/membership/membership.h"
#include "gtest/gtest.h"
#include "tests/core/membership/member_cluster.h"

namespace orrery {
namespace {

DatagramEvent PacketFrom(MemberCluster& cluster, int node, DatagramBody body) {
  DatagramEvent event;
  event.source = PortOf(node);
  DatagramHeader& header = event.datagram.header;
  header.from = cluster.IdOf(node);
  header.cluster_tag = cluster.of(node).cluster().Tag();
  header.generation = cluster.at(node).disk.generation;
  header.boot_salt = cluster.at(node).boot_salt;
  event.datagram.body = std::move(body);
  return event;
}

bool HasNote(MemberCluster& cluster, int node, Note::Kind kind) {
  for (const Note& note : cluster.at(node).notes) {
    if (note.kind == kind) return true;
  }
  return false;
}

// Three of the cluster's nodes; others may join later.
void FormFirstThree(MemberCluster& cluster) {
  cluster.SeedAllWith({1, 2, 3});
  for (int node = 1; node <= 3; ++node) cluster.Start(node);
  ASSERT_TRUE(cluster.RunUntil(
      [&] {
        return cluster.IsReady(1) && cluster.IsReady(2) && cluster.IsReady(3);
      },
      6 * kSecond));
  cluster.RunFor(2 * kSecond);
}

// Scenario 18.
TEST(IdentityTest, TwoClustersWithStaleSeedsNeverMerge) {
  MemberCluster cluster(4);
  cluster.SetSeeds(1, {1});
  cluster.SetSeeds(2, {1});
  cluster.SetSeeds(3, {3});
  cluster.SetSeeds(4, {3});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 8 * kSecond));
  ASSERT_NE(cluster.of(1).cluster(), cluster.of(3).cluster());
  const ClusterId first = cluster.of(2).cluster();

  // Restarted with seeds that by now belong to the other cluster.
  cluster.Kill(2);
  cluster.SetSeeds(2, {3, 4, 1});
  cluster.Start(2);
  cluster.RunFor(100 * kSecond);

  EXPECT_EQ(cluster.of(2).cluster(), first);
  EXPECT_EQ(cluster.of(1).members().size(), 2u);
  EXPECT_EQ(cluster.of(3).members().size(), 2u);
  EXPECT_GE(cluster.CountMarks(3, "membership.foreign_packet") +
                cluster.CountMarks(4, "membership.foreign_packet"),
            1u);
}

TEST(IdentityTest, AnotherClustersPacketsChangeNothing) {
  MemberCluster cluster(3);
  FormFirstThree(cluster);
  DatagramEvent event = PacketFrom(cluster, 2, GossipOnly{});
  event.datagram.header.cluster_tag += 1;
  MemberRecord accusation;
  accusation.id = cluster.IdOf(3);
  accusation.incarnation = {.generation = 1'000'000, .counter = 0};
  accusation.state = MemberState::kDead;
  accusation.accusers = {cluster.IdOf(1), cluster.IdOf(2)};
  event.datagram.records = {accusation};
  const uint64_t before = cluster.of(1).members().ViewHash();

  cluster.Inject(1, event);

  EXPECT_EQ(cluster.of(1).members().ViewHash(), before);
  EXPECT_EQ(cluster.CountMarks(1, "membership.foreign_packet"), 1u);
}

TEST(IdentityTest, ATagOfZeroIsAnsweredWithoutRecords) {
  MemberCluster cluster(3);
  FormFirstThree(cluster);
  DatagramEvent event = PacketFrom(cluster, 2, Ping{.seq = 7});
  event.datagram.header.cluster_tag = 0;
  event.datagram.header.from = NodeId{12345};
  event.datagram.records.resize(1);
  event.datagram.records[0].id = NodeId{12345};
  event.datagram.records[0].state = MemberState::kSuspect;

  cluster.Inject(1, event);

  EXPECT_EQ(cluster.of(1).members().Find(NodeId{12345}), nullptr);
}

// Scenario 13, the simple half: same generation, other boot salt.
TEST(IdentityTest, AClonedProcessStopsServingWithANote) {
  MemberCluster cluster(4);
  cluster.at(4).options.node_name = "unused";
  FormFirstThree(cluster);

  // A copy of node 3's disk, as of its start, runs elsewhere.
  cluster.at(4).options.node_name = "node3";
  cluster.at(4).disk = cluster.at(3).disk;
  --cluster.at(4).disk.generation;  // Start raises it: the same generation.
  cluster.SetSeeds(4, {1, 2, 3});
  cluster.Start(4);
  cluster.RunFor(5 * kSecond);

  EXPECT_TRUE(HasNote(cluster, 3, Note::Kind::kIdentityConflict) ||
              HasNote(cluster, 4, Note::Kind::kIdentityConflict));
  EXPECT_FALSE(cluster.IsReady(3) && cluster.IsReady(4))
      << "at most one serves";
}

// A clone started later has a higher generation: the older fences itself.
TEST(IdentityTest, TheOlderOfTwoGenerationsYields) {
  MemberCluster cluster(4);
  cluster.at(4).options.node_name = "unused";
  FormFirstThree(cluster);
  cluster.at(4).options.node_name = "node3";
  cluster.at(4).disk = cluster.at(3).disk;
  cluster.SetSeeds(4, {1, 2, 3});

  cluster.Start(4);
  cluster.RunFor(5 * kSecond);

  EXPECT_TRUE(HasNote(cluster, 3, Note::Kind::kIdentityConflict));
  EXPECT_FALSE(cluster.of(3).ring_ready());
  EXPECT_TRUE(cluster.of(4).ring_ready());
}

TEST(IdentityTest, ANameThatIsTakenByARunningNodeIsRefused) {
  MemberCluster cluster(4);
  cluster.at(4).options.node_name = "unused";
  FormFirstThree(cluster);
  cluster.at(4).options.node_name = "node3";
  cluster.SetSeeds(4, {1});

  cluster.Start(4);
  cluster.RunFor(10 * kSecond);

  EXPECT_TRUE(cluster.of(4).cluster().IsZero());
  EXPECT_EQ(cluster.of(4).waiting_for(),
            "the other running node with this node_id to be stopped");
  EXPECT_TRUE(cluster.IsReady(3));
}

// Section 6: a wiped founder that founded anew while cut off goes back.
TEST(IdentityTest, AWipedFounderReturnsToItsOldCluster) {
  MemberCluster cluster(3);
  FormFirstThree(cluster);
  const ClusterId old = cluster.of(2).cluster();
  cluster.Kill(1);
  cluster.Wipe(1);
  cluster.SetFilter([](int from, int to) { return from == 1 || to == 1; });
  cluster.SetSeeds(1, {1, 2, 3});
  cluster.at(1).options.seeds_configured = false;  // Stays pristine.
  cluster.Start(1);
  cluster.RunFor(12 * kSecond);
  ASSERT_FALSE(cluster.of(1).cluster().IsZero());
  ASSERT_NE(cluster.of(1).cluster(), old);

  cluster.SetFilter(nullptr);

  EXPECT_TRUE(cluster.RunUntil([&] { return cluster.of(1).cluster() == old; },
                               10 * kSecond));
  EXPECT_TRUE(cluster.RunUntil([&] { return cluster.of(1).ring_refused(); },
                               8 * kSecond))
      << "its disk is another owner";
}

// Scenario 4: an accusation arrives before its subject is known.
TEST(IdentityTest, AnAccusationOfAStrangerIsKeptAndConverges) {
  MemberCluster cluster(4);
  cluster.SetSeeds(4, {1});
  FormFirstThree(cluster);
  cluster.Start(4);
  cluster.RunFor(kMillisecond);
  DatagramEvent event = PacketFrom(cluster, 1, GossipOnly{});
  MemberRecord stub;
  stub.id = cluster.IdOf(4);
  stub.incarnation = {.generation = cluster.at(4).disk.generation,
                      .counter = 2};
  stub.state = MemberState::kSuspect;
  stub.accusers = {cluster.IdOf(1)};
  event.datagram.records = {stub};

  cluster.Inject(2, event);
  EXPECT_EQ(cluster.CountMarks(2, "membership.stub_kept"), 1u);
  EXPECT_EQ(cluster.StateAt(2, 4), MemberState::kSuspect);

  EXPECT_TRUE(cluster.RunUntil(
      [&] {
        return cluster.ViewsAgree() &&
               cluster.StateAt(2, 4) == MemberState::kAlive;
      },
      10 * kSecond));
  EXPECT_GT(cluster.of(2).members().Find(cluster.IdOf(4))->record.incarnation,
            stub.incarnation);
}

// Two processes with one node_id, one of them a member already.
TEST(IdentityTest, ANamesakeThatAsksToJoinIsToldAndLogged) {
  MemberCluster cluster(3);
  cluster.SeedAllWith({1, 2, 3});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  std::vector<SendEffect> sent;
  cluster.SetWitness(
      {.on_output = {}, .on_effects = [&](int, const Effects& e) {
         sent.insert(sent.end(), e.sends.begin(), e.sends.end());
       }});
  PeerMessage message{.body = JoinRequest{}};
  message.envelope.from = cluster.IdOf(1);
  message.envelope.boot_salt = cluster.at(1).boot_salt + 1;
  message.envelope.reply_to = PortOf(9);

  cluster.Inject(1, message);
  cluster.Inject(1, message);

  ASSERT_EQ(sent.size(), 2u) << "it is told as often as it asks";
  EXPECT_EQ(sent[0].to, PortOf(9));
  const auto* reject = std::get_if<JoinReject>(&sent[0].message.body);
  ASSERT_NE(reject, nullptr);
  EXPECT_EQ(reject->why, JoinRejection::kNameTakenAlive);
  EXPECT_TRUE(HasNote(cluster, 1, Note::Kind::kIdentityConflict));
  EXPECT_EQ(cluster.CountMarks(1, "membership.namesake_refused"), 1u);
}

TEST(IdentityTest, ANamesakeLearnsWhyItWaits) {
  MemberCluster cluster(1);
  cluster.SetSeeds(1, {2});
  cluster.Start(1);
  PeerMessage message{.body =
                          JoinReject{.why = JoinRejection::kNameTakenAlive}};
  message.envelope.from = cluster.IdOf(1);
  message.envelope.boot_salt = cluster.at(1).boot_salt + 1;
  message.envelope.reply_to = PortOf(2);

  cluster.Inject(1, message);

  EXPECT_EQ(cluster.of(1).waiting_for(),
            "the other running node with this node_id to be stopped");
  EXPECT_TRUE(HasNote(cluster, 1, Note::Kind::kJoinRejected));
}

// Membership section 9: a copy of a datagram is evidence of nothing.
TEST(IdentityTest, AReplayedDatagramChangesAndAnswersNothing) {
  MemberCluster cluster(3);
  cluster.SeedAllWith({1, 2, 3});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  const DatagramEvent event =
      PacketFrom(cluster, 2, Ping{.target = cluster.IdOf(1)});
  size_t acks = 0;
  cluster.SetWitness(
      {.on_output = {}, .on_effects = [&](int, const Effects& e) {
         for (const DatagramEffect& sent : e.datagrams) {
           acks += std::holds_alternative<Ack>(sent.datagram.body);
         }
       }});

  cluster.Inject(1, event);
  EXPECT_EQ(acks, 1u);
  cluster.Inject(1, event);

  EXPECT_EQ(acks, 1u);
  EXPECT_EQ(cluster.CountMarks(1, "membership.replay_dropped"), 1u);
}

// Rule 3 and rule 7, from a single liar.
TEST(IdentityTest, OneLiarBuriesNobodyAndRaisesNoCounter) {
  MemberCluster cluster(4);
  cluster.SeedAllWith({1, 2, 3, 4});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 8 * kSecond));
  const MemberRecord held =
      cluster.of(1).members().Find(cluster.IdOf(3))->record;
  DatagramEvent event = PacketFrom(cluster, 2, GossipOnly{});
  MemberRecord lie;
  lie.id = held.id;
  lie.incarnation = held.incarnation;
  lie.state = MemberState::kDead;
  lie.accusers = {cluster.IdOf(2)};

  event.datagram.records = {lie};
  cluster.Inject(1, event);
  EXPECT_EQ(cluster.StateAt(1, 3), MemberState::kSuspect);
  lie.incarnation.counter += 1 << 20;
  event.datagram.records = {lie};
  --event.datagram.header.seq;  // Another datagram.
  cluster.Inject(1, event);
  EXPECT_EQ(cluster.of(1).members().Find(held.id)->record.incarnation,
            held.incarnation);
  EXPECT_EQ(cluster.CountMarks(1, "membership.record_refused"), 1u);

  EXPECT_TRUE(cluster.RunUntil(
      [&] { return cluster.StateAt(1, 3) == MemberState::kAlive; },
      2 * kSecond));
}

}  // namespace
}  // namespace orrery
