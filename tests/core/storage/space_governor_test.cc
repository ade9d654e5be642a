#include "core/storage/space_governor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/protocol/timers.h"
#include "tests/core/storage/memory_disk.h"
#include "tests/support/passing_time.h"

namespace orrery {
namespace {

constexpr uint64_t kFile = 100 << 10;
constexpr uint64_t kSlack = 20 << 10;
constexpr uint64_t kReserve = kFile + kSlack;

class SpaceGovernorTest : public ::testing::Test {
 protected:
  SpaceGovernorTest() { disk_.set_in_order(true); }

  // So much is free once the reserve is whole.
  void SetFree(uint64_t bytes) {
    const uint64_t made = ReserveOnDisk();
    disk_.set_capacity(disk_.UsedBytes() + kReserve - made + bytes);
  }
  void Start() {
    space_.emplace(SpaceGovernor::Options{.max_file_bytes = kFile,
                                          .reserve_slack_bytes = kSlack});
    timers_ = TimerHeap();
    Do([&](Turn& turn) { space_->Start(turn); });
    Settle();
  }
  template <typename Action>
  void Do(const Action& action) {
    Effects effects;
    Turn turn{{now_, WallTime{now_.ns}}, effects, timers_};
    action(turn);
    for (DiskEffect& effect : effects.disk) disk_.Submit(std::move(effect));
    for (Note& note : effects.notes) notes_.push_back(std::move(note));
    EXPECT_LE(disk_.pending(), 1u);  // SPC-3
  }
  void Settle() {
    while (!disk_.IsIdle()) {
      const DiskDone done = disk_.Perform();
      ++operations_;
      Do([&](Turn& turn) { space_->OnDiskDone(done, turn); });
    }
  }
  void Advance(Duration by) {
    PassTime(
        timers_, now_, by,
        [&](const TimerHeap::Due& due) {
          EXPECT_EQ(due.kind, TimerKind::kSpaceLook);
          Do([&](Turn& turn) { space_->OnTimer(turn); });
        },
        [&] { Settle(); });
  }
  void MeetNoSpace() {
    Do([&](Turn& turn) { space_->OnNoSpace(turn); });
    Settle();
  }
  SpaceState state() const { return space_->view().state; }
  uint64_t ReserveOnDisk() const {
    if (disk_.PathsEndingWith("RESERVE").empty()) return 0;
    return disk_.Content("RESERVE").size();
  }

