// The oracles that judge by the ledger and by contexts, against handmade
// histories: some that must fail, some that must pass.

#include <string>
#include <utility>
#include <vector>

#include "core/storage/file_table.h"
#include "core/version/causal_context.h"
#include "gmock/gmock.h"
#include "sim/checkers/bounds.h"
#include "sim/checkers/causality_laws.h"
#include "sim/checkers/context_coverage.h"
#include "sim/checkers/kept_siblings.h"
#include "sim/checkers/register_zones.h"
#include "sim/checkers/siblings_exact.h"
#include "sim/checkers/staleness.h"
#include "sim/checkers/write_order.h"

namespace orrery::sim {
namespace {

constexpr uint64_t kOnlyToken = 77;
constexpr Instant AtSecond(int64_t seconds) {
  return Instant{seconds * kSecond.ns};
}
constexpr Dot DotOf(uint64_t actor, uint64_t counter) {
  return {.actor = {.storage = actor, .generation = 1}, .counter = counter};
}

VersionVector Vector(std::vector<Dot> dots) {
  VersionVector vv;
  for (const Dot& dot : dots) vv.entries.push_back(dot);
  return vv;
}

// A value of operation `op`; 0: a tombstone.
Sibling VersionOf(Dot dot, uint64_t stamp, uint32_t op) {
  return {.dot = dot,
          .stamp = stamp,
          .tombstone = op == 0,
          .value = Bytes::CopyOf(op == 0 ? "" : ValueText(op, 0))};
}

Object ObjectOf(std::vector<Dot> vv, Sibling sibling) {
  Object object{.vv = Vector(std::move(vv)), .siblings = {}};
  object.siblings.push_back(std::move(sibling));
  return object;
}

// Three nodes, all owners of the one key k0; R = W = 2; one client.
class LedgerCheckersTest : public ::testing::Test {
 protected:
  LedgerCheckersTest() {
    evidence_.config.nodes = 3;
    evidence_.config.keys = 1;
    evidence_.config.clients = 2;
    evidence_.owners_per_key = 3;
    evidence_.healed = true;
    evidence_.keys.push_back(
        {.key = 0, .token = kOnlyToken, .owners = {0, 1, 2}});
    for (uint32_t i = 0; i < 3; ++i) {
      NodeView node;
      node.up = true;
      node.state = EngineState::kServing;
      evidence_.nodes.push_back(node);
    }
  }

  struct Times {
    int64_t from;
    int64_t to;
  };
  // Answered with a context that covers `told`.
  Operation& Add(uint32_t id, OpStep::Verb verb, uint64_t version, Times times,
                 std::vector<Dot> told = {}) {
    Operation& op = evidence_.history.Open(id);
    op.verb = verb;
    op.version = version;
    op.invoked = AtSecond(times.from);
    op.returned = AtSecond(times.to);
    op.outcome = Outcome::kOk;
    op.acks.owners = 2;
    op.told = {.vv = Vector(std::move(told)), .stamp = version};
    return op;
  }
  Operation& Put(uint32_t id, uint64_t version, Times times,
                 std::vector<Dot> told = {}) {
    return Add(id, OpStep::Verb::kPut, version, times, std::move(told));
  }
  Operation& Delete(uint32_t id, uint64_t version, Times times) {
    return Add(id, OpStep::Verb::kDelete, version, times);
  }
  // Reads what operation `source` wrote; 0: nothing.
  Operation& Get(uint32_t id, uint32_t source, uint64_t version, Times times,
                 std::vector<Dot> told = {}) {
    Operation& op =
        Add(id, OpStep::Verb::kGet, version, times, std::move(told));
    op.found = source != 0;
    op.value = Bytes::CopyOf(source == 0 ? "" : ValueText(source, 0));
    return op;
  }

  // Version `stamp` of `op` (0: a tombstone) was sent.
  void Send(uint64_t stamp, uint32_t op, uint64_t counter) {
    evidence_.ledger.Observe(0, VersionOf(DotOf(1, counter), stamp, op),
                             AtSecond(1));
  }
  void Store(uint64_t stamp, bool tombstone = false) {
    for (NodeView& node : evidence_.nodes) {
      node.entries = {{.token = kOnlyToken,
                       .digest = stamp,
                       .timestamp = stamp,
                       .tombstone = tombstone}};
    }
  }
  void Hold(uint64_t stamp, std::vector<uint32_t> nodes) {
    for (const uint32_t node : nodes) {
      evidence_.history.RecordHolding(0, stamp,
                                      {.node = node, .at = AtSecond(2)});
    }
  }
  void Wipe(uint32_t node, int64_t at) {
    evidence_.history.RecordDisaster(
        {.node = node, .at = AtSecond(at), .wiped = true});
  }

  // Another history of the same cluster.
  static void Fresh(Evidence* evidence) { evidence->history = History(); }

