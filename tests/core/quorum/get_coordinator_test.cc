#include "core/quorum/get_coordinator.h"

#include "gtest/gtest.h"
#include "tests/core/quorum/quorum_bench.h"

namespace orrery {
namespace {

class GetCoordinatorTest : public testing::Test {
 protected:
  void Start(const Level& level = kQuorum, bool sloppy = false) {
    get_.emplace(GetCoordinator::Command{.reply = kTestClient,
                                         .key = std::string(kKey),
                                         .level = level,
                                         .sloppy = sloppy,
                                         .deadline = bench_.Deadline()});
    Conversation here = bench_.Here();
    get_->Start(kTestHandle, here);
  }

  void OnOwn(const Object& object) {
    Conversation here = bench_.Here();
    get_->OnReadOutcome({.digest = DigestOf(object), .object = object}, here);
  }
  void OnDigest(const Owner& from, const Object& object, bool suspect = false) {
    Conversation here = bench_.Here();
    get_->OnGetAck(from,
                   {.depth = ReadDepth::kDigest,
                    .suspect = suspect,
                    .digest = DigestOf(object)},
                   here);
  }
  void OnObject(const Owner& from, const Object& object, bool suspect = false) {
    Conversation here = bench_.Here();
    get_->OnGetAck(from,
                   {.depth = ReadDepth::kObject,
                    .suspect = suspect,
                    .digest = DigestOf(object),
                    .object = object},
                   here);
  }
  void OnStatus(const Owner& from, ReplicaStatus status) {
    Conversation here = bench_.Here();
    get_->OnGetAck(from, {.status = status}, here);
  }
  void OnWrittenBack(const Owner& from,
                     ReplicaStatus status = ReplicaStatus::kOk) {
    Conversation here = bench_.Here();
    get_->OnPutAck(from, {.status = status}, here);
  }
  void OnPeerLost(const Owner& owner) {
    Conversation here = bench_.Here();
    get_->OnPeerLost(owner.node, here);
  }
  void OnSpare() {
    Conversation here = bench_.Here();
    get_->OnSpare(here);
  }
  void OnDeadline() {
    Conversation here = bench_.Here();
    get_->OnDeadline(here);
  }

  std::string Shown() const {
    const auto* done = bench_.Replied<ReadDone>();
    if (done == nullptr) return "(no answer)";
    return done->found ? std::string(done->value.text()) : "(absent)";
  }

  const Object old_ = ObjectOf(ValueOf(DotOf(1, 1), 50, "old"));
  const Object new_ = Merge(old_, ObjectOf(ValueOf(DotOf(2, 1), 60, "new")));
  QuorumBench bench_{5};
  std::optional<GetCoordinator> get_;
};

TEST_F(GetCoordinatorTest, AsksItselfForTheObjectAndAnotherForTheDigest) {
  Start();

  ASSERT_EQ(bench_.local.reads.size(), 1U);
  EXPECT_EQ(bench_.local.reads[0].depth, ReadDepth::kObject);
  const auto to_b = bench_.SentTo<ReplicaGet>(bench_.B());
  ASSERT_EQ(to_b.size(), 1U);
  EXPECT_EQ(to_b[0].depth, ReadDepth::kDigest);
  EXPECT_FALSE(bench_.Sent<ReplicaGet>(bench_.C()));
}

TEST_F(GetCoordinatorTest, AnswersWhenAllAgree) {
  Start();

  OnDigest(bench_.B(), old_);
  EXPECT_EQ(bench_.Replies(), 0U);
  OnOwn(old_);

  EXPECT_EQ(Shown(), "old");
  EXPECT_TRUE(get_->IsDone());
  EXPECT_EQ(bench_.counters.read_repairs, 0U);
}

TEST_F(GetCoordinatorTest, AtLevelOneTheOwnCopyIsTheAnswer) {
  Start(kOne);
  EXPECT_TRUE(bench_.effects.sends.empty());

  OnOwn(old_);

  EXPECT_EQ(Shown(), "old");
}

TEST_F(GetCoordinatorTest, AbsentEverywhereIsNotFound) {
  Start();

  OnOwn({});
  OnDigest(bench_.B(), {});

  EXPECT_EQ(Shown(), "(absent)");
}

TEST_F(GetCoordinatorTest, ANodeThatOwnsNothingAsksTheBestOwners) {
  bench_.BecomeNode(bench_.StandIn(0));
  bench_.SetState(bench_.A().node, MemberState::kSuspect);

  Start();

  EXPECT_EQ(bench_.SentTo<ReplicaGet>(bench_.B()).at(0).depth,
            ReadDepth::kObject);
  EXPECT_EQ(bench_.SentTo<ReplicaGet>(bench_.C()).at(0).depth,
            ReadDepth::kDigest);
  EXPECT_FALSE(bench_.Sent<ReplicaGet>(bench_.A()));
}

TEST_F(GetCoordinatorTest, ANodeThatDoesNotServeDoesNotAskItself) {
  bench_.routing.SetServes(false);

  Start();

  EXPECT_TRUE(bench_.local.reads.empty());
  EXPECT_TRUE(bench_.Sent<ReplicaGet>(bench_.B()));
  EXPECT_TRUE(bench_.Sent<ReplicaGet>(bench_.C()));
}

// R7
TEST_F(GetCoordinatorTest, TooFewReachableOwnersIsRefusedAndNotAbsent) {
  bench_.Kill(bench_.B());
  bench_.Kill(bench_.C());

  Start();

  const auto* refused = bench_.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kReadQuorumFailed);
  EXPECT_EQ(refused->required, 2U);
}

// GET-3
TEST_F(GetCoordinatorTest, WhoeverCannotAnswerIsReplacedAtOnce) {
  for (const ReplicaStatus status :
       {ReplicaStatus::kNotReady, ReplicaStatus::kCorrupt,
        ReplicaStatus::kReadError, ReplicaStatus::kBusy,
        ReplicaStatus::kRingBehind, ReplicaStatus::kStaleRing}) {
    bench_.effects.Clear();
    Start();
    OnOwn(old_);

    OnStatus(bench_.B(), status);

    EXPECT_EQ(bench_.Replies(), 0U);
    ASSERT_TRUE(bench_.Sent<ReplicaGet>(bench_.C()));
    OnDigest(bench_.C(), old_);
    EXPECT_EQ(Shown(), "old");
  }
}

TEST_F(GetCoordinatorTest, TwoOwnersThatCannotAnswerEndTheRead) {
  Start();
  OnOwn(old_);

  OnStatus(bench_.B(), ReplicaStatus::kNotReady);
  OnStatus(bench_.C(), ReplicaStatus::kCorrupt);

  const auto* refused = bench_.Replied<Refused>();
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->received, 1U);
}

