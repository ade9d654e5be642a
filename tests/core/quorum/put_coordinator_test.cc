#include "core/quorum/put_coordinator.h"

#include "core/version/causal_context.h"
#include "gtest/gtest.h"
#include "tests/core/quorum/quorum_bench.h"

namespace orrery {
namespace {

using Phase = PutCoordinator::Phase;

class PutCoordinatorTest : public testing::Test {
 protected:
  // Starts a PUT of "v" and answers the mint.
  void Start(const Level& level = kQuorum, bool sloppy = false) {
    Begin({.level = level, .sloppy = sloppy});
    if (put_->phase() == Phase::kMinting) OnMinted();
  }

  struct Plan {
    ClientVerb verb = ClientVerb::kPut;
    Level level = kQuorum;
    bool sloppy = false;
    uint64_t retry_stamp = 0;
    ReplyPath reply = kTestClient;
  };
  void Begin(const Plan& plan) {
    put_.emplace(PutCoordinator::Command{.reply = plan.reply,
                                         .verb = plan.verb,
                                         .key = std::string(kKey),
                                         .value = Bytes::CopyOf("v"),
                                         .read_level = plan.level,
                                         .write_level = plan.level,
                                         .sloppy = plan.sloppy,
                                         .operation = kTestOperation,
                                         .proposed_stamp = plan.retry_stamp,
                                         .retry = plan.retry_stamp != 0,
                                         .deadline = bench_.Deadline()});
    Conversation here = bench_.Here();
    put_->Start(kTestHandle, here);
  }

  void OnMinted(uint64_t top_stamp = 50) {
    Conversation here = bench_.Here();
    put_->OnWriteOutcome({.status = ReplicaStatus::kOk,
                          .synced = true,
                          .top_stamp = top_stamp,
                          .object = minted_,
                          .stamp = 50,
                          .basis = 40},
                         here);
  }
  void OnMintRefused(ReplicaStatus status) {
    Conversation here = bench_.Here();
    put_->OnWriteOutcome({.status = status}, here);
  }
  void OnAck(const Owner& from, uint64_t top_stamp = 50) {
    Conversation here = bench_.Here();
    put_->OnPutAck(from, {.request = kTestHandle, .top_stamp = top_stamp},
                   here);
  }
  void OnRefusal(const Owner& from, ReplicaStatus status) {
    Conversation here = bench_.Here();
    put_->OnPutAck(from, {.request = kTestHandle, .status = status}, here);
  }
  void OnHintAck(const Owner& from, bool synced) {
    Conversation here = bench_.Here();
    put_->OnHintAck(from.node, {.request = kTestHandle, .synced = synced},
                    here);
  }
  void OnVersions(const Owner& from, const Object& object,
                  bool suspect = false) {
    Conversation here = bench_.Here();
    put_->OnGetAck(from,
                   {.request = kTestHandle,
                    .depth = ReadDepth::kVersions,
                    .suspect = suspect,
                    .object = object},
                   here);
  }
  void OnOwnVersions(const Object& object) {
    Conversation here = bench_.Here();
    put_->OnReadOutcome({.object = object}, here);
  }
  void OnPeerLost(const Owner& owner) {
    Conversation here = bench_.Here();
    put_->OnPeerLost(owner.node, here);
  }
  void OnDeadline() {
    bench_.Advance(bench_.options.request_timeout);
    Conversation here = bench_.Here();
    put_->OnDeadline(here);
  }