  Evidence evidence_;
};

// ---- O2 ----

TEST_F(LedgerCheckersTest, O2AcceptsTheHighestWriteAtAllOwners) {
  Put(1, 10, {1, 2});
  Put(2, 20, {3, 4});
  Send(10, 1, 1);
  Send(20, 2, 2);
  Hold(10, {0, 1});
  Hold(20, {0, 1});
  Store(20);
  Get(3, 2, 20, {8, 9}).final_read = true;

  const Verdict verdict = CheckSiblingsExact(evidence_);

  EXPECT_EQ(verdict.checked, 4u);
  EXPECT_TRUE(verdict.violations.empty());
}

// Clocks that lag behind another draw the same stamp after it.
TEST_F(LedgerCheckersTest, O2AsksForATwinOnlyIfSomebodyHadIt) {
  Put(1, 10, {1, 2});
  Send(10, 1, 1);
  Hold(10, {0, 1});
  Store(10);
  Get(3, 1, 10, {8, 9}).final_read = true;
  const Sibling twin = VersionOf(DotOf(2, 1), 10, 0);
  evidence_.ledger.Observe(0, twin, AtSecond(3));
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());

  evidence_.ledger.MarkHeld(twin.dot);
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 4u);

  Wipe(0, 5);  // It may have been the one that had it.
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());
}

TEST_F(LedgerCheckersTest, O2SeesTheLowerOfTwoValuesOfOneStamp) {
  Put(1, 10, {1, 2});
  Put(2, 10, {1, 2});
  Send(10, 1, 1);
  Hold(10, {0, 1});
  Store(10);
  Get(3, 1, 10, {8, 9}).final_read = true;
  Sibling twin = VersionOf(DotOf(2, 1), 10, 2);
  twin.operation = {{1, 0}};
  evidence_.ledger.Observe(0, twin, AtSecond(3));
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());

  evidence_.ledger.MarkHeld(0, 10, 2);
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 1u);
}

TEST_F(LedgerCheckersTest, O2SeesAVersionThatNobodyEverSent) {
  Put(1, 10, {1, 2});
  Send(10, 1, 1);
  Store(11);

  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 3u);
}

TEST_F(LedgerCheckersTest, O2SeesARefusedWriteOrAnotherKeysInTheStores) {
  Put(1, 10, {1, 2}).outcome = Outcome::kFailed;
  Send(10, 1, 1);
  Store(10);
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 3u);

  evidence_.history.Find(1)->outcome = Outcome::kUnknown;
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());

  evidence_.history.Find(1)->key = 7;
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 3u);
}

TEST_F(LedgerCheckersTest, O2SeesAWriteUnderASecondVersion) {
  Put(1, 10, {1, 2});
  Send(10, 1, 1);
  Send(11, 1, 2);
  Store(11);
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 3u);

  evidence_.history.Find(1)->retried = true;
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());
}

TEST_F(LedgerCheckersTest, O2SeesATombstoneThatNoDeleteMade) {
  Send(10, 0, 1);
  Store(10, true);
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 3u);

  Delete(1, 10, {0, 2});
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());

  evidence_.history.Find(1)->outcome = Outcome::kFailed;
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 3u);
}

// Light seed 1330: the node of the delete never woke up again.
TEST_F(LedgerCheckersTest, ADeleteThatIsNotAnsweredMayHaveMadeTheTombstone) {
  Send(10, 0, 1);
  Store(10, true);
  Delete(1, 0, {0, 2}).outcome = Outcome::kPending;
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());
}

// Nobody was told that it was stored, and yet somebody stored it.
TEST_F(LedgerCheckersTest, O2SeesAnUnknownWriteThatAReplicaHadAndIsGone) {
  Put(1, 10, {1, 2});
  Put(2, 20, {3, 4}).outcome = Outcome::kUnknown;
  Send(10, 1, 1);
  Send(20, 2, 2);
  Store(10);
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());

  Hold(20, {2});
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 3u);

  Wipe(2, 5);
  const Verdict verdict = CheckSiblingsExact(evidence_);
  EXPECT_TRUE(verdict.violations.empty());
  EXPECT_EQ(verdict.excused, 3u);
}

TEST_F(LedgerCheckersTest, O2KnowsHowTiesAreBroken) {
  Put(1, 10, {1, 2});
  Delete(2, 10, {1, 2});
  Send(10, 1, 1);
  Send(10, 0, 2);
  evidence_.ledger.MarkHeld(0, 10, 0);
  Store(10, true);
  EXPECT_TRUE(CheckSiblingsExact(evidence_).violations.empty());

  Store(10, false);
  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 3u);
}

TEST_F(LedgerCheckersTest, O2SeesAReadThatDiffersFromWhatIsStored) {
  Put(1, 10, {1, 2});
  Put(2, 20, {3, 4});
  Send(10, 1, 1);
  Send(20, 2, 2);
  Store(20);
  Get(3, 1, 10, {8, 9}).final_read = true;

  EXPECT_EQ(CheckSiblingsExact(evidence_).violations.size(), 1u);
}

