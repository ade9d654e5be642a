#include "core/base/total_order.h"

#include <cstdint>
#include <functional>
#include <vector>

#include "gmock/gmock.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;

struct Entry {
  int64_t at = 0;
  uint32_t id = 0;
  friend bool operator==(const Entry&, const Entry&) = default;
};

bool ByTime(const Entry& a, const Entry& b) { return a.at < b.at; }
bool ByTimeThenId(const Entry& a, const Entry& b) {
  return a.at == b.at ? a.id < b.id : a.at < b.at;
}

TEST(TotalOrderTest, SortsWithAnOrderOrWithout) {
  std::vector<int> numbers{3, 1, 2, 1};
  Sort(numbers.begin(), numbers.end());
  EXPECT_THAT(numbers, ElementsAre(1, 1, 2, 3));
  Sort(numbers.begin(), numbers.end(), std::greater<>());
  EXPECT_THAT(numbers, ElementsAre(3, 2, 1, 1));
}

TEST(TotalOrderTest, NothingAndOneAreSorted) {
  std::vector<Entry> entries;
  CheckTotallyOrdered(entries.begin(), entries.end(), ByTime);
  entries.push_back({1, 1});
  CheckTotallyOrdered(entries.begin(), entries.end(), ByTime);
}

TEST(TotalOrderTest, EqualElementsMayStandBesideEachOther) {
  const std::vector<Entry> entries{{1, 7}, {1, 7}, {2, 1}};
  CheckTotallyOrdered(entries.begin(), entries.end(), ByTime);
}

// ORD-1: which of the two comes first would be the library's choice.
TEST(TotalOrderDeathTest, ATieBetweenDifferentElementsIsFound) {
  const std::vector<Entry> entries{{1, 7}, {1, 8}, {2, 1}};
  EXPECT_DEATH(CheckTotallyOrdered(entries.begin(), entries.end(), ByTime),
               "told_apart");
  CheckTotallyOrdered(entries.begin(), entries.end(), ByTimeThenId);
}

TEST(TotalOrderDeathTest, WhatIsNotSortedIsFound) {
  const std::vector<int> numbers{2, 1};
  EXPECT_DEATH(
      CheckTotallyOrdered(numbers.begin(), numbers.end(), std::less<>()),
      "less");
}

}  // namespace
}  // namespace orrery
