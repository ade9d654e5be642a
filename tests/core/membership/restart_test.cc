// A node comes back (membership section 8).

#include <algorithm>
#include <vector>

#include "core/membership/membership.h"
#include "gtest/gtest.h"
#include "tests/core/membership/member_cluster.h"

namespace orrery {
namespace {

void FormThree(MemberCluster& cluster) {
  cluster.SeedAllWith({1, 2, 3});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  cluster.RunFor(3 * kSecond);
}

TEST(RestartTest, APersistedRingNeedsNoJoin) {
  MemberCluster cluster(3);
  FormThree(cluster);
  const RingState ring = *cluster.of(2).ring_state();
  const size_t joined = cluster.CountMarks(2, "membership.joined");

  cluster.Kill(2);
  cluster.RunFor(2 * kSecond);
  cluster.Start(2);

  EXPECT_TRUE(cluster.IsReady(2)) << "it serves at the epoch it holds";
  EXPECT_EQ(*cluster.of(2).ring_state(), ring);
  EXPECT_TRUE(cluster.RunUntil(
      [&] {
        return cluster.StateAt(2, 1) == MemberState::kAlive &&
               cluster.StateAt(2, 3) == MemberState::kAlive &&
               cluster.ViewsAgree();
      },
      4 * kSecond));
  EXPECT_EQ(cluster.CountMarks(2, "membership.joined"), joined);
}

TEST(RestartTest, OtherVnodesThanTheRingRecordsAreSaidAndNotTaken) {
  MemberCluster cluster(3);
  FormThree(cluster);
  const RingState ring = *cluster.of(2).ring_state();
  const uint32_t recorded = cluster.at(2).options.vnodes;

  cluster.Kill(2);
  cluster.at(2).options.vnodes = recorded + 1;
  cluster.at(2).notes.clear();
  cluster.Start(2);
  cluster.RunFor(2 * kSecond);

  EXPECT_EQ(*cluster.of(2).ring_state(), ring);
  const std::vector<Note>& notes = cluster.at(2).notes;
  const auto note = std::find_if(
      notes.begin(), notes.end(),
      [](const Note& one) { return one.kind == Note::Kind::kVnodesKept; });
  ASSERT_NE(note, notes.end());
  EXPECT_EQ(note->detail, recorded + 1);
  EXPECT_EQ(note->number, recorded);
}

// Scenario 3, with three: nobody remains stuck (G14).
TEST(RestartTest, AllKilledAndRestartedFindEachOther) {
  MemberCluster cluster(5);
  cluster.SeedAllWith({1, 2, 3});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 8 * kSecond));
  for (int node = 1; node <= 5; ++node) cluster.Kill(node);
  cluster.RunFor(30 * kSecond);

  for (const int node : {4, 2, 5, 1, 3}) {
    cluster.Start(node);
    cluster.RunFor(300 * kMillisecond);
  }

  EXPECT_TRUE(cluster.RunUntil(
      [&] {
        for (int a = 1; a <= 5; ++a) {
          for (int b = 1; b <= 5; ++b) {
            if (cluster.StateAt(a, b) != MemberState::kAlive) return false;
          }
        }
        return cluster.ViewsAgree() && cluster.AllReady();
      },
      10 * kSecond));
}

// Scenario 3: evidence of an earlier process, at a high counter, yields to a
// later generation.
TEST(RestartTest, OldDeathsDoNotOutliveAGeneration) {
  MemberCluster cluster(3);
  FormThree(cluster);
  MemberRecord old = cluster.of(1).members().Find(cluster.IdOf(2))->record;
  cluster.Kill(2);
  cluster.Start(2);
  cluster.RunFor(2 * kSecond);
  old.incarnation.counter = 100;
  old.state = MemberState::kDead;
  old.accusers = {cluster.IdOf(1), cluster.IdOf(3)};

  DatagramEvent event;
  event.source = PortOf(1);
  event.datagram.header.from = cluster.IdOf(1);
  event.datagram.header.cluster_tag = cluster.of(1).cluster().Tag();
  event.datagram.header.generation = cluster.at(1).disk.generation;
  event.datagram.header.boot_salt = cluster.at(1).boot_salt;
  event.datagram.body = GossipOnly{};
  event.datagram.records = {old};
  cluster.Inject(3, event);

  EXPECT_EQ(cluster.StateAt(3, 2), MemberState::kAlive);
}

