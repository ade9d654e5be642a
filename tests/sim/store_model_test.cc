#include "sim/store_model.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ring/token.h"
#include "core/storage/control_record.h"
#include "core/storage/record.h"
#include "core/storage/store.h"
#include "gmock/gmock.h"
#include "sim/event_queue.h"

namespace orrery::sim {
namespace {

constexpr Instant AtStep(int64_t seconds) {
  return Instant{seconds * kSecond.ns};
}

// One node's user store, and the one key k0.
class StoreModelTest : public ::testing::Test {
 protected:
  StoreModelTest() { evidence_.config.keys = 1; }

  void Step(std::vector<StoreTold> told, bool disk_lied = false) {
    model_.OnStep(AtStep(++now_), told, disk_lied);
  }
  StoreTold Put(uint32_t asker, uint64_t version, const std::string& value) {
    StoreTold told{.kind = StoreTold::Kind::kPut,
                   .asker = {1, 0, {asker, 1}},
                   .key = KeyText(0),
                   .token = TokenOf(KeyText(0)),
                   .digest = version * 3,
                   .timestamp = version,
                   .value = Bytes::CopyOf(value)};
    return told;
  }
  StoreTold Get(uint32_t asker) {
    return {.kind = StoreTold::Kind::kGet,
            .asker = {1, 0, {asker, 1}},
            .key = KeyText(0)};
  }
  StoreTold Answer(uint32_t asker, StoreStatus status, uint64_t version = 0,
                   const std::string& value = "") {
    return {.kind = StoreTold::Kind::kAnswer,
            .asker = {1, 0, {asker, 1}},
            .status = static_cast<uint8_t>(status),
            .digest = version * 3,
            .timestamp = version,
            .seq = version,
            .value = Bytes::CopyOf(value)};
  }
  void Store(uint64_t version, const std::string& value) {
    Step({Put(9, version, value)});
    Step({Answer(9, StoreStatus::kOk, version)});
  }
  void Strike(DiskStep::Kind how, uint64_t version) {
    model_.OnStruck(AtStep(now_), {.how = how,
                                   .path = "shard-0000/0000000000000001.data",
                                   .offset = 4096,
                                   .records = {{.key = KeyText(0),
                                                .timestamp = version,
                                                .seq = version,
                                                .offset = 4096,
                                                .bytes = 60}}});
  }
  void Recover(uint64_t version, bool in_doubt) {
    model_.OnProcessEnd(AtStep(++now_));
    Recovery recovery{
        .node = 0, .at = AtStep(++now_), .entries = {}, .in_doubt = in_doubt};
    if (version != 0) {
      recovery.entries = {{.token = TokenOf(KeyText(0)),
                           .digest = version * 3,
                           .timestamp = version}};
    }
    model_.OnRecovered(recovery);
  }
  void NoteDamage() {
    evidence_.history.RecordDamage({0, AtStep(now_ + 1), {}});
  }
  size_t lies() const { return evidence_.store_lies.size(); }

