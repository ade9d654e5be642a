#include "core/engine/engine.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/engine/engine_bench.h"
#include "tests/core/version/version_samples.h"

namespace orrery {
namespace {

class EngineTest : public testing::Test {
 protected:
  void Ask(ClientVerb verb, uint32_t client) {
    ClientRequest request;
    request.client = {client, 1};
    request.verb = verb;
    request.key = "k";
    if (verb == ClientVerb::kPut) request.value = Bytes::CopyOf("v");
    bench_.Deliver(std::move(request));
  }

  std::vector<ClientReply> replies_;
  EngineBench bench_{[this](Effects& effects) {
    for (ReplyEffect& reply : effects.replies) replies_.push_back(reply.reply);
  }};
};

// S28: the process slept, its client did not.  What the disk read meanwhile is
// no answer any more.
TEST_F(EngineTest, OnWakingRequestsWhoseTimeIsUpEndFirst) {
  ASSERT_TRUE(bench_.Boot());
  Ask(ClientVerb::kPut, 1);
  for (int i = 0; i < 20; ++i) {  // The record leaves the memory.
    bench_.Settle();
    bench_.Pass(100 * kMillisecond);
  }
  replies_.clear();
  Ask(ClientVerb::kGet, 2);
  ASSERT_TRUE(replies_.empty()) << "it is read from the disk";
  ASSERT_FALSE(bench_.disk.IsIdle());

  bench_.Sleep(30 * kSecond);
  bench_.Deliver(bench_.disk.Perform());

  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<Refused>(replies_[0]));
}

// C2, as a replica: only what is fresh is held to the bound, and no clock
// follows what lies beyond.
TEST_F(EngineTest, AFreshWriteBeyondTheClockBoundIsRefused) {
  std::vector<ReplicaStatus> answers;
  EngineBench bench([&](Effects& effects) {
    for (const SendEffect& send : effects.sends) {
      const auto* ack = std::get_if<ReplicaPutAck>(&send.message.body);
      if (ack != nullptr) answers.push_back(ack->status);
    }
    for (ReplyEffect& reply : effects.replies) replies_.push_back(reply.reply);
  });
  ASSERT_TRUE(bench.Boot());
  const auto put = [&](const std::string& key) {
    ClientRequest request{.client = {1, 1}, .verb = ClientVerb::kPut};
    request.key = key;
    bench.Deliver(request);
    bench.Settle();
    const auto* done = std::get_if<WriteDone>(&replies_.back());
    return done == nullptr ? 0 : done->version;
  };
  const uint64_t now = put("a");  // Which closes the ring.
  ASSERT_NE(now, 0U);

  const auto receive = [&](uint64_t counter, uint64_t stamp, uint64_t basis,
                           PutOrigin origin) {
    PeerMessage message;
    message.envelope = {.cluster = bench.engine.cluster_id(),
                        .from = {77},
                        .storage = {{.hi = 77, .lo = 1}},
                        .reply_to = {.ip = {}, .port = 7077},
                        .generation = 1,
                        .epoch = bench.engine.epoch(),
                        .ring_hash = bench.engine.ring_hash()};
    message.body =
        ReplicaPut{.request = {1, 1},
                   .origin = origin,
                   .key = "b" + std::to_string(counter),
                   .object = ObjectOf(ValueOf(DotOf(77, counter), stamp, "v")),
                   .basis = basis};
    bench.Deliver(PeerMessageEvent{message});
    bench.Settle();
    return answers.empty() ? ReplicaStatus::kUnknown : answers.back();
  };
  const uint64_t far = now + static_cast<uint64_t>(kHour.ns);
  EXPECT_EQ(receive(1, far, 0, PutOrigin::kFresh), ReplicaStatus::kClockAhead);
  EXPECT_EQ(receive(2, far, far - 1025, PutOrigin::kFresh),
            ReplicaStatus::kClockAhead);
  EXPECT_EQ(receive(3, far, far - 1024, PutOrigin::kFresh), ReplicaStatus::kOk);
  EXPECT_EQ(receive(4, far, 0, PutOrigin::kHint), ReplicaStatus::kOk);
  EXPECT_EQ(receive(5, now + 400'000'000, 0, PutOrigin::kFresh),
            ReplicaStatus::kOk);

  EXPECT_LT(put("c"), now + static_cast<uint64_t>(kMinute.ns));
}

TEST_F(EngineTest, AListingRefusesACursorThatItNeverGave) {
  ASSERT_TRUE(bench_.Boot());
  ClientRequest request;
  request.client = {1, 1};
  request.verb = ClientVerb::kListKeys;
  request.limit = 10;
  request.cursor = Bytes::CopyOf("abc");

  bench_.Deliver(std::move(request));

  ASSERT_EQ(replies_.size(), 1U);
  const auto* refused = std::get_if<Refused>(&replies_[0]);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kBadCursor);
}

