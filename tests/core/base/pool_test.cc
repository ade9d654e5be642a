#include "core/base/pool.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(PoolTest, AHandleFindsItsObject) {
  Pool<int> pool(2);

  const Handle handle = pool.Create(7);

  ASSERT_NE(pool.Find(handle), nullptr);
  EXPECT_EQ(*pool.Find(handle), 7);
  EXPECT_EQ(pool.size(), 1U);
}

TEST(PoolTest, ALateHandleFindsNobodyInAReusedSlot) {
  Pool<int> pool(1);
  const Handle first = pool.Create(1);
  pool.Destroy(first);

  const Handle second = pool.Create(2);

  EXPECT_EQ(second.slot, first.slot);
  EXPECT_EQ(pool.Find(first), nullptr);
  EXPECT_EQ(*pool.Find(second), 2);
}

TEST(PoolTest, NoHandleAndAForeignHandleFindNobody) {
  Pool<int> pool(1);

  EXPECT_EQ(pool.Find(Handle{}), nullptr);
  EXPECT_EQ(pool.Find(Handle{.slot = 9, .gen = 1}), nullptr);
}

TEST(PoolTest, AVisitorMayDestroyWhatItIsShown) {
  Pool<int> pool(3);
  pool.Create(1);
  pool.Create(2);
  pool.Create(3);

  pool.ForEach([&pool](Handle handle, int& value) {
    if (value == 2) pool.Destroy(handle);
  });

  EXPECT_EQ(pool.size(), 2U);
}

TEST(PoolDeathTest, OneMoreThanItHoldsIsAnInvariantFailure) {
  Pool<int> pool(1);
  pool.Create(1);

  EXPECT_TRUE(pool.IsFull());
  EXPECT_DEATH(pool.Create(2), "size_ < capacity_");
}

TEST(PoolTest, HandlesOfAnEarlierProcessFindNobody) {
  Pool<int> before(4);
  Pool<int> after(4);
  before.StartAt(7);
  after.StartAt(8);
  const Handle stale = before.Create(1);

  const Handle fresh = after.Create(2);

  EXPECT_EQ(stale.slot, fresh.slot);
  EXPECT_EQ(after.Find(stale), nullptr);
  EXPECT_NE(after.Find(fresh), nullptr);
}

}  // namespace
}  // namespace orrery