  MemoryDisk disk_{1};
  TimerHeap timers_;
  Instant now_{1};
  std::optional<SpaceGovernor> space_;
  std::vector<Note> notes_;
  uint64_t operations_ = 0;
};

TEST_F(SpaceGovernorTest, AStartMakesTheReserve) {
  Start();

  EXPECT_EQ(ReserveOnDisk(), kReserve);
  EXPECT_EQ(space_->view().reserve_bytes, kReserve);
  EXPECT_EQ(state(), SpaceState::kNormal);
  EXPECT_TRUE(space_->MayTake(false, 1 << 30));
  EXPECT_FALSE(space_->TakeNews());
  EXPECT_TRUE(notes_.empty());
}

TEST_F(SpaceGovernorTest, StatesFollowWhatIsFreeBesideTheReserve) {
  SetFree(4 * kFile);
  Start();
  EXPECT_EQ(state(), SpaceState::kNormal);
  SetFree(4 * kFile - 1);
  Advance(10 * kSecond);
  EXPECT_EQ(state(), SpaceState::kTight);
  EXPECT_TRUE(space_->TakeNews());
  EXPECT_TRUE(space_->MayTake(false, 1));
  SetFree(kFile);
  Advance(kSecond);
  EXPECT_EQ(state(), SpaceState::kTight);
  SetFree(kFile - 1);
  Advance(kSecond);
  EXPECT_EQ(state(), SpaceState::kFull);
  EXPECT_FALSE(space_->MayTake(false, 1));
}

TEST_F(SpaceGovernorTest, AFullDiskGetsHalfOfTheReserveAtOnce) {
  Start();
  SetFree(0);

  MeetNoSpace();

  EXPECT_EQ(state(), SpaceState::kFull);
  EXPECT_EQ(ReserveOnDisk(), kReserve / 2);
  EXPECT_TRUE(space_->TakeNews());
}

// SPC-1
TEST_F(SpaceGovernorTest, DeletesMayUseTheFirstHalfAndNoMore) {
  Start();
  SetFree(0);
  MeetNoSpace();

  EXPECT_FALSE(space_->MayTake(false, 1));
  EXPECT_TRUE(space_->MayTake(true, kReserve / 2));
  EXPECT_FALSE(space_->MayTake(true, kReserve / 2 + 1));
  space_->OnDeletesWritten(kReserve / 2);
  EXPECT_FALSE(space_->MayTake(true, 1));
}

TEST_F(SpaceGovernorTest, AJobThatFreesSpaceGetsTheOtherHalf) {
  Start();
  SetFree(0);
  MeetNoSpace();
  space_->TakeNews();
  EXPECT_EQ(space_->room_for_job(), kReserve / 2);

  Do([&](Turn& turn) { space_->YieldToJob(turn); });
  Settle();

  EXPECT_EQ(ReserveOnDisk(), 0u);
  EXPECT_EQ(space_->room_for_job(), kReserve);
  EXPECT_TRUE(space_->TakeNews());
}

// SPC-2
TEST_F(SpaceGovernorTest, TheModeEndsByItselfWithTheReserveWhole) {
  Start();
  SetFree(0);
  MeetNoSpace();
  SetFree(2 * kFile - 1);
  Advance(10 * kSecond);
  EXPECT_EQ(state(), SpaceState::kFull);
  SetFree(2 * kFile);

  Advance(kSecond);

  EXPECT_EQ(state(), SpaceState::kTight);
  EXPECT_EQ(ReserveOnDisk(), kReserve);
  EXPECT_TRUE(space_->MayTake(false, 1));
  EXPECT_TRUE(space_->TakeNews());
}

// Nothing of the time before counts: not the deletes, not what a job was given,
// and not how long it lasted (SPC-2).
TEST_F(SpaceGovernorTest, AnotherFullDiskBeginsAnew) {
  Start();
  SetFree(0);
  MeetNoSpace();
  space_->OnDeletesWritten(kReserve / 2);
  Do([&](Turn& turn) { space_->YieldToJob(turn); });
  Settle();
  SetFree(4 * kFile);
  Advance(10 * kSecond);
  ASSERT_EQ(state(), SpaceState::kNormal);

  MeetNoSpace();  // Though the disk says that there is some.

  EXPECT_EQ(state(), SpaceState::kFull);
  EXPECT_EQ(ReserveOnDisk(), kReserve / 2);
  EXPECT_TRUE(space_->MayTake(true, kReserve / 2));
  Advance(2 * kSecond);
  EXPECT_EQ(state(), SpaceState::kNormal);
}

TEST_F(SpaceGovernorTest, WhatTheDiskTakesNotThoughItSaysSoKeepsTheMode) {
  Start();
  const uint64_t before = operations_;
  MeetNoSpace();  // A quota, or no inodes: there is space enough.

  EXPECT_EQ(state(), SpaceState::kFull);
  EXPECT_LE(operations_ - before, 3u);
  Advance(kSecond);
  EXPECT_EQ(state(), SpaceState::kNormal);
  EXPECT_EQ(ReserveOnDisk(), kReserve);
}

// What the disk said is gone before the reserve has it: a job that frees space
// gets what is left of the reserve all the same.
TEST_F(SpaceGovernorTest, AReserveThatCannotGrowIsStillGivenToAJob) {
  Start();
  SetFree(0);
  MeetNoSpace();
  SetFree(4 * kFile);
  disk_.set_after_operation([this](const DiskEffect& effect) {
    if (effect.verb != DiskVerb::kSpace) return;
    disk_.set_capacity(disk_.UsedBytes());  // Others take it.
  });
  Advance(kSecond);
  ASSERT_EQ(state(), SpaceState::kFull);
  ASSERT_EQ(ReserveOnDisk(), kReserve / 2);

  Do([&](Turn& turn) { space_->YieldToJob(turn); });
  Settle();

  EXPECT_EQ(ReserveOnDisk(), 0u);
}

TEST_F(SpaceGovernorTest, NoSpaceAgainAndAgainAsksTheDiskOnce) {
  Start();
  SetFree(0);
  MeetNoSpace();
  const uint64_t before = operations_;

  for (int i = 0; i < 100; ++i) MeetNoSpace();

  EXPECT_EQ(operations_, before);
}

TEST_F(SpaceGovernorTest, WhatGrowsIsCountedUntilTheNextLook) {
  SetFree(10 * kFile);
  Start();
  const uint64_t before = operations_;
  Do([&](Turn& turn) { space_->OnGrown(5 * kFile, turn); });
  Settle();
  EXPECT_EQ(operations_, before);
  SetFree(kFile / 2);

  Do([&](Turn& turn) { space_->OnGrown(kFile + 1, turn); });
  Settle();

  EXPECT_EQ(state(), SpaceState::kFull);
}

// An estimate is no reason: what compaction removed is not in it.
TEST_F(SpaceGovernorTest, GrowthAloneRefusesNothing) {
  SetFree(10 * kFile);
  Start();

  Do([&](Turn& turn) { space_->OnGrown(10 * kFile, turn); });
  Settle();

  EXPECT_EQ(state(), SpaceState::kNormal);
}

TEST_F(SpaceGovernorTest, ADiskThatCannotTellIsBelievedUntilItFails) {
  disk_.set_total(0);
  disk_.set_capacity(kReserve + kFile / 2);
  Start();
  EXPECT_EQ(state(), SpaceState::kNormal);
  EXPECT_FALSE(space_->view().is_known);
  EXPECT_EQ(ReserveOnDisk(), kReserve);

  MeetNoSpace();
  EXPECT_EQ(state(), SpaceState::kFull);
  Advance(kSecond);
  EXPECT_EQ(state(), SpaceState::kNormal);
}

TEST_F(SpaceGovernorTest,
       ADiskThatCannotTellStaysFullWhileTheReserveIsNotBack) {
  disk_.set_total(0);
  Start();
  MeetNoSpace();
  disk_.set_capacity(disk_.UsedBytes());  // Others took it.
  Advance(5 * kSecond);
  EXPECT_EQ(state(), SpaceState::kFull);

  disk_.set_capacity(UINT64_MAX);
  Advance(kSecond);

  EXPECT_EQ(state(), SpaceState::kNormal);
}

TEST_F(SpaceGovernorTest, OfASmallDiskATenthIsReservedAndReported) {
  disk_.set_total(800 << 10);
  Start();

  EXPECT_EQ(ReserveOnDisk(), uint64_t{80} << 10);
  EXPECT_EQ(space_->file_bytes_max(), (uint64_t{800} << 10) / 10);
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_EQ(notes_[0].kind, Note::Kind::kReserve);
  EXPECT_EQ(notes_[0].number, uint64_t{80} << 10);
}

// Catalogue B12: no free byte is needed, and what an earlier process reserved
// is there.
TEST_F(SpaceGovernorTest, AStartOnAFullDiskGivesUpHalfOfTheReserve) {
  Start();
  disk_.CrashProcess();
  disk_.set_capacity(disk_.UsedBytes());

  Start();

  EXPECT_EQ(state(), SpaceState::kFull);
  EXPECT_EQ(ReserveOnDisk(), kReserve / 2);
  EXPECT_TRUE(space_->MayTake(true, 1));
}

TEST_F(SpaceGovernorTest, AStartOnATightDiskWithItsReserveIsNotFull) {
  Start();
  disk_.CrashProcess();
  SetFree(kFile + 1);

  Start();

  EXPECT_EQ(state(), SpaceState::kTight);
  EXPECT_EQ(ReserveOnDisk(), kReserve);
}

TEST_F(SpaceGovernorTest, AReserveOfAnyLengthIsMadeRight) {
  for (const uint64_t length : {uint64_t{0}, uint64_t{1}, kReserve / 2 + 7,
                                kReserve, kReserve + 1, 10 * kReserve}) {
    disk_.CrashProcess();
    disk_.SetContent("RESERVE", std::string(length, 'x'));

    Start();

    EXPECT_EQ(ReserveOnDisk(), kReserve) << length;
    EXPECT_EQ(state(), SpaceState::kNormal);
  }
}

TEST_F(SpaceGovernorTest, WithoutAReserveTheDiskDecidesAlone) {
  disk_.MakeDirectory("RESERVE");
  Start();
  EXPECT_EQ(state(), SpaceState::kNormal);
  EXPECT_EQ(space_->view().reserve_bytes, 0u);
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_EQ(notes_[0].kind, Note::Kind::kDiskError);

  disk_.set_capacity(disk_.UsedBytes());
  MeetNoSpace();
  EXPECT_EQ(state(), SpaceState::kFull);
  disk_.set_capacity(disk_.UsedBytes() + 2 * kFile);
  Advance(kSecond);
  EXPECT_EQ(state(), SpaceState::kTight);
}

}  // namespace
}  // namespace orrery
