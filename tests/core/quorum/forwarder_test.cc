#include "core/quorum/forwarder.h"

#include "core/protocol/request_handle.h"
#include "core/version/causal_context.h"
#include "gtest/gtest.h"
#include "tests/core/quorum/quorum_bench.h"

namespace orrery {
namespace {

class ForwarderTest : public testing::Test {
 protected:
  ForwarderTest() { bench_.BecomeNode(bench_.StandIn(0)); }

  void Start() {
    forwarder_.emplace(
        Forwarder::Command{.reply = kTestClient,
                           .key = std::string(kKey),
                           .value = Bytes::CopyOf("v"),
                           .write_level = {.kind = Level::Kind::kQuorum},
                           .operation = kTestOperation,
                           .proposed_stamp = 77,
                           .deadline = bench_.Deadline()});
    Conversation here = bench_.Here();
    forwarder_->Start(kTestHandle, here);
  }
  void OnAck(const Owner& from, WriteReply reply) {
    Conversation here = bench_.Here();
    forwarder_->OnForwardAck(from, {.reply = std::move(reply)}, here);
  }
  void OnPeerLost(const Owner& owner) {
    Conversation here = bench_.Here();
    forwarder_->OnPeerLost(owner.node, here);
  }

  QuorumBench bench_{5};
  std::optional<Forwarder> forwarder_;
};

TEST_F(ForwarderTest, HandsTheWholeWriteToTheFirstOwner) {
  Start();

  const auto sent = bench_.SentTo<ForwardWrite>(bench_.A());
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].key, kKey);
  EXPECT_EQ(sent[0].value.text(), "v");
  EXPECT_EQ(sent[0].operation, kTestOperation);
  EXPECT_EQ(sent[0].proposed_stamp, 77U);
  EXPECT_EQ(Untagged(sent[0].request), kTestHandle);
  EXPECT_LT(sent[0].remaining, bench_.options.request_timeout);
  EXPECT_EQ(bench_.effects.sends.size(), 1U);
}

// It would coordinate itself if it knew the time.
TEST_F(ForwarderTest, AnOwnerWithoutTimeAndWithoutOthersSaysSo) {
  bench_.BecomeNode(bench_.A());
  bench_.Kill(bench_.B());
  bench_.Kill(bench_.C());
  bench_.turn().cluster = {.known = false, .is_sure = false, .may_mint = false};

  Start();

  const auto* refused = bench_.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kClockUnknown);
}

TEST_F(ForwarderTest, AnOwnerThatLacksTheTimeIsPassedOver) {
  Start();

  OnAck(bench_.A(), Refused{.why = Refused::Why::kClockUnknown});

  EXPECT_TRUE(bench_.Sent<ForwardWrite>(bench_.B()));
  EXPECT_EQ(bench_.Replies(), 0U);
}

TEST_F(ForwarderTest, PrefersAnAliveOwner) {
  bench_.SetState(bench_.A().node, MemberState::kSuspect);
  bench_.Kill(bench_.B());

  Start();

  EXPECT_TRUE(bench_.Sent<ForwardWrite>(bench_.C()));
}

TEST_F(ForwarderTest, PassesTheAnswerOn) {
  Start();

  OnAck(bench_.A(), WriteDone{.version = 80});

  const auto* done = bench_.Replied<WriteDone>();
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->version, 80U);
  EXPECT_TRUE(forwarder_->IsDone());
}

TEST_F(ForwarderTest, AnotherOwnerIsTriedOnlyAfterARefusal) {
  Start();

  OnAck(bench_.A(), Refused{.why = Refused::Why::kNotReady});
  EXPECT_EQ(bench_.Replies(), 0U);
  ASSERT_TRUE(bench_.Sent<ForwardWrite>(bench_.B()));
  OnAck(bench_.B(), OutcomeUnknown{});

  EXPECT_NE(bench_.Replied<OutcomeUnknown>(), nullptr);
  EXPECT_FALSE(bench_.Sent<ForwardWrite>(bench_.C()));
}

TEST_F(ForwarderTest, ARefusalThatHoldsEverywhereIsPassedOn) {
  Start();

  OnAck(bench_.A(), Refused{.why = Refused::Why::kTooFewOwners});

  EXPECT_NE(bench_.Replied<Refused>(), nullptr);
}

TEST_F(ForwarderTest, TheLastRefusalIsPassedOn) {
  Start();

  OnAck(bench_.A(), Refused{.why = Refused::Why::kNotReady});
  OnAck(bench_.B(), Refused{.why = Refused::Why::kDiskFull});
  OnAck(bench_.C(), Refused{.why = Refused::Why::kReadOnly});

  const auto* refused = bench_.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kReadOnly);
}

TEST_F(ForwarderTest, AnAnswerOfAnotherOwnerIsIgnored) {
  Start();

  OnAck(bench_.B(), WriteDone{.version = 80});

  EXPECT_EQ(bench_.Replies(), 0U);
}

// FWD-2
TEST_F(ForwarderTest, ALostOwnerLeavesTheOutcomeUnknown) {
  Start();

  OnPeerLost(bench_.B());
  EXPECT_EQ(bench_.Replies(), 0U);
  OnPeerLost(bench_.A());

  const auto* unknown = bench_.Replied<OutcomeUnknown>();
  ASSERT_NE(unknown, nullptr);
  EXPECT_EQ(unknown->required, 2U);
  const auto operation =
      OpenOperation(kTestCluster, kKey, unknown->operation.view());
  ASSERT_TRUE(operation.has_value());
  EXPECT_EQ(operation->second, 77U);
}

// FWD-1
TEST_F(ForwarderTest, TheDeadlineLeavesTheOutcomeUnknown) {
  Start();

  Conversation here = bench_.Here();
  forwarder_->OnDeadline(here);

  EXPECT_NE(bench_.Replied<OutcomeUnknown>(), nullptr);
}

TEST_F(ForwarderTest, WithoutAnOwnerItIsRefused) {
  for (const Owner& owner : bench_.owners) bench_.Kill(owner);

  Start();

  const auto* refused = bench_.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kTooFewOwners);
  EXPECT_EQ(refused->required, 2U);
  EXPECT_TRUE(bench_.effects.sends.empty());
}

}  // namespace
}  // namespace orrery
