#include "core/storage/compaction_pace.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

class CompactionPaceTest : public testing::Test {
 protected:
  static Limits Rates() {
    Limits limits;
    limits.compaction_rate_min = kMiB;
    limits.compaction_rate_max = 16 * kMiB;
    return limits;
  }
  // A window of reads, two of which are slow.
  void Window(Duration slow, bool is_compacting) {
    for (uint32_t i = 0; i < CompactionPace::kReadsInWindow; ++i) {
      pace_.NoteRead(i < 2 ? slow : kMicrosecond, is_compacting);
    }
  }

  const Limits limits_ = Rates();
  CompactionPace pace_{limits_};
};

TEST_F(CompactionPaceTest, BytesFlowAtTheRate) {
  const Instant start{kSecond.ns};
  EXPECT_TRUE(pace_.MayGoOn(start));
  for (int i = 0; i < 64; ++i) pace_.Spend(kMiB / 4, start);
  EXPECT_FALSE(pace_.MayGoOn(start));
  EXPECT_EQ(pace_.next(), start + kSecond);
  EXPECT_TRUE(pace_.MayGoOn(pace_.next()));
  // What nobody used is not saved up.
  const Instant later = start + kHour;
  pace_.Spend(16 * kMiB, later);
  EXPECT_EQ(pace_.next(), later + kSecond);
}

TEST_F(CompactionPaceTest, SlowReadsHalveTheRateAndFastOnesRaiseIt) {
  Window(kMillisecond, false);
  Window(kMillisecond, true);
  EXPECT_EQ(pace_.rate(), 16 * kMiB);
  Window(2 * kMillisecond, true);
  EXPECT_EQ(pace_.rate(), 8 * kMiB);
  Window(kMillisecond, true);
  EXPECT_EQ(pace_.rate(), 9 * kMiB);
}

// PAC-1, PAC-2.
TEST_F(CompactionPaceTest, TheRateStaysWithinItsLimits) {
  Window(kMillisecond, false);
  for (int i = 0; i < 20; ++i) Window(kSecond, true);
  EXPECT_EQ(pace_.rate(), kMiB);
  for (int i = 0; i < 60; ++i) Window(kMillisecond, true);
  EXPECT_EQ(pace_.rate(), 16 * kMiB);
}

TEST_F(CompactionPaceTest, OneSlowReadOfManyIsNoReason) {
  Window(kMillisecond, false);
  for (uint32_t i = 0; i < CompactionPace::kReadsInWindow; ++i) {
    pace_.NoteRead(i == 5 ? kSecond : kMillisecond, true);
  }
  EXPECT_EQ(pace_.rate(), 16 * kMiB);
}

TEST_F(CompactionPaceTest, WhatIsUsualIsLearntOnlyWhileNothingIsCompacted) {
  Window(kSecond, true);  // Nothing to compare it with.
  EXPECT_EQ(pace_.rate(), 16 * kMiB);
  Window(kMillisecond, false);
  Window(kSecond, true);
  EXPECT_EQ(pace_.rate(), 8 * kMiB);
}

}  // namespace
}  // namespace orrery
