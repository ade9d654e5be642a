#include "core/storage/record_queue.h"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "core/base/prng.h"
#include "gmock/gmock.h"

namespace orrery {
namespace {

PendingRecord RecordOf(uint64_t seq) {
  PendingRecord record;
  record.key = "key " + std::to_string(seq);
  record.seq = seq;
  return record;
}

TEST(RecordQueueTest, ARecordStaysWhereItIsWhileTheQueueGrows) {
  RecordQueue queue;
  queue.Push(RecordOf(1));
  const PendingRecord* first = &queue.At(1);

  for (uint64_t seq = 2; seq <= 10'000; ++seq) queue.Push(RecordOf(seq));

  EXPECT_EQ(&queue.At(1), first);
  EXPECT_EQ(first->key, "key 1");
  EXPECT_EQ(queue.At(10'000).key, "key 10000");
}

// RQ-1, and what a queue is, at every length and place of the ring.
TEST(RecordQueueTest, ItGivesBackWhatWasPushedInOrder) {
  Prng prng(1);
  RecordQueue queue;
  std::deque<uint64_t> model;
  uint64_t next = 1;
  for (uint64_t round = 0; round < 2000; ++round) {
    const uint64_t pushes = prng.Below(round % 200 + 1);
    for (uint64_t i = 0; i < pushes; ++i) {
      queue.Push(RecordOf(next));
      model.push_back(next++);
    }
    const uint64_t pops = prng.Below(model.size() + 1);
    for (uint64_t i = 0; i < pops; ++i) {
      ASSERT_EQ(queue[0].key, RecordOf(model.front()).key);
      queue.PopFront();
      model.pop_front();
    }
    if (!model.empty() && prng.Chance(1, 4)) {
      queue.PopBack();
      model.pop_back();
      --next;
    }
    ASSERT_EQ(queue.size(), model.size());
    if (model.empty()) continue;
    ASSERT_EQ(queue.front_seq(), model.front());
    ASSERT_EQ(queue.At(model.back()).seq, model.back());
    ASSERT_FALSE(queue.Contains(model.back() + 1));
  }
  while (!model.empty()) {
    queue.PopBack();
    model.pop_back();
  }
  EXPECT_EQ(queue.bytes(), 0u);
}

}  // namespace
}  // namespace orrery