// Scenario 11.
TEST(RestartTest, ANodeMayReturnAtAnotherAddress) {
  MemberCluster cluster(4);
  cluster.at(4).options.node_name = "unused";
  cluster.SeedAllWith({1, 2, 3});
  for (int node = 1; node <= 3; ++node) cluster.Start(node);
  ASSERT_TRUE(cluster.RunUntil(
      [&] {
        return cluster.IsReady(1) && cluster.IsReady(2) && cluster.IsReady(3);
      },
      6 * kSecond));
  const RingState ring = *cluster.of(1).ring_state();

  // Node 3's disk and name, behind the address of node 4.
  cluster.Kill(3);
  cluster.at(4).options.node_name = "node3";
  cluster.at(4).disk = cluster.at(3).disk;
  cluster.Start(4);

  EXPECT_TRUE(cluster.RunUntil(
      [&] {
        for (const int node : {1, 2}) {
          const Member* member =
              cluster.of(node).members().Find(cluster.IdOf(3));
          if (member->record.gossip != PortOf(4)) return false;
          if (member->state != MemberState::kAlive) return false;
        }
        return true;
      },
      2500 * kMillisecond));
  EXPECT_EQ(*cluster.of(1).ring_state(), ring) << "nothing moves";
}

// Case D of section 8, without REPLACE: it never counts.
TEST(RestartTest, AWipedDiskUnderAnOldNameOwnsNothing) {
  MemberCluster cluster(3);
  FormThree(cluster);
  const RingState ring = *cluster.of(1).ring_state();
  cluster.Kill(3);
  cluster.RunFor(kSecond);
  cluster.Wipe(3);

  cluster.Start(3);
  cluster.RunFor(10 * kSecond);

  EXPECT_TRUE(cluster.of(3).ring_refused());
  EXPECT_FALSE(cluster.of(3).waiting_for().empty());
  EXPECT_EQ(*cluster.of(1).ring_state(), ring);
  const RingMember* member = FindMember(ring, cluster.IdOf(3));
  ASSERT_NE(member, nullptr);
  EXPECT_NE(member->storage, cluster.at(3).disk.storage);
  EXPECT_EQ(cluster.StateAt(1, 3), MemberState::kAlive) << "it still routes";
}

// While no write was accepted, a new disk may take the old one's place.
TEST(RestartTest, AWipedDiskRejoinsAPristineRing) {
  MemberCluster cluster(2);
  cluster.SetSeeds(2, {1});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 8 * kSecond));
  cluster.Kill(2);
  cluster.RunFor(3 * kSecond);
  cluster.Wipe(2);

  cluster.Start(2);

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 10 * kSecond));
  EXPECT_EQ(FindMember(*cluster.of(1).ring_state(), cluster.IdOf(2))->storage,
            cluster.at(2).disk.storage);
}

// A cluster id without a readable RING never founds: it pulls.
TEST(RestartTest, ALostRingFileIsPulledFromPeers) {
  MemberCluster cluster(3);
  FormThree(cluster);
  cluster.Kill(1);
  cluster.at(1).disk.ring.reset();

  cluster.Start(1);
  EXPECT_FALSE(cluster.IsReady(1));

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.IsReady(1); }, 3 * kSecond));
  EXPECT_EQ(*cluster.of(1).ring_state(), *cluster.of(2).ring_state());
  EXPECT_EQ(cluster.CountMarks(1, "membership.founded"), 1u);
}

// MEM-2, case F: it missed the closing and pulls the newer epoch.
TEST(RestartTest, ANodeThatMissedAnEpochPullsIt) {
  MemberCluster cluster(3);
  cluster.SetSeeds(2, {1});
  cluster.SetSeeds(3, {1});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 10 * kSecond));
  cluster.Kill(3);
  cluster.CloseRing(2);
  cluster.RunFor(2 * kSecond);
  ASSERT_FALSE(cluster.of(2).ring_state()->pristine);

  cluster.Start(3);

  EXPECT_TRUE(cluster.RunUntil(
      [&] { return !cluster.of(3).ring_state()->pristine; }, 3 * kSecond));
}

TEST(RestartTest, AnotherReplicationFactorThanTheRingsEndsTheProcess) {
  MemberCluster cluster(1);
  cluster.Start(1);
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.IsReady(1); }, 4 * kSecond));
  cluster.Kill(1);
  cluster.at(1).options.replication = 2;

  cluster.Start(1);

  ASSERT_EQ(cluster.at(1).fatals.size(), 1u);
  EXPECT_EQ(cluster.at(1).fatals[0].exit_code, 2);
  EXPECT_EQ(cluster.at(1).fatals[0].text,
            "replication_factor is 2 here and 3 in the ring of the cluster");
}

TEST(RestartTest, OtherVnodesThanRecordedAreKeptAsRecorded) {
  MemberCluster cluster(1);
  cluster.Start(1);
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.IsReady(1); }, 4 * kSecond));
  cluster.Kill(1);
  cluster.at(1).options.vnodes = 10;

  cluster.Start(1);

  EXPECT_EQ(cluster.of(1).ring_state()->members[0].vnodes, 150u);
  EXPECT_EQ(cluster.of(1).members().Find(cluster.IdOf(1))->record.vnodes, 150u);
}

}  // namespace
}  // namespace orrery