TEST(LedgerTest, ADotThatNamesTwoVersionsIsAConflict) {
  Ledger ledger;
  EXPECT_EQ(ledger.Observe(0, VersionOf(DotOf(1, 1), 10, 1), AtSecond(1)),
            Ledger::Sight::kNew);
  EXPECT_EQ(ledger.Observe(0, VersionOf(DotOf(1, 1), 10, 1), AtSecond(2)),
            Ledger::Sight::kKnown);
  EXPECT_EQ(ledger.Observe(0, VersionOf(DotOf(1, 1), 11, 1), AtSecond(2)),
            Ledger::Sight::kConflict);
  EXPECT_EQ(ledger.Observe(1, VersionOf(DotOf(1, 1), 10, 1), AtSecond(2)),
            Ledger::Sight::kConflict);
  ASSERT_NE(ledger.Find(DotOf(1, 1)), nullptr);
  EXPECT_EQ(ledger.Find(DotOf(1, 1))->op, 1u);
  EXPECT_EQ(ledger.OfKey(0).size(), 1u);
  EXPECT_TRUE(ledger.OfKey(9).empty());
}

TEST(LedgerTest, RankIsByStampKindOperationChecksumAndDot) {
  const Ledger::Version base{.dot = DotOf(1, 1), .stamp = 10};
  Ledger::Version other = base;
  EXPECT_FALSE(Outranks(other, base));
  other.dot = DotOf(1, 2);
  EXPECT_TRUE(Outranks(other, base));
  Ledger::Version summed = base;
  summed.checksum = 1;
  EXPECT_TRUE(Outranks(summed, other));
  Ledger::Version named = base;
  named.operation.lo = 1;
  EXPECT_TRUE(Outranks(named, summed));
  Ledger::Version removal = base;
  removal.tombstone = true;
  EXPECT_TRUE(Outranks(removal, named));
  Ledger::Version later = base;
  later.stamp = 11;
  EXPECT_TRUE(Outranks(later, removal));
}

// ---- O4: writes in order ----

TEST_F(LedgerCheckersTest, AWriteBelowAnEarlierOneHasToBeTold) {
  Put(1, 20, {1, 2});
  Operation& later = Put(2, 10, {3, 4});
  Send(20, 1, 1);
  EXPECT_EQ(CheckWriteOrder(evidence_).violations.size(), 1u);

  later.superseded_by = 20;
  EXPECT_TRUE(CheckWriteOrder(evidence_).violations.empty());
}

TEST_F(LedgerCheckersTest, AWriteNeedNotKnowOfOneItsOwnersNeverMet) {
  Put(1, 20, {1, 2}).acks.owners = 1;
  Put(2, 10, {3, 4});
  Put(3, 30, {4, 9});
  Put(4, 25, {5, 6});  // Beside the one before.

  const Verdict verdict = CheckWriteOrder(evidence_);

  EXPECT_EQ(verdict.checked, 3u);
  EXPECT_TRUE(verdict.violations.empty());
}

TEST_F(LedgerCheckersTest, ADeleteWithoutContextBeatsWhatItRead) {
  Put(1, 20, {1, 2});
  Operation& removal = Delete(2, 10, {3, 4});
  removal.superseded_by = 20;
  Send(20, 1, 1);
  EXPECT_EQ(CheckWriteOrder(evidence_).violations.size(), 1u);

  removal.context_of = 9;  // Then it removes what that one saw.
  EXPECT_TRUE(CheckWriteOrder(evidence_).violations.empty());
}

TEST_F(LedgerCheckersTest, WhatSupersedesAWriteIsAHigherVersionOfItsKey) {
  Put(1, 10, {1, 2}).superseded_by = 20;
  EXPECT_EQ(CheckWriteOrder(evidence_).violations.size(), 1u);

  Send(20, 7, 1);
  EXPECT_TRUE(CheckWriteOrder(evidence_).violations.empty());

  evidence_.history.Find(1)->version = 20;
  EXPECT_EQ(CheckWriteOrder(evidence_).violations.size(), 1u);
}

TEST_F(LedgerCheckersTest, AWriteMayBeToldOfWhatOnlyOneStoreEverHad) {
  Put(1, 10, {1, 2}).superseded_by = 20;
  evidence_.stored.Insert({0, 20}, 1);
  EXPECT_TRUE(CheckWriteOrder(evidence_).violations.empty());
}

// Light seed 129: a delete that nobody sent was replaced in its batch.
TEST_F(LedgerCheckersTest, AVersionThatNobodySentIsKnownByItsClient) {
  Put(1, 10, {1, 2}).superseded_by = 20;
  Operation& other = Put(2, 20, {1, 9});
  other.acks.owners = 1;
  EXPECT_TRUE(CheckWriteOrder(evidence_).violations.empty());

  other.version = 21;
  EXPECT_EQ(CheckWriteOrder(evidence_).violations.size(), 1u);

  other.outcome = Outcome::kUnknown;
  EXPECT_TRUE(CheckWriteOrder(evidence_).violations.empty());
}

