#include "core/repair/repair_room.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "tests/core/repair/repair_cluster.h"

namespace orrery {
namespace {

// A round begins within 4 s, compares again after 2 s, and moves.
constexpr Duration kOneRound = 7 * kSecond;

bool Marked(const RepairCluster& cluster, std::string_view mark) {
  return std::find(cluster.marks.begin(), cluster.marks.end(), mark) !=
         cluster.marks.end();
}

TEST(RepairRoomTest, WhatOneNodeHoldsTheOthersGet) {
  RepairCluster cluster({.nodes = 3});
  cluster.Start();
  cluster.Put(0, "a", "1");
  cluster.Put(1, "b", "2");
  cluster.Put(2, "c", "3");

  cluster.Run(kOneRound);

  EXPECT_TRUE(cluster.AllHold("a", "1"));
  EXPECT_TRUE(cluster.AllHold("b", "2"));
  EXPECT_TRUE(cluster.AllHold("c", "3"));
}

TEST(RepairRoomTest, ConcurrentWritesOfOneKeyBecomeOne) {
  RepairCluster cluster;
  cluster.Start();
  cluster.Put(0, "k", "older");
  cluster.node(1).bench.at.wall.ns += kSecond.ns;
  cluster.Put(1, "k", "newer");

  cluster.Run(kOneRound);

  EXPECT_TRUE(cluster.AllHold("k", "newer"));
  EXPECT_EQ(cluster.node(0).bench.Held("k"), cluster.node(1).bench.Held("k"));
}

TEST(RepairRoomTest, EqualReplicasExchangeRootsAndNothingElse) {
  RepairCluster cluster;
  cluster.Start();
  for (int i = 0; i < 50; ++i) {
    cluster.PutEverywhere("key-" + std::to_string(i), "v");
  }
  const uint64_t before = cluster.node(0).sent;

  cluster.Run(8 * kSecond);

  // Two rounds each way: a question and an answer each.
  EXPECT_EQ(cluster.node(0).sent - before, 4U);
  EXPECT_GE(cluster.node(0).repair.rounds(), 2U);
  EXPECT_EQ(cluster.node(0).repair.repaired(), 0U);
}

// A3: a write in flight differs once, not twice.
TEST(RepairRoomTest, WhatArrivesWithinTheRecheckIsNotRepaired) {
  RepairCluster cluster;
  cluster.Start();
  cluster.Put(0, "k", "v");
  // The first comparison of a round is over, the second is to come.
  for (int i = 0; i < 45 && cluster.node(0).repair.IsIdle(); ++i) {
    cluster.Run(100 * kMillisecond);
  }
  ASSERT_FALSE(cluster.node(0).repair.IsIdle());

  const Object object = cluster.node(0).bench.Held("k");
  cluster.node(1).bench.Merge({.key = "k", .object = object});
  cluster.Run(kOneRound);

  EXPECT_FALSE(Marked(cluster, "repair.ranges_differ"));
}

TEST(RepairRoomTest, ManyKeysTravelInChunks) {
  RepairClusterOptions options;
  options.vnodes = 1;
  options.limits.sync_items_max = 7;
  options.limits.sync_in_flight_max = 3;
  RepairCluster cluster(options);
  cluster.Start();
  for (int i = 0; i < 100; ++i) {
    cluster.Put(i % 2 == 0 ? 0 : 1, "key-" + std::to_string(i), "v");
  }

  cluster.Run(kOneRound);

  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(cluster.AllHold("key-" + std::to_string(i), "v")) << i;
  }
}

TEST(RepairRoomTest, AnAnswerThatReachesItsBytesIsAskedForAgain) {
  RepairClusterOptions options;
  options.limits.sync_bytes_max = 10'000;
  RepairCluster cluster(options);
  cluster.Start();
  for (int i = 0; i < 30; ++i) {
    cluster.Put(0, "key-" + std::to_string(i), std::string(3000, 'x'));
  }

  cluster.Run(kOneRound);

  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(
        cluster.AllHold("key-" + std::to_string(i), std::string(3000, 'x')));
  }
}

TEST(RepairRoomTest, ADeleteWinsOverTheValueItCovers) {
  RepairCluster cluster;
  cluster.Start();
  cluster.PutEverywhere("k", "v");
  cluster.node(1).bench.Mint({.key = "k", .tombstone = true});

  cluster.Run(kOneRound);

  EXPECT_TRUE(IsAbsent(cluster.node(0).bench.Held("k")));
  EXPECT_TRUE(IsAbsent(cluster.node(1).bench.Held("k")));
}

