#include "core/ring/quorum_size.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(QuorumSizeTest, OneQuorumAndAllCountOverTheSet) {
  EXPECT_EQ(RequiredOf({Level::Kind::kOne, 0}, 2, 3), 1u);
  EXPECT_EQ(RequiredOf({Level::Kind::kQuorum, 0}, 1, 3), 2u);
  EXPECT_EQ(RequiredOf({Level::Kind::kQuorum, 0}, 1, 4), 3u);
  EXPECT_EQ(RequiredOf({Level::Kind::kQuorum, 0}, 1, 1), 1u);
  EXPECT_EQ(RequiredOf({Level::Kind::kAll, 0}, 1, 3), 3u);
}

TEST(QuorumSizeTest, NumbersAreCappedAtTheOwnersThatExist) {
  EXPECT_EQ(RequiredOf({Level::Kind::kNumber, 2}, 1, 3), 2u);
  EXPECT_EQ(RequiredOf({Level::Kind::kNumber, 5}, 1, 3), 3u);
  EXPECT_EQ(RequiredOf({Level::Kind::kConfigured, 0}, 2, 3), 2u);
  EXPECT_EQ(RequiredOf({Level::Kind::kConfigured, 0}, 2, 1), 1u);
}

TEST(QuorumSizeTest, AnEmptySetRequiresNobody) {
  for (const Level level :
       {Level{Level::Kind::kConfigured, 0}, Level{Level::Kind::kOne, 0},
        Level{Level::Kind::kQuorum, 0}, Level{Level::Kind::kAll, 0},
        Level{Level::Kind::kNumber, 3}}) {
    EXPECT_EQ(RequiredOf(level, 2, 0), 0u);
  }
}

}  // namespace
}  // namespace orrery
