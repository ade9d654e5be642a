// Each oracle against handmade histories: one that must fail, one that must
// pass.  An oracle that cannot fail proves nothing.

#include <string>
#include <vector>

#include "core/ring/token.h"
#include "gmock/gmock.h"
#include "sim/checkers/acknowledged_writes_survive.h"
#include "sim/checkers/convergence.h"
#include "sim/checkers/damage_is_told.h"
#include "sim/checkers/dots_unique.h"
#include "sim/checkers/expectations.h"
#include "sim/checkers/hints_conserved.h"
#include "sim/checkers/membership_agreement.h"
#include "sim/checkers/monotonic_reads.h"
#include "sim/checkers/no_resurrection.h"
#include "sim/checkers/quorum_recency.h"
#include "sim/checkers/recovery.h"
#include "sim/checkers/requests_complete.h"
#include "sim/checkers/store_answers.h"
#include "sim/checkers/validity.h"

namespace orrery::sim {
namespace {

constexpr uint64_t kToken = 77;
constexpr Instant At(int64_t seconds) { return Instant{seconds * kSecond.ns}; }

// Three nodes, all owners of the one key k0; R = W = 2.
class CheckersTest : public ::testing::Test {
 protected:
  CheckersTest() {
    evidence_.config.nodes = 3;
    evidence_.config.keys = 1;
    evidence_.owners_per_key = 3;
    evidence_.healed = true;
    evidence_.inspected = Instant{0} + 60 * kSecond;
    evidence_.fitted.resize(3);
    // Space is as it should be until now, unless a test says otherwise.
    evidence_.relieved.assign(3, Instant{0} + 3600 * kSecond);
    evidence_.config.engine.compact_interval = 5 * kSecond;
    evidence_.keys.push_back({.key = 0, .token = kToken, .owners = {0, 1, 2}});
    for (uint32_t i = 0; i < 3; ++i) {
      NodeView node;
      node.up = true;
      node.state = EngineState::kServing;
      node.epoch = {0, 2};
      node.ring_hash = 5;
      for (uint32_t j = 0; j < 3; ++j) {
        node.members.push_back({.name = "n" + std::to_string(j)});
      }
      evidence_.nodes.push_back(node);
    }
  }

  Operation& Write(uint32_t id, OpStep::Verb verb, uint64_t version,
                   int64_t from, int64_t to) {
    Operation& op = evidence_.history.Open(id);
    op.verb = verb;
    op.version = version;
    op.invoked = At(from);
    op.returned = At(to);
    op.outcome = Outcome::kOk;
    op.acks.owners = 2;
    return op;
  }
  Operation& Put(uint32_t id, uint64_t version, int64_t from, int64_t to) {
    return Write(id, OpStep::Verb::kPut, version, from, to);
  }
  Operation& Delete(uint32_t id, uint64_t version, int64_t from, int64_t to) {
    return Write(id, OpStep::Verb::kDelete, version, from, to);
  }
  // Reads what operation `source` wrote; 0: nothing.
  Operation& Get(uint32_t id, uint32_t source, uint64_t version, int64_t from,
                 int64_t to) {
    Operation& op = evidence_.history.Open(id);
    op.verb = OpStep::Verb::kGet;
    op.version = version;
    op.found = source != 0;
    op.value = Bytes::CopyOf(source == 0 ? "" : ValueText(source, 0));
    op.invoked = At(from);
    op.returned = At(to);
    op.outcome = Outcome::kOk;
    return op;
  }
  void Store(uint32_t node, uint64_t version) {
    evidence_.nodes[node].entries = {
        {.token = kToken, .digest = version * 3, .timestamp = version}};
  }
  void Hold(uint64_t version, std::vector<uint32_t> nodes, int64_t at) {
    for (const uint32_t node : nodes) {
      evidence_.history.RecordHolding(0, version, {node, At(at)});
    }
  }
  void LosePower(uint32_t node, int64_t at) {
    evidence_.history.RecordDisaster(
        {.node = node, .at = At(at), .wiped = false});
  }

