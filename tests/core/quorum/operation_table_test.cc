#include "core/quorum/operation_table.h"

#include "gtest/gtest.h"

namespace orrery {
namespace {

using Finding = OperationTable::Finding;

OperationId IdOf(uint64_t number) { return {{.hi = 1, .lo = number}}; }

TEST(OperationTableTest, ARepeatedWriteKeepsItsVersion) {
  OperationTable table;
  const uint64_t hash =
      OperationTable::HashOf(ClientVerb::kPut, "k", Bytes::CopyOf("v"));
  ASSERT_EQ(table.Meet(IdOf(1), hash, Instant{0}).finding, Finding::kNew);
  EXPECT_FALSE(table.Knows(IdOf(2)));
  const Dot dot{.actor = {.storage = 1, .generation = 2}, .counter = 3};
  table.SetVersion(IdOf(1), 42, dot);

  const OperationTable::Answer answer = table.Meet(IdOf(1), hash, Instant{1});

  EXPECT_EQ(answer.finding, Finding::kRepeated);
  EXPECT_EQ(answer.stamp, 42U);
  EXPECT_EQ(answer.dot, dot);
  EXPECT_TRUE(table.Knows(IdOf(1)));
}

TEST(OperationTableTest, AnIdUsedForAnotherWriteIsFoundOut) {
  const uint64_t put =
      OperationTable::HashOf(ClientVerb::kPut, "k", Bytes::CopyOf("v"));
  for (const uint64_t other :
       {OperationTable::HashOf(ClientVerb::kPut, "k", Bytes::CopyOf("w")),
        OperationTable::HashOf(ClientVerb::kPut, "kv", Bytes{}),
        OperationTable::HashOf(ClientVerb::kDelete, "k", Bytes{})}) {
    OperationTable table;
    ASSERT_EQ(table.Meet(IdOf(1), put, Instant{0}).finding, Finding::kNew);

    EXPECT_EQ(table.Meet(IdOf(1), other, Instant{0}).finding, Finding::kReused);
  }
}

TEST(OperationTableTest, AnOperationIsForgottenAfterTenMinutes) {
  OperationTable table;
  table.Meet(IdOf(1), 7, Instant{0});

  EXPECT_EQ(table.Meet(IdOf(1), 8, Instant{0} + kOperationLife).finding,
            Finding::kNew);
}

TEST(OperationTableTest, TheOldestGivesWayWhenTheTableIsFull) {
  OperationTable table;
  for (uint64_t i = 0; i < kOperationsMax; ++i) {
    table.Meet(IdOf(i), 7, Instant{0});
  }
  ASSERT_EQ(table.size(), kOperationsMax);

  table.Meet(IdOf(kOperationsMax), 7, Instant{0});

  EXPECT_EQ(table.size(), kOperationsMax);
  EXPECT_EQ(table.Meet(IdOf(1), 7, Instant{0}).finding, Finding::kRepeated);
  EXPECT_EQ(table.Meet(IdOf(0), 7, Instant{0}).finding, Finding::kNew);
}

TEST(OperationTableTest, AStampForAForgottenOperationIsIgnored) {
  OperationTable table;

  table.SetVersion(IdOf(1), 5, {});

  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace orrery
