#include "core/membership/cluster_clock.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "core/base/prng.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr Duration kBound = 500 * kMillisecond;  // D.
constexpr Duration kYear = 365 * 24 * kHour;
// Where the true time begins.
constexpr WallTime kTrueStart{1'700'000'000'000'000'000};

// One node, whose wall clock shows true time plus `own`, and members whose
// clocks it measures.
class ClusterClockBench {
 public:
  explicit ClusterClockBench(std::vector<Duration> others)
      : others_(std::move(others)), clock_(kBound) {
    std::vector<NodeId> ids;
    for (size_t i = 0; i < others_.size(); ++i) ids.push_back(IdOf(i));
    Step([&](Turn& turn) { clock_.SetOthers(std::move(ids), turn); });
  }

  static NodeId IdOf(size_t other) { return {1 + other}; }

  template <typename Body>
  void Step(Body body) {
    effects_.Clear();
    Turn turn{{now_, Own()}, effects_, timers_};
    clock_.OnStep(turn);
    marks_.insert(marks_.end(), effects_.marks.begin(), effects_.marks.end());
    effects_.marks.clear();
    body(turn);
    clock_.CheckInvariants();
    marks_.insert(marks_.end(), effects_.marks.begin(), effects_.marks.end());
  }
  void Step() {
    Step([](Turn&) {});
  }

  struct Trip {
    Duration there = 100 * kMicrosecond;
    Duration kept = {};
    Duration back = 100 * kMicrosecond;
  };
  void Measure(size_t other, const Trip& trip) {
    const uint32_t seq = ++seq_;
    Step([&](Turn& turn) { clock_.OnPingSent(seq, IdOf(other), turn); });
    Pass(trip.there + trip.kept);
    const Ack ack{.seq = seq,
                  .receive_delay_us =
                      static_cast<uint32_t>((trip.kept / kMicrosecond.ns).ns),
                  .wall_ns = (True() + others_[other]).ns};
    Pass(trip.back);
    Step([&](Turn& turn) { clock_.OnAck(ack, IdOf(other), turn); });
  }
  void Measure(size_t other) { Measure(other, Trip()); }
  void MeasureAll() {
    for (size_t other = 0; other < others_.size(); ++other) Measure(other);
  }

  void Pass(Duration time) {
    now_ = now_ + time;
    if (frozen_) own_ = own_ - time;
  }
  // Second by second, as events come.
  void Wait(Duration time) {
    for (const Instant end = now_ + time; now_ < end;) {
      Pass(std::min(end - now_, 100 * kMillisecond));
      Step();
    }
  }

  void SetOwn(Duration own) { own_ = own; }
  void SetOther(size_t other, Duration offset) { others_[other] = offset; }
  void Freeze(bool frozen) { frozen_ = frozen; }

  WallTime True() const { return WallTime{kTrueStart.ns} + (now_ - Instant{}); }
  WallTime Own() const { return True() + own_; }
  Duration own() const { return own_; }
  // Of the corrected clock.
  Duration Error() const { return own_ + clock_.offset(); }
  ClusterClock& clock() { return clock_; }
  const std::vector<Duration>& others() const { return others_; }
  bool Marked(std::string_view mark) const {
    return std::find(marks_.begin(), marks_.end(), mark) != marks_.end();
  }

 private:
  std::vector<Duration> others_;
  ClusterClock clock_;
  TimerHeap timers_;
  Effects effects_;
  std::vector<std::string_view> marks_;
  Instant now_{5 * kSecond.ns};
  Duration own_;
  bool frozen_ = false;
  uint32_t seq_ = 0;
};

TEST(ClusterClockTest, NothingIsKnownWithoutARing) {
  ClusterClock clock(kBound);

  EXPECT_FALSE(clock.known());
}

TEST(ClusterClockTest, ALoneMemberIsItsOwnMedian) {
  ClusterClockBench bench({});
  bench.SetOwn(kYear);
  bench.Step();

  EXPECT_TRUE(bench.clock().known());
  EXPECT_EQ(bench.clock().offset(), Duration{0});
  EXPECT_FALSE(bench.clock().is_off());
}