  Object minted_ = ObjectOf(ValueOf(DotOf(1, 1), 50, "v"));
  QuorumBench bench_{5};
  std::optional<PutCoordinator> put_;
};

TEST_F(PutCoordinatorTest, NothingIsSentBeforeTheOwnStoreHasMinted) {
  Begin({});

  ASSERT_EQ(bench_.local.mints.size(), 1U);
  EXPECT_EQ(bench_.local.mints[0].operation, kTestOperation);
  EXPECT_FALSE(bench_.local.mints[0].tombstone);
  EXPECT_TRUE(bench_.effects.sends.empty());
}

TEST_F(PutCoordinatorTest, SendsToEveryOtherOwnerAndAnswersAtW) {
  Start();
  const auto to_b = bench_.SentTo<ReplicaPut>(bench_.B());
  ASSERT_EQ(to_b.size(), 1U);
  EXPECT_EQ(to_b[0].origin, PutOrigin::kFresh);
  EXPECT_EQ(to_b[0].object, minted_);
  EXPECT_EQ(to_b[0].basis, 40U);
  EXPECT_TRUE(bench_.Sent<ReplicaPut>(bench_.C()));
  EXPECT_EQ(bench_.Replies(), 0U);

  OnAck(bench_.C());

  const auto* done = bench_.Replied<WriteDone>();
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->version, 50U);
  EXPECT_EQ(done->acks,
            (Acks{.owners = 2, .hints = 0, .synced = 1, .nodes = 2}));
  EXPECT_EQ(done->superseded_by, 0U);
  EXPECT_EQ(OpenContext(kTestCluster, kKey, done->context.view()),
            SeenOf(minted_));
  EXPECT_EQ(put_->phase(), Phase::kLingering);
}

TEST_F(PutCoordinatorTest, AtLevelOneTheMintIsTheAnswer) {
  Start(kOne);

  EXPECT_NE(bench_.Replied<WriteDone>(), nullptr);
  EXPECT_TRUE(bench_.Sent<ReplicaPut>(bench_.B()));
  EXPECT_TRUE(bench_.Sent<ReplicaPut>(bench_.C()));
}

TEST_F(PutCoordinatorTest, EndsWhenEveryOwnerHasMerged) {
  Start();
  OnAck(bench_.B());
  ASSERT_EQ(put_->phase(), Phase::kLingering);

  OnAck(bench_.C());

  EXPECT_EQ(put_->phase(), Phase::kDone);
  EXPECT_TRUE(bench_.Marked("put.answer_after_verdict"));
  EXPECT_EQ(bench_.Replies(), 1U);
}

TEST_F(PutCoordinatorTest, TheSameOwnerTwiceIsNotAQuorum) {
  Start(kAll);

  OnAck(bench_.B());
  OnAck(bench_.B());

  EXPECT_EQ(bench_.Replies(), 0U);
}

// W10
TEST_F(PutCoordinatorTest, ALoserIsTold) {
  Start();

  OnAck(bench_.B(), 60);

  const auto* done = bench_.Replied<WriteDone>();
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->superseded_by, 60U);
  EXPECT_TRUE(bench_.Marked("put.superseded"));
}

// W4, PUT-1
TEST_F(PutCoordinatorTest, TooFewReachableOwnersIsRefusedBeforeSending) {
  bench_.Kill(bench_.B());
  bench_.Kill(bench_.C());

  Start();

  const auto* refused = bench_.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kTooFewOwners);
  EXPECT_EQ(refused->required, 2U);
  EXPECT_EQ(refused->received, 1U);
  EXPECT_TRUE(bench_.effects.sends.empty());
  EXPECT_TRUE(bench_.local.mints.empty());
  EXPECT_EQ(put_->phase(), Phase::kDone);
}

TEST_F(PutCoordinatorTest, ADeadOwnerGetsAHintOnTheFirstStandIn) {
  bench_.Kill(bench_.C());
  Start();

  EXPECT_FALSE(bench_.Sent<ReplicaPut>(bench_.C()));
  const auto hints = bench_.SentTo<HintPut>(bench_.StandIn(0));
  ASSERT_EQ(hints.size(), 1U);
  EXPECT_EQ(hints[0].target, bench_.C().node);
  EXPECT_EQ(hints[0].target_storage, bench_.C().storage);
  EXPECT_EQ(hints[0].object, minted_);
  EXPECT_FALSE(hints[0].counted);
  OnHintAck(bench_.StandIn(0), true);
  EXPECT_EQ(bench_.Replies(), 0U);  // H1
  OnAck(bench_.B());

  const auto* done = bench_.Replied<WriteDone>();
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->acks.owners, 2U);
  EXPECT_EQ(done->acks.hints, 1U);
  EXPECT_EQ(put_->phase(), Phase::kDone);
}