  Evidence evidence_;
};

// ---- O18 ----

TEST_F(CheckersTest, O18SeesAStoreThatLies) {
  evidence_.store_lies.push_back("n0 answers with what it does not store.");
  EXPECT_EQ(CheckStoreAnswers(evidence_).violations.size(), 1U);
}

TEST_F(CheckersTest, O18SeesAStoreThatKeepsWhatIsDead) {
  evidence_.config.engine.max_file_bytes = 8192;
  StoreCounters& store = evidence_.nodes[1].stores[0];
  store.data_files = 10;
  store.data_bytes = 100'000;
  store.dead_bytes = 50'000;
  EXPECT_EQ(CheckStoreAnswers(evidence_).violations.size(), 1U);

  store.damaged_files = 1;  // Never compacted.
  EXPECT_EQ(CheckStoreAnswers(evidence_).violations.size(), 0U);

  store.damaged_files = 0;
  EXPECT_EQ(CheckStoreAnswers(evidence_).violations.size(), 1U);
  evidence_.fitted[1][0] = Instant{0} + 45 * kSecond;  // A job may be due.
  EXPECT_EQ(CheckStoreAnswers(evidence_).violations.size(), 0U);
}

TEST_F(CheckersTest, O18SeesADiskThatStaysFullThoughThereIsSpace) {
  evidence_.inspected = Instant{0} + 50 * kSecond;
  evidence_.relieved[1] = Instant{0} + 45 * kSecond;
  EXPECT_EQ(CheckStoreAnswers(evidence_).violations.size(), 0U);
  evidence_.relieved[1] = Instant{0} + 44 * kSecond;
  EXPECT_EQ(CheckStoreAnswers(evidence_).violations.size(), 1U);
}

TEST_F(CheckersTest, ADiskIsRelievedIfItHasNoSpaceOrGivesItAll) {
  EngineOptions options;
  options.max_file_bytes = 1000;
  options.limits.reserve_slack_bytes = 100;
  const SpaceView full{.state = SpaceState::kFull};
  const SpaceView half{.state = SpaceState::kNormal, .reserve_bytes = 550};
  const SpaceView whole{.state = SpaceState::kNormal, .reserve_bytes = 1100};
  EXPECT_TRUE(IsRelieved(full, 3099, options));
  EXPECT_FALSE(IsRelieved(full, 3100, options));
  EXPECT_FALSE(IsRelieved(half, 3100, options));
  EXPECT_TRUE(IsRelieved(whole, 3100, options));
}

TEST_F(CheckersTest, O18AcceptsWhatIsAliveAndWhatIsBeingWritten) {
  evidence_.config.engine.max_file_bytes = 8192;
  StoreCounters& store = evidence_.nodes[1].stores[0];
  store.data_files = 10;
  store.data_bytes = 100'000;
  store.dead_bytes = 10'000;
  EXPECT_EQ(CheckStoreAnswers(evidence_).violations.size(), 0U);
  EXPECT_GT(CheckStoreAnswers(evidence_).checked, 0U);
}

// ---- O19 ----

TEST_F(CheckersTest, O19SeesDamageThatIsDenied) {
  evidence_.damages.push_back({.node = 1,
                               .at = At(5),
                               .version = 10,
                               .end = Damage::End::kDenied,
                               .ended = At(6),
                               .denial = "answered that it has nothing"});
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 1U);
}

TEST_F(CheckersTest, O19SeesDamageThatNoScrubFinds) {
  evidence_.config.engine.scrub_pass = 10 * kSecond;
  evidence_.nodes[1].up = true;
  evidence_.nodes[1].state = EngineState::kServing;
  evidence_.damages.push_back(
      {.node = 1, .at = At(5), .version = 10, .end = Damage::End::kUnseen});
  evidence_.inspected = At(60);
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 0U)
      << "the file may not be sealed";
  evidence_.recoveries.push_back({.node = 1, .at = At(10)});
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 1U);
  evidence_.recoveries.push_back({.node = 1, .at = At(30)});
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 0U)
      << "there was no time";
  evidence_.inspected = At(66);
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 1U);
  evidence_.damages[0].end = Damage::End::kTold;
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 0U);
}

TEST_F(CheckersTest, O19SeesDamageThatIsToldAndNotRepaired) {
  const uint64_t token = TokenOf(KeyText(0));
  evidence_.damages.push_back(
      {.node = 1, .at = At(5), .version = 10, .end = Damage::End::kTold});
  evidence_.nodes[0].entries = {{.token = token, .timestamp = 10}};
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 1U);

  evidence_.nodes[1].entries = {{.token = token, .timestamp = 9}};
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 1U);

  // Three rounds of anti-entropy before the end.
  evidence_.damages[0].ended = At(47);
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 1U);
  evidence_.damages[0].ended = At(48);
  EXPECT_EQ(CheckDamageIsTold(evidence_).excused, 1U);
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 0U);
  evidence_.damages[0].ended = At(6);

  evidence_.nodes[1].entries = {{.token = token, .timestamp = 11}};
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 0U);
}

// The index never heard of it, and the record is as rotten as before.
TEST_F(CheckersTest, O19SeesARecordThatIsToldOfAndStillPointedTo) {
  const uint64_t token = TokenOf(KeyText(0));
  for (NodeView& node : evidence_.nodes) {
    node.entries = {{.token = token, .timestamp = 10}};
  }
  evidence_.damages.push_back({.node = 1,
                               .at = At(5),
                               .version = 10,
                               .end = Damage::End::kTold,
                               .ended = At(6)});
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 0U);

  evidence_.damages[0].remains = true;
  EXPECT_EQ(CheckDamageIsTold(evidence_).violations.size(), 1U);
}

TEST_F(CheckersTest, O19ExcusesWhatNobodyHasAndJudgesNotWhatNobodyLookedAt) {
  evidence_.damages.push_back(
      {.node = 1, .at = At(5), .version = 10, .end = Damage::End::kTold});
  EXPECT_EQ(CheckDamageIsTold(evidence_).excused, 1U);

  evidence_.damages[0].end = Damage::End::kUnseen;
  EXPECT_EQ(CheckDamageIsTold(evidence_).checked, 0U);
  evidence_.damages[0].end = Damage::End::kReplaced;
  EXPECT_EQ(CheckDamageIsTold(evidence_).checked, 0U);
  evidence_.damages[0].end = Damage::End::kSilent;
  EXPECT_EQ(CheckDamageIsTold(evidence_).excused, 1U);
}

// ---- O1 ----

