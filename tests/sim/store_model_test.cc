#include "sim/store_model.h"

#include <string>
#include <utility>
#include <vector>

#include "core/ring/token.h"
#include "core/storage/store.h"
#include "gmock/gmock.h"

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
                                   .bytes = 1,
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

TEST_F(StoreModelTest, DamageThatIsAnsweredAsAbsenceIsDenied) {
  Store(10, "a");
  Strike(DiskStep::Kind::kRot, 10);
  Step({});
  Step({Get(1)}, true);
  Step({Answer(1, StoreStatus::kNotFound)}, true);

  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kDenied);
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
  evidence_.history.RecordDamage({0, AtStep(now_ + 1), {}});
  Recover(0, true);

  ASSERT_EQ(evidence_.damages.size(), 1U);
  EXPECT_EQ(evidence_.damages[0].end, Damage::End::kTold);
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

}  // namespace
}  // namespace orrery::sim