TEST(ClusterClockTest, HalfOfTheOthersAreNeeded) {
  for (const size_t others : {1U, 2U, 3U, 4U, 6U}) {
    ClusterClockBench bench{std::vector<Duration>(others)};
    for (size_t other = 0; other < (others + 1) / 2; ++other) {
      EXPECT_FALSE(bench.clock().known()) << others;
      bench.Measure(other);
    }
    EXPECT_TRUE(bench.clock().known()) << others;
  }
}

TEST(ClusterClockTest, AClockIsReadAtTheMidpointOfTheTrip) {
  ClusterClockBench bench({-3 * kSecond});
  bench.Measure(0, {.there = 20 * kMillisecond, .back = 20 * kMillisecond});
  EXPECT_EQ(bench.clock().offset(), -3 * kSecond);

  // An uneven trip is off by half of what its ways differ.
  ClusterClockBench uneven({-3 * kSecond});
  uneven.Measure(0, {.there = {}, .back = 200 * kMillisecond});
  EXPECT_EQ(uneven.clock().offset(), -3 * kSecond - 100 * kMillisecond);
}

TEST(ClusterClockTest, WhatTheAnswererKeptIsNoWay) {
  ClusterClockBench bench({-3 * kSecond});
  bench.Measure(0, {.there = 10 * kMillisecond,
                    .kept = 900 * kMillisecond,
                    .back = 10 * kMillisecond});

  ASSERT_TRUE(bench.clock().known());
  // The answer shows the end of what it was kept, not the middle.
  EXPECT_EQ(bench.clock().offset(), -3 * kSecond);
}

TEST(ClusterClockTest, ALongTripIsNoSample) {
  ClusterClockBench bench({-3 * kSecond});
  bench.Measure(0, {.there = kMillisecond, .back = 250 * kMillisecond});

  EXPECT_FALSE(bench.clock().known());
  EXPECT_TRUE(bench.Marked("clock.sample_late"));
}

TEST(ClusterClockTest, AnAnswerThatWasKeptLongerThanItTookIsNoSample) {
  ClusterClockBench bench({-3 * kSecond});
  bench.Step([&](Turn& turn) {
    bench.clock().OnPingSent(7, ClusterClockBench::IdOf(0), turn);
  });
  bench.Pass(kMillisecond);
  bench.Step([&](Turn& turn) {
    bench.clock().OnAck(
        {.seq = 7, .receive_delay_us = 4'000'000'000U, .wall_ns = 5},
        ClusterClockBench::IdOf(0), turn);
  });

  EXPECT_FALSE(bench.clock().known());
}

TEST(ClusterClockTest, AnAnswerNobodyAskedForIsNoSample) {
  ClusterClockBench bench({{}, {}});
  bench.Step([&](Turn& turn) {
    bench.clock().OnPingSent(7, ClusterClockBench::IdOf(0), turn);
    bench.clock().OnAck({.seq = 8, .wall_ns = 5}, ClusterClockBench::IdOf(0),
                        turn);
    bench.clock().OnAck({.seq = 7, .wall_ns = 5}, ClusterClockBench::IdOf(1),
                        turn);
  });

  EXPECT_FALSE(bench.clock().known());
}

TEST(ClusterClockTest, AbsurdTimesOverflowNowhere) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  for (const int64_t own : {kLeast, int64_t{-1}, int64_t{0}, kMost}) {
    for (const int64_t theirs : {kLeast, int64_t{-1}, int64_t{0}, kMost}) {
      ClusterClock clock(kBound);
      Effects effects;
      TimerHeap timers;
      Turn turn{{{kSecond.ns}, WallTime{own}}, effects, timers};
      clock.OnStep(turn);
      clock.SetOthers({NodeId{1}}, turn);
      clock.OnPingSent(1, NodeId{1}, turn);
      clock.OnAck({.seq = 1, .wall_ns = theirs}, NodeId{1}, turn);
      ASSERT_TRUE(clock.known());
      turn.cluster.offset = clock.offset();

      EXPECT_GE(turn.cluster_wall(), WallTime{0});
      EXPECT_LE(turn.cluster_wall(), kWallMax);
      EXPECT_EQ(turn.cluster_wall(), std::min(Plausible(WallTime{own}),
                                              Plausible(WallTime{theirs})));
    }
  }
}

