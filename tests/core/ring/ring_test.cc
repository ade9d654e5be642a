#include "core/ring/ring.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/ring/token.h"
#include "gtest/gtest.h"
#include "tests/core/ring/ring_fixture.h"

namespace orrery {
namespace {

TEST(RingTest, AnEmptyRingHasNoOwners) {
  RingState state = MakeRingState(1, 4, 3);
  state.members[0].status = MemberStatus::kLeft;

  const Ring ring(state);

  EXPECT_TRUE(ring.ranges().empty());
  EXPECT_TRUE(ring.OwnersOf(42).empty());
  EXPECT_TRUE(ring.NonOwnersClockwise(42).empty());
  EXPECT_FALSE(ring.IsOwner(42, {NodeIdOf("node1"), StorageOf(1)}));
}

TEST(RingTest, OneVirtualNodeOwnsTheWholeRing) {
  const Ring ring(MakeRingState(1, 1, 3));

  ASSERT_EQ(ring.ranges().size(), 1u);
  EXPECT_EQ(ring.ranges()[0].after, ring.ranges()[0].end);
  for (const uint64_t token : {uint64_t{0}, VnodeToken("node1", 0),
                               VnodeToken("node1", 0) + 1, ~uint64_t{0}}) {
    EXPECT_EQ(ring.OwnersOf(token),
              (PreferenceList{{NodeIdOf("node1"), StorageOf(1)}}));
  }
}

TEST(RingTest, TheOwnerIsTheFirstTokenAtOrAfterTheKey) {
  const Ring ring(MakeRingState(3, 8, 1));
  const std::vector<Ring::Vnode> vnodes = ring.Vnodes();

  for (size_t i = 0; i < vnodes.size(); ++i) {
    const NodeId next = vnodes[(i + 1) % vnodes.size()].node;
    EXPECT_EQ(ring.OwnersOf(vnodes[i].token)[0].node, vnodes[i].node);
    EXPECT_EQ(ring.OwnersOf(vnodes[i].token + 1)[0].node, next);
  }
  EXPECT_EQ(ring.OwnersOf(0)[0].node, vnodes.front().node);
  EXPECT_EQ(ring.OwnersOf(~uint64_t{0})[0].node, vnodes.front().node);
}

TEST(RingTest, FewerMembersThanReplicasAllOwn) {
  const Ring ring(MakeRingState(2, 16, 3));

  EXPECT_EQ(ring.OwnersOf(123).size(), 2u);
  EXPECT_TRUE(ring.NonOwnersClockwise(123).empty());
}

TEST(RingTest, OnlyNormalMembersOwn) {
  RingState state = MakeRingState(4, 16, 3);
  for (RingMember& member : state.members) {
    if (member.name == "node4") member.status = MemberStatus::kJoining;
  }

  const Ring ring(state);

  for (const Ring::Range& range : ring.ranges()) {
    for (const Owner& owner : range.owners) {
      EXPECT_NE(owner.node, NodeIdOf("node4"));
    }
  }
  for (const Ring::Vnode& vnode : ring.Vnodes()) {
    EXPECT_NE(vnode.node, NodeIdOf("node4"));
  }
}

TEST(RingTest, StandInsAreTheOtherNodesClockwise) {
  const Ring ring(MakeRingState(6, 8, 3));
  const std::vector<Ring::Vnode> vnodes = ring.Vnodes();

  for (const Ring::Range& range : ring.ranges()) {
    std::vector<NodeId> expected;  // Distinct nodes clockwise, owners first.
    size_t start = 0;
    while (vnodes[start].token != range.end) ++start;
    for (size_t step = 0; step < vnodes.size(); ++step) {
      const NodeId node = vnodes[(start + step) % vnodes.size()].node;
      if (std::find(expected.begin(), expected.end(), node) == expected.end()) {
        expected.push_back(node);
      }
    }
    expected.erase(expected.begin(), expected.begin() + 3);

    EXPECT_EQ(ring.NonOwnersClockwise(range.end), expected);
  }
}

TEST(RingTest, ContainsKnowsTheWrap) {
  EXPECT_TRUE(Ring::Contains(5, 3, 5));
  EXPECT_FALSE(Ring::Contains(3, 3, 5));
  EXPECT_FALSE(Ring::Contains(6, 3, 5));
  EXPECT_TRUE(Ring::Contains(0, 10, 2));
  EXPECT_TRUE(Ring::Contains(11, 10, 2));
  EXPECT_TRUE(Ring::Contains(2, 10, 2));
  EXPECT_FALSE(Ring::Contains(3, 10, 2));
  EXPECT_FALSE(Ring::Contains(10, 10, 2));
  EXPECT_TRUE(Ring::Contains(7, 4, 4));
}

// Membership section 2: three replicas of 150 virtual nodes each on ten nodes
// stay within 1.10 of the average (G15).
TEST(RingTest, TenNodesCarrySimilarLoads) {
  const Ring ring(MakeRingState(10, 150, 3));
  std::vector<uint64_t> load(11, 0);

  for (int i = 0; i < 100'000; ++i) {
    const uint64_t token = TokenOf("key" + std::to_string(i));
    for (const Owner& owner : ring.OwnersOf(token)) ++load[owner.storage.lo];
  }

  const uint64_t average = 100'000 * 3 / 10;
  EXPECT_LT(*std::max_element(load.begin(), load.end()), average * 115 / 100);
}

TEST(RingTest, TheHashIsOfTheWholeState) {
  const RingState state = MakeRingState(3, 8, 3);
  RingState other = state;
  other.epoch.seq += 1;

  EXPECT_EQ(Ring(state).hash(), Ring(state).hash());
  EXPECT_NE(Ring(state).hash(), Ring(other).hash());
  EXPECT_EQ(Ring(state).hash(), RingHash(state));
}

}  // namespace
}  // namespace orrery
