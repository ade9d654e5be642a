#include "core/base/lookup_map.h"

#include <memory>
#include <string>

#include "core/base/ids.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(LookupMapTest, FindsWhatWasInserted) {
  LookupMap<NodeId, int> map;

  const auto [value, inserted] = map.Insert(NodeId{7}, 70);

  EXPECT_TRUE(inserted);
  EXPECT_EQ(*value, 70);
  ASSERT_NE(map.Find(NodeId{7}), nullptr);
  EXPECT_EQ(*map.Find(NodeId{7}), 70);
  EXPECT_EQ(map.Find(NodeId{8}), nullptr);
}

TEST(LookupMapTest, InsertingAgainKeepsTheFirst) {
  LookupMap<uint64_t, int> map;
  map.Insert(1, 10);

  const auto [value, inserted] = map.Insert(1, 20);

  EXPECT_FALSE(inserted);
  EXPECT_EQ(*value, 10);
  EXPECT_EQ(map.size(), 1U);
}

TEST(LookupMapTest, InsertOrAssignKeepsTheLast) {
  LookupMap<uint64_t, int> map;
  map.Insert(1, 10);

  map.InsertOrAssign(1, 20);

  EXPECT_EQ(*map.Find(uint64_t{1}), 20);
}

TEST(LookupMapTest, EraseSaysWhetherThereWasOne) {
  LookupMap<Dot, int> map;
  const Dot dot{.actor = {.storage = 1, .generation = 2}, .counter = 3};
  map.Insert(dot, 1);

  EXPECT_TRUE(map.Erase(dot));
  EXPECT_FALSE(map.Erase(dot));
  EXPECT_TRUE(map.empty());
}

TEST(LookupMapTest, TextIsFoundWithoutMakingAString) {
  LookupMap<std::string, int> map;
  map.Insert("orrery", 1);

  EXPECT_NE(map.Find(std::string_view("orrery")), nullptr);
  EXPECT_EQ(map.Find(std::string_view("orrer")), nullptr);
}

TEST(LookupMapTest, HoldsValuesThatCannotBeCopied) {
  LookupMap<NodeId, std::unique_ptr<int>> map;

  map.FindOrInsert(NodeId{1}) = std::make_unique<int>(5);

  EXPECT_EQ(**map.Find(NodeId{1}), 5);
}

}  // namespace
}  // namespace orrery
