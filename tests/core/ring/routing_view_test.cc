#include "core/ring/routing_view.h"

#include "gtest/gtest.h"
#include "tests/core/ring/ring_fixture.h"

namespace orrery {
namespace {

Endpoint At(uint16_t port) {
  Endpoint endpoint;
  endpoint.ip[15] = 1;
  endpoint.port = port;
  return endpoint;
}

constexpr NodeId kSelf{1};
constexpr NodeId kPeer{2};

TEST(RoutingViewTest, SelfIsAlwaysReachable) {
  RoutingView view;
  view.SetSelf(kSelf, StorageOf(1));

  EXPECT_TRUE(view.IsReachable(kSelf));
  EXPECT_TRUE(view.IsConnected(kSelf));
  EXPECT_EQ(view.StateOf(kSelf), MemberState::kAlive);
}

TEST(RoutingViewTest, AStrangerIsDead) {
  const RoutingView view;

  EXPECT_EQ(view.StateOf(kPeer), MemberState::kDead);
  EXPECT_FALSE(view.IsReachable(kPeer));
  EXPECT_TRUE(view.EndpointOf(kPeer).IsNone());
  EXPECT_EQ(view.NodeAt(At(7)), std::nullopt);
}

TEST(RoutingViewTest, ReachableUntilDeadOrKnownDisconnected) {
  RoutingView view;
  view.SetMember(kPeer, At(7), MemberState::kAlive);
  EXPECT_TRUE(view.IsReachable(kPeer));
  EXPECT_FALSE(view.IsConnected(kPeer));

  view.SetMember(kPeer, At(7), MemberState::kSuspect);
  EXPECT_TRUE(view.IsReachable(kPeer));
  view.SetConnected(kPeer, false);
  EXPECT_FALSE(view.IsReachable(kPeer));
  view.SetConnected(kPeer, true);
  EXPECT_TRUE(view.IsConnected(kPeer));
  view.SetMember(kPeer, At(7), MemberState::kDead);
  EXPECT_FALSE(view.IsReachable(kPeer));
}

// S45.
TEST(RoutingViewTest, AWipedDiskUnderAnOldNameIsNotReachable) {
  const NodeId node = NodeIdOf(NameOf(1));
  RoutingView view;
  view.SetRing(MakeRingState(2, 8, 2));

  view.SetMember(node, At(7), MemberState::kAlive, StorageOf(1));
  EXPECT_TRUE(view.IsReachable(node));
  view.SetMember(node, At(7), MemberState::kAlive);  // Not known yet.
  EXPECT_TRUE(view.IsReachable(node));
  view.SetMember(node, At(7), MemberState::kAlive, StorageOf(9));
  EXPECT_FALSE(view.IsReachable(node));

  view.SetSelf(node, StorageOf(9));
  EXPECT_FALSE(view.IsReachable(node));
}

TEST(RoutingViewTest, ANewAddressForgetsTheOldConnection) {
  RoutingView view;
  view.SetMember(kPeer, At(7), MemberState::kAlive);
  view.SetConnected(kPeer, false);

  view.SetMember(kPeer, At(8), MemberState::kAlive);

  EXPECT_TRUE(view.IsReachable(kPeer));
  EXPECT_EQ(view.NodeAt(At(7)), std::nullopt);
  EXPECT_EQ(view.NodeAt(At(8)), kPeer);
}

}  // namespace
}  // namespace orrery