TEST(RepairRoomTest, AReturningPeerIsMetAtOnce) {
  RepairCluster cluster;
  cluster.Start();
  cluster.Put(0, "k", "v");
  const uint64_t before = cluster.node(0).sent;

  Turn turn = cluster.node(0).bench.NewTurn();
  cluster.node(0).repair.OnPeerReturned(cluster.IdOf(1), turn);
  cluster.Settle();

  EXPECT_EQ(cluster.node(0).sent, before + 1);
}

TEST(RepairRoomTest, SilenceEndsASessionAndTheNextOneRepairs) {
  RepairCluster cluster;
  cluster.Start();
  cluster.Put(0, "k", "v");
  cluster.SetCut(1, true);
  cluster.Run(20 * kSecond);
  EXPECT_TRUE(Marked(cluster, "repair.session_timed_out"));
  EXPECT_FALSE(cluster.AllHold("k", "v"));

  cluster.SetCut(1, false);
  cluster.Run(12 * kSecond);

  EXPECT_TRUE(cluster.AllHold("k", "v"));
}

TEST(RepairRoomTest, AnotherRingIsRefused) {
  RepairCluster cluster;
  cluster.Start();
  RingState later = RingOf(2, 3, 8);
  later.epoch.seq = 3;
  cluster.node(1).routing.SetRing(later);
  Turn turn = cluster.node(1).bench.NewTurn();
  cluster.node(1).repair.OnRingInstalled(turn);
  cluster.Put(0, "k", "v");

  cluster.Run(kOneRound);

  EXPECT_FALSE(cluster.AllHold("k", "v"));
  EXPECT_EQ(cluster.node(0).repair.rounds(), 0U);
}

TEST(RepairRoomTest, OneOpenerRepairsBothWays) {
  RepairCluster cluster;
  Endpoint endpoint;
  endpoint.port = 7000;
  cluster.node(1).routing.SetMember(cluster.IdOf(0), endpoint,
                                    MemberState::kDead);
  cluster.Start();
  cluster.Put(0, "a", "1");
  cluster.Put(1, "b", "2");

  cluster.Run(kOneRound);

  EXPECT_TRUE(cluster.AllHold("a", "1"));
  EXPECT_TRUE(cluster.AllHold("b", "2"));
  EXPECT_EQ(cluster.node(1).repair.rounds(), 0U);
  EXPECT_EQ(cluster.node(0).repair.repaired(), 2U);
}

TEST(RepairRoomTest, ADeadPeerIsNotAsked) {
  RepairCluster cluster;
  cluster.Start();
  Endpoint endpoint;
  endpoint.port = 7001;
  cluster.node(0).routing.SetMember(cluster.IdOf(1), endpoint,
                                    MemberState::kDead);

  cluster.Run(kOneRound);

  EXPECT_EQ(cluster.node(0).repair.rounds(), 0U);
  EXPECT_GT(cluster.node(1).repair.rounds(), 0U);
}

TEST(RepairRoomTest, AStoreInDoubtVotesAgainOnceItMetEnoughOthers) {
  RepairCluster cluster({.nodes = 3, .in_doubt = {true, false, false}});
  cluster.node(1).bench.Put("k", "v");
  ASSERT_TRUE(cluster.node(0).bench.store.IsSuspect());
  cluster.SetCut(2, true);
  cluster.Start();

  cluster.Run(kOneRound);
  EXPECT_TRUE(cluster.node(0).bench.store.IsSuspect());
  EXPECT_EQ(cluster.node(0).bench.Held("k").siblings.size(), 1U);

  cluster.SetCut(2, false);
  cluster.Run(12 * kSecond);
  EXPECT_FALSE(cluster.node(0).bench.store.IsSuspect());
}

// S44: bit rot is found by a read and mended from a peer that agreed before.
// Nodes 0 and 1 may both have lost what the unreachable node 4 holds.
TEST(RepairRoomTest, AStoreInDoubtIsNotFreedByOthersInDoubt) {
  RepairCluster cluster({.nodes = 5,
                         .replication = 5,
                         .write_quorum = 3,
                         .in_doubt = {true, true, false, false, false}});
  cluster.SetCut(4, true);
  cluster.Start();
  cluster.Run(60 * kSecond);
  EXPECT_TRUE(cluster.node(0).bench.store.IsSuspect());
  EXPECT_TRUE(cluster.node(1).bench.store.IsSuspect());

  cluster.SetCut(4, false);
  cluster.Run(60 * kSecond);
  EXPECT_FALSE(cluster.node(0).bench.store.IsSuspect());
  EXPECT_FALSE(cluster.node(1).bench.store.IsSuspect());
}

