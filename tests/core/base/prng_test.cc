#include "core/base/prng.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "gtest/gtest.h"

namespace orrery {
namespace {

// xoshiro256** after SplitMix64(0), as other implementations print them: the
// numbers are part of every golden digest.
TEST(PrngTest, ASeedGivesTheSameNumbersForEver) {
  Prng prng(0);

  const uint64_t first = prng.Next();
  const uint64_t second = prng.Next();

  EXPECT_EQ(first, 0x99ec5f36cb75f2b4U);
  EXPECT_EQ(second, 0xbf6e1f784956452aU);
}

TEST(PrngTest, StreamsOfOneEntropyDiffer) {
  const std::array<std::byte, 32> entropy{};
  Prng one(entropy, 1);
  Prng two(entropy, 2);

  const uint64_t from_one = one.Next();
  const uint64_t from_two = two.Next();

  EXPECT_NE(from_one, from_two);
}

TEST(PrngTest, EveryByteOfEntropyMatters) {
  std::array<std::byte, 32> entropy{};
  Prng before(entropy, 1);
  const uint64_t expected = before.Next();

  for (std::byte& b : entropy) {
    b = std::byte{1};
    Prng after(entropy, 1);
    const uint64_t drawn = after.Next();
    EXPECT_NE(drawn, expected);
    b = std::byte{0};
  }
}

TEST(PrngTest, BelowIsEvenOverItsRange) {
  Prng prng(7);
  std::array<int, 6> counts{};

  for (int i = 0; i < 60'000; ++i) ++counts[prng.Below(6)];

  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
}

TEST(PrngTest, BelowOneIsAlwaysZero) {
  Prng prng(7);

  for (int i = 0; i < 100; ++i) EXPECT_EQ(prng.Below(1), 0U);
}

TEST(PrngTest, BetweenReachesBothEnds) {
  Prng prng(8);
  bool low = false;
  bool high = false;

  for (int i = 0; i < 1'000; ++i) {
    const int64_t drawn = prng.Between(-2, 2);
    ASSERT_GE(drawn, -2);
    ASSERT_LE(drawn, 2);
    low = low || drawn == -2;
    high = high || drawn == 2;
  }

  EXPECT_TRUE(low);
  EXPECT_TRUE(high);
}

TEST(PrngTest, BetweenSpansTheWholeRangeOfIntegers) {
  Prng prng(9);
  bool negative = false;
  bool positive = false;

  for (int i = 0; i < 100; ++i) {
    const int64_t drawn = prng.Between(std::numeric_limits<int64_t>::min(),
                                       std::numeric_limits<int64_t>::max());
    negative = negative || drawn < 0;
    positive = positive || drawn > 0;
  }

  EXPECT_TRUE(negative);
  EXPECT_TRUE(positive);
}

TEST(PrngTest, ChanceIsNeverAtZeroAndAlwaysAtOne) {
  Prng prng(10);

  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(prng.Chance(0, 3));
    EXPECT_TRUE(prng.Chance(3, 3));
  }
}

TEST(PrngTest, ChanceComesInItsShareOfCases) {
  Prng prng(11);
  int hits = 0;

  for (int i = 0; i < 10'000; ++i) {
    if (prng.Chance(1, 4)) ++hits;
  }

  EXPECT_NEAR(hits, 2'500, 200);
}

TEST(PrngTest, ShuffleKeepsEveryItem) {
  Prng prng(12);
  std::vector<int> items(50);
  std::iota(items.begin(), items.end(), 0);
  const std::vector<int> before = items;

  prng.Shuffle(std::span<int>(items));

  EXPECT_NE(items, before);
  EXPECT_TRUE(std::is_permutation(items.begin(), items.end(), before.begin()));
}

TEST(PrngDeathTest, ARangeOfNothingIsAnInvariantFailure) {
  Prng prng(13);

  EXPECT_DEATH(static_cast<void>(prng.Below(0)), "bound > 0");
  EXPECT_DEATH(static_cast<void>(prng.Between(1, 0)), "low <= high");
}

}  // namespace
}  // namespace orrery
