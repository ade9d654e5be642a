// From silence to SUSPECT, to DEAD, and back (membership section 4).

#include <vector>

#include "core/membership/membership.h"
#include "gtest/gtest.h"
#include "tests/core/membership/member_cluster.h"

namespace orrery {
namespace {

void Form(MemberCluster& cluster, int nodes) {
  std::vector<int> seeds;
  for (int node = 1; node <= nodes; ++node) seeds.push_back(node);
  cluster.SeedAllWith(seeds);
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 10 * kSecond));
  cluster.RunFor(3 * kSecond);
  ASSERT_TRUE(cluster.ViewsAgree());
}

// Scenario 1, with the times of CONTRACT section 5.
TEST(FailureDetectionTest, ACrashedNodeIsSuspectAfterFiveAndDeadAfter35) {
  for (const int nodes : {2, 3, 5, 9}) {
    MemberCluster cluster(nodes);
    Form(cluster, nodes);

    cluster.Kill(2);
    cluster.RunFor(3900 * kMillisecond);
    EXPECT_EQ(cluster.StateAt(1, 2), MemberState::kAlive) << nodes;
    cluster.RunFor(2100 * kMillisecond);
    for (int node = 1; node <= nodes; ++node) {
      if (node == 2) continue;
      EXPECT_EQ(cluster.StateAt(node, 2), MemberState::kSuspect)
          << nodes << " nodes, seen by " << node;
    }
    cluster.RunFor(27'500 * kMillisecond);
    EXPECT_EQ(cluster.StateAt(1, 2), MemberState::kSuspect) << nodes;
    cluster.RunFor(3 * kSecond);
    for (int node = 1; node <= nodes; ++node) {
      if (node == 2) continue;
      EXPECT_EQ(cluster.StateAt(node, 2), MemberState::kDead)
          << nodes << " nodes, seen by " << node;
    }
    EXPECT_EQ(cluster.of(1).ring_state()->members.size(),
              static_cast<size_t>(nodes))
        << "death is routing, not ownership";

    cluster.Start(2);
    EXPECT_TRUE(cluster.RunUntil(
        [&] { return cluster.StateAt(1, 2) == MemberState::kAlive; },
        2 * kSecond))
        << nodes;
  }
}

// Scenario 2.  The paused node accuses nobody when it wakes.
TEST(FailureDetectionTest, APausedNodeIsJudgedByTheLengthOfItsPause) {
  struct Case {
    int64_t pause_ms;
    MemberState expected;
  };
  for (const Case c :
       {Case{3900, MemberState::kAlive}, Case{6500, MemberState::kSuspect},
        Case{29'000, MemberState::kSuspect},
        Case{33'000, MemberState::kSuspect}, Case{37'000, MemberState::kDead},
        Case{120'000, MemberState::kDead}}) {
    MemberCluster cluster(3);
    Form(cluster, 3);
    const size_t accused = cluster.CountMarks(2, "membership.suspected");

    cluster.Pause(2);
    cluster.RunFor(c.pause_ms * kMillisecond);
    EXPECT_EQ(cluster.StateAt(1, 2), c.expected) << c.pause_ms;
    EXPECT_EQ(cluster.StateAt(3, 2), c.expected) << c.pause_ms;
    cluster.Resume(2);

    EXPECT_TRUE(cluster.RunUntil(
        [&] {
          return cluster.StateAt(1, 2) == MemberState::kAlive &&
                 cluster.StateAt(3, 2) == MemberState::kAlive;
        },
        2 * kSecond))
        << c.pause_ms;
    cluster.RunFor(40 * kSecond);
    EXPECT_EQ(cluster.CountMarks(2, "membership.suspected"), accused)
        << c.pause_ms;
    EXPECT_EQ(cluster.StateAt(2, 1), MemberState::kAlive);
    EXPECT_EQ(cluster.StateAt(2, 3), MemberState::kAlive);
    EXPECT_TRUE(cluster.ViewsAgree());
  }
}

TEST(FailureDetectionTest, TheSleeperCreditsItsPause) {
  MemberCluster cluster(3);
  Form(cluster, 3);

  cluster.Pause(2);
  cluster.RunFor(60 * kSecond);
  cluster.Resume(2);
  cluster.RunFor(kSecond);

  EXPECT_GE(cluster.CountMarks(2, "membership.pause_credited"), 1u);
  EXPECT_EQ(cluster.StateAt(2, 1), MemberState::kAlive);
}

// Rules 4 and 8: heard again, it is alive here at once, and refutes for all.
TEST(FailureDetectionTest, ASuspectThatIsHeardRefutesWithAHigherCounter) {
  MemberCluster cluster(3);
  Form(cluster, 3);
  const Incarnation before =
      cluster.of(1).members().Find(cluster.IdOf(3))->record.incarnation;
  cluster.SetFilter([](int from, int to) { return from == 3 || to == 3; });
  cluster.RunFor(8 * kSecond);
  ASSERT_EQ(cluster.StateAt(1, 3), MemberState::kSuspect);

  cluster.SetFilter(nullptr);
  cluster.RunFor(2 * kSecond);

  const Member* member = cluster.of(1).members().Find(cluster.IdOf(3));
  EXPECT_EQ(member->state, MemberState::kAlive);
  EXPECT_EQ(member->record.state, MemberState::kAlive);
  EXPECT_GT(member->record.incarnation, before);
  EXPECT_EQ(member->record.incarnation.generation, before.generation);
  EXPECT_GE(cluster.CountMarks(3, "membership.suspect_refuted"), 1u);
  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.ViewsAgree(); }, 3 * kSecond));
}

// A node that is cut off follows 5 s / 30 s for its own routing and says
// nothing against the others.
TEST(FailureDetectionTest, AnIsolatedNodeKeepsItsAccusationsToItself) {
  MemberCluster cluster(5);
  Form(cluster, 5);
  cluster.SetFilter([](int, int to) { return to == 5; });  // It is deaf.

  cluster.RunFor(33 * kSecond);
  EXPECT_EQ(cluster.StateAt(5, 1), MemberState::kSuspect);
  for (int node = 1; node <= 4; ++node) {
    for (int subject = 1; subject <= 4; ++subject) {
      EXPECT_EQ(cluster.StateAt(node, subject), MemberState::kAlive);
    }
  }
  cluster.RunFor(4 * kSecond);
  EXPECT_EQ(cluster.StateAt(5, 1), MemberState::kDead);
  EXPECT_GE(cluster.CountMarks(5, "membership.isolated"), 1u);
  cluster.SetFilter(nullptr);
  EXPECT_TRUE(cluster.RunUntil(
      [&] {
        return cluster.StateAt(5, 1) == MemberState::kAlive &&
               cluster.StateAt(5, 4) == MemberState::kAlive;
      },
      10 * kSecond));
}

// One broken link: the others' word and the indirect way keep both alive.
TEST(FailureDetectionTest, ABrokenLinkBuriesNobody) {
  MemberCluster cluster(4);
  Form(cluster, 4);
  cluster.SetFilter([](int from, int to) {
    return (from == 1 && to == 2) || (from == 2 && to == 1);
  });

  for (int second = 0; second < 120; ++second) {
    cluster.RunFor(kSecond);
    EXPECT_EQ(cluster.StateAt(1, 2), MemberState::kAlive);
    EXPECT_EQ(cluster.StateAt(2, 1), MemberState::kAlive);
  }

  EXPECT_GE(cluster.CountMarks(1, "membership.indirect_ping"), 1u);
}

// Scenario 6, the membership half of it.
TEST(FailureDetectionTest, HalvesFindEachOtherAfterALongPartition) {
  MemberCluster cluster(6);
  Form(cluster, 6);
  cluster.SetFilter([](int from, int to) { return (from <= 3) != (to <= 3); });
  cluster.RunFor(120 * kSecond);
  ASSERT_EQ(cluster.StateAt(1, 6), MemberState::kDead);
  ASSERT_EQ(cluster.StateAt(6, 1), MemberState::kDead);

  cluster.SetFilter(nullptr);

  EXPECT_TRUE(cluster.RunUntil(
      [&] {
        for (int a = 1; a <= 6; ++a) {
          for (int b = 1; b <= 6; ++b) {
            if (cluster.StateAt(a, b) != MemberState::kAlive) return false;
          }
        }
        return cluster.ViewsAgree();
      },
      10 * kSecond));
}

// Scenario 8, in small: loss alone suspects hardly anybody and buries nobody.
TEST(FailureDetectionTest, ThirtyPercentLossBuriesNobody) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    MemberCluster cluster(5, seed);
    Form(cluster, 5);
    cluster.SetLossPercent(30);

    cluster.RunFor(600 * kSecond);

    for (int node = 1; node <= 5; ++node) {
      EXPECT_EQ(cluster.CountMarks(node, "membership.buried"), 0u);
    }
    cluster.SetLossPercent(0);
    EXPECT_TRUE(
        cluster.RunUntil([&] { return cluster.ViewsAgree(); }, 12 * kSecond));
  }
}

