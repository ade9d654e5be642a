#include "core/storage/awaited_keys.h"

#include <vector>

#include "gtest/gtest.h"

namespace orrery {
namespace {

constexpr KeyHash kOne{1, 11};
constexpr KeyHash kTwo{2, 22};
const DamageRange kRange{.file = 5, .from = 4096, .upto = 8192};
const DamageRange kOther{.file = 5, .from = 9000, .upto = 9064};

TEST(AwaitedKeysTest, ARangeIsRepairedWithTheLastOfItsKeys) {
  AwaitedKeys keys;
  keys.Add(kOne, kRange);
  keys.Add(kTwo, kRange);
  keys.Add(kTwo, kRange);
  EXPECT_TRUE(keys.Awaits(kRange));
  EXPECT_FALSE(keys.Awaits(kOther));
  EXPECT_EQ(keys.keys(), 2u);

  EXPECT_TRUE(keys.Remove(kOne).empty());
  EXPECT_TRUE(keys.Awaits(kRange));
  EXPECT_TRUE(keys.Remove(kOne).empty()) << "again";
  EXPECT_EQ(keys.keys(), 1u);
  EXPECT_EQ(keys.Remove(kTwo), std::vector<DamageRange>{kRange});

  EXPECT_FALSE(keys.Awaits(kRange));
  EXPECT_EQ(keys.keys(), 0u);
}

TEST(AwaitedKeysTest, AKeyMayHaveDiedInSeveralRanges) {
  AwaitedKeys keys;
  keys.Add(kOne, kRange);
  keys.Add(kOne, kOther);
  keys.Add(kTwo, kOther);
  EXPECT_EQ(keys.keys(), 2u);

  EXPECT_EQ(keys.Remove(kOne), std::vector<DamageRange>{kRange});
  EXPECT_EQ(keys.Remove(kTwo), std::vector<DamageRange>{kOther});
}

// What was read in one piece and what of it is known key by key.
TEST(AwaitedKeysTest, ARangeAroundOthersWaitsForTheirKeys) {
  const DamageRange around{.file = 5, .from = 4096, .upto = 9001};
  AwaitedKeys keys;
  EXPECT_FALSE(keys.AwaitWithin(around));
  keys.Add(kOne, kRange);
  keys.Add(kTwo, kOther);
  EXPECT_TRUE(keys.AwaitWithin(around));
  EXPECT_TRUE(keys.Awaits(around));
  EXPECT_EQ(keys.Remove(kOne), std::vector<DamageRange>{kRange});
  EXPECT_EQ(keys.Remove(kTwo), (std::vector<DamageRange>{kOther, around}));

  const DamageRange beside{.file = 5, .from = 8192, .upto = 9000};
  const DamageRange elsewhere{.file = 6, .from = 4096, .upto = 9001};
  keys.Add(kOne, kRange);
  keys.Add(kTwo, kOther);
  EXPECT_FALSE(keys.AwaitWithin(beside));
  EXPECT_FALSE(keys.AwaitWithin(elsewhere));
}

}  // namespace
}  // namespace orrery
