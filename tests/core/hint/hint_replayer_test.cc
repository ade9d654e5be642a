#include "core/hint/hint_replayer.h"

#include "gtest/gtest.h"
#include "tests/core/hint/hint_bench.h"

namespace orrery {
namespace {

class HintReplayerTest : public testing::Test {
 protected:
  HintReplayerTest() { cluster_.Kill(target_); }

  size_t SentToTarget() const {
    return cluster_.SentTo<ReplicaPut>(target_).size();
  }
  void AcknowledgeAll() {
    for (const Owner& owner : cluster_.owners) bench_.Acknowledge(owner);
  }

  const Object object_ = ObjectOf(ValueOf(DotOf(1, 1), WallNow(), "v"));
  HintBench bench_;
  QuorumBench& cluster_ = bench_.cluster;
  const Owner target_ = cluster_.C();

 private:
  static uint64_t WallNow() { return static_cast<uint64_t>(1000 * kSecond.ns); }
};

TEST_F(HintReplayerTest, NothingIsSentWhileTheTargetIsDead) {
  bench_.Add(target_, object_);

  bench_.Advance(30 * kSecond);

  EXPECT_TRUE(cluster_.effects.sends.empty());
  EXPECT_EQ(bench_.log->held(), 1U);
}

// H6
TEST_F(HintReplayerTest, AHintGoesHomeWhenItsTargetReturns) {
  bench_.Add(target_, object_);

  bench_.Return(target_);

  for (const Owner& owner : cluster_.owners) {
    const auto puts = cluster_.SentTo<ReplicaPut>(owner);
    ASSERT_EQ(puts.size(), 1U);
    EXPECT_EQ(puts[0].origin, PutOrigin::kHint);
    EXPECT_EQ(puts[0].key, kKey);
    EXPECT_EQ(puts[0].object, object_);
    EXPECT_TRUE(HintReplayer::OwnsHandle(puts[0].request));
  }
  EXPECT_EQ(bench_.log->held(), 1U);
  AcknowledgeAll();
  EXPECT_EQ(bench_.log->held(), 0U);
  EXPECT_EQ(bench_.Counters().hints_delivered, 1U);
  EXPECT_TRUE(bench_.replayer->IsIdle());
}

TEST_F(HintReplayerTest, ADeliveredHintStaysDeliveredAfterARestart) {
  bench_.Add(target_, object_);
  bench_.Return(target_);
  AcknowledgeAll();

  bench_.disk.CrashProcess();
  bench_.Start();
  bench_.Advance(10 * kSecond);

  EXPECT_EQ(bench_.log->held(), 0U);
  EXPECT_TRUE(cluster_.effects.sends.empty());
}

// S30
TEST_F(HintReplayerTest, S30HintsAreResumedAfterARestart) {
  bench_.Add(target_, object_, true);
  bench_.disk.CrashProcess();
  bench_.Start();

  bench_.Return(target_);
  AcknowledgeAll();

  EXPECT_EQ(bench_.log->held(), 0U);
}

TEST_F(HintReplayerTest, ARefusalIsTriedAgainAfterABackoff) {
  bench_.Add(target_, object_);
  bench_.Return(target_);

  bench_.Acknowledge(target_, ReplicaStatus::kNotReady);
  EXPECT_EQ(SentToTarget(), 1U);
  EXPECT_EQ(bench_.log->held(), 1U);
  bench_.Advance(3 * kSecond);

  EXPECT_EQ(SentToTarget(), 2U);
  AcknowledgeAll();
  EXPECT_EQ(bench_.log->held(), 0U);
}

// A refusal of who was not asked is no reason to send all again later.
TEST_F(HintReplayerTest, OnlyRecipientsAnswerForAHint) {
  bench_.Add(target_, object_);
  bench_.Return(target_);
  const Handle request = cluster_.SentTo<ReplicaPut>(target_)[0].request;

  bench_.Answer(cluster_.StandIn(1), request, ReplicaStatus::kNotReady);
  EXPECT_FALSE(cluster_.Marked("hint.refused"));
  bench_.Answer(target_, request, ReplicaStatus::kOk);
  bench_.Answer(target_, request, ReplicaStatus::kNotReady);  // It has said.
  EXPECT_FALSE(cluster_.Marked("hint.refused"));

  AcknowledgeAll();
  EXPECT_EQ(bench_.log->held(), 0U);
}

// Handles can be guessed: the delivery is there while its hint is being read.
TEST_F(HintReplayerTest, AnAnswerBeforeTheQuestionEndsNothing) {
  bench_.Add(target_, object_);
  bench_.Return(target_);
  const Handle first = cluster_.SentTo<ReplicaPut>(target_)[0].request;
  AcknowledgeAll();
  cluster_.Kill(target_);
  bench_.Add(target_, object_);
  cluster_.SetState(target_.node, MemberState::kAlive);
  bench_.replayer->OnRoutingChanged(cluster_.turn());
  ASSERT_EQ(SentToTarget(), 1U) << "the second hint is being read";

  for (const ReplicaStatus status :
       {ReplicaStatus::kOk, ReplicaStatus::kNotReady}) {
    bench_.Hear(target_, {first.slot, first.gen + 1}, status);
  }
  bench_.Settle();

  EXPECT_EQ(SentToTarget(), 2U);
  AcknowledgeAll();
  EXPECT_EQ(bench_.log->held(), 0U);
}

// HRP-3
TEST_F(HintReplayerTest, SilenceEndsADelivery) {
  bench_.Add(target_, object_);
  bench_.Return(target_);

  bench_.Advance(cluster_.options.request_timeout);

  EXPECT_TRUE(cluster_.Marked("hint.unanswered"));
  EXPECT_EQ(bench_.log->held(), 1U);
}

TEST_F(HintReplayerTest, ALostPeerEndsADelivery) {
  bench_.Add(target_, object_);
  bench_.Return(target_);

  bench_.replayer->OnPeerLost(target_.node, cluster_.turn());
  bench_.Settle();

  EXPECT_TRUE(bench_.replayer->IsIdle());
  EXPECT_EQ(bench_.log->held(), 1U);
}

TEST_F(HintReplayerTest, AHintWaitsForARecipientThatIsAway) {
  cluster_.Kill(cluster_.B());
  bench_.Add(target_, object_);
  bench_.Return(target_);
  bench_.Acknowledge(cluster_.A());
  bench_.Acknowledge(target_);
  EXPECT_EQ(bench_.log->held(), 1U);
  EXPECT_TRUE(cluster_.Marked("hint.partly_delivered"));

  bench_.Advance(30 * kSecond);
  EXPECT_EQ(SentToTarget(), 1U);
  bench_.Return(cluster_.B());
  AcknowledgeAll();

  EXPECT_EQ(bench_.log->held(), 0U);
}

// HRP-2
TEST_F(HintReplayerTest, AHintThatGrewMeanwhileStays) {
  bench_.Add(target_, object_);
  bench_.Return(target_);
  const Object grown = Merge(
      object_,
      ObjectOf(ValueOf(DotOf(1, 2), object_.siblings[0].stamp + 9, "grown")));
  bench_.Add(target_, grown);

  AcknowledgeAll();

  EXPECT_EQ(bench_.Counters().hints_delivered, 0U);
  EXPECT_EQ(bench_.log->held(), 1U);
  bench_.Advance(2 * kSecond);
  EXPECT_EQ(cluster_.SentTo<ReplicaPut>(target_).back().object, grown);
}

// H6: the ring changed, the target owns nothing any more.
TEST_F(HintReplayerTest, AHintOfARemovedTargetGoesToTheOwners) {
  const Owner removed{{4711}, {{.hi = 4711, .lo = 1}}};
  bench_.Add(removed, object_);
  bench_.Advance(2 * kSecond);
  bench_.Acknowledge(cluster_.A());
  bench_.Acknowledge(cluster_.B());
  EXPECT_EQ(bench_.log->held(), 1U);

  bench_.Return(target_);
  AcknowledgeAll();

  EXPECT_EQ(bench_.log->held(), 0U);
  EXPECT_EQ(bench_.Counters().hints_redirected, 1U);
}

// H8
TEST_F(HintReplayerTest, ABestEffortHintExpires) {
  cluster_.options.handoff_timeout = kMinute;
  const auto stamp = static_cast<uint64_t>(cluster_.turn().wall().ns);
  bench_.Add(target_, ObjectOf(ValueOf(DotOf(1, 1), stamp, "v")));
  cluster_.turn().at.wall = cluster_.turn().at.wall + 2 * kMinute;

  bench_.Advance(2 * kSecond);

  EXPECT_EQ(bench_.log->held(), 0U);
  EXPECT_EQ(bench_.Counters().hints_expired, 1U);
  EXPECT_TRUE(cluster_.effects.sends.empty());
}

// H8
TEST_F(HintReplayerTest, ACountedHintNeverExpires) {
  cluster_.options.handoff_timeout = kMinute;
  const auto stamp = static_cast<uint64_t>(cluster_.turn().wall().ns);
  bench_.Add(target_, ObjectOf(ValueOf(DotOf(1, 1), stamp, "v")), true);
  cluster_.turn().at.wall = cluster_.turn().at.wall + 48 * kHour;

  bench_.Advance(2 * kSecond);

  EXPECT_EQ(bench_.log->held(), 1U);
}

// HRP-1
TEST_F(HintReplayerTest, ManyHintsDrainAFewAtATime) {
  constexpr int kHints = 100;
  for (int i = 0; i < kHints; ++i) {
    bench_.StartAdd(target_, object_, false, "key" + std::to_string(i));
  }
  bench_.Settle();
  bench_.Return(target_);

  size_t answered = 0;
  while (answered < cluster_.effects.sends.size()) {
    EXPECT_LE(cluster_.effects.sends.size() - answered,
              size_t{3} * kHintReplaysMax);
    const SendEffect send = cluster_.effects.sends[answered++];
    const auto* put = std::get_if<ReplicaPut>(&send.message.body);
    ASSERT_NE(put, nullptr);
    PeerMessage ack{.body = ReplicaPutAck{.request = put->request}};
    ack.envelope.from = *cluster_.routing.NodeAt(send.to);
    bench_.replayer->OnPeerMessage(ack, cluster_.turn());
    bench_.Settle();
  }

  EXPECT_EQ(bench_.log->held(), 0U);
  // Some keys have other owners than the target.
  EXPECT_EQ(
      bench_.Counters().hints_delivered + bench_.Counters().hints_redirected,
      uint64_t{kHints});
}

}  // namespace
}  // namespace orrery