TEST_F(CheckersTest, AnAcknowledgedWriteThatNobodyStoresIsAViolation) {
  Put(1, 10, 1, 2);
  Hold(10, {0, 1}, 2);

  EXPECT_EQ(CheckAcknowledgedWritesSurvive(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AWriteThatIsStoredOrOutrankedSurvives) {
  Put(1, 10, 1, 2);
  Put(2, 20, 3, 4);
  Store(2, 20);

  const Verdict verdict = CheckAcknowledgedWritesSurvive(evidence_);

  EXPECT_EQ(verdict.checked, 2u);
  EXPECT_TRUE(verdict.violations.empty());
}

TEST_F(CheckersTest, ALossIsExcusedOnlyIfEveryAcknowledgerLostIt) {
  evidence_.unsynced = kSecond;
  Put(1, 10, 1, 2);
  Hold(10, {0, 1}, 2);
  LosePower(0, 2);
  EXPECT_EQ(CheckAcknowledgedWritesSurvive(evidence_).violations.size(), 1u);

  LosePower(1, 2);
  EXPECT_EQ(CheckAcknowledgedWritesSurvive(evidence_).excused, 1u);
  EXPECT_TRUE(CheckAcknowledgedWritesSurvive(evidence_).violations.empty());
}

TEST_F(CheckersTest, APowerLossAfterTheSyncWasDueExcusesNothing) {
  evidence_.unsynced = kSecond;
  Put(1, 10, 1, 2);
  Hold(10, {0, 1}, 2);
  LosePower(0, 9);
  LosePower(1, 9);

  EXPECT_EQ(CheckAcknowledgedWritesSurvive(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, UnknownAndFailedWritesNeedNotSurvive) {
  Put(1, 10, 1, 2).outcome = Outcome::kUnknown;
  Put(2, 20, 1, 2).outcome = Outcome::kFailed;

  EXPECT_EQ(CheckAcknowledgedWritesSurvive(evidence_).checked, 0u);
}

// n0 of the core stored it, and lost it or not.
TEST_F(CheckersTest, AWriteThatOnlyOutsidersHaveIsExcused) {
  evidence_.core = {true, true, false};
  Put(1, 10, 1, 2);
  Hold(10, {2}, 2);
  const Verdict verdict = CheckAcknowledgedWritesSurvive(evidence_);
  EXPECT_TRUE(verdict.violations.empty());
  ASSERT_EQ(verdict.excuses.size(), 1u);
  EXPECT_EQ(verdict.excuses.begin()->first,
            "O1 the only copies are on nodes outside the core");

  Hold(10, {0}, 2);
  EXPECT_EQ(CheckAcknowledgedWritesSurvive(evidence_).violations.size(), 1u);
}

// ---- O3 ----

TEST_F(CheckersTest, AValueThatNobodyWroteIsAViolation) {
  Get(1, 99, 10, 3, 4);

  EXPECT_EQ(CheckValidity(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AReadOfAWriteThatBeganBeforeItEndedIsValid) {
  Put(1, 10, 1, 9).outcome = Outcome::kUnknown;
  Get(2, 1, 10, 3, 4);

  const Verdict verdict = CheckValidity(evidence_);

  EXPECT_EQ(verdict.checked, 1u);
  EXPECT_TRUE(verdict.violations.empty());
}

TEST_F(CheckersTest, ARefusedWriteIsNeverSeen) {
  Put(1, 10, 1, 2).outcome = Outcome::kFailed;
  Get(2, 1, 10, 3, 4);

  EXPECT_EQ(CheckValidity(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AValueFromTheFutureOfAnotherKeyOrVersionIsAViolation) {
  Put(1, 10, 5, 6);
  Get(2, 1, 10, 3, 4);
  Put(3, 30, 1, 2);
  Get(4, 3, 31, 3, 4);
  Put(5, 50, 1, 2).key = 7;
  Get(6, 5, 50, 3, 4);

  EXPECT_EQ(CheckValidity(evidence_).violations.size(), 3u);
}

// ---- O4 ----

TEST_F(CheckersTest, AQuorumReadThatMissesAnEarlierWriteIsAViolation) {
  Put(1, 10, 1, 2);
  Hold(10, {0, 1}, 2);
  Get(2, 0, 0, 3, 4);

  EXPECT_EQ(CheckQuorumRecency(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AReadThatOverlapsTheWriteMayMissIt) {
  Put(1, 10, 1, 5);
  Get(2, 0, 0, 3, 4);
  Get(3, 1, 10, 6, 7);

  EXPECT_TRUE(CheckQuorumRecency(evidence_).violations.empty());
}

TEST_F(CheckersTest, AReadBelowTheQuorumMayMissTheWrite) {
  Put(1, 10, 1, 2);
  Get(2, 0, 0, 3, 4).r = 1;

  EXPECT_TRUE(CheckQuorumRecency(evidence_).violations.empty());
}

TEST_F(CheckersTest, AWriteThatFewerThanWAcknowledgedIsAViolation) {
  Put(1, 10, 1, 2).acks.owners = 1;

  EXPECT_EQ(CheckQuorumRecency(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, HintsCountTowardsWOnlyWhenTheWriteIsSloppy) {
  Operation& strict = Put(1, 10, 1, 2);
  strict.acks = {.owners = 1, .hints = 1};
  EXPECT_EQ(CheckQuorumRecency(evidence_).violations.size(), 1u);

  evidence_.history.Find(1)->sloppy = true;
  EXPECT_TRUE(CheckQuorumRecency(evidence_).violations.empty());
}

// ---- O5 ----

TEST_F(CheckersTest, AReadThatGoesBackIsAViolation) {
  Put(1, 10, 1, 2).outcome = Outcome::kUnknown;
  Hold(10, {0}, 2);
  Get(2, 1, 10, 3, 4);
  Get(3, 0, 0, 5, 6);

  EXPECT_EQ(CheckMonotonicReads(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, ConcurrentReadsMayDisagree) {
  Put(1, 10, 1, 2).outcome = Outcome::kUnknown;
  Get(2, 1, 10, 3, 5);
  Get(3, 0, 0, 4, 6);
  Get(4, 1, 10, 7, 8);

  EXPECT_TRUE(CheckMonotonicReads(evidence_).violations.empty());
}

// ---- O10 ----

TEST_F(CheckersTest, AValueReadAfterItsDeleteIsAViolation) {
  Put(1, 10, 1, 2);
  Delete(2, 20, 3, 4);
  Hold(20, {0, 1}, 4);
  Get(3, 1, 10, 5, 6);

  EXPECT_EQ(CheckNoResurrection(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AKeyCreatedAgainIsNoResurrection) {
  Put(1, 10, 1, 2);
  Delete(2, 20, 3, 4);
  Put(3, 30, 5, 6);
  Get(4, 3, 30, 7, 8);

  EXPECT_TRUE(CheckNoResurrection(evidence_).violations.empty());
}

// ---- O11, O14 ----

TEST_F(CheckersTest, OwnersThatDifferAfterHealingAreAViolation) {
  Store(0, 10);
  Store(1, 10);

  EXPECT_EQ(CheckConvergence(evidence_).violations.size(), 1u);
}

// Three rounds of anti-entropy before the inspection.
TEST_F(CheckersTest, OnlyDamageThatWasFoundLateKeepsOwnersDifferent) {
  Store(0, 10);
  Store(1, 10);
  Operation& read = Get(1, 0, 0, 60, 61);
  read.final_read = true;
  read.outcome = Outcome::kFailed;
  evidence_.damages.push_back(
      {.node = 2, .version = 10, .end = Damage::End::kTold, .ended = At(47)});
  EXPECT_EQ(CheckConvergence(evidence_).violations.size(), 2u);

  evidence_.damages[0].ended = At(48);
  EXPECT_EQ(CheckConvergence(evidence_).excused, 2u);
  EXPECT_TRUE(CheckConvergence(evidence_).violations.empty());
}

TEST_F(CheckersTest, EqualOwnersHaveConverged) {
  for (uint32_t node = 0; node < 3; ++node) Store(node, 10);

  const Verdict verdict = CheckConvergence(evidence_);

  EXPECT_GT(verdict.checked, 0u);
  EXPECT_TRUE(verdict.violations.empty());
}

TEST_F(CheckersTest, OwnersOutsideTheCoreMayDiffer) {
  Store(0, 10);
  Store(1, 10);
  evidence_.core = {true, true, false};

  const Verdict verdict = CheckConvergence(evidence_);

  EXPECT_EQ(verdict.checked, 1u);
  EXPECT_TRUE(verdict.violations.empty());
}

TEST_F(CheckersTest, AKeyThatCannotBeReadAfterHealingIsAViolation) {
  for (uint32_t node = 0; node < 3; ++node) Store(node, 10);
  Operation& read = Get(1, 0, 0, 60, 61);
  read.final_read = true;
  EXPECT_TRUE(CheckConvergence(evidence_).violations.empty());

  read.outcome = Outcome::kFailed;
  ASSERT_EQ(CheckConvergence(evidence_).violations.size(), 1u);

  // Two of three owners are there, and one of them doubts what it has.
  evidence_.core = {true, true, false};
  EXPECT_EQ(CheckConvergence(evidence_).violations.size(), 1u);
  evidence_.nodes[1].in_doubt = true;
  EXPECT_EQ(CheckConvergence(evidence_).excused, 1u);
  EXPECT_TRUE(CheckConvergence(evidence_).violations.empty());
  evidence_.nodes[1].in_doubt = false;
  evidence_.core = {true, false, false};
  EXPECT_TRUE(CheckConvergence(evidence_).violations.empty());
}

// WRT-6: until it is written again, two of the three owners have no vote.
TEST_F(CheckersTest, OnlyAVersionThatIsGoneForGoodKeepsItsKeyInDoubt) {
  for (uint32_t node = 0; node < 3; ++node) Store(node, 10);
  Operation& read = Get(1, 0, 0, 60, 61);
  read.final_read = true;
  read.outcome = Outcome::kFailed;
  evidence_.nodes[0].entries[0].doubted = true;
  evidence_.nodes[1].entries[0].doubted = true;
  EXPECT_EQ(CheckConvergence(evidence_).violations.size(), 1u);

  evidence_.ledger.Observe(
      0, {.dot = {.counter = 2}, .stamp = 20, .value = Bytes::CopyOf("2")},
      At(1));
  EXPECT_EQ(CheckConvergence(evidence_).excused, 1u);
  EXPECT_TRUE(CheckConvergence(evidence_).violations.empty());

  evidence_.nodes[0].entries[0].doubted = false;
  EXPECT_EQ(CheckConvergence(evidence_).violations.size(), 1u);
}

// DOOR-3: one node that closed its ring is enough, and all have to answer.
TEST_F(CheckersTest, OnlyWhereNobodyClosedTheRingMayReadsBeRefused) {
  for (uint32_t node = 0; node < 3; ++node) Store(node, 10);
  Operation& read = Get(1, 0, 0, 60, 61);
  read.final_read = true;
  read.outcome = Outcome::kFailed;
  for (NodeView& node : evidence_.nodes) node.ring_is_pristine = true;
  EXPECT_EQ(CheckConvergence(evidence_).excused, 1u);
  EXPECT_TRUE(CheckConvergence(evidence_).violations.empty());

  evidence_.nodes[2].ring_is_pristine = false;
  EXPECT_EQ(CheckConvergence(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AHintThatIsStillHeldIsAViolation) {
  evidence_.nodes[1].counters.hints_created = 3;
  evidence_.nodes[1].counters.hints_held = 3;
  evidence_.nodes[1].hints_stored = 3;
  evidence_.nodes[1].hints_readable = 3;
  EXPECT_TRUE(CheckHintsConserved(evidence_).violations.empty());
  evidence_.nodes[1].hints_for = {{.target = 2, .hints = 3}};

  const Verdict verdict = CheckHintsConserved(evidence_);

  ASSERT_EQ(verdict.violations.size(), 1u);
  EXPECT_EQ(verdict.violations[0].oracle, "O14");
}

TEST_F(CheckersTest, OnlyAHintThatIsDamagedMayBeForgottenByTheBooks) {
  NodeView& node = evidence_.nodes[1];
  node.counters.hints_created = 3;
  node.counters.hints_expired = 2;
  node.counters.hints_held = 1;
  node.hints_stored = 3;
  node.hints_readable = 1;
  const Verdict verdict = CheckHintsConserved(evidence_);
  EXPECT_TRUE(verdict.violations.empty());
  EXPECT_EQ(verdict.excused, 1u);

  node.hints_readable = 2;  // One of them could be delivered.
  EXPECT_EQ(CheckHintsConserved(evidence_).violations.size(), 1u);
  node.hints_stored = 0;  // What it knows of was never stored, or is lost.
  node.hints_readable = 0;
  EXPECT_EQ(CheckHintsConserved(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AHintForADiskOrANodeThatIsGoneIsExcused) {
  evidence_.nodes[1].hints_for = {{.target = 2, .gone = true, .hints = 3}};
  EXPECT_TRUE(CheckHintsConserved(evidence_).violations.empty());

  evidence_.nodes[1].hints_for = {{.target = 2, .hints = 3}};
  evidence_.core = {true, true, false};
  const Verdict verdict = CheckHintsConserved(evidence_);
  EXPECT_TRUE(verdict.violations.empty());
  EXPECT_EQ(verdict.excuses.size(), 1u);
}

TEST_F(CheckersTest, AHintWaitsForAnOwnerThatLostItsIdentityOnceItIsDelivered) {
  evidence_.nodes[1].hints_for = {
      {.target = 0, .hints = 3, .partly_delivered = 3}};
  EXPECT_EQ(CheckHintsConserved(evidence_).violations.size(), 1u);

  evidence_.nodes[2].state = EngineState::kOutside;
  EXPECT_TRUE(CheckHintsConserved(evidence_).violations.empty());
  EXPECT_EQ(CheckHintsConserved(evidence_).excused, 1u);

  evidence_.nodes[1].hints_for[0].partly_delivered = 2;
  EXPECT_EQ(CheckHintsConserved(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AHintForTheCoreIsExcusedWhileAnOutsiderIsAwaited) {
  evidence_.core = {true, true, false};
  evidence_.nodes[1].hints_for = {{.target = 0, .hints = 3}};
  evidence_.nodes[1].members[2].state = MemberState::kSuspect;
  EXPECT_EQ(CheckHintsConserved(evidence_).excused, 1u);

  evidence_.nodes[1].members[2].state = MemberState::kDead;
  EXPECT_EQ(CheckHintsConserved(evidence_).violations.size(), 1u);
  evidence_.nodes[1].hints_for[0].partly_delivered = 3;
  EXPECT_EQ(CheckHintsConserved(evidence_).excused, 1u);
}

TEST_F(CheckersTest, AHintOfWhichNobodyKnowsWhatBecameIsAViolation) {
  evidence_.nodes[1].counters.hints_created = 3;
  evidence_.nodes[1].counters.hints_delivered = 2;
  ASSERT_EQ(CheckHintsConserved(evidence_).violations.size(), 1u);
  evidence_.nodes[1].counters.hints_covered = 1;
  EXPECT_TRUE(CheckHintsConserved(evidence_).violations.empty());
}

TEST_F(CheckersTest, AHintThatOnlyTheStoreHasIsAViolation) {
  evidence_.nodes[1].hints_stored = 1;
  evidence_.nodes[1].hints_readable = 1;
  EXPECT_EQ(CheckHintsConserved(evidence_).violations.size(), 1u);
}

// ---- O12 ----

TEST_F(CheckersTest, ANodeThatIsSeenDeadAfterHealingIsAViolation) {
  evidence_.nodes[0].members[2].state = MemberState::kDead;

  EXPECT_EQ(CheckMembershipAgreement(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, WhatANodeOutsideTheCoreBelievesIsItsAffair) {
  evidence_.nodes[2].members[0].state = MemberState::kDead;
  evidence_.nodes[1].members[2].state = MemberState::kDead;
  evidence_.core = {true, true, false};
  EXPECT_TRUE(CheckMembershipAgreement(evidence_).violations.empty());

  evidence_.nodes[1].members[0].state = MemberState::kDead;
  EXPECT_EQ(CheckMembershipAgreement(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, DifferentRingsAreAViolation) {
  evidence_.nodes[2].ring_hash = 6;

  EXPECT_EQ(CheckMembershipAgreement(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, ANodeThatNeverServesAgainIsAViolation) {
  evidence_.nodes[2].state = EngineState::kStarting;

  EXPECT_EQ(CheckMembershipAgreement(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, NodesThatAgreeAgree) {
  EXPECT_TRUE(CheckMembershipAgreement(evidence_).violations.empty());
}

TEST_F(CheckersTest, O12SeesAProcessWithTwoSalts) {
  EXPECT_TRUE(CheckMembershipAgreement(evidence_).violations.empty());

  evidence_.double_salts.push_back("two");

  EXPECT_EQ(CheckMembershipAgreement(evidence_).violations.size(), 1U);
}

// ---- O17 ----

// Node 1 acknowledged version 10 at 10 s and comes back at 30 s with `found`.
void Recover(Evidence& evidence, uint64_t found) {
  evidence.history.RecordPromise(1, {.key = 0, .version = 10, .at = At(10)});
  Recovery recovery{.node = 1, .at = At(30), .entries = {}};
  if (found != 0) {
    recovery.entries = {{.token = TokenOf("k0"), .timestamp = found}};
  }
  evidence.recoveries.push_back(recovery);
}

TEST_F(CheckersTest, O17SeesAPromiseThatARestartBroke) {
  Recover(evidence_, 9);

  const Verdict verdict = CheckRecovery(evidence_);

  EXPECT_EQ(verdict.checked, 1U);
  ASSERT_EQ(verdict.violations.size(), 1U);
  EXPECT_EQ(verdict.violations[0].oracle, "O17");
}

TEST_F(CheckersTest, O17SeesAKeyThatIsGone) {
  Recover(evidence_, 0);
  evidence_.history.RecordDisaster({.node = 2, .at = At(20), .wiped = true});

  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);
}

TEST_F(CheckersTest, O17SeesARingThatARestartLost) {
  evidence_.recoveries.push_back(
      {.node = 1, .at = At(30), .ring = {1, 3}, .ring_told = {1, 3}});
  EXPECT_TRUE(CheckRecovery(evidence_).violations.empty());

  evidence_.recoveries.push_back(
      {.node = 1, .at = At(31), .ring = {1, 2}, .ring_told = {1, 3}});
  evidence_.recoveries.push_back(
      {.node = 1, .at = At(32), .ring = {}, .ring_told = {1, 3}});

  const Verdict verdict = CheckRecovery(evidence_);
  EXPECT_EQ(verdict.checked, 3U);
  ASSERT_EQ(verdict.violations.size(), 2U);
  EXPECT_NE(verdict.violations[0].sentence.find("with ring 1.2"),
            std::string::npos);
  EXPECT_NE(verdict.violations[1].sentence.find("without a ring"),
            std::string::npos);
}

TEST_F(CheckersTest, O17AcceptsTheVersionOrANewerOne) {
  Recover(evidence_, 10);
  Recover(evidence_, 11);

  const Verdict verdict = CheckRecovery(evidence_);

  EXPECT_EQ(verdict.checked, 4U);
  EXPECT_TRUE(verdict.violations.empty());
}

TEST_F(CheckersTest, O17JudgesOnlyWhatWasPromisedBefore) {
  Recover(evidence_, 10);
  evidence_.history.RecordPromise(1, {.key = 0, .version = 20, .at = At(31)});

  EXPECT_EQ(CheckRecovery(evidence_).checked, 1U);
}

TEST_F(CheckersTest, O17ExcusesAWipeAndWhatWasNotSyncedYet) {
  Recover(evidence_, 9);
  evidence_.recoveries.back().in_doubt = true;
  evidence_.unsynced = 2 * kSecond;
  evidence_.history.RecordDisaster({.node = 1, .at = At(11), .wiped = false});
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);

  evidence_.unsynced = 1 * kSecond;
  EXPECT_THAT(CheckRecovery(evidence_).violations.size(), 1U);

  evidence_.history.RecordDisaster({.node = 1, .at = At(20), .wiped = true});
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);
}

// What a power loss took, the next process may lack; but it has to say so.
TEST_F(CheckersTest, O17ExcusesWhatThePowerTookOnlyInDoubt) {
  Recover(evidence_, 9);
  evidence_.unsynced = 60 * kSecond;
  evidence_.history.RecordDisaster({.node = 1, .at = At(20), .wiped = false});
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);

  evidence_.recoveries.back().in_doubt = true;
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);
  evidence_.recoveries.back().in_doubt = false;

  // A failed sync took more of it, and nobody can know.
  History told = evidence_.history;
  evidence_.history.RecordDisaster(
      {.node = 1, .at = At(21), .wiped = false, .by_failed_sync = true});
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);
  evidence_.history = told;

  // An earlier process has doubted it already.
  evidence_.recoveries.insert(
      evidence_.recoveries.begin(),
      {.node = 1,
       .at = At(15),
       .entries = {{.token = TokenOf("k0"), .timestamp = 10}},
       .in_doubt = true});
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 0U);
}

// What was not due to be synced yet is, once the process has ended on request.
TEST_F(CheckersTest, O17ExcusesNothingThatACleanStopHadSynced) {
  Recover(evidence_, 9);
  evidence_.recoveries.back().in_doubt = true;
  evidence_.unsynced = 60 * kSecond;
  evidence_.history.RecordDisaster({.node = 1, .at = At(20), .wiped = false});
  evidence_.history.RecordHalt(1, History::HaltCause::kProcess, At(15));
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);

  evidence_.history.RecordCleanStop(2, At(15));  // Another node's.
  evidence_.history.RecordCleanStop(1, At(9));   // Before it acknowledged.
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);
  evidence_.history.RecordCleanStop(1, At(15));
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);
}

// The process died before it could sync; the power went before the next one
// had recovered.
TEST_F(CheckersTest, O17ExcusesAPowerLossAfterADeathBeforeTheSync) {
  Recover(evidence_, 9);
  evidence_.recoveries.back().in_doubt = true;
  evidence_.unsynced = 1 * kSecond;
  evidence_.history.RecordDisaster({.node = 1, .at = At(20), .wiped = false});
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);

  evidence_.history.RecordHalt(1, History::HaltCause::kProcess, At(10));
  evidence_.history.RecordResumption(1, History::HaltCause::kProcess, At(19));
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);

  evidence_.history.RecordHalt(1, History::HaltCause::kProcess, At(19));
  evidence_.history.RecordResumption(1, History::HaltCause::kProcess, At(30));
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);
}

// Who found damage and doubts its copy shows it to nobody.
TEST_F(CheckersTest, O17ExcusesWhatANodeInDoubtSaysIsDamaged) {
  Recover(evidence_, 9);
  evidence_.recoveries.back().in_doubt = true;
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);

  evidence_.history.RecordDamage({2, At(20), {}});  // Of another node.
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);
  evidence_.history.RecordDamage({1, At(20), {}});
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);

  evidence_.recoveries.back().in_doubt = false;
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);
}

TEST_F(CheckersTest, O17ExcusesOfNamedDamageNoOtherKey) {
  Recover(evidence_, 9);
  evidence_.history.RecordDamage({.node = 1, .at = At(20), .key = 0});
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);

  evidence_.recoveries.back().unreadable = {1};
  EXPECT_EQ(CheckRecovery(evidence_).violations.size(), 1U);
  evidence_.recoveries.back().unreadable = {0};
  EXPECT_EQ(CheckRecovery(evidence_).excused, 1U);
}

// ---- What a node may have lost ----

TEST(MayHaveLostTest, APowerLossTakesWhatIsNotSyncedYet) {
  History history;
  const History::Durability durability{1 * kSecond};
  history.RecordDisaster({.node = 1, .at = At(20), .wiped = false});
  EXPECT_TRUE(history.MayHaveLost(1, At(20), At(99), durability));
  EXPECT_FALSE(history.MayHaveLost(1, At(18), At(99), durability));
  EXPECT_FALSE(history.MayHaveLost(1, At(21), At(99), durability));
  EXPECT_FALSE(history.MayHaveLost(2, At(20), At(99), durability));
}

TEST(MayHaveLostTest, NothingIsSyncedWhileTheDiskTakesNothing) {
  History history;
  const History::Durability durability{1 * kSecond};
  history.RecordHalt(1, History::HaltCause::kDisk, At(10));
  history.RecordDisaster({.node = 1, .at = At(20), .wiped = false});
  EXPECT_TRUE(history.MayHaveLost(1, At(10), At(99), durability));
  history.RecordResumption(1, History::HaltCause::kProcess, At(12));
  EXPECT_TRUE(history.MayHaveLost(1, At(10), At(99), durability));
  history.RecordResumption(1, History::HaltCause::kDisk, At(12));
  EXPECT_FALSE(history.MayHaveLost(1, At(10), At(99), durability));
}

// One halt after the other, told in any order.
TEST(MayHaveLostTest, HaltsThatFollowEachOtherAddUp) {
  History history;
  const History::Durability durability{2 * kSecond};
  history.RecordHalt(1, History::HaltCause::kDisk, At(13));
  history.RecordResumption(1, History::HaltCause::kDisk, At(19));
  history.RecordHalt(1, History::HaltCause::kProcess, At(11));
  history.RecordResumption(1, History::HaltCause::kProcess, At(12));
  history.RecordDisaster({.node = 1, .at = At(20), .wiped = false});
  EXPECT_TRUE(history.MayHaveLost(1, At(10), At(99), durability));
  EXPECT_FALSE(history.MayHaveLost(1, At(8), At(99), durability));
}

// The process has the bytes and writes them again; if it dies first, they are
// gone, although the machine never lost power.
TEST(MayHaveLostTest, AFailedSyncTakesItsBytesWithTheProcess) {
  History history;
  const History::Durability durability{1 * kSecond};
  history.RecordFailedSync(1, At(10));
  EXPECT_FALSE(history.MayHaveLost(1, At(10), At(99), durability));
  history.RecordDeath(1, At(15), 1 * kSecond);
  EXPECT_FALSE(history.MayHaveLost(1, At(10), At(99), durability));
  history.RecordFailedSync(1, At(20));
  history.RecordDeath(1, At(20) + 500 * kMillisecond, 1 * kSecond);
  EXPECT_FALSE(history.MayHaveLost(1, At(18), At(99), durability));
  EXPECT_TRUE(history.MayHaveLost(1, At(20), At(99), durability));
}

// Light seed 10065: a hint that survived brought the version back, after the
// read that could not find it.
TEST(MayHaveLostTest, WhoGetsAVersionLaterDoesNotHaveItBefore) {
  History history;
  const History::Durability durability{1 * kSecond};
  history.RecordHolding(0, 7, {.node = 1, .at = At(10)});
  history.RecordHolding(0, 7, {.node = 1, .at = At(30)});
  history.RecordDisaster({.node = 1, .at = At(10), .wiped = false});
  EXPECT_FALSE(history.AllHoldersLost(0, 7, durability, At(9)) &&
               history.AnyHolderLost(0, 7, durability, At(9)));
  EXPECT_TRUE(history.AllHoldersLost(0, 7, durability, At(20)));
  EXPECT_TRUE(history.AnyHolderLost(0, 7, durability, At(20)));
  EXPECT_FALSE(history.AllHoldersLost(0, 7, durability, At(30)));
}

// Light seed 2621: W was 1, and the one copy cannot be read.
TEST(MayHaveLostTest, WhatCannotBeReadIsLostForItsKey) {
  History history;
  const History::Durability durability{Duration{0}};
  history.RecordHolding(0, 7, {.node = 1, .at = At(10)});
  history.RecordHolding(5, 8, {.node = 1, .at = At(10)});
  history.RecordDamage({1, At(20), 5});
  EXPECT_FALSE(history.AllHoldersLost(0, 7, durability, kEver));
  EXPECT_TRUE(history.AllHoldersLost(5, 8, durability, kEver));
  EXPECT_FALSE(history.AllHoldersLost(5, 8, durability, At(19)));
  history.RecordDamage(
      {1, At(21), {}});  // At a start: of whose key is unknown.
  EXPECT_TRUE(history.AllHoldersLost(0, 7, durability, kEver));
}

// A loss after the read explains nothing about it.
TEST(MayHaveLostTest, ALossExcusesOnlyWhatComesAfterIt) {
  History history;
  const History::Durability durability{1 * kSecond};
  history.RecordHolding(0, 7, {.node = 1, .at = At(10)});
  history.RecordDisaster({.node = 1, .at = At(20), .wiped = true});
  EXPECT_FALSE(history.AllHoldersLost(0, 7, durability, At(19)));
  EXPECT_TRUE(history.AllHoldersLost(0, 7, durability, At(20)));
}

// Light seed 6746: the disk was full, so it could not be made good.
TEST(MayHaveLostTest, AFailedSyncIsNotMadeGoodWhileTheDiskTakesNothing) {
  History history;
  const History::Durability durability{1 * kSecond};
  history.RecordHalt(1, History::HaltCause::kDisk, At(8));
  history.RecordFailedSync(1, At(10));
  history.RecordDeath(1, At(15), 1 * kSecond);
  EXPECT_TRUE(history.MayHaveLost(1, At(9), At(99), durability));
  EXPECT_TRUE(history.MayHaveLost(1, At(12), At(99), durability));
}

TEST(MayHaveLostTest, WhatWasAcknowledgedAfterItsSyncIsNeverLostSo) {
  History history;
  const History::Durability durability{Duration{0}};
  history.RecordHalt(1, History::HaltCause::kDisk, At(8));
  history.RecordFailedSync(1, At(10));
  history.RecordDeath(1, At(15), Duration{0});
  history.RecordDisaster({.node = 1, .at = At(16), .wiped = false});
  EXPECT_FALSE(history.MayHaveLost(1, At(12), At(99), durability));
  history.RecordDisaster({.node = 1, .at = At(17), .wiped = true});
  EXPECT_TRUE(history.MayHaveLost(1, At(12), At(99), durability));
}

// ---- O16, O21 ----

TEST_F(CheckersTest, AnUnansweredRequestIsAViolation) {
  EXPECT_TRUE(CheckRequestsComplete(evidence_).violations.empty());
  evidence_.unanswered.push_back("Operation 1 was not answered.");

  EXPECT_EQ(CheckRequestsComplete(evidence_).violations.size(), 1u);
}

TEST_F(CheckersTest, AReusedDotIsAViolation) {
  EXPECT_TRUE(CheckDotsUnique(evidence_).violations.empty());
  evidence_.reused_dots.push_back("One dot names two versions.");

  EXPECT_EQ(CheckDotsUnique(evidence_).violations.size(), 1u);
}

// ---- Expectations ----

TEST_F(CheckersTest, ExpectationsAreMetOrViolated) {
  Put(1, 10, 1, 2);
  Get(2, 1, 10, 3, 4);
  Tally marks;
  marks.Count("hint.delivered");
  const auto check = [&](Expectation expectation) {
    return CheckExpectations(evidence_, {expectation}, marks)
        .violations.empty();
  };
  using Kind = Expectation::Kind;

  EXPECT_TRUE(check({.kind = Kind::kOutcome, .op = 1, .is = "ok"}));
  EXPECT_FALSE(check({.kind = Kind::kOutcome, .op = 1, .is = "failed"}));
  EXPECT_TRUE(check({.kind = Kind::kValue, .op = 2, .is = "op1"}));
  EXPECT_FALSE(check({.kind = Kind::kValue, .op = 2, .is = "absent"}));
  EXPECT_TRUE(check({.kind = Kind::kAcks, .op = 1, .owners = 2, .hints = 0}));
  EXPECT_FALSE(check({.kind = Kind::kAcks, .op = 1, .owners = 3}));
  EXPECT_TRUE(check({.kind = Kind::kMark, .is = "hint.delivered"}));
  EXPECT_FALSE(check({.kind = Kind::kMark, .is = "hint.lost"}));
  EXPECT_FALSE(check({.kind = Kind::kOutcome, .op = 9, .is = "ok"}));
}

}  // namespace
}  // namespace orrery::sim