TEST_F(LedgerCheckersTest, AWriteIsNotToldOfWhatAHolderLost) {
  Put(1, 20, {1, 2});
  Hold(20, {0, 1});
  Put(2, 10, {5, 6});
  Wipe(1, 4);

  EXPECT_EQ(CheckWriteOrder(evidence_).excused, 1u);
  EXPECT_TRUE(CheckWriteOrder(evidence_).violations.empty());
}

// ---- O4, O5: contexts ----

TEST_F(LedgerCheckersTest, AReadsContextCoversTheWritesBeforeIt) {
  Put(1, 10, {1, 2}, {DotOf(1, 1)});
  Put(2, 20, {3, 4}, {DotOf(2, 1)});
  Get(3, 2, 20, {5, 6}, {DotOf(1, 1), DotOf(2, 1)});
  EXPECT_EQ(CheckContextsOfWrites(evidence_).checked, 1u);
  EXPECT_TRUE(CheckContextsOfWrites(evidence_).violations.empty());

  // The version is the highest, and yet the history is cut.
  Get(4, 2, 20, {7, 8}, {DotOf(2, 1)});
  const Verdict verdict = CheckContextsOfWrites(evidence_);
  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations[0].oracle, "O4");
  EXPECT_EQ(verdict.violations[0].other, 1u);
}

TEST_F(LedgerCheckersTest, AContextNeedNotCoverWhatTheReadNeedNotMeet) {
  Put(1, 10, {1, 2}, {DotOf(1, 1)}).acks.owners = 1;
  Get(2, 0, 0, {3, 4});
  Put(3, 20, {5, 9}, {DotOf(2, 1)});
  Get(4, 0, 0, {6, 7});  // Beside it.
  Get(5, 0, 0, {10, 11}).r = 1;

  const Verdict verdict = CheckContextsOfWrites(evidence_);

  EXPECT_EQ(verdict.checked, 0u);
  EXPECT_TRUE(verdict.violations.empty());
}

TEST_F(LedgerCheckersTest, ContextsOfMajorityReadsOnlyGrow) {
  Get(1, 9, 10, {1, 2}, {DotOf(1, 1), DotOf(2, 1)});
  Get(2, 9, 10, {3, 4}, {DotOf(1, 2), DotOf(2, 1)});
  EXPECT_TRUE(CheckContextsOfReads(evidence_).violations.empty());

  Get(3, 9, 10, {5, 6}, {DotOf(1, 2)});
  EXPECT_EQ(CheckContextsOfReads(evidence_).violations.size(), 1u);

  Wipe(0, 5);
  const Verdict verdict = CheckContextsOfReads(evidence_);
  EXPECT_TRUE(verdict.violations.empty());
  EXPECT_EQ(verdict.excused, 2u);
}

// ---- O6 ----

TEST_F(LedgerCheckersTest, AClientReadsItsOwnWritesAndReads) {
  Put(1, 10, {1, 2}, {DotOf(1, 1)}).client = 1;
  Get(2, 0, 0, {3, 4}).client = 0;  // Somebody else.
  EXPECT_TRUE(CheckSessions(evidence_).violations.empty());

  Get(3, 0, 0, {5, 6}).client = 1;
  const Verdict verdict = CheckSessions(evidence_);
  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations[0].oracle, "O6");
  EXPECT_THAT(verdict.violations[0].sentence, ::testing::HasSubstr("c1"));
}

TEST_F(LedgerCheckersTest, AWriteFollowsTheAnswerWhoseContextItCarries) {
  Get(1, 9, 10, {1, 2}, {DotOf(1, 1)});
  Operation& write = Put(2, 11, {3, 4}, {DotOf(1, 1), DotOf(2, 1)});
  write.context_of = 1;
  EXPECT_EQ(CheckSessions(evidence_).checked, 1u);
  EXPECT_TRUE(CheckSessions(evidence_).violations.empty());

  write.version = 10;  // Not above what it covers.
  EXPECT_EQ(CheckSessions(evidence_).violations.size(), 1u);

  write.version = 11;
  write.told.vv = Vector({DotOf(2, 1)});  // Covers nothing of it.
  EXPECT_EQ(CheckSessions(evidence_).violations.size(), 1u);

  write.retried = true;
  EXPECT_TRUE(CheckSessions(evidence_).violations.empty());
}

TEST_F(LedgerCheckersTest, ContextsAreOpenedWithTheirClustersSealOnly) {
  const ClusterId cluster{{.hi = 1, .lo = 2}};
  Operation& op = Put(1, 10, {1, 2});
  op.context =
      SealContext(cluster, "k0", {.vv = Vector({DotOf(1, 4)}), .stamp = 10});

  OpenContexts(ClusterId{{.hi = 3, .lo = 2}}, &evidence_.history);
  EXPECT_TRUE(op.told.vv.entries.empty());

  OpenContexts(cluster, &evidence_.history);
  EXPECT_EQ(op.told.vv, Vector({DotOf(1, 4)}));
  EXPECT_EQ(op.told.stamp, 10u);
}

// ---- O7 ----