TEST_F(PutCoordinatorTest, TheSecondDeadOwnerGetsTheSecondStandIn) {
  bench_.Kill(bench_.B());
  bench_.Kill(bench_.C());

  Start(kOne);

  EXPECT_EQ(bench_.SentTo<HintPut>(bench_.StandIn(0)).size(), 1U);
  EXPECT_EQ(bench_.SentTo<HintPut>(bench_.StandIn(1)).size(), 1U);
}

TEST_F(PutCoordinatorTest, ADeadStandInIsPassedOver) {
  bench_.Kill(bench_.C());
  bench_.Kill(bench_.StandIn(0));

  Start();

  EXPECT_TRUE(bench_.Sent<HintPut>(bench_.StandIn(1)));
}

TEST_F(PutCoordinatorTest, AStandInThatIsLostGivesWayToTheNext) {
  bench_.Kill(bench_.C());
  Start();

  OnPeerLost(bench_.StandIn(0));

  EXPECT_TRUE(bench_.Sent<HintPut>(bench_.StandIn(1)));
}

// H3
TEST_F(PutCoordinatorTest, WithoutStandInsTheHintIsKeptHere) {
  bench_.Kill(bench_.C());
  bench_.Kill(bench_.StandIn(0));
  bench_.Kill(bench_.StandIn(1));

  Start();
  OnAck(bench_.B());

  ASSERT_EQ(bench_.local.hints.size(), 1U);
  EXPECT_EQ(bench_.local.hints[0].target, bench_.C().node);
  EXPECT_FALSE(bench_.local.hints[0].counted);
  const auto* done = bench_.Replied<WriteDone>();
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->acks.hints, 0U);
  EXPECT_EQ(put_->phase(), Phase::kDone);
}

TEST_F(PutCoordinatorTest, ASilentOwnerGetsAHintAtTheDeadline) {
  Start();
  OnAck(bench_.B());
  ASSERT_FALSE(bench_.Sent<HintPut>(bench_.StandIn(0)));

  OnDeadline();

  EXPECT_TRUE(bench_.Sent<HintPut>(bench_.StandIn(0)));
  EXPECT_EQ(put_->phase(), Phase::kDone);
  EXPECT_EQ(bench_.Replies(), 1U);
}

// W11, PUT-2
TEST_F(PutCoordinatorTest, TheDeadlineWithoutWIsUnknown) {
  Start();

  OnDeadline();

  const auto* unknown = bench_.Replied<OutcomeUnknown>();
  ASSERT_NE(unknown, nullptr);
  EXPECT_EQ(unknown->required, 2U);
  EXPECT_EQ(unknown->received, 1U);
  const auto operation =
      OpenOperation(kTestCluster, kKey, unknown->operation.view());
  ASSERT_TRUE(operation.has_value());
  EXPECT_EQ(operation->first, kTestOperation);
  EXPECT_EQ(operation->second, 50U);
  EXPECT_EQ(bench_.SentTo<HintPut>(bench_.StandIn(0)).size(), 1U);
  EXPECT_EQ(bench_.SentTo<HintPut>(bench_.StandIn(1)).size(), 1U);
}

TEST_F(PutCoordinatorTest, WOutOfReachIsUnknownAtOnce) {
  Start();

  OnRefusal(bench_.B(), ReplicaStatus::kFull);
  EXPECT_EQ(bench_.Replies(), 0U);
  OnRefusal(bench_.C(), ReplicaStatus::kNotReady);

  EXPECT_NE(bench_.Replied<OutcomeUnknown>(), nullptr);
  EXPECT_TRUE(bench_.Marked("put.out_of_reach"));
}

// C2: no acknowledgement; and the write gets there as stored data (PUT-3).
TEST_F(PutCoordinatorTest, AReplicaThatRefusesTheStampGetsAHint) {
  Start(kAll);

  OnRefusal(bench_.B(), ReplicaStatus::kClockAhead);

  const auto* unknown = bench_.Replied<OutcomeUnknown>();
  ASSERT_NE(unknown, nullptr);
  EXPECT_EQ(unknown->received, 1U);
  EXPECT_TRUE(bench_.Sent<HintPut>(bench_.StandIn(0)));
}

