#include "transport/clock/system_clock.h"

#include <chrono>
#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace orrery {
namespace {

class SystemClockTest : public ::testing::Test {
 protected:
  Instant In(Duration wait) { return clock_.Now().mono + wait; }
  // Runs the loop until nothing is pending.
  void RunAll() {
    loop_.run();
    loop_.restart();
  }

  boost::asio::io_context loop_;
  std::vector<Instant> ticks_;
  SystemClock clock_{loop_, [this] { ticks_.push_back(clock_.Now().mono); }};
};

TEST_F(SystemClockTest, ATickComesAtTheDeadlineAndNotBefore) {
  const Instant deadline = In(5 * kMillisecond);
  clock_.ArmTick(deadline);

  RunAll();

  ASSERT_EQ(ticks_.size(), 1u);
  EXPECT_GE(ticks_[0], deadline);
}

TEST_F(SystemClockTest, ALaterDeadlineReplacesAnEarlierOne) {
  const Instant deadline = In(10 * kMillisecond);
  clock_.ArmTick(In(1 * kMillisecond));
  clock_.ArmTick(deadline);

  RunAll();

  ASSERT_EQ(ticks_.size(), 1u);
  EXPECT_GE(ticks_[0], deadline);
}

TEST_F(SystemClockTest, AnEarlierDeadlineReplacesALaterOne) {
  clock_.ArmTick(In(kHour));
  clock_.ArmTick(In(1 * kMillisecond));

  loop_.run_one_for(std::chrono::seconds(10));  // The one that was replaced.
  while (ticks_.empty()) loop_.run_one_for(std::chrono::seconds(10));

  EXPECT_EQ(ticks_.size(), 1u);
}

TEST_F(SystemClockTest, ADeadlineThatIsTakenBackTicksNever) {
  clock_.ArmTick(In(1 * kMillisecond));
  clock_.ArmTick(std::nullopt);

  RunAll();

  EXPECT_TRUE(ticks_.empty());
}

TEST_F(SystemClockTest, ADeadlineInThePastTicksAtOnceButNotInsideTheCall) {
  clock_.ArmTick(Instant{1});
  EXPECT_TRUE(ticks_.empty());

  RunAll();

  EXPECT_EQ(ticks_.size(), 1u);
}

TEST_F(SystemClockTest, SoonIsOnceAndNotInsideTheCall) {
  clock_.TickSoon();
  clock_.TickSoon();
  EXPECT_TRUE(ticks_.empty());

  RunAll();
  EXPECT_EQ(ticks_.size(), 1u);

  clock_.TickSoon();
  RunAll();
  EXPECT_EQ(ticks_.size(), 2u);
}

TEST_F(SystemClockTest, TheClocksAgreeWithTheMachine) {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const Stamp first = clock_.Now();
  const Stamp second = clock_.Now();

  EXPECT_LE(first.mono, second.mono);
  EXPECT_NEAR(
      static_cast<double>(first.wall.ns),
      static_cast<double>(
          std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count()),
      5e9);
}

TEST(SystemClockLifetimeTest, AClockMayGoBeforeItsHandlersRun) {
  boost::asio::io_context loop;
  int ticks = 0;
  auto clock = std::make_unique<SystemClock>(loop, [&] { ++ticks; });
  clock->TickSoon();
  clock->ArmTick(Instant{1});

  clock.reset();
  loop.run();

  EXPECT_EQ(ticks, 0);
}

}  // namespace
}  // namespace orrery
