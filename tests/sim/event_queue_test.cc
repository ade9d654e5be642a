#include "sim/event_queue.h"

#include <vector>

#include "core/base/prng.h"
#include "gmock/gmock.h"

namespace orrery::sim {
namespace {

TEST(EventQueueTest, WhatIsDueTogetherComesInOrderOfScheduling) {
  EventQueue queue;
  queue.Schedule(Instant{5}, {.payload = 1});
  queue.Schedule(Instant{3}, {.payload = 2});
  queue.Schedule(Instant{5}, {.payload = 3});

  EXPECT_EQ(queue.Pop().payload, 2u);
  EXPECT_EQ(queue.now(), Instant{3});
  EXPECT_EQ(queue.Pop().payload, 1u);
  EXPECT_EQ(queue.Pop().payload, 3u);
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueueTest, ManyOccasionsComeInOrder) {
  EventQueue queue;
  Prng prng(1);
  for (uint32_t i = 0; i < 2000; ++i) {
    const int64_t at = prng.Between(0, 100);
    const Happening what =
        i % 3 == 0 ? Happening::kOpTimeout : Happening::kFrame;
    queue.Schedule(Instant{at}, {.payload = i, .what = what});
  }

  Occasion last = queue.Pop();
  while (!queue.empty()) {
    const Occasion next = queue.Pop();
    ASSERT_TRUE(last.at_ns < next.at_ns ||
                (last.at_ns == next.at_ns && last.seq < next.seq));
    last = next;
  }
}

TEST(EventQueueDeathTest, NothingIsScheduledInThePast) {  // EVQ-2
  EventQueue queue;
  queue.AdvanceTo(Instant{10});

  EXPECT_DEATH(queue.Schedule(Instant{9}, {}), "now_ns_");
}

}  // namespace
}  // namespace orrery::sim