TEST_F(GetCoordinatorTest, ALostPeerIsReplacedAtOnce) {
  Start();

  OnPeerLost(bench_.B());

  EXPECT_TRUE(bench_.Sent<ReplicaGet>(bench_.C()));
}

TEST_F(GetCoordinatorTest, ASlowPeerIsJoinedByASpare) {
  Start();
  OnOwn(old_);
  ASSERT_TRUE(bench_.timers.IsArmed(TimerKind::kGetSpare, kTestHandle));

  OnSpare();
  OnDigest(bench_.C(), old_);

  EXPECT_EQ(Shown(), "old");
  EXPECT_TRUE(bench_.Marked("get.spare"));
}

TEST_F(GetCoordinatorTest, ASpareBringsTheObjectIfNobodyElseHas) {
  bench_.BecomeNode(bench_.StandIn(0));
  Start();
  OnDigest(bench_.B(), old_);

  OnSpare();

  EXPECT_EQ(bench_.SentTo<ReplicaGet>(bench_.C()).at(0).depth,
            ReadDepth::kObject);
  OnObject(bench_.C(), old_);
  EXPECT_EQ(Shown(), "old");
}

TEST_F(GetCoordinatorTest, AWipedDiskUnderAnOwnersNameIsIgnored) {
  Start();
  OnOwn(old_);

  OnDigest({bench_.B().node, {{.hi = 999, .lo = 1}}}, old_);

  EXPECT_EQ(bench_.Replies(), 0U);
}

// R3, R4
TEST_F(GetCoordinatorTest, AStaleCopyIsRepairedBeforeTheAnswer) {
  Start();
  OnOwn(old_);
  OnDigest(bench_.B(), new_);
  ASSERT_EQ(bench_.SentTo<ReplicaGet>(bench_.B()).size(), 2U);
  EXPECT_EQ(bench_.SentTo<ReplicaGet>(bench_.B())[1].depth, ReadDepth::kObject);

  OnObject(bench_.B(), new_);
  EXPECT_EQ(bench_.Replies(), 0U);
  ASSERT_EQ(bench_.local.merges.size(), 1U);
  EXPECT_EQ(bench_.local.merges[0].object, new_);
  EXPECT_EQ(bench_.local.merges[0].origin, PutOrigin::kWriteBack);
  Conversation here = bench_.Here();
  get_->OnWriteOutcome({.status = ReplicaStatus::kOk}, here);

  EXPECT_EQ(Shown(), "new");
  EXPECT_EQ(bench_.counters.read_repairs, 1U);
}