TEST(ZonesTest, ForwardZonesThatOverlapContradict) {
  EXPECT_EQ(ContradictedZones(
                {{AtSecond(1), AtSecond(3)}, {AtSecond(4), AtSecond(6)}}),
            0u);
  EXPECT_EQ(ContradictedZones(
                {{AtSecond(4), AtSecond(6)}, {AtSecond(1), AtSecond(5)}}),
            1u);
  EXPECT_EQ(ContradictedZones(
                {{AtSecond(1), AtSecond(3)}, {AtSecond(3), AtSecond(5)}}),
            0u);
}

TEST(ZonesTest, ABackwardZoneWithinAForwardOneContradicts) {
  EXPECT_EQ(ContradictedZones(
                {{AtSecond(1), AtSecond(9)}, {AtSecond(5), AtSecond(3)}}),
            1u);
  EXPECT_EQ(ContradictedZones(
                {{AtSecond(1), AtSecond(4)}, {AtSecond(5), AtSecond(3)}}),
            0u);
  EXPECT_EQ(ContradictedZones(
                {{AtSecond(4), AtSecond(9)}, {AtSecond(5), AtSecond(3)}}),
            0u);
  // Backward ones never contradict each other.
  EXPECT_EQ(ContradictedZones(
                {{AtSecond(9), AtSecond(1)}, {AtSecond(5), AtSecond(3)}}),
            0u);
}

TEST_F(LedgerCheckersTest, O7CountsAReadThatGoesBackAndFailsNothing) {
  Put(1, 10, {1, 2});
  Put(2, 20, {3, 4});
  Get(3, 2, 20, {5, 6});
  EXPECT_EQ(MeasureRegisters(evidence_).deviations, 0u);

  Get(4, 1, 10, {7, 8});
  Get(5, 2, 20, {9, 10});
  const Verdict verdict = MeasureRegisters(evidence_);
  EXPECT_EQ(verdict.checked, 2u);
  EXPECT_GT(verdict.deviations, 0u);
  EXPECT_TRUE(verdict.violations.empty());
}

// Two clocks: the later write lost, and no read may see that.
TEST_F(LedgerCheckersTest, O7CountsAWriteThatAnEarlierOneOutranks) {
  Put(1, 20, {1, 2});
  Put(2, 10, {3, 4});
  EXPECT_EQ(MeasureRegisters(evidence_).deviations, 0u);

  Get(3, 1, 20, {5, 6});
  EXPECT_EQ(MeasureRegisters(evidence_).deviations, 1u);
}

TEST_F(LedgerCheckersTest, O7LetsAnUnknownWriteTakeEffectLate) {
  Put(1, 10, {1, 2}).outcome = Outcome::kUnknown;
  Get(2, 0, 0, {3, 4});
  Get(3, 1, 10, {5, 6});
  EXPECT_EQ(MeasureRegisters(evidence_).deviations, 0u);

  Get(4, 0, 0, {7, 8});
  EXPECT_EQ(MeasureRegisters(evidence_).deviations, 1u);
}

// ---- O9 ----

TEST_F(LedgerCheckersTest, O9CountsReadsByHowStaleTheyAre) {
  Put(1, 10, {1, 2});
  Put(2, 20, {3, 4});
  Put(3, 30, {5, 6});
  Get(4, 3, 30, {7, 8}).r = 1;
  EXPECT_EQ(MeasureOneAtomic(evidence_).deviations, 0u);

  Get(5, 2, 20, {9, 10}).r = 1;
  EXPECT_EQ(MeasureOneAtomic(evidence_).deviations, 1u);
  EXPECT_EQ(MeasureTwoAtomic(evidence_).deviations, 0u);

  Get(6, 1, 10, {11, 12}).r = 1;
  EXPECT_EQ(MeasureOneAtomic(evidence_).deviations, 2u);
  EXPECT_EQ(MeasureTwoAtomic(evidence_).deviations, 1u);
  EXPECT_EQ(MeasureTwoAtomic(evidence_).checked, 3u);
  EXPECT_TRUE(MeasureTwoAtomic(evidence_).violations.empty());
}

TEST_F(LedgerCheckersTest, O9LooksOnlyAtReadsThatNothingIsPromisedOf) {
  Put(1, 10, {1, 2});
  Get(2, 0, 0, {3, 4});

  EXPECT_EQ(MeasureOneAtomic(evidence_).checked, 0u);
}

// ---- O22 ----

TEST(CausalityLawsTest, ObjectsOfOneHistoryObeyThem) {
  const Dot a = DotOf(1, 1);
  const Dot b = DotOf(2, 1);
  const Object first = ObjectOf({a}, VersionOf(a, 10, 1));
  const Object second = ObjectOf({b}, VersionOf(b, 20, 2));
  const Object both = ObjectOf({a, b}, VersionOf(b, 20, 2));

  EXPECT_EQ(BrokenLaw(first, second, both), "");
  EXPECT_EQ(BrokenLaw(both, second, first), "");
  EXPECT_EQ(BrokenLaw(first, {}, {}), "");
}