TEST_F(PutCoordinatorTest, LostPeersPutWOutOfReachAndGetHints) {
  Start();

  OnPeerLost(bench_.B());
  OnPeerLost(bench_.C());

  EXPECT_NE(bench_.Replied<OutcomeUnknown>(), nullptr);
  EXPECT_TRUE(bench_.Sent<HintPut>(bench_.StandIn(0)));
  EXPECT_TRUE(bench_.Sent<HintPut>(bench_.StandIn(1)));
}

TEST_F(PutCoordinatorTest, AnAnswerFromALostPeerStillCounts) {
  Start();
  OnPeerLost(bench_.B());

  OnAck(bench_.B());

  EXPECT_NE(bench_.Replied<WriteDone>(), nullptr);
}

TEST_F(PutCoordinatorTest, AnOwnerBehindTheRingIsAskedOnceMore) {
  Start();

  OnRefusal(bench_.B(), ReplicaStatus::kRingBehind);
  EXPECT_TRUE(bench_.timers.IsArmed(TimerKind::kPutRetry, kTestHandle));
  EXPECT_EQ(bench_.SentTo<ReplicaPut>(bench_.B()).size(), 1U);
  Conversation here = bench_.Here();
  put_->OnRetry(here);
  EXPECT_EQ(bench_.SentTo<ReplicaPut>(bench_.B()).size(), 2U);
  OnRefusal(bench_.B(), ReplicaStatus::kRingBehind);

  EXPECT_TRUE(bench_.Sent<HintPut>(bench_.StandIn(0)));
  EXPECT_EQ(bench_.Replies(), 0U);
}

TEST_F(PutCoordinatorTest, ARefusedMintWithoutAnotherOwnerIsRefused) {
  struct Case {
    ReplicaStatus status;
    Refused::Why why;
  };
  bench_.Kill(bench_.B());
  bench_.Kill(bench_.C());
  for (const Case& expected :
       {Case{ReplicaStatus::kBusy, Refused::Why::kOverloaded},
        Case{ReplicaStatus::kFull, Refused::Why::kDiskFull},
        Case{ReplicaStatus::kReadOnly, Refused::Why::kReadOnly},
        Case{ReplicaStatus::kClockAhead, Refused::Why::kClockAhead},
        Case{ReplicaStatus::kCorrupt, Refused::Why::kDamaged}}) {
    bench_.effects.Clear();
    Begin({.level = kOne});

    OnMintRefused(expected.status);

    const auto* refused = bench_.Replied<Refused>();
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->why, expected.why);
    EXPECT_TRUE(bench_.effects.sends.empty());
  }
}

// Catalogue C9.
TEST_F(PutCoordinatorTest, ADamagedCopyHandsTheWriteToAnotherOwner) {
  Begin({});

  OnMintRefused(ReplicaStatus::kCorrupt);

  EXPECT_EQ(put_->phase(), Phase::kHandingOver);
  EXPECT_EQ(bench_.Replies(), 0U);
}

TEST_F(PutCoordinatorTest, AForwardedWriteIsNeverHandedOn) {
  Begin({.reply = {.forwarder = {.ip = {}, .port = 5}, .request = {4, 1}}});

  OnMintRefused(ReplicaStatus::kCorrupt);

  EXPECT_EQ(put_->phase(), Phase::kDone);
  ASSERT_EQ(bench_.effects.sends.size(), 1U);
  const auto* ack =
      std::get_if<ForwardWriteAck>(&bench_.effects.sends[0].message.body);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->request, (Handle{4, 1}));
  EXPECT_TRUE(std::holds_alternative<Refused>(ack->reply));
}

// Catalogue D2.
TEST_F(PutCoordinatorTest, AMintThatMayBeStoredIsUnknown) {
  Begin({});

  OnMintRefused(ReplicaStatus::kUnknown);

  EXPECT_NE(bench_.Replied<OutcomeUnknown>(), nullptr);
  EXPECT_EQ(put_->phase(), Phase::kDone);
}

