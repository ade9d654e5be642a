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
  EXPECT_EQ(keys.records(), 2u);

  EXPECT_TRUE(keys.Remove(kOne).empty());
  EXPECT_TRUE(keys.Awaits(kRange));
  EXPECT_TRUE(keys.Remove(kOne).empty()) << "again";
  EXPECT_EQ(keys.records(), 1u);
  EXPECT_EQ(keys.Remove(kTwo), std::vector<DamageRange>{kRange});

  EXPECT_FALSE(keys.Awaits(kRange));
  EXPECT_EQ(keys.records(), 0u);
}

TEST(AwaitedKeysTest, AKeyMayHaveDiedInSeveralRanges) {
  AwaitedKeys keys;
  keys.Add(kOne, kRange);
  keys.Add(kOne, kOther);
  keys.Add(kTwo, kOther);
  EXPECT_EQ(keys.records(), 3u);

  EXPECT_EQ(keys.Remove(kOne), std::vector<DamageRange>{kRange});
  EXPECT_EQ(keys.Remove(kTwo), std::vector<DamageRange>{kOther});
}

}  // namespace
}  // namespace orrery