// A version below what it covers (against M4): which two meet first decides
// whether the covered one is still there to win.
TEST(CausalityLawsTest, AVersionBelowWhatItCoversBreaksThem) {
  const Dot a = DotOf(1, 1);
  const Dot b = DotOf(2, 1);
  const Dot c = DotOf(3, 1);
  const Object covered = ObjectOf({a}, VersionOf(a, 10, 1));
  const Object below = ObjectOf({a, b}, VersionOf(b, 5, 2));
  const Object beside = ObjectOf({c}, VersionOf(c, 7, 3));

  EXPECT_NE(BrokenLaw(below, covered, beside), "");

  Ledger ledger;
  ledger.Observe(0, covered.siblings[0], AtSecond(1));
  ledger.Observe(0, below.siblings[0], AtSecond(2));
  EXPECT_EQ(BrokenCover(covered, 0, ledger), "");
  EXPECT_NE(BrokenCover(below, 0, ledger), "");
}

TEST(CausalityLawsTest, TwoVersionsUnderOneDotBreakThem) {
  const Dot a = DotOf(1, 1);
  const Object one = ObjectOf({a}, VersionOf(a, 10, 1));
  const Object other = ObjectOf({a}, VersionOf(a, 20, 2));

  EXPECT_NE(BrokenLaw(one, other, {}), "");
}

TEST(CausalityLawsTest, AnObjectCoversItsOwnSibling) {
  const Object object = ObjectOf({DotOf(2, 1)}, VersionOf(DotOf(1, 1), 10, 1));

  EXPECT_NE(BrokenCover(object, 0, Ledger{}), "");
}

TEST_F(LedgerCheckersTest, O22SamplesAndTells) {
  const Dot a = DotOf(1, 1);
  const Object one = ObjectOf({a}, VersionOf(a, 10, 1));
  const Object other = ObjectOf({a}, VersionOf(a, 20, 2));
  LawSampler sampler(1);
  for (uint32_t i = 0; i < 2 * kLawEvery; ++i) {
    sampler.OnObject(0, i < kLawEvery ? one : other, evidence_.ledger,
                     &evidence_.laws);
  }

  const Verdict verdict = CheckCausalityLaws(evidence_);

  EXPECT_EQ(verdict.checked, 2u);
  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations[0].oracle, "O22");
}

// ---- O23 ----

class StampBoundTest : public LedgerCheckersTest {
 protected:
  StampBoundTest() : bound_(5, 500 * kMillisecond) {
    for (uint32_t node = 0; node < 5; ++node) {
      Show(node, Duration{0});
      bound_.OnStart(node);
    }
  }
  // True time is 1,000 s.
  void Show(uint32_t node, Duration ahead) {
    bound_.OnClock(node, WallTime{1000 * kSecond.ns} + ahead,
                   Instant{1000 * kSecond.ns});
  }
  // Violations after one more write, so far above the clock.
  size_t After(Duration ahead, uint64_t basis, uint32_t op) {
    const auto stamp = static_cast<uint64_t>(1000 * kSecond.ns + ahead.ns);
    bound_.OnFresh({.node = 0,
                    .key = "k0",
                    .stamp = stamp,
                    .basis = basis == 0 ? 0 : stamp - basis,
                    .op = op,
                    .members = members_,
                    .now = Instant{1000 * kSecond.ns}},
                   &evidence_.fresh_stamps);
    return CheckBounds(evidence_).violations.size();
  }

  StampBound bound_;
  std::vector<uint32_t> members_ = {0, 1, 2};
};

TEST_F(StampBoundTest, AStampFollowsItsClockOrItsBasis) {
  EXPECT_EQ(After(Duration{0}, 0, 1), 0u);
  EXPECT_EQ(After(500 * kMillisecond, 0, 2), 0u);
  EXPECT_EQ(After(3600 * kSecond, 1024, 3), 0u);
  EXPECT_EQ(CheckBounds(evidence_).checked, 3u);

  EXPECT_EQ(After(510 * kMillisecond, 0, 4), 1u);
  EXPECT_EQ(After(3600 * kSecond, 1025, 5), 2u);
}

TEST_F(StampBoundTest, ClocksThatWentBackStillCount) {
  for (const uint32_t node : {0U, 1U}) Show(node, kSecond);
  for (const uint32_t node : {0U, 1U}) Show(node, -100 * kSecond);
  EXPECT_EQ(After(1500 * kMillisecond, 0, 1), 0u);
  EXPECT_EQ(After(1700 * kMillisecond, 0, 2), 1u);

  bound_.OnStart(0);  // The process before it leased half a bound more.
  EXPECT_EQ(After(1700 * kMillisecond, 0, 3), 1u);
}

TEST_F(StampBoundTest, AMinorityOfClocksRaisesNothing) {
  Show(1, 3600 * kSecond);
  EXPECT_EQ(After(510 * kMillisecond, 0, 1), 1u);
  bound_.OnStart(0);
  EXPECT_EQ(After(510 * kMillisecond, 0, 2), 2u);

  // Two of five may be the first that are measured, beside its own.
  members_ = {0, 1, 2, 3, 4};
  Show(2, 3600 * kSecond);
  EXPECT_EQ(After(510 * kMillisecond, 0, 3), 2u);
}

