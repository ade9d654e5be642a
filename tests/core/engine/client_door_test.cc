#include "core/engine/client_door.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/engine/engine_bench.h"

namespace orrery {
namespace {

class ClientDoorTest : public testing::Test {
 protected:
  void Put(uint32_t client) {
    ClientRequest request;
    request.client = {client, 1};
    request.verb = ClientVerb::kPut;
    request.key = "k";
    request.value = Bytes::CopyOf("v");
    bench_.Deliver(std::move(request));
  }

  std::vector<ReplyEffect> replies_;
  EngineBench bench_{[this](Effects& effects) {
    for (ReplyEffect& reply : effects.replies) replies_.push_back(reply);
  }};
};

TEST_F(ClientDoorTest, TheFirstWriteWaitsForTheRingToClose) {
  ASSERT_TRUE(bench_.Boot());
  ASSERT_TRUE(bench_.engine.ring_pristine());

  Put(1);
  EXPECT_TRUE(replies_.empty());
  bench_.Settle();

  EXPECT_FALSE(bench_.engine.ring_pristine());
  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<WriteDone>(replies_[0].reply));
}

// Nothing was sent anywhere: the answer is a plain no, and it comes.
TEST_F(ClientDoorTest, AStopRefusesWhatWaitsForTheRing) {
  ASSERT_TRUE(bench_.Boot());
  Put(1);
  Put(2);
  ASSERT_TRUE(replies_.empty());

  bench_.Deliver(StopEvent{});

  ASSERT_EQ(replies_.size(), 2U);
  for (const ReplyEffect& reply : replies_) {
    const auto* refused = std::get_if<Refused>(&reply.reply);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->why, Refused::Why::kShuttingDown);
  }
  bench_.Settle();
  EXPECT_EQ(replies_.size(), 2U);
}

// DOOR-2: the time at the door is part of the request's time.
TEST_F(ClientDoorTest, WhoWaitedForTheRingIsAnsweredByTheSameDeadline) {
  ASSERT_TRUE(bench_.Boot());
  Put(1);
  bench_.Pass(4900 * kMillisecond);
  while (bench_.engine.ring_pristine()) bench_.Deliver(bench_.disk.Perform());
  ASSERT_TRUE(replies_.empty());

  bench_.Pass(200 * kMillisecond);  // The disk is as slow with the write.

  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<OutcomeUnknown>(replies_[0].reply));
}

}  // namespace
}  // namespace orrery
