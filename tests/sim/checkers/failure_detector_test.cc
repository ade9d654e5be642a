// O13 against handmade beliefs: each rule with a history that breaks it and
// one that keeps it.

#include "sim/checkers/failure_detector.h"

#include <gtest/gtest.h>

#include <string>

namespace orrery::sim {
namespace {

using Node = ReachAtlas::NodeTrouble;
using Way = ReachAtlas::LinkTrouble;

constexpr MemberState kAlive = MemberState::kAlive;
constexpr MemberState kSuspect = MemberState::kSuspect;
constexpr MemberState kDead = MemberState::kDead;

constexpr Instant Second(int64_t seconds) {
  return Instant{seconds * kSecond.ns};
}

// Three nodes at default timeouts, 1 s gossip, no loss, for 200 s; n0 watches
// n1.  Two of them are sure to hear each other after some 10 s.
class FailureDetectorTest : public ::testing::Test {
 protected:
  FailureDetectorTest() {
    evidence_.config.nodes = 3;
    evidence_.ended = Second(200);
    evidence_.atlas = ReachAtlas(3);
    evidence_.beliefs = BeliefLog(3);
    for (uint32_t observer = 0; observer < 3; ++observer) {
      for (uint32_t subject = 0; subject < 3; ++subject) {
        if (observer == subject) continue;
        evidence_.beliefs.Note(observer, subject, {}, Second(1));
      }
    }
  }

  void Believe(int64_t at, MemberState opinion, MemberState recorded) {
    evidence_.beliefs.Note(0, 1, {opinion, recorded}, Second(at));
  }
  void BothBelieve(int64_t at, MemberState state) {
    for (const uint32_t observer : {0u, 2u}) {
      evidence_.beliefs.Note(observer, 1, {state, state}, Second(at));
    }
  }
  std::string Complaint() const {
    const Verdict verdict = CheckFailureDetector(evidence_);
    EXPECT_GT(verdict.checked, 0u);
    if (verdict.violations.empty()) return "";
    EXPECT_EQ(verdict.violations[0].oracle, "O13");
    return verdict.violations[0].sentence;
  }