TEST_F(StampBoundTest, WhatMostClocksShowIsClusterTime) {
  Show(1, 3600 * kSecond);
  Show(2, 60 * kSecond);
  EXPECT_EQ(After(60 * kSecond, 0, 1), 0u);
  EXPECT_EQ(After(61 * kSecond, 0, 2), 1u);
}

TEST_F(StampBoundTest, ARepeatedWriteKeepsAnotherClocksStamp) {
  Put(1, 10, {1, 2});
  EXPECT_EQ(After(kSecond, 0, 1), 1u);

  evidence_.history.Find(1)->retried = true;
  EXPECT_TRUE(CheckBounds(evidence_).violations.empty());
  EXPECT_EQ(CheckBounds(evidence_).excused, 1u);
}

TEST_F(LedgerCheckersTest, O23SeesMoreRequestsOrFilesThanTheLimitsAllow) {
  evidence_.config.engine.limits.client_requests_max = 8;
  NodeLoad load{
      .node = 1, .open_requests = 32, .open_files = 2 * kOpenFilesMax + 16};
  CheckLoad(load, evidence_.config, &evidence_.loads);
  EXPECT_TRUE(CheckBounds(evidence_).violations.empty());

  load.open_requests = 33;
  CheckLoad(load, evidence_.config, &evidence_.loads);
  EXPECT_EQ(CheckBounds(evidence_).violations.size(), 1u);

  load.open_requests = 0;
  load.open_files += 1;
  CheckLoad(load, evidence_.config, &evidence_.loads);
  EXPECT_EQ(CheckBounds(evidence_).violations.size(), 2u);

  load.pinned_files = 1;
  CheckLoad(load, evidence_.config, &evidence_.loads);
  EXPECT_EQ(CheckBounds(evidence_).violations.size(), 2u);
  EXPECT_EQ(CheckBounds(evidence_).checked, 4u);
}

TEST_F(LedgerCheckersTest, O23SeesAKeyWithTwoVersions) {
  const Dot a = DotOf(1, 1);
  Object object = ObjectOf({a}, VersionOf(a, 10, 1));
  CheckSiblings("k0", object, &evidence_.loads);
  EXPECT_TRUE(CheckBounds(evidence_).violations.empty());

  object.siblings.push_back(VersionOf(DotOf(2, 1), 9, 2));
  CheckSiblings("k0", object, &evidence_.loads);
  EXPECT_EQ(CheckBounds(evidence_).violations.size(), 1u);
}

// ---- O7, of registers ----

TEST_F(LedgerCheckersTest, O7FailsARegisterThatGoesBack) {
  Put(1, 10, {1, 2}).quorum_stamp = true;
  Put(2, 20, {3, 4}).quorum_stamp = true;
  Get(3, 2, 20, {5, 6});
  EXPECT_EQ(CheckRegisters(evidence_).checked, 2u);
  EXPECT_TRUE(CheckRegisters(evidence_).violations.empty());

  Get(4, 1, 10, {7, 8});

  EXPECT_EQ(CheckRegisters(evidence_).violations.size(), 1u);
  EXPECT_EQ(MeasureRegisters(evidence_).checked, 0u);  // Judged, not measured.
}

TEST_F(LedgerCheckersTest, O7JudgesNoKeyThatIsWrittenOtherwise) {
  const auto judged = [this](auto change) {
    Fresh(&evidence_);
    Put(1, 20, {1, 2}).quorum_stamp = true;
    Put(2, 10, {3, 4}).quorum_stamp = true;
    Get(3, 1, 20, {5, 6});
    change(*evidence_.history.Find(2));
    return !CheckRegisters(evidence_).violations.empty();
  };
  EXPECT_TRUE(judged([](Operation&) {}));
  EXPECT_FALSE(judged([](Operation& op) { op.quorum_stamp = false; }));
  EXPECT_FALSE(judged([](Operation& op) { op.w = 1; }));
  EXPECT_FALSE(judged([](Operation& op) { op.sloppy = true; }));
  EXPECT_FALSE(judged([](Operation& op) { op.siblings = true; }));
  EXPECT_FALSE(judged([](Operation& op) { op.retried = op.own_id = true; }));
  EXPECT_TRUE(judged([](Operation& op) { op.own_id = true; }));
}

// ---- O2, of keys with siblings ----

class KeptSiblingsTest : public LedgerCheckersTest {
 protected:
  KeptSiblingsTest() { evidence_.history.MarkKept(0); }

  // Acknowledged by two of three owners, under dot (1, id).
  Operation& Kept(uint32_t id, Times times, uint32_t context_of = 0) {
    Operation& op = Put(id, id * 10, times, {DotOf(1, id)});
    op.siblings = true;
    op.context_of = context_of;
    Send(id * 10, id, id);
    evidence_.ledger.MarkHeld(DotOf(1, id));
    Hold(id * 10, {0, 1});
    return op;
  }
  // A read that shows these, highest first.
  Operation& Shows(uint32_t id, std::vector<uint32_t> puts, Times times) {
    Operation& op = Get(id, puts.empty() ? 0 : puts.front(),
                        puts.empty() ? 0 : puts.front() * 10, times);
    if (puts.size() < 2) return op;
    for (const uint32_t put : puts) {
      op.values.push_back({put * 10, Bytes::CopyOf(ValueText(put, 0))});
    }
    return op;
  }
  size_t Complaints() { return CheckKeptSiblings(evidence_).violations.size(); }
};