  Evidence evidence_;
  Tally tally_;
  StoreModel model_{0, evidence_, tally_};
  int64_t now_ = 0;
};

TEST_F(StoreModelTest, WhatWasStoredIsTheTruth) {
  Step({Get(1)});
  Step({Answer(1, StoreStatus::kNotFound)});
  Store(10, "a");
  Step({Get(2)});
  Step({Answer(2, StoreStatus::kOk, 10, "a")});

  EXPECT_EQ(lies(), 0U);
  EXPECT_GT(evidence_.store_answers, 0U);
}

TEST_F(StoreModelTest, AnotherValueIsALie) {
  Store(10, "a");
  Step({Get(1)});
  Step({Answer(1, StoreStatus::kOk, 10, "b")});

  EXPECT_EQ(lies(), 1U);
}

TEST_F(StoreModelTest, AnOlderVersionIsALieUnlessItWasAskedForBefore) {
  Store(10, "a");
  Step({Get(1)});
  Store(11, "b");
  Step({Get(2)});
  Step({Answer(1, StoreStatus::kOk, 10, "a")});
  EXPECT_EQ(lies(), 0U);

  Step({Answer(2, StoreStatus::kOk, 10, "a")});
  EXPECT_EQ(lies(), 1U);
}

TEST_F(StoreModelTest, AbsenceOfWhatIsStoredIsALie) {
  Store(10, "a");
  Step({});
  Step({Get(1)});
  Step({Answer(1, StoreStatus::kNotFound)});

  EXPECT_EQ(lies(), 1U);
}

TEST_F(StoreModelTest, CorruptIsALieOnADiskThatNeverGaveReason) {
  Store(10, "a");
  Step({Get(1)});
  Step({Answer(1, StoreStatus::kCorrupt)}, true);
  EXPECT_EQ(lies(), 0U);

  Step({Get(2)});
  Step({Answer(2, StoreStatus::kCorrupt)}, false);
  EXPECT_EQ(lies(), 1U);
}

TEST_F(StoreModelTest, ARefusedPutIsNeverSeen) {
  Store(10, "a");
  Step({Put(1, 11, "b")});
  Step({Answer(1, StoreStatus::kFull)});
  Step({Get(2)});
  Step({Answer(2, StoreStatus::kOk, 11, "b")});

  EXPECT_EQ(lies(), 1U);
}

TEST_F(StoreModelTest, ADeathTakesNothingThatWasStored) {
  Store(10, "a");
  Recover(10, false);
  EXPECT_EQ(lies(), 0U);

  Recover(0, false);
  EXPECT_EQ(lies(), 1U);
}

TEST_F(StoreModelTest, WhatWasUnderWayMayHaveHappened) {
  Store(10, "a");
  Step({Put(1, 11, "b")});
  Recover(11, false);
  Step({Get(2)});
  Step({Answer(2, StoreStatus::kOk, 11, "b")});

  EXPECT_EQ(lies(), 0U);
}

TEST_F(StoreModelTest, DamageThatIsToldEndsSo) {
  Store(10, "a");
  Strike(DiskStep::Kind::kRot, 10);
  Step({Get(1)}, true);
  Step({Answer(1, StoreStatus::kCorrupt)}, true);

  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kTold);
  EXPECT_EQ(lies(), 0U);
}

TEST_F(StoreModelTest, DamageRemainsUntilSomethingTakesItsPlace) {
  Store(10, "a");
  Strike(DiskStep::Kind::kRot, 10);
  model_.NoteWhatRemains();
  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_TRUE(evidence_.damages[0].remains);

  evidence_.damages[0].remains = false;
  Store(10, "a");
  model_.NoteWhatRemains();
  EXPECT_FALSE(evidence_.damages[0].remains);
}

TEST_F(StoreModelTest, DamageThatIsAnsweredAsAbsenceIsDenied) {
  Store(10, "a");
  Strike(DiskStep::Kind::kRot, 10);
  Step({});
  Step({Get(1)}, true);
  Step({Answer(1, StoreStatus::kNotFound)}, true);

  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kDenied);
}

// A start that does not read the data keeps the entry, and has told of nothing.
TEST_F(StoreModelTest, DamageThatARestartDidNotLookAtIsUnseen) {
  Store(10, "a");
  Strike(DiskStep::Kind::kRot, 10);
  Recover(10, false);
  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kUnseen);

  Step({Get(1)}, true);
  Step({Answer(1, StoreStatus::kCorrupt)}, true);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kTold);
}

TEST_F(StoreModelTest, DamageOfWhichARestartNamesTheKeyIsTold) {
  for (const bool is_noted : {true, false}) {
    Store(10, "a");
    Strike(DiskStep::Kind::kRot, 10);
    if (is_noted) {
      evidence_.history.RecordDamage(
          {.node = 0, .at = AtStep(now_ + 1), .key = 0});
    }
    model_.OnProcessEnd(AtStep(++now_));
    model_.OnRecovered(
        {.node = 0, .at = AtStep(++now_), .entries = {}, .unreadable = {0}});

    EXPECT_EQ(evidence_.damages.back().end,
              is_noted ? Damage::End::kTold : Damage::End::kDenied);
  }
}

