// How a cluster comes to be (membership section 6), with real time limits.

#include <string>
#include <vector>

#include "core/membership/membership.h"
#include "core/ring/token.h"
#include "gtest/gtest.h"
#include "tests/core/membership/member_cluster.h"

namespace orrery {
namespace {

// The contract: three fresh nodes with the same list, themselves included,
// form a cluster within 6 s.
TEST(FormationTest, ThreeNodesWithOneSeedListFormWithinSixSeconds) {
  MemberCluster cluster(3);
  cluster.SeedAllWith({1, 2, 3});

  cluster.StartAll();

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  for (int node = 1; node <= 3; ++node) {
    ASSERT_TRUE(cluster.of(node).ring_state().has_value());
    EXPECT_EQ(*cluster.of(node).ring_state(), *cluster.of(1).ring_state());
    EXPECT_EQ(cluster.of(node).ring_state()->members.size(), 3u);
    EXPECT_FALSE(cluster.of(node).ring_state()->pristine)
        << "all seeds joined: the founder closes the ring";
  }
  EXPECT_EQ(cluster.CountMarks(1, "membership.founded"), 1u);
  EXPECT_EQ(cluster.CountMarks(2, "membership.joined"), 1u);
  EXPECT_EQ(cluster.CountMarks(3, "membership.joined"), 1u);
}

// Semantics C3: whose clock is wrong is known as soon as the ring is.
TEST(FormationTest, ClocksAreMeasuredBeforeTheClusterIsReady) {
  MemberCluster cluster(3);
  cluster.SeedAllWith({1, 2, 3});
  cluster.at(1).clock = 10 * kSecond;
  cluster.at(2).clock = 50 * kSecond;
  cluster.at(3).clock = 90 * kSecond;
  cluster.StartAll();

  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  for (int node = 1; node <= 3; ++node) {
    const ClusterClock& clock = cluster.of(node).cluster_clock();
    EXPECT_TRUE(clock.known()) << node;
  }
  cluster.RunFor(2 * kSecond);
  for (int node = 1; node <= 3; ++node) {
    const ClusterClock& clock = cluster.of(node).cluster_clock();
    EXPECT_EQ(clock.offset(), 50 * kSecond - cluster.at(node).clock) << node;
    EXPECT_EQ(clock.is_off(), node != 2) << node;
  }
}

// It does not wait for its turn with the failure detector.
TEST(FormationTest, WhoReturnsMeasuresAtOnce) {
  MemberCluster cluster(3);
  cluster.SeedAllWith({1, 2, 3});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  cluster.Kill(2);
  cluster.RunFor(kSecond);
  cluster.at(2).clock = 90 * kSecond;
  cluster.Start(2);

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.of(2).cluster_clock().known(); },
                       300 * kMillisecond));
}

// Started as a script does it, a second apart, in the worst order.
TEST(FormationTest, TheFounderMayComeLast) {
  MemberCluster cluster(3);
  cluster.SeedAllWith({1, 2, 3});

  cluster.Start(3);
  cluster.RunFor(kSecond);
  cluster.Start(2);
  cluster.RunFor(kSecond);
  cluster.Start(1);

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
}

TEST(FormationTest, OfSelfFirstListsTheSmallestAddressFounds) {
  MemberCluster cluster(3);
  cluster.SetSeeds(1, {1, 2, 3});
  cluster.SetSeeds(2, {2, 3, 1});
  cluster.SetSeeds(3, {3, 1, 2});

  cluster.StartAll();

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  EXPECT_EQ(cluster.CountMarks(1, "membership.founded"), 1u);
  EXPECT_EQ(cluster.of(2).cluster(), cluster.of(1).cluster());
  EXPECT_EQ(cluster.of(3).cluster(), cluster.of(1).cluster());
}

TEST(FormationTest, WithoutSelfFirstListsEqualSetsLetTheSmallestFound) {
  MemberCluster cluster(3);
  cluster.SetSeeds(1, {2, 3});
  cluster.SetSeeds(2, {1, 3});
  cluster.SetSeeds(3, {1, 2});

  cluster.StartAll();

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  EXPECT_EQ(cluster.CountMarks(1, "membership.founded"), 1u);
}

TEST(FormationTest, ANodeThatIsNobodysFirstWaitsAndSaysSo) {
  MemberCluster cluster(2);
  cluster.SetSeeds(2, {1, 2});

  cluster.Start(2);
  cluster.RunFor(60 * kSecond);

  EXPECT_TRUE(cluster.of(2).cluster().IsZero());
  EXPECT_FALSE(cluster.of(2).waiting_for().empty());
}

TEST(FormationTest, SilentSeedsAreGivenUpAfterTenSeconds) {
  MemberCluster cluster(3);
  cluster.SeedAllWith({1, 2, 3});

  cluster.Start(1);
  cluster.Start(2);
  cluster.RunFor(9 * kSecond);
  EXPECT_TRUE(cluster.of(1).cluster().IsZero());
  EXPECT_TRUE(cluster.RunUntil(
      [&] { return cluster.IsReady(1) && cluster.IsReady(2); }, 6 * kSecond));

  // Node 3 never came, so the ring stays open for it until the first write.
  EXPECT_TRUE(cluster.of(1).ring_state()->pristine);
  cluster.Start(3);
  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
}