// The corrected clock lies within the honest ones, whatever one clock shows.
TEST(ClusterClockTest, OneLiarOfThreeOrFiveMovesNothing) {
  Prng random(11);
  for (int round = 0; round < 2'000; ++round) {
    const size_t members = random.Chance(1, 2) ? 3 : 5;
    std::vector<Duration> clocks(members);
    for (Duration& clock : clocks) {
      clock = Duration{random.Between(-200, 200)} * kMillisecond.ns;
    }
    const size_t liar = random.Below(members);
    Duration least{std::numeric_limits<int64_t>::max()};
    Duration most{std::numeric_limits<int64_t>::min()};
    for (size_t i = 0; i < members; ++i) {
      if (i == liar) continue;
      least = std::min(least, clocks[i]);
      most = std::max(most, clocks[i]);
    }
    clocks[liar] = kYear * random.Between(1, 50);
    if (random.Chance(1, 2)) clocks[liar] = clocks[liar] * -1;

    ClusterClockBench bench({clocks.begin() + 1, clocks.end()});
    bench.SetOwn(clocks[0]);
    bench.Step();  // It jumped, if it is the liar.
    bench.MeasureAll();

    ASSERT_TRUE(bench.clock().known());
    EXPECT_GE(bench.Error(), least) << round;
    EXPECT_LE(bench.Error(), most) << round;
  }
}

TEST(ClusterClockTest, OfAnEvenNumberTheLowerMedianCounts) {
  ClusterClockBench bench({kSecond, 2 * kSecond, 3 * kSecond});
  bench.MeasureAll();

  EXPECT_EQ(bench.clock().offset(), kSecond);
}