TEST_F(PutCoordinatorTest, AMintAfterTheDeadlineStillReachesTheOthers) {
  Begin({});
  OnDeadline();
  ASSERT_NE(bench_.Replied<OutcomeUnknown>(), nullptr);

  OnMinted();

  EXPECT_TRUE(bench_.Sent<ReplicaPut>(bench_.B()));
  EXPECT_TRUE(bench_.Sent<ReplicaPut>(bench_.C()));
  OnDeadline();
  EXPECT_EQ(put_->phase(), Phase::kDone);
  EXPECT_EQ(bench_.Replies(), 1U);
  EXPECT_TRUE(bench_.Sent<HintPut>(bench_.StandIn(0)));
}

TEST_F(PutCoordinatorTest, ADeleteCoversWhatAQuorumHolds) {
  const Object seen = ObjectOf(ValueOf(DotOf(2, 3), 45, "old"));
  Begin({.verb = ClientVerb::kDelete});
  ASSERT_EQ(bench_.local.reads.size(), 1U);
  EXPECT_EQ(bench_.local.reads[0].depth, ReadDepth::kVersions);
  ASSERT_TRUE(bench_.local.mints.empty());

  OnOwnVersions({});
  OnVersions(bench_.B(), seen);

  ASSERT_EQ(bench_.local.mints.size(), 1U);
  EXPECT_TRUE(bench_.local.mints[0].tombstone);
  EXPECT_EQ(bench_.local.mints[0].seen, SeenOf(seen));
}

TEST_F(PutCoordinatorTest, ADeleteOfAnUnknownKeyWritesATombstone) {
  Begin({.verb = ClientVerb::kDelete});

  OnOwnVersions({});
  OnVersions(bench_.B(), {});

  ASSERT_EQ(bench_.local.mints.size(), 1U);
  EXPECT_FALSE(bench_.local.mints[0].seen.has_value());
}

TEST_F(PutCoordinatorTest, AnOwnerInDoubtIsCoveredAndNotCounted) {
  const Object seen = ObjectOf(ValueOf(DotOf(2, 3), 45, "old"));
  Begin({.verb = ClientVerb::kDelete});

  OnVersions(bench_.B(), seen, true);
  OnOwnVersions({});
  ASSERT_TRUE(bench_.local.mints.empty());
  OnVersions(bench_.C(), {});

  ASSERT_EQ(bench_.local.mints.size(), 1U);
  EXPECT_EQ(bench_.local.mints[0].seen, SeenOf(seen));
}

TEST_F(PutCoordinatorTest, ADeleteWhoseReadFailsIsRefused) {
  Begin({.verb = ClientVerb::kDelete});
  OnOwnVersions({});

  OnPeerLost(bench_.B());
  OnPeerLost(bench_.C());

  const auto* refused = bench_.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kReadQuorumFailed);
  EXPECT_EQ(refused->received, 1U);
  EXPECT_TRUE(bench_.local.mints.empty());
}

TEST_F(PutCoordinatorTest, ADeleteAtItsDeadlineWhileReadingIsRefused) {
  Begin({.verb = ClientVerb::kDelete});

  OnDeadline();

  EXPECT_NE(bench_.Replied<Refused>(), nullptr);
  EXPECT_EQ(put_->phase(), Phase::kDone);
}

// A repeated DELETE keeps its stamp, so it may not cover what is newer (M4).
TEST_F(PutCoordinatorTest, ARepeatedDeleteDoesNotCoverWhatIsNewer) {
  const Object newer = ObjectOf(ValueOf(DotOf(2, 3), 90, "newer"));
  Begin({.verb = ClientVerb::kDelete, .retry_stamp = 80});

  OnOwnVersions({});
  OnVersions(bench_.B(), newer);

  ASSERT_EQ(bench_.local.mints.size(), 1U);
  EXPECT_FALSE(bench_.local.mints[0].seen.has_value());
  EXPECT_TRUE(bench_.local.mints[0].retry);
  EXPECT_EQ(bench_.local.mints[0].proposed_stamp, 80U);
}