TEST_F(KeptSiblingsTest, AllThatNobodySawAreShown) {
  Kept(1, {1, 2});
  Kept(2, {3, 4});
  Shows(9, {2, 1}, {5, 6});
  EXPECT_GT(CheckKeptSiblings(evidence_).checked, 0u);
  EXPECT_EQ(Complaints(), 0u);
}

TEST_F(KeptSiblingsTest, OneThatIsMissingIsMissed) {
  Kept(1, {1, 2});
  Kept(2, {3, 4});
  Shows(9, {2}, {5, 6});
  EXPECT_EQ(Complaints(), 1u);
}

TEST_F(KeptSiblingsTest, NotIfTheReadNeedNotHaveMetIt) {
  Kept(1, {1, 2}).acks.owners = 1;
  Kept(2, {1, 7});  // Not acknowledged yet.
  Shows(9, {}, {5, 6});
  EXPECT_EQ(Complaints(), 0u);
}

TEST_F(KeptSiblingsTest, WhatALaterWriteHadSeenMayBeGone) {
  Kept(1, {1, 2});
  Kept(2, {3, 4}, 1);
  Shows(9, {2}, {5, 6});
  EXPECT_EQ(Complaints(), 0u);
  Operation& second = *evidence_.history.Find(2);
  // It may have been applied although nobody was told so.
  second.outcome = Outcome::kUnknown;
  EXPECT_EQ(Complaints(), 0u);
  second.outcome = Outcome::kFailed;
  EXPECT_EQ(Complaints(), 1u);
}

TEST_F(KeptSiblingsTest, WhatAnAcknowledgedWriteHadSeenIsGone) {
  Kept(1, {1, 2});
  Kept(2, {3, 4}, 1);
  Shows(9, {2, 1}, {5, 6});
  EXPECT_EQ(Complaints(), 1u);
  Operation& second = *evidence_.history.Find(2);
  second.acks.owners = 1;  // The read need not have met it,
  EXPECT_EQ(Complaints(), 0u);
  second.acks.owners = 2;
  second.retried = true;  // or which try it was is not known.
  EXPECT_EQ(Complaints(), 0u);
}

TEST_F(KeptSiblingsTest, NotIfItsHolderLostIt) {
  Kept(1, {1, 2});
  Kept(2, {3, 4}, 1);
  Shows(9, {2, 1}, {7, 8});
  Wipe(0, 5);
  EXPECT_EQ(Complaints(), 0u);
  EXPECT_EQ(CheckKeptSiblings(evidence_).excused, 1u);
}

TEST_F(KeptSiblingsTest, ADeleteRemovesWhatWasAcknowledgedBeforeIt) {
  Kept(1, {1, 2});
  Delete(2, 20, {3, 4});
  Shows(9, {1}, {5, 6});
  EXPECT_EQ(Complaints(), 1u);
}

TEST_F(KeptSiblingsTest,
       ADeleteMayRemoveWhatIsWrittenMeanwhileAndNothingLater) {
  Kept(1, {3, 4});
  Delete(2, 20, {2, 5});
  Shows(9, {}, {6, 7});
  EXPECT_EQ(Complaints(), 0u);
  Kept(3, {8, 9});
  Shows(10, {}, {10, 11});
  EXPECT_EQ(Complaints(), 1u);
}

// Under another dot, of a try whose outcome nobody knew.
TEST_F(KeptSiblingsTest, OneOfTwoDotsOfARepeatedWriteThatIsNotReplacedStays) {
  Kept(1, {1, 2});
  Send(10, 1, 7);
  Kept(2, {3, 4}, 1);
  Shows(9, {2, 1}, {5, 6});
  EXPECT_EQ(Complaints(), 0u);
  Shows(10, {2}, {7, 8});
  EXPECT_EQ(Complaints(), 0u);
}

TEST_F(KeptSiblingsTest, AfterHealingAllOwnersCount) {
  Kept(1, {1, 2}).acks.owners = 1;
  Shows(9, {}, {8, 9}).final_read = true;
  EXPECT_EQ(Complaints(), 1u);
  evidence_.core = {false, false, true};  // Neither holder was healed.
  EXPECT_EQ(Complaints(), 0u);
}

// What is outranked leaves no trace that it should.
TEST_F(KeptSiblingsTest, APutThatAskedForNoSiblingsIsNeverMissed) {
  Kept(1, {1, 2}).siblings = false;
  Shows(9, {}, {5, 6});
  EXPECT_EQ(Complaints(), 0u);
}

}  // namespace
}  // namespace orrery::sim