// Of two clocks that differ nobody can tell which is right: the third is waited
// for, a second at most.
TEST(ClusterClockTest, ClocksThatDifferWaitForTheRest) {
  ClusterClockBench bench({{}, {}});
  bench.SetOwn(-43'000 * kSecond);
  bench.Step();
  bench.Measure(0);
  EXPECT_FALSE(bench.clock().known());
  bench.Measure(1);
  EXPECT_TRUE(bench.clock().is_sure());
  EXPECT_EQ(bench.Error(), Duration{0});

  ClusterClockBench alone({{}, {}});
  alone.SetOwn(-43'000 * kSecond);
  alone.Step();
  alone.Measure(0);
  alone.Wait(900 * kMillisecond);
  EXPECT_FALSE(alone.clock().known());
  alone.Wait(200 * kMillisecond);
  EXPECT_TRUE(alone.clock().known());
  EXPECT_FALSE(alone.clock().is_sure());
  alone.Measure(1);
  EXPECT_TRUE(alone.clock().is_sure());
  EXPECT_EQ(alone.Error(), Duration{0});
}

// Whatever the clocks show that are missing: the median of all is near.
TEST(ClusterClockTest, WhoIsSureIsNearTheMedianOfAll) {
  Prng random(12);
  int sure = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::vector<Duration> clocks(2 + random.Below(6));
    for (Duration& clock : clocks) {
      clock = Duration{random.Between(-400, 400)} * kMillisecond.ns;
    }
    ClusterClockBench bench({clocks.begin() + 1, clocks.end()});
    bench.SetOwn(clocks[0]);
    bench.Step();
    for (size_t other = 0; other + 1 < clocks.size(); ++other) {
      if (random.Chance(3, 4)) bench.Measure(other);
    }
    if (!bench.clock().is_sure()) continue;
    ++sure;
    std::sort(clocks.begin(), clocks.end());
    const Duration median = clocks[(clocks.size() - 1) / 2];
    // Blending adds another half.
    EXPECT_LE(std::abs((bench.Error() - median).ns), kBound.ns) << round;
  }
  EXPECT_GT(sure, 1'000);
}

TEST(ClusterClockTest, WhoIsOffSaysSoOnce) {
  ClusterClockBench bench({{}, {}});
  bench.SetOwn(40 * kSecond);
  bench.Step();
  bench.MeasureAll();

  EXPECT_TRUE(bench.clock().is_off());
  EXPECT_TRUE(bench.Marked("clock.off"));
  EXPECT_TRUE(bench.Marked("clock.measured"));
  EXPECT_EQ(bench.clock().offset(), -40 * kSecond);
}

TEST(ClusterClockTest, TheOffsetOutlivesSilence) {
  ClusterClockBench bench({{}, {}});
  bench.SetOwn(40 * kSecond);
  bench.Step();
  bench.MeasureAll();
  bench.Wait(kHour);

  EXPECT_TRUE(bench.clock().known());
  EXPECT_EQ(bench.Error(), Duration{0});
}

TEST(ClusterClockTest, AJumpEitherWayIsMeasuredAnew) {
  for (const Duration jump :
       {251 * kMillisecond, -251 * kMillisecond, kYear, -1 * kYear}) {
    ClusterClockBench bench({{}, {}});
    bench.MeasureAll();
    ASSERT_TRUE(bench.clock().known());

    bench.SetOwn(jump);
    bench.Step();
    EXPECT_FALSE(bench.clock().known());
    EXPECT_TRUE(bench.Marked("clock.jumped"));
    bench.Wait(kMinute);
    EXPECT_FALSE(bench.clock().known());

    bench.MeasureAll();
    EXPECT_TRUE(bench.clock().known());
    EXPECT_EQ(bench.Error(), Duration{0});
  }
}

// It was sent before the jump: its midpoint is of no clock.
TEST(ClusterClockTest, APingFromBeforeAJumpIsNoSample) {
  ClusterClockBench bench({{}, {}});
  bench.Step([&](Turn& turn) {
    bench.clock().OnPingSent(7, ClusterClockBench::IdOf(0), turn);
  });
  bench.Pass(kMillisecond);
  bench.SetOwn(kMinute);
  bench.Step([&](Turn& turn) {
    bench.clock().OnAck({.seq = 7, .wall_ns = bench.True().ns},
                        ClusterClockBench::IdOf(0), turn);
  });

  EXPECT_FALSE(bench.clock().known());
}

TEST(ClusterClockTest, ASmallStepIsNoJump) {
  ClusterClockBench bench({{}, {}});
  bench.MeasureAll();
  bench.SetOwn(240 * kMillisecond);
  bench.Step();

  EXPECT_TRUE(bench.clock().known());
}

// 1 % beside the monotonic clock for ten minutes: six seconds in all.
TEST(ClusterClockTest, DriftIsNoJump) {
  ClusterClockBench bench({{}, {}});
  bench.MeasureAll();
  for (int second = 0; second < 600; ++second) {
    bench.SetOwn(bench.own() + 9 * kMillisecond);
    bench.Wait(kSecond);
  }

  EXPECT_TRUE(bench.clock().known());
  EXPECT_FALSE(bench.Marked("clock.jumped"));
}

TEST(ClusterClockTest, AClockThatStandsHasJumped) {
  ClusterClockBench bench({{}, {}});
  bench.MeasureAll();
  bench.Freeze(true);
  bench.Wait(200 * kMillisecond);
  EXPECT_TRUE(bench.clock().known());
  bench.Wait(100 * kMillisecond);
  EXPECT_FALSE(bench.clock().known());

  // Measured again and again it stays within the bound while it is known.
  for (int round = 0; round < 100; ++round) {
    bench.MeasureAll();
    EXPECT_TRUE(bench.clock().known());
    bench.Wait(100 * kMillisecond);
    if (bench.clock().known()) {
      EXPECT_LE(std::abs(bench.Error().ns), (kBound / 2).ns);
    }
  }
}

TEST(ClusterClockTest, AFreshOffsetIsBlendedIn) {
  ClusterClockBench bench({{}, {}});
  bench.MeasureAll();
  bench.SetOther(0, 100 * kMillisecond);
  bench.SetOther(1, 100 * kMillisecond);
  bench.MeasureAll();
  EXPECT_LE(bench.Error(), kMicrosecond);

  for (int second = 1; second <= 100; ++second) {
    const Duration before = bench.Error();
    bench.Wait(kSecond);
    const Duration step = bench.Error() - before;
    EXPECT_LE(step, kMillisecond);
    EXPECT_GE(step, 990 * kMicrosecond) << second;
  }
  bench.Wait(10 * kSecond);
  EXPECT_EQ(bench.Error(), 100 * kMillisecond);
}

// Steps of half a microsecond lose nothing of it.
TEST(ClusterClockTest, ManySmallStepsBlendAsOneDoes) {
  ClusterClockBench bench({{}, {}});
  bench.MeasureAll();
  bench.SetOther(0, 100 * kMillisecond);
  bench.SetOther(1, 100 * kMillisecond);
  bench.MeasureAll();
  const Duration before = bench.Error();
  for (int step = 0; step < 20'000; ++step) {
    bench.Pass(Duration{500});
    bench.Step();
  }

  const Duration blended = bench.Error() - before;
  EXPECT_GE(blended, 10 * kMicrosecond - Duration{2});
  EXPECT_LE(blended, 10 * kMicrosecond + Duration{2});
}

TEST(ClusterClockTest, WhatIsFarOffIsFollowedAtOnce) {
  ClusterClockBench bench({{}, {}});
  bench.MeasureAll();
  bench.SetOther(0, 251 * kMillisecond);
  bench.SetOther(1, 251 * kMillisecond);
  bench.MeasureAll();

  EXPECT_EQ(bench.Error(), 251 * kMillisecond);
}

TEST(ClusterClockTest, ALargerRingNeedsMoreClocks) {
  ClusterClockBench bench({{}, {}});
  bench.Measure(0);
  ASSERT_TRUE(bench.clock().known());

  bench.Step(
      [&](Turn& turn) { bench.clock().SetOthers({{1}, {2}, {3}, {4}}, turn); });
  EXPECT_FALSE(bench.clock().known());
  bench.Measure(1);
  EXPECT_TRUE(bench.clock().known());
}

TEST(ClusterClockTest, TheUnmeasuredAreNamedInACircle) {
  ClusterClockBench bench({{}, {}, {}});
  bench.Measure(1);

  EXPECT_EQ(bench.clock().Unmeasured({}), NodeId{1});
  EXPECT_EQ(bench.clock().Unmeasured({1}), NodeId{3});
  EXPECT_EQ(bench.clock().Unmeasured({3}), NodeId{1});
  bench.Measure(0);
  bench.Measure(2);
  EXPECT_EQ(bench.clock().Unmeasured({}), std::nullopt);
}

TEST(ClusterClockTest, PingsThatAreRememberedAreBounded) {
  ClusterClockBench bench(std::vector<Duration>{Duration{}});
  for (uint32_t seq = 1; seq <= 2 * kClockPingsMax; ++seq) {
    bench.Step([&](Turn& turn) {
      bench.clock().OnPingSent(seq, ClusterClockBench::IdOf(0), turn);
    });  // CheckInvariants: CLK-5.
  }
  bench.Step([&](Turn& turn) {
    bench.clock().OnAck({.seq = 1}, ClusterClockBench::IdOf(0), turn);
  });

  EXPECT_FALSE(bench.clock().known());
}

}  // namespace
}  // namespace orrery
