#include "transport/http/batch.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

BatchOperation Operation(ClientVerb verb, const std::string& key) {
  BatchOperation operation;
  operation.request.verb = operation.plan.verb = verb;
  operation.request.key = operation.plan.key = key;
  return operation;
}

Batch MakeBatch(const std::vector<std::pair<ClientVerb, std::string>>& list) {
  std::vector<BatchOperation> operations;
  for (const auto& [verb, key] : list) {
    operations.push_back(Operation(verb, key));
  }
  return {std::move(operations), Instant{0}};
}

std::vector<uint32_t> TakeAllReady(Batch& batch) {
  std::vector<uint32_t> ready;
  while (batch.HasReady()) ready.push_back(batch.TakeReady());
  return ready;
}

ReadDone Value(size_t bytes) {
  return {.found = true,
          .version = 1,
          .value = Bytes::CopyOf(std::string(bytes, 'v'))};
}

constexpr ClientVerb kPutVerb = ClientVerb::kPut;
constexpr ClientVerb kGetVerb = ClientVerb::kGet;

TEST(BatchTest, OperationsOfOneKeyWaitForEachOther) {  // BAT-1
  Batch batch = MakeBatch(
      {{kPutVerb, "a"}, {kPutVerb, "b"}, {kGetVerb, "a"}, {kPutVerb, "a"}});
  EXPECT_THAT(TakeAllReady(batch), ElementsAre(0, 1));

  batch.OnReply(1, WriteDone{.version = 1});
  EXPECT_FALSE(batch.HasReady());
  batch.OnReply(0, Refused{.why = Refused::Why::kTooFewOwners});
  EXPECT_THAT(TakeAllReady(batch), ElementsAre(2));
  batch.OnReply(2, ReadDone{});
  EXPECT_THAT(TakeAllReady(batch), ElementsAre(3));
  EXPECT_FALSE(batch.IsDone());
  batch.OnReply(3, WriteDone{.version = 2});

  EXPECT_TRUE(batch.IsDone());
}

TEST(BatchTest, ResultsStandInTheOrderOfTheOperations) {  // BAT-3
  Batch batch = MakeBatch({{kPutVerb, "a"}, {kGetVerb, "b"}, {kGetVerb, "c"}});
  TakeAllReady(batch);

  batch.OnReply(2, ReadDone{});
  batch.OnReply(1, Value(1));
  batch.OnReply(0, WriteDone{.version = 7});

  Answer answer;
  batch.FillAnswer(&answer);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            "{\"results\":[{\"status\":200,\"key\":\"a\",\"version\":7,"
            "\"acks\":{\"owners\":0,\"hints\":0,\"synced\":0,\"nodes\":0}},"
            "{\"status\":200,\"key\":\"b\",\"value\":\"v\",\"version\":1},"
            "{\"status\":404,\"error\":\"Not Found\",\"code\":404,"
            "\"message\":\"key not found\"}]}\n");
}

TEST(BatchTest, ValuesThatDoNotFitAreLeftOutAndWritesAreNot) {  // BAT-2
  std::vector<std::pair<ClientVerb, std::string>> list;
  for (int i = 0; i < 12; ++i) list.push_back({kGetVerb, std::to_string(i)});
  list.push_back({kPutVerb, "a"});
  Batch batch = MakeBatch(list);
  TakeAllReady(batch);

  EXPECT_FALSE(batch.HasNoRoomFor(8));
  for (uint32_t i = 0; i < 8; ++i) batch.OnReply(i, Value(1 << 20));
  EXPECT_TRUE(batch.HasNoRoomFor(8));
  EXPECT_FALSE(batch.HasNoRoomFor(12));
  for (uint32_t i = 8; i < 11; ++i) batch.OnReply(i, Value(1 << 20));
  batch.RefuseForRoom(11);
  batch.OnReply(12, WriteDone{.version = 7});

  EXPECT_LE(batch.result_bytes(), kBatchAnswerBytesMax);
  Answer answer;
  batch.FillAnswer(&answer);
  EXPECT_THAT(answer.body, HasSubstr("{\"status\":413,\"error\":"));
  EXPECT_THAT(answer.body, HasSubstr("{\"status\":200,\"key\":\"a\""));
  size_t left_out = 0;
  for (size_t at = 0;
       (at = answer.body.find("\"status\":413", at)) != std::string::npos;
       ++at) {
    ++left_out;
  }
  EXPECT_EQ(left_out, 5u);
}

TEST(BatchTest, TheLargestValueFitsInItsWorstForm) {
  Batch batch = MakeBatch({{kGetVerb, "a"}});
  TakeAllReady(batch);

  batch.OnReply(0,
                ReadDone{.found = true,
                         .version = 1,
                         .context = Bytes::CopyOf(std::string(32 << 10, 'c')),
                         .value = Bytes::CopyOf(std::string(1 << 20, '\1'))});

  Answer answer;
  batch.FillAnswer(&answer);
  EXPECT_THAT(answer.body.substr(0, 100), HasSubstr("{\"status\":200,"));
}

TEST(BatchTest, AnAbandonedOneHoldsHandlesOnly) {
  Batch batch = MakeBatch({{kGetVerb, "a"}, {kGetVerb, "b"}, {kGetVerb, "a"}});
  batch.SetHandle(batch.TakeReady(), Handle{1, 1});
  batch.SetHandle(batch.TakeReady(), Handle{2, 1});
  batch.OnReply(0, Value(100));

  batch.Abandon();

  EXPECT_FALSE(batch.HasReady());
  EXPECT_EQ(batch.result_bytes(), 0u);
  std::vector<Handle> handles;
  batch.AppendHandles(&handles);
  EXPECT_THAT(handles, ElementsAre(Handle{2, 1}));
}

}  // namespace
}  // namespace orrery