TEST_F(GetCoordinatorTest, AStalePeerIsWrittenBack) {
  Start();
  OnOwn(new_);
  OnDigest(bench_.B(), old_);
  OnObject(bench_.B(), old_);

  const auto puts = bench_.SentTo<ReplicaPut>(bench_.B());
  ASSERT_EQ(puts.size(), 1U);
  EXPECT_EQ(puts[0].origin, PutOrigin::kWriteBack);
  EXPECT_EQ(puts[0].object, new_);
  EXPECT_EQ(bench_.Replies(), 0U);
  OnWrittenBack(bench_.B());

  EXPECT_EQ(Shown(), "new");
}

// R5
TEST_F(GetCoordinatorTest, AnOwnerThatCannotBeRepairedGivesWayToAnother) {
  Start();
  OnOwn(new_);
  OnDigest(bench_.B(), old_);
  OnObject(bench_.B(), old_);

  OnWrittenBack(bench_.B(), ReplicaStatus::kFull);
  ASSERT_TRUE(bench_.Sent<ReplicaPut>(bench_.C()));
  EXPECT_EQ(bench_.Replies(), 0U);
  OnWrittenBack(bench_.C());

  EXPECT_EQ(Shown(), "new");
}

// R5
TEST_F(GetCoordinatorTest, WhatTooFewOwnersHoldIsNotShown) {
  Start();
  OnOwn(new_);
  OnDigest(bench_.B(), old_);
  OnObject(bench_.B(), old_);

  OnWrittenBack(bench_.B(), ReplicaStatus::kFull);
  OnWrittenBack(bench_.C(), ReplicaStatus::kReadOnly);

  EXPECT_NE(bench_.Replied<Refused>(), nullptr);
  EXPECT_TRUE(bench_.Marked("get.repair_out_of_reach"));
}

TEST_F(GetCoordinatorTest, LostPeersEndARepairThatNeedsThem) {
  Start();
  OnOwn(new_);
  OnDigest(bench_.B(), old_);
  OnObject(bench_.B(), old_);

  OnPeerLost(bench_.C());
  OnPeerLost(bench_.B());

  ASSERT_TRUE(bench_.Sent<ReplicaPut>(bench_.C()) ||
              bench_.Replied<Refused>() != nullptr);
  OnPeerLost(bench_.C());
  EXPECT_NE(bench_.Replied<Refused>(), nullptr);
}

TEST_F(GetCoordinatorTest, ALateAnswerMayShowThatAnotherHoldsIt) {
  Start();
  OnOwn(new_);
  OnSpare();
  OnDigest(bench_.B(), old_);
  OnObject(bench_.B(), old_);
  ASSERT_EQ(bench_.Replies(), 0U);

  OnDigest(bench_.C(), new_);

  EXPECT_EQ(Shown(), "new");
}

TEST_F(GetCoordinatorTest, BelowTheMajorityTheAnswerComesFirst) {
  bench_.BecomeNode(bench_.A());
  Start(kOne);
  bench_.SetState(bench_.B().node, MemberState::kAlive);
  OnSpare();
  ASSERT_TRUE(bench_.Sent<ReplicaGet>(bench_.B()));
  OnDigest(bench_.B(), new_);

  OnOwn(old_);

  EXPECT_EQ(bench_.Replies(), 1U);
}

// GTL-2
TEST_F(GetCoordinatorTest, AnOwnerInDoubtIsMergedAndNotCounted) {
  Start();
  OnOwn(old_);

  OnDigest(bench_.B(), new_, true);
  EXPECT_EQ(bench_.Replies(), 0U);
  ASSERT_TRUE(bench_.Sent<ReplicaGet>(bench_.C()));
  OnDigest(bench_.C(), old_);

  // Two owners agree and are enough; what the doubtful one holds is not
  // needed, but whoever can be repaired is.
  EXPECT_TRUE(bench_.Marked("get.digest_mismatch"));
  EXPECT_EQ(Shown(), "old");
}

TEST_F(GetCoordinatorTest, TheDeadlineIsARefusalAndNotAnAbsence) {
  Start();
  OnOwn({});

  OnDeadline();

  EXPECT_NE(bench_.Replied<Refused>(), nullptr);
}

