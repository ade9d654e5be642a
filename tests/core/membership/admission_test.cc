#include "core/membership/admission.h"

#include <optional>

#include "gtest/gtest.h"
#include "tests/core/ring/ring_fixture.h"

namespace orrery {
namespace {

class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() : ring_(MakeRingState(2, 150, 3)) {
    ring_.params.read_quorum = 2;
    ring_.params.write_quorum = 2;
    local_.cluster = ring_.cluster;
    request_.params = ring_.params;
    request_.self.name = "node9";
    request_.self.id = NodeIdOf("node9");
    request_.self.storage = StorageOf(9);
    request_.self.gossip.port = 9;
    request_.self.boot_salt = 9;
  }
  std::optional<JoinRejection> Refusal(ClusterId asker_cluster = {}) const {
    const auto refusal =
        RefusalOf(request_, asker_cluster, local_, table_, ring_, Instant{0});
    if (!refusal.has_value()) return std::nullopt;
    return refusal->why;
  }

  EngineOptions options_;
  LocalNode local_{options_};
  MemberTable table_;
  RingState ring_;
  JoinRequest request_;
};

TEST_F(AdmissionTest, AStrangerOfTheSameKindIsWelcome) {
  EXPECT_EQ(Refusal(), std::nullopt);
  EXPECT_EQ(Refusal(ring_.cluster), std::nullopt);
}

TEST_F(AdmissionTest, AnotherClusterIsNot) {
  ClusterId other;
  other.hi = 1234;

  EXPECT_EQ(Refusal(other), JoinRejection::kClusterMismatch);
}

TEST_F(AdmissionTest, ProtocolsMustOverlap) {
  request_.self.protocol_min = 2;
  request_.self.protocol_max = 3;

  EXPECT_EQ(Refusal(), JoinRejection::kProtocolUnsupported);
}

// Scenario 22.
TEST_F(AdmissionTest, EachClusterWideParameterIsNamed) {
  RingParams theirs = ring_.params;
  EXPECT_EQ(MismatchOf(ring_.params, theirs), std::nullopt);
  theirs.read_quorum = 1;
  theirs.write_quorum = 3;
  EXPECT_EQ(MismatchOf(ring_.params, theirs), std::nullopt);

  theirs = ring_.params;
  theirs.replication = 5;
  const auto mismatch = MismatchOf(ring_.params, theirs);
  ASSERT_TRUE(mismatch.has_value());
  EXPECT_EQ(mismatch->field, "replication_factor");
  EXPECT_EQ(mismatch->ours, 3u);
  EXPECT_EQ(mismatch->theirs, 5u);
  theirs = ring_.params;
  theirs.hash_kind = 2;
  EXPECT_EQ(MismatchOf(ring_.params, theirs)->field, "hash");
  theirs = ring_.params;
  theirs.zone_rule = 2;
  EXPECT_EQ(MismatchOf(ring_.params, theirs)->field, "zone_rule");
  theirs = ring_.params;
  theirs.placement = 2;
  EXPECT_EQ(MismatchOf(ring_.params, theirs)->field, "placement");
}

TEST_F(AdmissionTest, AStorageBelongsToOneName) {
  request_.self.storage = StorageOf(1);

  EXPECT_EQ(Refusal(), JoinRejection::kStorageConflict);
}

TEST_F(AdmissionTest, AnIdIsThatOfTheName) {
  request_.self.id = NodeIdOf("node1");

  EXPECT_EQ(Refusal(), JoinRejection::kIdCollision);
}

TEST_F(AdmissionTest, AnOldNameWithANewDiskIsHeard) {
  request_.self.name = "node1";
  request_.self.id = NodeIdOf("node1");

  EXPECT_EQ(Refusal(), std::nullopt);
}

TEST_F(AdmissionTest, ARemovedMemberIsEvicted) {
  request_.self.name = "node1";
  request_.self.id = NodeIdOf("node1");
  for (RingMember& member : ring_.members) {
    if (member.id == request_.self.id) member.status = MemberStatus::kRemoved;
  }

  EXPECT_EQ(Refusal(), JoinRejection::kEvicted);
}

TEST_F(AdmissionTest, ANameHeardJustNowElsewhereIsTaken) {
  MemberRecord running = request_.self;
  running.gossip.port = 8;
  running.boot_salt = 8;
  running.storage = StorageOf(8);
  table_.Insert(running, Instant{0});
  EXPECT_EQ(Refusal(), JoinRejection::kNameTakenAlive);

  table_.Mutable(running.id)->heard_at = Instant{0} - kNameHeldFor;
  EXPECT_EQ(Refusal(), std::nullopt) << "it has not answered for 2 s";
}

}  // namespace
}  // namespace orrery