TEST(RepairRoomTest, ARottenRecordIsMendedFromAPeer) {
  RepairCluster cluster;
  cluster.Start();
  cluster.PutEverywhere("k", "a rare value");
  cluster.Run(8 * kSecond);
  ReplicaBench& bench = cluster.node(0).bench;
  size_t flipped = 0;
  for (const std::string& path : bench.disk.Paths()) {
    const size_t at = bench.disk.Content(path).find("a rare value");
    if (at == std::string::npos) continue;
    bench.disk.FlipBit(path, at, 0);
    ++flipped;
  }
  ASSERT_EQ(flipped, 1U);
  ASSERT_EQ(bench.Read("k", ReadDepth::kObject).status,
            ReplicaStatus::kCorrupt);
  ASSERT_EQ(bench.Put("k", "minted").status, ReplicaStatus::kCorrupt);

  cluster.Run(kOneRound);

  EXPECT_TRUE(cluster.AllHold("k", "a rare value"));
  EXPECT_EQ(bench.store.PeekEntry("k").kind, Store::Peek::Kind::kEntry);
}

class LostKeyTest : public testing::Test {
 protected:
  LostKeyTest() {
    cluster_.Start();
    cluster_.PutEverywhere("k", "a rare value");
    cluster_.PutEverywhere("other", "a second one");
    cluster_.Run(8 * kSecond);
  }
  // The record on node 0 rots, and a read meets it.
  void Lose(const std::string& key, std::string_view value) {
    for (const std::string& path : bench().disk.Paths()) {
      const size_t at = bench().disk.Content(path).find(value);
      if (at != std::string::npos) bench().disk.FlipBit(path, at, 0);
    }
    ASSERT_EQ(bench().Read(key, ReadDepth::kObject).status,
              ReplicaStatus::kCorrupt);
  }
  bool Votes(const std::string& key) {
    const ReadOutcome read = bench().Read(key, ReadDepth::kObject);
    return read.status == ReplicaStatus::kOk && !read.suspect;
  }
  ReplicaBench& bench() { return cluster_.node(0).bench; }

  RepairCluster cluster_{{.nodes = 3}};
};

// REP-3: with N=3 an acknowledged write may be at this node and either other.
TEST_F(LostKeyTest, VotesOnceBothOthersWereMetAndNotBefore) {
  cluster_.SetCut(2, true);
  Lose("k", "a rare value");
  cluster_.Run(12 * kSecond);
  EXPECT_EQ(bench().Held("k").siblings.size(), 1U);  // Of node 1.
  EXPECT_FALSE(Votes("k"));
  EXPECT_TRUE(Votes("other"));

  cluster_.SetCut(2, false);
  cluster_.Run(12 * kSecond);

  EXPECT_TRUE(Votes("k"));
  EXPECT_FALSE(bench().store.HasKeysInDoubt());
  EXPECT_EQ(bench().Put("k", "again").status, ReplicaStatus::kOk);
}

// Node 1 was met before the second key was lost: that does not count for it.
TEST_F(LostKeyTest, WhatIsLostMeanwhileIsCountedAnew) {
  cluster_.SetCut(2, true);
  Lose("k", "a rare value");
  cluster_.Run(12 * kSecond);
  cluster_.SetCut(1, true);
  Lose("other", "a second one");
  cluster_.SetCut(2, false);
  cluster_.Run(12 * kSecond);
  EXPECT_EQ(bench().Held("other").siblings.size(), 1U);  // Of node 2.
  EXPECT_FALSE(Votes("other"));

  cluster_.SetCut(1, false);
  cluster_.Run(12 * kSecond);

  EXPECT_TRUE(Votes("other"));
  EXPECT_TRUE(Votes("k"));
}

// S32: all lost power; votes resume once all have exchanged.
TEST(RepairRoomTest, WhenAllAreInDoubtTheyFreeEachOther) {
  RepairCluster cluster({.nodes = 3, .in_doubt = {true, true, true}});
  cluster.Start();

  cluster.Run(kOneRound);

  for (size_t i = 0; i < cluster.size(); ++i) {
    EXPECT_FALSE(cluster.node(i).bench.store.IsSuspect());
  }
}

TEST(RepairRoomTest, ALoneOwnerIsFreedAtOnce) {
  RepairCluster cluster({.nodes = 1, .in_doubt = {true}});

  cluster.Start();

  EXPECT_FALSE(cluster.node(0).bench.store.IsSuspect());
}

TEST(RepairRoomTest, PutsOfRepairAreKnownByTheirHandle) {
  EXPECT_TRUE(RepairRoom::OwnsHandle(
      Tagged({.slot = 3, .gen = 1}, RequestPool::kSync)));
  EXPECT_FALSE(
      RepairRoom::OwnsHandle(Tagged({.slot = 3, .gen = 1}, RequestPool::kPut)));
}

}  // namespace
}  // namespace orrery