  Evidence evidence_;
};

TEST_F(FailureDetectorTest, NothingHappensAndNothingIsSaid) {
  EXPECT_EQ(Complaint(), "");
}

TEST_F(FailureDetectorTest, AHealthyNodeThatIsFoundDeadIsAViolation) {
  Believe(100, kDead, kDead);
  EXPECT_NE(Complaint().find("n0 found n1 dead"), std::string::npos);
}

TEST_F(FailureDetectorTest, SoIsOneThatIsDeadInEvidenceOnly) {
  Believe(100, kAlive, kDead);
  EXPECT_NE(Complaint().find("n0 found n1 dead"), std::string::npos);
}

TEST_F(FailureDetectorTest, AWayThatWasCutForLongEnoughExplainsIt) {
  evidence_.atlas.BeginLink(1, 0, Way::kCut, Second(50));
  Believe(55, kSuspect, kSuspect);
  Believe(85, kDead, kDead);
  evidence_.atlas.EndLink(1, 0, Way::kCut, Second(90));
  Believe(91, kAlive, kAlive);
  EXPECT_EQ(Complaint(), "");
}

TEST_F(FailureDetectorTest, DeadSoonerThanTheTimeoutsAllowIsAViolation) {
  evidence_.atlas.BeginLink(1, 0, Way::kCut, Second(50));
  Believe(55, kSuspect, kSuspect);
  Believe(75, kDead, kDead);
  EXPECT_NE(Complaint().find("n0 found n1 dead at 75"), std::string::npos);
}

TEST_F(FailureDetectorTest, SuspectSoonerThanTheTimeoutAllowsIsAViolation) {
  evidence_.atlas.BeginLink(1, 0, Way::kCut, Second(50));
  Believe(52, kSuspect, kSuspect);
  EXPECT_NE(Complaint().find("n0 found n1 suspect at 52"), std::string::npos);
}

// What an accused node that cannot refute looks like: everybody hears it, and
// the accusation stays.
TEST_F(FailureDetectorTest, AnAccusationThatIsNeverRefutedIsAViolation) {
  evidence_.atlas.Begin(1, Node::kPaused, Second(50));
  BothBelieve(55, kSuspect);
  evidence_.atlas.End(1, Node::kPaused, Second(60));
  Believe(61, kAlive, kSuspect);
  EXPECT_NE(Complaint().find("passes on that it holds n1 suspect"),
            std::string::npos);
}

TEST_F(FailureDetectorTest, ARefutationInTimeIsNone) {
  evidence_.atlas.Begin(1, Node::kPaused, Second(50));
  BothBelieve(55, kSuspect);
  evidence_.atlas.End(1, Node::kPaused, Second(60));
  BothBelieve(61, kAlive);
  EXPECT_EQ(Complaint(), "");
}

TEST_F(FailureDetectorTest, ADeadNodeThatStaysAliveIsAViolation) {
  evidence_.atlas.Begin(1, Node::kDown, Second(50));
  EXPECT_NE(Complaint().find("n0 holds n1 alive"), std::string::npos);
}

TEST_F(FailureDetectorTest, ADeadNodeThatStaysSuspectIsAViolation) {
  evidence_.atlas.Begin(1, Node::kDown, Second(50));
  BothBelieve(55, kSuspect);
  EXPECT_NE(Complaint().find("it should be dead"), std::string::npos);
}

TEST_F(FailureDetectorTest, ADeadNodeThatComesBackByItselfIsAViolation) {
  evidence_.atlas.Begin(1, Node::kDown, Second(50));
  BothBelieve(55, kSuspect);
  BothBelieve(85, kDead);
  Believe(120, kAlive, kDead);
  EXPECT_NE(Complaint().find("n0 holds n1 alive at 120"), std::string::npos);
}

TEST_F(FailureDetectorTest, SuspectAndDeadInTimeAreRight) {
  evidence_.atlas.Begin(1, Node::kDown, Second(50));
  BothBelieve(55, kSuspect);
  BothBelieve(85, kDead);
  EXPECT_EQ(Complaint(), "");
}

// Alone with its accusation, n0 waits twice as long; n2 was down itself.
TEST_F(FailureDetectorTest, WhoIsAloneMayTakeLonger) {
  evidence_.atlas.Begin(2, Node::kDown, Second(49));
  evidence_.beliefs.Forget(2, Second(49));
  evidence_.beliefs.Note(0, 2, {kSuspect, kSuspect}, Second(54));
  evidence_.beliefs.Note(0, 2, {kDead, kDead}, Second(94));
  evidence_.atlas.Begin(1, Node::kDown, Second(50));
  Believe(55, kSuspect, kSuspect);
  Believe(110, kDead, kDead);
  EXPECT_EQ(Complaint(), "");

  evidence_.ended = Second(400);
  Believe(300, kSuspect, kDead);
  EXPECT_NE(Complaint(), "");
}

TEST_F(FailureDetectorTest, AStormExcusesWhatIsBeyondTheBound) {
  Believe(100, kDead, kDead);
  evidence_.atlas.BeginStorm(Instant{});
  EXPECT_TRUE(CheckFailureDetector(evidence_).violations.empty());

  Noise noise;
  noise.udp_loss = {1, 4};
  EXPECT_FALSE(IsStorm(noise));
  noise.udp_late = {1, 8};
  EXPECT_TRUE(IsStorm(noise));
}

TEST_F(FailureDetectorTest, ANodeThatWasWipedIsNotJudged) {
  evidence_.atlas.Begin(1, Node::kWiped, Second(50));
  Believe(100, kDead, kDead);
  EXPECT_EQ(Complaint(), "");
}

// ---- What it stands on ----

TEST(ReachAtlasTest, SpellsThatTouchAreOne) {
  EXPECT_EQ(United({{Second(5), Second(6)},
                    {Second(1), Second(3)},
                    {Second(3), Second(4)}}),
            (Spells{{Second(1), Second(4)}, {Second(5), Second(6)}}));
  EXPECT_EQ(Between({{Second(1), Second(4)}, {Second(5), Second(6)}},
                    {Second(0), Second(6)}),
            (Spells{{Second(0), Second(1)}, {Second(4), Second(5)}}));
}

TEST(ReachAtlasTest, APairIsInTroubleWhenAnyWayOfOneIs) {
  ReachAtlas atlas(3);
  atlas.BeginLink(2, 1, Way::kHeld, Second(1));
  atlas.BeginLink(2, 1, Way::kHeld, Second(2));
  atlas.EndLink(2, 1, Way::kHeld, Second(3));
  atlas.EndLink(2, 1, Way::kHeld, Second(4));
  EXPECT_EQ(atlas.TroubleOfPair(0, 1), (Spells{{Second(1), Second(3)}}));
  EXPECT_EQ(atlas.TroubledWaysOf(2), (Spells{{Second(1), Second(3)}}));
  EXPECT_TRUE(atlas.TroubledWaysOf(0).empty());
  EXPECT_TRUE(atlas.TroubleOf(2).empty());
}

TEST(ReachAtlasTest, WhatNeverEndsLastsForEver) {
  ReachAtlas atlas(2);
  atlas.Begin(0, Node::kPaused, Second(1));
  EXPECT_TRUE(atlas.Lasts(0, Node::kPaused));
  EXPECT_EQ(atlas.SilenceOf(0), (Spells{{Second(1), kEver}}));
  atlas.End(0, Node::kPaused, Second(2));
  EXPECT_FALSE(atlas.Lasts(0, Node::kPaused));
}

TEST(BeliefLogTest, KeepsOnlyWhatChanged) {
  BeliefLog log(2);
  log.Note(0, {{.name = "n1"}, {.name = "n0"}, {.name = "n7"}}, Second(1));
  log.Note(0, {{.name = "n1"}}, Second(2));
  log.Note(0, {{.name = "n1", .evidence = kSuspect}}, Second(3));
  log.Forget(0, Second(4));
  EXPECT_EQ(log.Of(0, 1).size(), 3u);
  EXPECT_FALSE(log.At(0, 1, Second(0)).has_value());
  EXPECT_EQ(log.At(0, 1, Second(2)), Belief{});
  EXPECT_EQ(log.At(0, 1, Second(3)), (Belief{kAlive, kSuspect}));
  EXPECT_FALSE(log.At(0, 1, Second(5)).has_value());
}

}  // namespace
}  // namespace orrery::sim