TEST_F(StoreModelTest, DamageThatARestartTurnsIntoAbsenceIsDenied) {
  Store(10, "a");
  Strike(DiskStep::Kind::kRot, 10);
  Recover(0, false);

  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kDenied);
}

TEST_F(StoreModelTest, ARestartThatSaysSoTellsIt) {
  Store(10, "a");
  Strike(DiskStep::Kind::kRot, 10);
  NoteDamage();
  Recover(0, true);

  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kTold);
}

TEST_F(StoreModelTest, WhatCouldNotBeReadMayComeBackWithTheNextRecovery) {
  Store(10, "a");
  Store(11, "b");
  NoteDamage();
  Recover(10, true);
  Step({Get(1)});
  Step({Answer(1, StoreStatus::kOk, 10, "a")});

  Recover(11, true);

  EXPECT_EQ(lies(), 0U);
  Step({Get(2)});
  Step({Answer(2, StoreStatus::kOk, 10, "a")});
  EXPECT_EQ(lies(), 1U);
}

TEST_F(StoreModelTest, WhatCouldNotBeReadReplacesNothingStoredSince) {
  Store(10, "a");
  NoteDamage();
  Recover(0, true);
  Store(12, "c");

  Recover(10, false);

  EXPECT_EQ(lies(), 1U);
}

TEST_F(StoreModelTest, WhatIsWrittenOverBeforeAnyoneLooksIsReplaced) {
  Store(10, "a");
  Strike(DiskStep::Kind::kRot, 10);
  Store(11, "b");

  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kReplaced);
}

TEST_F(StoreModelTest, ALostWriteIsDamageOnceItIsAcknowledged) {
  Step({Put(1, 10, "a")});
  Strike(DiskStep::Kind::kLoseWrite, 10);
  EXPECT_TRUE(evidence_.damages.empty());
  Step({Answer(1, StoreStatus::kOk, 10)});

  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].how, DiskStep::Kind::kLoseWrite);
}

TEST_F(StoreModelTest, RotOfAnOlderRecordIsNoDamage) {
  Store(10, "a");
  Store(11, "b");
  Strike(DiskStep::Kind::kRot, 10);

  EXPECT_TRUE(evidence_.damages.empty());
}

// Behind a strike of the user store, on a disk that has the file.
class CutTailTest : public StoreModelTest {
 protected:
  static constexpr const char* kPath = "shard-0000/0000000000000001.data";
  static constexpr uint64_t kRecordAt = 4160;

  CutTailTest() {
    disk_.StartProcess(1);
    Do({.verb = DiskVerb::kMakeDir, .path = "shard-0000"});
    Do({.verb = DiskVerb::kOpen, .file = {1}, .create = true, .path = kPath});
    Write(0, std::string(kRecordAt, '\0'));
    Add(kRecordAt, {.timestamp = 10,
                    .seq = 10,
                    .meta = {},
                    .key = ViewOf("k0"),
                    .value = ViewOf("a")});
    Store(10, "a");
  }