// S1: PUT v2 reached only A; a GET via {A, B} shows it only if a later GET
// via {B, C} does.
TEST_F(GetCoordinatorTest, S1AFailedWriteDoesNotFlicker) {
  Start();
  OnOwn(new_);
  OnDigest(bench_.B(), old_);
  OnObject(bench_.B(), old_);
  ASSERT_EQ(bench_.Replies(), 0U);
  OnWrittenBack(bench_.B());
  ASSERT_EQ(Shown(), "new");
  bench_.effects.Clear();

  bench_.BecomeNode(bench_.StandIn(0));
  bench_.Kill(bench_.A());
  Start();
  OnObject(bench_.B(), new_);
  OnDigest(bench_.C(), old_);
  OnObject(bench_.C(), old_);
  OnWrittenBack(bench_.C());

  EXPECT_EQ(Shown(), "new");
}

// S1, the variant: a read of all owners that finds v2 on one of them.
TEST_F(GetCoordinatorTest, S1AReadOfAllAlsoRepairsAMajority) {
  Start(kAll);
  OnOwn(new_);
  OnDigest(bench_.B(), old_);
  OnDigest(bench_.C(), old_);
  OnObject(bench_.B(), old_);

  EXPECT_EQ(bench_.Replies(), 0U);
  OnWrittenBack(bench_.C());

  EXPECT_EQ(Shown(), "new");
}

// H2
TEST_F(GetCoordinatorTest, ASloppyReadCountsAHintedObject) {
  bench_.Kill(bench_.B());
  bench_.Kill(bench_.C());
  Start(kQuorum, true);
  const auto asked = bench_.SentTo<ReplicaGet>(bench_.StandIn(0));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_TRUE(asked[0].from_hints);

  OnOwn(old_);
  OnObject(bench_.StandIn(0), new_);

  EXPECT_EQ(Shown(), "new");
}

TEST_F(GetCoordinatorTest, AStandInThatHasNothingNeverCounts) {
  bench_.Kill(bench_.B());
  bench_.Kill(bench_.C());
  Start(kQuorum, true);
  OnOwn(old_);

  OnObject(bench_.StandIn(0), {});
  OnObject(bench_.StandIn(1), {});

  EXPECT_NE(bench_.Replied<Refused>(), nullptr);
}

TEST_F(GetCoordinatorTest, ARingThatGrewRestartsTheRead) {
  QuorumBench bench(1);
  GetCoordinator get({.reply = kTestClient,
                      .key = std::string(kKey),
                      .level = kQuorum,
                      .deadline = bench.Deadline()});
  Conversation here = bench.Here();
  get.Start(kTestHandle, here);
  const Owner self = bench.A();
  bench.routing.SetRing(RingOf(3));
  bench.BecomeNode(self);

  get.OnRingInstalled(here);

  EXPECT_FALSE(get.IsDone());
  EXPECT_FALSE(bench.effects.sends.empty());
}

TEST_F(GetCoordinatorTest, AnOwnerThatDoubtsTheKeyGetsWhatTheOthersAgreeOn) {
  Start();
  OnOwn(new_);
  Conversation here = bench_.Here();
  get_->OnGetAck(bench_.B(),
                 {.depth = ReadDepth::kDigest,
                  .suspect = true,
                  .doubted = true,
                  .digest = DigestOf(new_)},
                 here);
  ASSERT_EQ(bench_.Replies(), 0U);
  OnDigest(bench_.C(), new_);

  EXPECT_EQ(Shown(), "new");
  EXPECT_TRUE(bench_.Marked("get.owner_healed"));
  const auto puts = bench_.SentTo<ReplicaPut>(bench_.B());
  ASSERT_EQ(puts.size(), 1U);
  EXPECT_EQ(puts[0].origin, PutOrigin::kWriteBack);
  EXPECT_EQ(puts[0].object, new_);
  EXPECT_FALSE(bench_.Sent<ReplicaPut>(bench_.C()));
}

// S44: what one owner cannot read any more is repaired from the others.
TEST_F(GetCoordinatorTest, AnOwnerThatLostItsRecordGetsItBack) {
  Start();
  OnOwn(new_);
  OnStatus(bench_.B(), ReplicaStatus::kCorrupt);
  OnDigest(bench_.C(), new_);

  EXPECT_EQ(Shown(), "new");
  const auto puts = bench_.SentTo<ReplicaPut>(bench_.B());
  ASSERT_EQ(puts.size(), 1U);
  EXPECT_EQ(puts[0].origin, PutOrigin::kWriteBack);
}

TEST_F(GetCoordinatorTest, AnOwnerThatIsMerelyBusyIsLeftAlone) {
  Start();
  OnOwn(new_);
  OnStatus(bench_.B(), ReplicaStatus::kBusy);
  OnDigest(bench_.C(), new_);

  EXPECT_EQ(Shown(), "new");
  EXPECT_FALSE(bench_.Sent<ReplicaPut>(bench_.B()));
}

}  // namespace
}  // namespace orrery
