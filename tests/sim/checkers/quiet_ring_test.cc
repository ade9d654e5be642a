// O15 and O20 against handmade traffic and rings.

#include <gtest/gtest.h>

#include <vector>

#include "core/ring/token.h"
#include "sim/checkers/quiet.h"
#include "sim/checkers/ring_formula.h"

namespace orrery::sim {
namespace {

// ---- O15 ----

// Three nodes that serve, all healed, without loss.
class QuietTest : public ::testing::Test {
 protected:
  QuietTest() {
    evidence_.config.nodes = 3;
    evidence_.healed = true;
    evidence_.traffic.resize(9);
    for (uint32_t i = 0; i < 3; ++i) {
      NodeView node;
      node.up = true;
      node.state = EngineState::kServing;
      evidence_.nodes.push_back(node);
    }
  }

  Traffic& FromTo(uint32_t from, uint32_t to) {
    return evidence_.traffic[from * 3 + to];
  }
  size_t Violations() const {
    const Verdict verdict = CheckQuiet(evidence_);
    EXPECT_GT(verdict.checked, 0u);
    return verdict.violations.size();
  }

  Evidence evidence_;
};

// Defaults: the window is 11 s, rounds of 4 s, gossip every second.
TEST_F(QuietTest, WhatGossipAndRoundsNeedIsQuiet) {
  FromTo(0, 1) = {.roots = 4, .frames = 10, .datagrams = 30};
  EXPECT_EQ(Violations(), 0u);
}

TEST_F(QuietTest, ARepairOfEqualDataIsAViolation) {
  FromTo(2, 0).repair = 1;
  EXPECT_EQ(Violations(), 1u);
}

TEST_F(QuietTest, OnlyDamageThatWasFoundLateMayBeRepaired) {
  FromTo(2, 0).repair = 1;
  FromTo(2, 1).repair = 1;
  evidence_.inspected = Instant{60 * kSecond.ns};
  evidence_.damages.push_back({.node = 0,
                               .end = Damage::End::kTold,
                               .ended = Instant{47 * kSecond.ns}});
  EXPECT_EQ(Violations(), 2u);
  evidence_.damages[0].ended = Instant{48 * kSecond.ns};
  EXPECT_EQ(Violations(), 1u);  // What n1 was sent.
}

TEST_F(QuietTest, RoundsWithoutEndAreAViolation) {
  FromTo(2, 0).roots = 5;
  EXPECT_EQ(Violations(), 1u);
}

TEST_F(QuietTest, ChatterIsAViolationOnlyWithoutLoss) {
  FromTo(2, 0).datagrams = 300;
  FromTo(1, 0).frames = 100;
  EXPECT_EQ(Violations(), 2u);
  evidence_.noise.udp_loss = {1, 8};
  EXPECT_EQ(Violations(), 0u);
}

TEST_F(QuietTest, AHintThatIsDeliveredAgainAndAgainIsAViolation) {
  FromTo(1, 0).hints = 3;
  EXPECT_EQ(Violations(), 1u);

  // n2 is gone for good, and n1 keeps one hint for it.
  evidence_.core = {true, true, false};
  evidence_.nodes[1].hints_for = {{.target = 2, .hints = 1}};
  EXPECT_EQ(Violations(), 0u);
  FromTo(1, 0).hints = 11;
  EXPECT_EQ(Violations(), 1u);
}

TEST_F(QuietTest, WhatIsSentToOutsidersIsNotJudged) {
  evidence_.core = {true, true, false};
  FromTo(1, 2) = {.repair = 50, .roots = 50, .hints = 50};
  EXPECT_EQ(Violations(), 0u);
  FromTo(1, 0).repair = 1;
  EXPECT_EQ(Violations(), 1u);
}

// ---- O20 ----

TEST(RingFormulaTest, ItsHashIsMurmur3) {
  // Of Appleby's reference implementation.
  EXPECT_EQ(FormulaHash(""), 0u);
  EXPECT_EQ(FormulaHash("hello"), 0xcbd8a7b341bd9b02ULL);
  for (const std::string_view text :
       {"k", "k17", "n2#vnode1", "n12#vnode149", "exactly 16 bytes",
        "seventeen bytes!!", "a text of more than thirty-two bytes"}) {
    EXPECT_EQ(FormulaHash(text), TokenOf(text)) << text;
  }
}

TEST(RingFormulaTest, OwnersAreTheNextDistinctNodesClockwise) {
  const std::vector<RingToken> ring = {
      {10, 0}, {20, 1}, {25, 1}, {30, 2}, {40, 0}};
  using Owners = std::vector<uint32_t>;
  EXPECT_EQ(FormulaOwners(ring, 20, 2), (Owners{1, 2}));
  EXPECT_EQ(FormulaOwners(ring, 21, 3), (Owners{1, 2, 0}));
  EXPECT_EQ(FormulaOwners(ring, 41, 2), (Owners{0, 1}));
  EXPECT_EQ(FormulaOwners(ring, 5, 9), (Owners{0, 1, 2}));
}

// A ring of three, as n0 holds it.
Evidence WithRing() {
  Evidence evidence;
  evidence.config.nodes = 3;
  evidence.config.engine.vnodes = 8;
  evidence.config.engine.replication = 2;
  evidence.rings.push_back({.hash = 5, .tokens = FormulaTokens({0, 1, 2}, 8)});
  return evidence;
}

TEST(RingFormulaTest, OwnersByTheFormulaAreRight) {
  Evidence evidence = WithRing();
  const std::vector<uint32_t> owners =
      FormulaOwners(evidence.rings[0].tokens, FormulaHash("k7"), 2);
  evidence.owners_seen = {{.ring_hash = 5, .key = 7, .owners = owners}};
  const Verdict verdict = CheckRingFormula(evidence);
  EXPECT_EQ(verdict.checked, 2u);
  EXPECT_TRUE(verdict.violations.empty());

  evidence.owners_seen[0].owners = {owners[1], owners[0]};
  EXPECT_EQ(CheckRingFormula(evidence).violations.size(), 1u);
  evidence.owners_seen[0].owners = {owners[0], owners[0]};
  EXPECT_EQ(CheckRingFormula(evidence).violations.size(), 1u);
}

TEST(RingFormulaTest, TokensBesideTheFormulaAreAViolation) {
  Evidence evidence = WithRing();
  ++evidence.rings[0].tokens[3].token;
  EXPECT_EQ(CheckRingFormula(evidence).violations.size(), 1u);
}

TEST(RingFormulaTest, ARingThatFollowsAnotherIsAViolation) {
  Evidence evidence = WithRing();
  evidence.rings.push_back({.hash = 6, .tokens = FormulaTokens({0, 1}, 8)});
  EXPECT_EQ(CheckRingFormula(evidence).violations.size(), 1u);
  evidence.rings[1].cluster.hi = 9;  // Another cluster's.
  EXPECT_TRUE(CheckRingFormula(evidence).violations.empty());
}

}  // namespace
}  // namespace orrery::sim
