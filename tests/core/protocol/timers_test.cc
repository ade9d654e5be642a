#include "core/protocol/timers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/prng.h"

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

// The slow and obvious timers: an unsorted list.
class TimerList {
 public:
  void Arm(Handle handle, Instant deadline) {
    Cancel(handle);
    armed_.push_back({handle, deadline, next_++});
  }
  void Cancel(Handle handle) {
    std::erase_if(armed_, [&](const Armed& a) { return a.handle == handle; });
  }
  std::optional<Handle> PopDue(Instant now) {
    const auto first = std::min_element(
        armed_.begin(), armed_.end(), [](const Armed& a, const Armed& b) {
          return a.at == b.at ? a.seq < b.seq : a.at < b.at;
        });
    if (first == armed_.end() || first->at > now) return std::nullopt;
    const Handle handle = first->handle;
    armed_.erase(first);
    return handle;
  }
  void Postpone(Duration late) {
    for (Armed& armed : armed_) armed.at = armed.at + late;
  }

 private:
  struct Armed {
    Handle handle;
    Instant at;
    uint64_t seq;
  };
  std::vector<Armed> armed_;
  uint64_t next_ = 0;
};

TEST(TimerHeapTest, FiresAsAListOfTimersWould) {  // TIM-1, TIM-2
  TimerHeap timers;
  TimerList list;
  Prng prng(7);
  Instant now{0};
  for (int round = 0; round < 20'000; ++round) {
    const Handle handle{static_cast<uint32_t>(prng.Below(100)), 1};
    const uint64_t what = prng.Below(100);
    if (what < 60) {
      const Instant deadline = now + Duration{prng.Between(0, 200)};
      timers.Arm(TimerKind::kProbe, handle, deadline);
      list.Arm(handle, deadline);
    } else if (what < 80) {
      timers.Cancel(TimerKind::kProbe, handle);
      list.Cancel(handle);
    } else if (what < 99) {
      now = now + Duration{prng.Between(0, 5)};
      const std::optional<TimerHeap::Due> due = timers.PopDue(now);
      const std::optional<Handle> expected = list.PopDue(now);
      ASSERT_EQ(due.has_value(), expected.has_value());
      if (due.has_value()) {
        ASSERT_EQ(due->handle, *expected);
      }
    } else {
      timers.Postpone(Duration{3});
      list.Postpone(Duration{3});
    }
  }
}

}  // namespace
}  // namespace orrery
