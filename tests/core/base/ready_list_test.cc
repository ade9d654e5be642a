#include "core/base/ready_list.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ReadyListTest, WhatWasPushedIsTakenOnceAndInOrder) {
  ReadyList<int> list;
  EXPECT_TRUE(list.empty());
  list.push_back(1);
  list.push_back(2);
  EXPECT_FALSE(list.empty());
  EXPECT_THAT(list.Take(), ElementsAre(1, 2));
  EXPECT_TRUE(list.empty());
  EXPECT_THAT(list.Take(), IsEmpty());
}

// Whoever handles an item may cause another: it waits for the next turn, and
// the walk over the first ones is not disturbed.
TEST(ReadyListTest, WhatComesWhileItIsWalkedWaitsForTheNextTake) {
  ReadyList<std::string> list;
  list.push_back("first");
  std::vector<std::string> seen;
  for (const std::string& item : list.Take()) {
    seen.push_back(item);
    for (int i = 0; i < 100; ++i) list.push_back("later");
  }
  EXPECT_THAT(seen, ElementsAre("first"));
  EXPECT_EQ(list.Take().size(), 100u);
}

}  // namespace
}  // namespace orrery