TEST(FormationTest, AnEmptySeedListFoundsAtOnceAndStaysOpen) {
  MemberCluster cluster(2);
  cluster.SetSeeds(2, {1});

  cluster.Start(1);
  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.IsReady(1); }, 3 * kSecond));
  cluster.RunFor(20 * kSecond);
  EXPECT_TRUE(cluster.of(1).ring_state()->pristine);
  cluster.Start(2);

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  EXPECT_EQ(cluster.of(1).ring_state()->members.size(), 2u);
}

// Everyone may be given the first node's address alone, also the first.
TEST(FormationTest, AListOfTheFirstNodeAloneLetsTheOthersIn) {
  MemberCluster cluster(3);
  cluster.SeedAllWith({1});

  cluster.StartAll();

  EXPECT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  EXPECT_EQ(cluster.of(1).ring_state()->members.size(), 3u);
  EXPECT_TRUE(cluster.of(1).ring_state()->pristine);
}

TEST(FormationTest, AWriteAtAnyNodeClosesThePristineRing) {
  MemberCluster cluster(3);
  cluster.SetSeeds(2, {1});
  cluster.SetSeeds(3, {1});
  cluster.StartAll();
  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 10 * kSecond));
  ASSERT_TRUE(cluster.of(3).ring_state()->pristine);

  cluster.CloseRing(3);

  EXPECT_TRUE(cluster.RunUntil(
      [&] {
        return !cluster.of(1).ring_state()->pristine &&
               !cluster.of(2).ring_state()->pristine &&
               !cluster.of(3).ring_state()->pristine;
      },
      kSecond));
}

TEST(FormationTest, ALateNodeIsToldThatTheRingIsClosedAndRoutes) {
  MemberCluster cluster(4);
  cluster.SeedAllWith({1, 2, 3});
  for (int node = 1; node <= 3; ++node) cluster.Start(node);
  ASSERT_TRUE(cluster.RunUntil(
      [&] {
        return cluster.IsReady(1) && cluster.IsReady(2) && cluster.IsReady(3);
      },
      6 * kSecond));

  cluster.Start(4);
  cluster.RunFor(5 * kSecond);

  EXPECT_TRUE(cluster.of(4).ring_refused());
  EXPECT_NE(cluster.of(4).waiting_for().find("RING_CLOSED"), std::string::npos);
  EXPECT_EQ(cluster.of(4).cluster(), cluster.of(1).cluster());
  EXPECT_EQ(cluster.of(4).ring_state()->members.size(), 3u);
  EXPECT_EQ(cluster.StateAt(1, 4), MemberState::kAlive);
  EXPECT_EQ(cluster.StateAt(4, 1), MemberState::kAlive);
  EXPECT_TRUE(cluster.at(4).fatals.empty());
}

// Scenario 22.
TEST(FormationTest, AJoinerWithAnotherReplicationFactorEndsNamingTheField) {
  MemberCluster cluster(2);
  cluster.SetSeeds(2, {1});
  cluster.at(2).options.replication = 5;

  cluster.Start(1);
  cluster.RunFor(kSecond);
  cluster.Start(2);
  cluster.RunFor(2 * kSecond);

  ASSERT_FALSE(cluster.at(2).fatals.empty());
  EXPECT_EQ(cluster.at(2).fatals[0].exit_code, 2);
  EXPECT_EQ(cluster.at(2).fatals[0].text,
            "replication_factor is 5 here and 3 in the cluster");
  EXPECT_TRUE(cluster.of(2).cluster().IsZero());
}

TEST(FormationTest, AJoinerWithOtherVnodesOrQuorumsIsWelcome) {
  MemberCluster cluster(2);
  cluster.SetSeeds(2, {1});
  cluster.at(2).options.vnodes = 128;
  cluster.at(2).options.read_quorum = 1;

  cluster.StartAll();

  ASSERT_TRUE(
      cluster.RunUntil([&] { return cluster.AllReady(); }, 6 * kSecond));
  const RingMember* member =
      FindMember(*cluster.of(1).ring_state(), cluster.IdOf(2));
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->vnodes, 128u);
}

TEST(FormationTest, AutoJoinOffWaitsForAnOperator) {
  MemberCluster cluster(2);
  cluster.SetSeeds(2, {1});
  cluster.at(2).options.auto_join = false;

  cluster.StartAll();
  cluster.RunFor(10 * kSecond);

  EXPECT_EQ(cluster.of(1).ring_state()->members.size(), 1u);
  EXPECT_EQ(cluster.of(2).waiting_for(), "an operator to plan its join");
}

// Frames are not lost here but every second datagram is.
TEST(FormationTest, FormsUnderHeavyDatagramLoss) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    MemberCluster cluster(5, seed);
    cluster.SeedAllWith({1, 2, 3, 4, 5});
    cluster.SetLossPercent(50);

    cluster.StartAll();

    EXPECT_TRUE(
        cluster.RunUntil([&] { return cluster.AllReady(); }, 10 * kSecond))
        << "seed " << seed;
  }
}

// G11: a cold start of many nodes comes to one view.
TEST(FormationTest, FortyNodesComeToOneView) {
  MemberCluster cluster(40);
  std::vector<int> seeds = {1, 2, 3};
  cluster.SeedAllWith(seeds);

  cluster.StartAll();

  EXPECT_TRUE(cluster.RunUntil(
      [&] {
        return cluster.ViewsAgree() && cluster.of(40).members().size() == 40 &&
               cluster.of(1).members().size() == 40;
      },
      20 * kSecond));
  EXPECT_LE(cluster.largest_datagram_estimate(), kDatagramBytesMax);  // I10
}

}  // namespace
}  // namespace orrery