// S10: two owners believed up; the write lands on one and on one stand-in.
TEST_F(PutCoordinatorTest, S10StrictCountsAnswersAndNotBeliefs) {
  Start();

  OnPeerLost(bench_.B());
  OnHintAck(bench_.StandIn(0), true);
  OnRefusal(bench_.C(), ReplicaStatus::kReadOnly);

  const auto* unknown = bench_.Replied<OutcomeUnknown>();
  ASSERT_NE(unknown, nullptr);
  EXPECT_EQ(unknown->received, 1U);
}

TEST_F(PutCoordinatorTest, S10SloppyCountsTheStandIn) {
  Start(kQuorum, true);

  OnPeerLost(bench_.B());
  EXPECT_TRUE(bench_.SentTo<HintPut>(bench_.StandIn(0)).at(0).counted);
  OnRefusal(bench_.C(), ReplicaStatus::kReadOnly);
  EXPECT_EQ(bench_.Replies(), 0U);
  OnHintAck(bench_.StandIn(0), true);

  const auto* done = bench_.Replied<WriteDone>();
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->acks,
            (Acks{.owners = 1, .hints = 1, .synced = 2, .nodes = 2}));
}

// S29: W=2 met by A and a stand-in for C; B refuses.
TEST_F(PutCoordinatorTest, S29AStrictWriteIsNotAcknowledgedByAStandIn) {
  bench_.Kill(bench_.C());
  Start();

  OnHintAck(bench_.StandIn(0), true);
  OnRefusal(bench_.B(), ReplicaStatus::kBusy);

  EXPECT_NE(bench_.Replied<OutcomeUnknown>(), nullptr);
}

TEST_F(PutCoordinatorTest, S29ASloppyWriteSaysThatOneAckIsAHint) {
  bench_.Kill(bench_.C());
  Start(kQuorum, true);

  OnHintAck(bench_.StandIn(0), true);

  const auto* done = bench_.Replied<WriteDone>();
  ASSERT_NE(done, nullptr);
  EXPECT_EQ(done->acks.owners, 1U);
  EXPECT_EQ(done->acks.hints, 1U);
}

TEST_F(PutCoordinatorTest, ASloppyHintThatIsNotSyncedDoesNotCount) {
  bench_.Kill(bench_.C());
  Start(kQuorum, true);

  OnHintAck(bench_.StandIn(0), false);

  EXPECT_EQ(bench_.Replies(), 0U);
}

// S33: three nodes, one down, sloppy W=3.
TEST(PutCoordinatorOfThreeTest, S33TheOwnHintDoesNotCount) {
  QuorumBench bench(3);
  bench.Kill(bench.C());
  PutCoordinator put({.reply = kTestClient,
                      .key = std::string(kKey),
                      .write_level = kAll,
                      .sloppy = true,
                      .operation = kTestOperation,
                      .deadline = bench.Deadline()});

  Conversation here = bench.Here();
  put.Start(kTestHandle, here);

  const auto* refused = bench.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kTooFewOwners);
  EXPECT_EQ(refused->required, 3U);
  EXPECT_EQ(refused->received, 2U);
  EXPECT_TRUE(bench.effects.sends.empty());
  EXPECT_TRUE(bench.local.mints.empty());
}

// W9: the ring grew while the answers were out.
TEST(PutCoordinatorOfThreeTest, AcksAreRecountedWhenTheRingChanges) {
  QuorumBench bench(1);
  PutCoordinator put({.reply = kTestClient,
                      .key = std::string(kKey),
                      .write_level = kAll,
                      .operation = kTestOperation,
                      .deadline = bench.Deadline()});
  Conversation here = bench.Here();
  put.Start(kTestHandle, here);
  const Owner self = bench.A();
  bench.routing.SetRing(RingOf(3));
  bench.BecomeNode(self);

  put.OnRingInstalled(here);
  put.OnWriteOutcome(
      {.object = ObjectOf(ValueOf(DotOf(1, 1), 50, "v")), .stamp = 50}, here);

  EXPECT_EQ(bench.Replies(), 0U);
  EXPECT_EQ(bench.effects.sends.size(), 2U);
}

}  // namespace
}  // namespace orrery