// G8: two pings and two answers per node and second, now and then a digest,
// and its own record to one seed in 30 s.
TEST(FailureDetectionTest, AQuietClusterSendsPingsAndHardlyARecord) {
  MemberCluster cluster(3);
  Form(cluster, 3);
  cluster.RunFor(20 * kSecond);
  const uint64_t records = cluster.records_sent();
  const uint64_t datagrams = cluster.datagrams_sent();

  cluster.RunFor(100 * kSecond);

  EXPECT_LE(cluster.records_sent() - records, 3u * 4);
  EXPECT_GE(cluster.datagrams_sent() - datagrams, 100u * 3 * 4 * 9 / 10);
  EXPECT_LE(cluster.datagrams_sent() - datagrams, 100u * 3 * 5);
}

// I11: same seed, same trace.
TEST(FailureDetectionTest, TheSameSeedGivesTheSameState) {
  uint64_t digests[2] = {0, 0};
  for (uint64_t& digest : digests) {
    MemberCluster cluster(5, 42);
    Form(cluster, 5);
    cluster.SetLossPercent(20);
    cluster.Kill(3);
    cluster.RunFor(20 * kSecond);
    cluster.Start(3);
    cluster.RunFor(20 * kSecond);
    for (int node = 1; node <= 5; ++node) {
      digest = digest * 31 + cluster.of(node).StateDigest();
    }
  }
  EXPECT_EQ(digests[0], digests[1]);
}

}  // namespace
}  // namespace orrery