TEST_F(EngineTest, AnOperatorNeedsANodeThatHasRecoveredAndNoRing) {
  Ask(ClientVerb::kCompact, 1);
  ASSERT_EQ(replies_.size(), 1U);
  const auto* refused = std::get_if<Refused>(&replies_[0]);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->why, Refused::Why::kNotReady);
  ASSERT_TRUE(bench_.Boot());
  replies_.clear();

  Ask(ClientVerb::kCompact, 2);

  ASSERT_EQ(replies_.size(), 1U);
  const auto* answer = std::get_if<TaskAnswer>(&replies_[0]);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->state, TaskAnswer::State::kNothing);
}

TEST_F(EngineTest, ASnapshotIsAnsweredWhenItIsThere) {
  ASSERT_TRUE(bench_.Boot());
  bench_.Settle();
  Ask(ClientVerb::kSnapshot, 1);
  EXPECT_TRUE(replies_.empty());
  Ask(ClientVerb::kSnapshot, 2);
  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_EQ(std::get<Refused>(replies_[0]).why, Refused::Why::kSnapshotRunning);
  replies_.clear();

  bench_.Settle();

  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_EQ(std::get<SnapshotDone>(replies_[0]).path, "snapshots/k");
  EXPECT_EQ(bench_.engine.Snapshots(), std::vector<std::string>{"k"});
  Ask(ClientVerb::kSnapshot, 3);
  bench_.Settle();
  EXPECT_EQ(std::get<Refused>(replies_[1]).why, Refused::Why::kNameTaken);
}

// One of the two stores has something to do.
TEST_F(EngineTest, AnOperatorIsToldOfBothStoresTogether) {
  ASSERT_TRUE(bench_.Boot());
  Ask(ClientVerb::kPut, 1);
  bench_.Settle();
  Ask(ClientVerb::kSnapshot, 2);  // Which seals the file.
  bench_.Settle();
  replies_.clear();

  Ask(ClientVerb::kScrub, 3);

  ASSERT_EQ(replies_.size(), 1U);
  const auto* answer = std::get_if<TaskAnswer>(&replies_[0]);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->state, TaskAnswer::State::kStarted);
  EXPECT_EQ(answer->files, 1U);
}

TEST_F(EngineTest, ANodeThatStopsTakesNoTasks) {
  ASSERT_TRUE(bench_.Boot());
  bench_.Deliver(StopEvent{});
  for (const ClientVerb verb :
       {ClientVerb::kCompact, ClientVerb::kScrub, ClientVerb::kSnapshot}) {
    replies_.clear();
    Ask(verb, 1);
    ASSERT_EQ(replies_.size(), 1U);
    const auto* refused = std::get_if<Refused>(&replies_[0]);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->why, Refused::Why::kShuttingDown);
  }
}

TEST_F(EngineTest, AStopEndsASnapshotAndSaysSo) {
  ASSERT_TRUE(bench_.Boot());
  bench_.Settle();
  Ask(ClientVerb::kSnapshot, 1);
  bench_.Deliver(StopEvent{});
  bench_.Settle();

  ASSERT_EQ(replies_.size(), 1U);
  EXPECT_EQ(std::get<Refused>(replies_[0]).why, Refused::Why::kShuttingDown);
  EXPECT_FALSE(bench_.disk.Exists("snapshots/k"));
}

TEST(EngineIdentityTest, C12TwoNodesThatStartAtOnceShareNoIdentity) {
  std::vector<std::string> storages;
  for (const uint8_t entropy : {uint8_t{1}, uint8_t{2}}) {
    EngineBench bench([](Effects&) {});
    bench.entropy = entropy;
    ASSERT_TRUE(bench.Boot());
    const std::string identity = bench.disk.Content("IDENTITY");
    // Which slot was written first is no matter: 16 bytes of either.
    const std::string header = identity.substr(4096).find("ORRERYID") == 0
                                   ? identity.substr(4096)
                                   : identity;
    storages.push_back(header.substr(24, 16));
  }

  // Both halves: the first is in every dot that they mint.
  EXPECT_NE(storages[0].substr(0, 8), storages[1].substr(0, 8));
  EXPECT_NE(storages[0].substr(8), storages[1].substr(8));
}

}  // namespace
}  // namespace orrery
