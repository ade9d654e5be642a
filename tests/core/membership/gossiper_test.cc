#include "core/membership/gossiper.h"

#include <string>
#include <vector>

#include "core/protocol/limits.h"
#include "core/ring/token.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

class GossiperTest : public ::testing::Test {
 protected:
  NodeId Put(const std::string& name, MemberState state) {
    MemberRecord record;
    record.name = name;
    record.id = NodeIdOf(name);
    record.gossip.port = 1;
    record.state = state;
    if (state != MemberState::kAlive) record.accusers = {NodeId{1}};
    table_.Insert(record, Instant{0});
    gossiper_.Queue(record.id);
    return record.id;
  }
  std::vector<NodeId> Chosen(NodeId receiver, size_t bytes) {
    std::vector<MemberRecord> records;
    gossiper_.Choose(receiver, table_, bytes, &records);
    std::vector<NodeId> ids;
    for (const MemberRecord& record : records) ids.push_back(record.id);
    return ids;
  }

  MemberTable table_;
  Gossiper gossiper_;
};

TEST_F(GossiperTest, WhatMattersMostGoesFirst) {
  gossiper_.SetSelf(NodeIdOf("self"));
  const NodeId alive = Put("alive", MemberState::kAlive);
  const NodeId suspect = Put("suspect", MemberState::kSuspect);
  const NodeId dead = Put("dead", MemberState::kDead);
  const NodeId self = Put("self", MemberState::kAlive);
  const NodeId receiver = Put("receiver", MemberState::kSuspect);

  EXPECT_EQ(Chosen(receiver, 10'000),
            (std::vector<NodeId>{receiver, self, dead, suspect, alive}));
}

TEST_F(GossiperTest, AReceiverIsNotToldThatItIsAlive) {
  const NodeId receiver = Put("receiver", MemberState::kAlive);

  EXPECT_TRUE(Chosen(receiver, 10'000).empty());
}

TEST_F(GossiperTest, TheLeastTransmittedGoesFirstThenTheNewest) {
  const NodeId first = Put("a", MemberState::kAlive);
  const NodeId second = Put("b", MemberState::kAlive);
  const size_t one = EstimatedBytes(table_.Find(first)->record);

  EXPECT_EQ(Chosen({}, one), (std::vector<NodeId>{second}));
  EXPECT_EQ(Chosen({}, one), (std::vector<NodeId>{first}));
  EXPECT_EQ(Chosen({}, one), (std::vector<NodeId>{second}));
}

TEST_F(GossiperTest, ARecordLeavesAfterItsRetransmissions) {
  Put("a", MemberState::kAlive);

  for (uint32_t i = 0; i < RetransmissionsFor(1); ++i) {
    EXPECT_FALSE(gossiper_.IsIdle());
    EXPECT_EQ(Chosen({}, 10'000).size(), 1u);
  }

  EXPECT_TRUE(gossiper_.IsIdle());
}

TEST_F(GossiperTest, BytesAndRecordsAreBounded) {
  for (int i = 0; i < 200; ++i) {
    Put("member" + std::to_string(i), MemberState::kSuspect);
  }
  std::vector<MemberRecord> records;

  gossiper_.Choose({}, table_, 1200, &records);

  size_t bytes = 0;
  for (const MemberRecord& record : records) bytes += EstimatedBytes(record);
  EXPECT_LE(bytes, 1200u);
  EXPECT_GE(records.size(), 20u);
  EXPECT_EQ(Chosen({}, 1'000'000).size(), kRecordsPerDatagramMax);
}

TEST_F(GossiperTest, AnIsolatedNodeWithholdsItsOwnAccusations) {
  gossiper_.SetSelf(NodeId{1});
  const NodeId mine = Put("mine", MemberState::kSuspect);
  gossiper_.SetIsolated(true);

  EXPECT_TRUE(Chosen({}, 10'000).empty());
  EXPECT_EQ(Chosen(mine, 10'000), (std::vector<NodeId>{mine}));
  gossiper_.SetIsolated(false);
  EXPECT_EQ(Chosen({}, 10'000), (std::vector<NodeId>{mine}));
}

TEST_F(GossiperTest, RetransmissionsGrowWithTheLogarithm) {
  EXPECT_EQ(RetransmissionsFor(3), 12u);
  EXPECT_EQ(RetransmissionsFor(999), 12u);
  EXPECT_EQ(RetransmissionsFor(1000), 16u);
  EXPECT_EQ(RetransmissionsFor(8192), 16u);
}

}  // namespace
}  // namespace orrery