  void Do(DiskEffect effect) {
    effect.token = {DiskOwner::kUserStore, 0, {++slot_, 1}};
    disk_.Submit(std::move(effect));
    while (!queue_.empty()) {
      const std::optional<DiskDone> done = disk_.Complete(queue_.Pop());
      if (done.has_value()) {
        EXPECT_EQ(done->error, DiskError::kNone);
      }
    }
  }
  void Write(uint64_t offset, const std::string& bytes) {
    Do({.verb = DiskVerb::kWrite,
        .file = {1},
        .offset = offset,
        .data = {Bytes::CopyOf(bytes)}});
  }
  void Add(uint64_t offset, const RecordFields& fields) {
    std::vector<std::byte> bytes(fields.bytes());
    EncodeRecord(fields, {.salt = 0, .offset = offset}, bytes.data());
    Write(offset, std::string(TextOf(bytes)));
  }
  void AddWatermark(uint64_t offset, uint64_t covered) {
    const auto payload = EncodeWatermark({.durable = {1, covered}});
    Add(offset, {.seq = 11, .meta = {}, .key = {}, .value = payload});
  }
  // Of bytes that are no user record: a watermark's, or of a dead record.
  void StrikeAt(uint64_t offset) {
    model_.OnStruck(AtStep(now_), {.how = DiskStep::Kind::kRot,
                                   .path = kPath,
                                   .offset = offset,
                                   .records = {}});
  }
  void RecoverWithNothing(bool says_so) {
    model_.OnProcessEnd(AtStep(++now_));
    model_.BeforeRecovery(disk_);
    if (says_so) model_.OnTornTailNote(kPath);
    model_.OnRecovered(
        {.node = 0, .at = AtStep(++now_), .entries = {}, .in_doubt = false});
  }

  Noise noise_;
  EventQueue queue_;
  SimDisk disk_{{.seed = 1, .node = 0}, noise_, queue_, tally_};
  uint32_t slot_ = 0;
};

TEST_F(CutTailTest, AWholeRecordBehindAStrikeGoesWithTheTail) {
  StrikeAt(4096);
  RecoverWithNothing(true);

  EXPECT_EQ(lies(), 0U);
  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kSilent);
  EXPECT_TRUE(evidence_.history.LostSilently(0, 0, 10, AtStep(now_)));
  EXPECT_FALSE(evidence_.history.LostSilently(0, 0, 10, AtStep(now_ - 1)));
}

TEST_F(CutTailTest, ADeathInTheRecoveryThatCutItExcusesTheNext) {
  StrikeAt(4096);
  model_.OnProcessEnd(AtStep(++now_));
  model_.BeforeRecovery(disk_);
  model_.OnTornTailNote(kPath);
  Do({.verb = DiskVerb::kTruncate, .file = {1}, .length = 4096});
  RecoverWithNothing(false);

  EXPECT_EQ(lies(), 0U);
}

TEST_F(CutTailTest, WithoutAStrikeNothingMayBeCut) {
  RecoverWithNothing(true);

  EXPECT_EQ(lies(), 1U);
}

TEST_F(CutTailTest, ACutThatTheNodeDoesNotTellOfExcusesNothing) {
  StrikeAt(4096);
  RecoverWithNothing(false);

  EXPECT_EQ(lies(), 1U);
}

TEST_F(CutTailTest, WhatStandsInFrontOfTheStrikeIsKept) {
  StrikeAt(8192);
  RecoverWithNothing(true);

  EXPECT_EQ(lies(), 1U);
}

TEST_F(CutTailTest, BehindAStrikeThatAWatermarkCoversNothingIsCut) {
  AddWatermark(8192, 4224);
  StrikeAt(4096);
  RecoverWithNothing(true);

  EXPECT_EQ(lies(), 1U);
}

TEST_F(CutTailTest, UnsyncedNothingThatHoldsIsCut) {
  evidence_.unsynced = 1 * kSecond;
  StrikeAt(4096);
  RecoverWithNothing(true);

  EXPECT_EQ(lies(), 1U);
}

TEST_F(CutTailTest, AStrikeExcusesOneRecoveryAndNoMore) {
  StrikeAt(4096);
  model_.OnProcessEnd(AtStep(++now_));
  model_.BeforeRecovery(disk_);
  model_.OnTornTailNote(kPath);
  Recover(10, false);
  Add(8192, {.timestamp = 12,
             .seq = 12,
             .meta = {},
             .key = ViewOf("k0"),
             .value = ViewOf("b")});
  Store(12, "b");
  RecoverWithNothing(true);

  EXPECT_EQ(lies(), 1U);
}

}  // namespace
}  // namespace orrery::sim
