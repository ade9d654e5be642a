#include "core/protocol/timers.h"

#include <gtest/gtest.h>

namespace orrery {
namespace {

constexpr Handle kFirst{1, 1};
constexpr Handle kSecondHandle{2, 1};

TEST(TimerHeapTest, FiresInOrderOfDeadlineThenOfArming) {
  TimerHeap timers;
  timers.Arm(TimerKind::kProbe, kFirst, Instant{20});
  timers.Arm(TimerKind::kGossipTick, kFirst, Instant{10});
  timers.Arm(TimerKind::kProbe, kSecondHandle, Instant{10});

  const auto first = timers.PopDue(Instant{30});
  const auto second = timers.PopDue(Instant{30});
  const auto third = timers.PopDue(Instant{30});

  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->kind, TimerKind::kGossipTick);
  EXPECT_EQ(second->handle, kSecondHandle);
  EXPECT_EQ(third->deadline, Instant{20});
  EXPECT_FALSE(timers.PopDue(Instant{30}).has_value());
}

TEST(TimerHeapTest, NothingFiresBeforeItsDeadline) {
  TimerHeap timers;
  timers.Arm(TimerKind::kProbe, kFirst, Instant{20});

  EXPECT_FALSE(timers.PopDue(Instant{19}).has_value());
  EXPECT_EQ(timers.NextDeadline(), Instant{20});
}

TEST(TimerHeapTest, ArmingAgainReplacesTheDeadline) {
  TimerHeap timers;
  timers.Arm(TimerKind::kProbe, kFirst, Instant{20});
  timers.Arm(TimerKind::kProbe, kFirst, Instant{50});

  EXPECT_FALSE(timers.PopDue(Instant{49}).has_value());
  EXPECT_TRUE(timers.PopDue(Instant{50}).has_value());
  EXPECT_FALSE(timers.NextDeadline().has_value());  // TIM-2: it was the only.
}

TEST(TimerHeapTest, ACancelledTimerNeverFires) {
  TimerHeap timers;
  timers.Arm(TimerKind::kProbe, kFirst, Instant{20});

  timers.Cancel(TimerKind::kProbe, kFirst);
  timers.Cancel(TimerKind::kProbe, kSecondHandle);  // Was never armed.

  EXPECT_FALSE(timers.PopDue(Instant{100}).has_value());
  EXPECT_FALSE(timers.IsArmed(TimerKind::kProbe, kFirst));
}

TEST(TimerHeapTest, PostponingMovesDeadlinesAndKeepsTheOrder) {
  TimerHeap timers;
  timers.Arm(TimerKind::kProbe, kFirst, Instant{10});
  timers.Arm(TimerKind::kProbe, kSecondHandle, Instant{10});
  timers.Arm(TimerKind::kGossipTick, kFirst, Instant{30});

  timers.Postpone(Duration{100});
  timers.Cancel(TimerKind::kGossipTick, kFirst);

  EXPECT_FALSE(timers.PopDue(Instant{109}).has_value());
  EXPECT_EQ(timers.PopDue(Instant{110})->handle, kFirst);
  EXPECT_EQ(timers.PopDue(Instant{110})->handle, kSecondHandle);
  EXPECT_FALSE(timers.NextDeadline().has_value());
}

TEST(TimerHeapTest, AClientsDeadlineIsNotPostponed) {
  TimerHeap timers;
  timers.Arm(TimerKind::kProbe, kFirst, Instant{10});
  timers.Arm(TimerKind::kPutDeadline, kFirst, Instant{20});
  timers.Arm(TimerKind::kPutDeadline, kSecondHandle, Instant{200});

  timers.Postpone(Duration{100});

  EXPECT_EQ(timers.PopDue(Instant{109})->kind, TimerKind::kPutDeadline);
  EXPECT_EQ(timers.PopDue(Instant{300})->kind, TimerKind::kProbe);
  EXPECT_EQ(timers.PopDue(Instant{300})->handle, kSecondHandle);
}

}  // namespace
}  // namespace orrery
