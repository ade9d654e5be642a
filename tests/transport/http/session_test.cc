#include "transport/http/session.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/transport/http/fake_node.h"

namespace orrery {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class SessionTest : public ::testing::Test {
 protected:
  void Receive(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> space = session_.ReadSpace();
      const size_t take = std::min(space.size(), bytes.size());
      std::memcpy(space.data(), bytes.data(), take);
      session_.OnRead(take, now_);
      bytes.remove_prefix(take);
    }
  }
  // What was said since the last call.
  std::string Sent() {
    const std::string sent(session_.Unsent());
    session_.OnSent(sent.size(), now_);
    return sent;
  }
  void Wait(Duration duration) {
    now_ = now_ + duration;
    session_.OnSweep(now_);
  }
  void Reply(size_t request, uint64_t version) {
    session_.OnReply(host_.addresses[request],
                     ReadDone{.found = true, .version = version});
  }

  Instant now_{kHour.ns};
  FakeHost host_;
  Session session_{host_, now_};
};

std::string Get(const std::string& key, const std::string& more = "") {
  return "GET /kv/" + key + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

std::string Put(const std::string& body, const std::string& more = "") {
  return "PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}

TEST_F(SessionTest, AnswersOneRequest) {
  Receive(Get("a"));
  ASSERT_EQ(host_.requests.size(), 1u);
  EXPECT_THAT(Sent(), IsEmpty());

  Reply(0, 7);

  EXPECT_EQ(
      Sent(),
      "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
      "Content-Type: application/json\r\nContent-Length: 35\r\n"
      "ETag: \"7\"\r\n\r\n{\"key\":\"a\",\"value\":\"\",\"version\":7}\n");
  EXPECT_FALSE(session_.IsFinished());
}

TEST_F(SessionTest, AnswersPipelinedRequestsInTheirOrder) {  // SES-1
  Receive(Get("a") + Get("b") + Get("c"));
  ASSERT_EQ(host_.requests.size(), 3u);

  Reply(2, 30);
  Reply(1, 20);
  EXPECT_THAT(Sent(), IsEmpty());
  Reply(0, 10);

  const std::string sent = Sent();
  EXPECT_LT(sent.find("\"version\":10"), sent.find("\"version\":20"));
  EXPECT_LT(sent.find("\"version\":20"), sent.find("\"version\":30"));
  EXPECT_NE(sent.find("\"version\":30"), std::string::npos);
}

TEST_F(SessionTest, TakesAnswersInsideSubmit) {
  host_.answers_at_once = &session_;

  Receive(Get("a") + Put("{\"value\":\"v\"}") + Get("b"));

  const std::string sent = Sent();
  EXPECT_THAT(host_.answered, ElementsAre(200, 200, 200));
  EXPECT_EQ(host_.requests[1].value.text(), "v");
}

TEST_F(SessionTest, StopsParsingWhenTooManyAreUnanswered) {  // SES-2
  std::string requests;
  for (uint32_t i = 0; i < kPipelinedMax + 3; ++i) requests += Get("a");

  Receive(requests);
  EXPECT_EQ(host_.requests.size(), kPipelinedMax);
  EXPECT_FALSE(session_.WantsRead());

  for (size_t i = 0; i < kPipelinedMax; ++i) Reply(i, i + 1);
  EXPECT_TRUE(session_.WantsRead());
  session_.Resume(now_);
  EXPECT_EQ(host_.requests.size(), kPipelinedMax + 3);
}

TEST_F(SessionTest, StopsParsingWhileTheClientDoesNotRead) {
  Receive(Get("a"));
  session_.OnReply(
      host_.addresses[0],
      ReadDone{.found = true,
               .version = 1,
               .value = Bytes::CopyOf(std::string(kUnsentBytesMax, 'a'))});

  EXPECT_FALSE(session_.WantsRead());
  Receive(Get("b"));
  EXPECT_EQ(host_.requests.size(), 1u);

  Sent();
  session_.Resume(now_);
  EXPECT_EQ(host_.requests.size(), 2u);
}

TEST_F(SessionTest, BeginsFewRequestsWhileLargeAnswersWait) {  // SES-2
  Receive(Get("a"));
  session_.OnReply(
      host_.addresses[0],
      ReadDone{.found = true,
               .version = 1,
               .value = Bytes::CopyOf(std::string(kUnsentBytesLow, 'a'))});
  std::string requests;
  for (uint32_t i = 0; i < 2 * kPipelinedUnsentMax; ++i) requests += Get("b");

  Receive(requests);
  EXPECT_EQ(host_.requests.size(), 1 + kPipelinedUnsentMax);

  Sent();
  session_.Resume(now_);
  EXPECT_EQ(host_.requests.size(), 1 + 2 * kPipelinedUnsentMax);
}

TEST_F(SessionTest, AnswersThatWaitForTheirTurnCountAsUnsent) {  // SES-2
  Receive(Get("a") + Get("b"));
  session_.OnReply(
      host_.addresses[1],
      ReadDone{.found = true,
               .version = 1,
               .value = Bytes::CopyOf(std::string(kUnsentBytesMax, 'b'))});

  EXPECT_FALSE(session_.WantsRead());
  EXPECT_GE(host_.answer_bytes, kUnsentBytesMax);  // SES-4
  Reply(0, 7);
  Sent();
  EXPECT_TRUE(session_.WantsRead());
  EXPECT_EQ(host_.answer_bytes, 0u);
}

TEST_F(SessionTest, AClientThatNeverReadsAllHoldsNoMoreForIt) {  // SES-4
  const Bytes value = Bytes::CopyOf(std::string(kUnsentBytesMax / 2, 'v'));
  for (size_t i = 0; i < 50; ++i) {
    session_.Resume(now_);
    Receive(Get("a"));
    ASSERT_EQ(host_.requests.size(), i + 1);
    session_.OnReply(host_.addresses[i],
                     ReadDone{.found = true, .version = 1, .value = value});
    session_.OnSent(session_.Unsent().size() - 100, now_);
    ASSERT_LE(host_.answer_bytes, 4 * kUnsentBytesMax);
  }
}

TEST_F(SessionTest, AnAbandonedSessionHoldsNothingAndDropsItsReplies) {
  Receive(Get("a") + Get("b") + Get("c"));
  Reply(1, 20);
  EXPECT_GT(host_.answer_bytes, 0u);

  session_.Abandon();

  EXPECT_EQ(host_.answer_bytes, 0u);
  EXPECT_TRUE(session_.IsFinished());
  Reply(0, 10);
  EXPECT_THAT(Sent(), IsEmpty());
  EXPECT_THAT(session_.HandlesInFlight(), ElementsAre(Handle{2, 1}));
}

TEST_F(SessionTest, AClientIsNotTimedWhileItIsNotRead) {
  std::string requests;
  for (uint32_t i = 0; i < kPipelinedMax; ++i) requests += Get("a");
  Receive(requests + "GET /kv/b HT");
  Wait(15 * kSecond);
  for (size_t i = 0; i < kPipelinedMax; ++i) Reply(i, i + 1);
  Sent();

  session_.Resume(now_);
  Wait(9 * kSecond);
  EXPECT_THAT(Sent(), IsEmpty());
  Wait(2 * kSecond);

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(SessionTest, TakesRequestsByteByByte) {
  for (const char c : Put("{\"value\":\"v\"}") + Get("b")) {
    Receive(std::string_view(&c, 1));
  }

  ASSERT_EQ(host_.requests.size(), 2u);
  EXPECT_EQ(host_.requests[0].value.text(), "v");
  EXPECT_EQ(host_.requests[1].key, "b");
}

TEST_F(SessionTest, TakesLargeRawBodiesWithoutCopyingThemTwice) {
  const std::string value(1 << 20, 'v');
  Receive(Put(value, "Content-Type: application/octet-stream\r\n") + Get("b"));

  ASSERT_EQ(host_.requests.size(), 2u);
  EXPECT_EQ(host_.requests[0].value.text(), value);
  EXPECT_EQ(host_.body_bytes_left, 64u << 20);
}

TEST_F(SessionTest, TakesChunkedBodies) {
  Receive(
      "PUT /kv/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n{\"value\"\r\n5\r\n:\"v\"}\r\n0\r\n\r\n" +
      Get("b"));

  ASSERT_EQ(host_.requests.size(), 2u);
  EXPECT_EQ(host_.requests[0].value.text(), "v");
}

TEST_F(SessionTest, AHeadRequestGetsTheHeadersOfTheGet) {
  Receive("HEAD /kv/a HTTP/1.1\r\nHost: x\r\n\r\n");
  Reply(0, 7);

  const std::string sent = Sent();
  EXPECT_THAT(sent, HasSubstr("Content-Length: 35\r\n"));
  EXPECT_THAT(sent, EndsWith("\r\n\r\n"));
}

TEST_F(SessionTest, Http10ClosesUnlessAskedNotTo) {
  Receive("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(Sent(), HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_FALSE(session_.IsFinished());
  Receive("GET /health HTTP/1.0\r\n\r\n" + Get("never"));
  EXPECT_THAT(Sent(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(session_.IsFinished());
  EXPECT_THAT(host_.requests, IsEmpty());  // SES-3
}

TEST_F(SessionTest, MalformedHeadsAreAnsweredAndEndTheConnection) {
  Receive(Get("a") + "GET /kv/b HTTP/1.1\r\nHost : x\r\n\r\n" + Get("c"));
  EXPECT_EQ(host_.requests.size(), 1u);
  Reply(0, 7);

  const std::string sent = Sent();
  EXPECT_THAT(sent, HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_THAT(sent, HasSubstr("HTTP/1.1 400 Bad Request"));
  EXPECT_THAT(sent, HasSubstr("Connection: close"));
  EXPECT_TRUE(session_.IsFinished());
}

TEST_F(SessionTest, SizesHaveTheirOwnStatus) {
  Receive("GET /kv/" + std::string(kRequestLineBytesMax, 'a'));
  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 414 "));
  Session second(host_, now_);
  const std::string head =
      "GET / HTTP/1.1\r\nA: " + std::string(kHeadBytesMax, 'a');
  for (size_t at = 0; at < head.size();) {
    const std::span<char> space = second.ReadSpace();
    const size_t take = std::min(space.size(), head.size() - at);
    std::memcpy(space.data(), head.data() + at, take);
    second.OnRead(take, now_);
    at += take;
  }
  EXPECT_THAT(std::string(second.Unsent()), StartsWith("HTTP/1.1 431 "));
}

TEST_F(SessionTest, ContinueIsSaidOnlyWhenTheBodyIsWanted) {
  Receive(
      "PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(Sent(), "HTTP/1.1 100 Continue\r\n\r\n");
  Receive("{\"value\":\"v\"}");
  EXPECT_EQ(host_.requests.size(), 1u);
  Reply(0, 1);
  Sent();

  Receive(
      "PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(session_.IsFinished());
}

TEST_F(SessionTest, ContinueStandsBehindEarlierAnswers) {
  Receive(Get("a") +
          "PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n"
          "Expect: 100-continue\r\n\r\n");
  EXPECT_THAT(Sent(), IsEmpty());

  Reply(0, 7);

  const std::string sent = Sent();
  EXPECT_THAT(sent, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(sent, EndsWith("HTTP/1.1 100 Continue\r\n\r\n"));
}

TEST_F(SessionTest, OtherExpectationsAreRefused) {
  Receive(Get("a", "Expect: 200-ok\r\n"));

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 417 "));
}

TEST_F(SessionTest, SmallRefusedBodiesAreReadPast) {
  Receive("PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" +
          Get("b"));

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 404 "));
  EXPECT_EQ(host_.requests.size(), 1u);
}

TEST_F(SessionTest, LargeBodiesAreRefusedBeforeTheyCome) {
  Receive("PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 7000000\r\n\r\nab");

  const std::string sent = Sent();
  EXPECT_THAT(sent, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(sent, HasSubstr("Connection: close"));
  EXPECT_TRUE(session_.IsFinished());
}

TEST_F(SessionTest, ChunkedBodiesHaveTheSameLimit) {
  Receive(
      "PUT /kv/a?raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "100001\r\n");

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(SessionTest, BodiesOfAllConnectionsHaveALimit) {
  host_.body_bytes_left = 10;

  Receive(Put("{\"value\":\"v\"}"));

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(host_.body_bytes_left, 10u);
}

TEST_F(SessionTest, DeclaredBodiesCountAsTheyCome) {
  host_.body_bytes_left = 100'000;

  Receive("PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
  EXPECT_EQ(host_.body_bytes_left, 100'000u);
  Receive(std::string(60'000, 'v'));
  EXPECT_EQ(host_.body_bytes_left, 40'000u);
  EXPECT_THAT(Sent(), IsEmpty());
  Receive(std::string(60'000, 'v'));

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(host_.body_bytes_left, 100'000u);
}

TEST_F(SessionTest, ChunkedBodiesCountAsTheyCome) {
  host_.body_bytes_left = 10;

  Receive(
      "PUT /kv/a?raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n12345678\r\n");
  EXPECT_EQ(host_.body_bytes_left, 2u);
  Receive("8\r\n12345678\r\n");

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(host_.body_bytes_left, 10u);
}

TEST_F(SessionTest, TooManyRequestsInTheCoreAreRefused) {
  host_.requests_max = 0;

  Receive(Get("a"));

  const std::string sent = Sent();
  EXPECT_THAT(sent, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(sent, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(sent, HasSubstr("\"applied\":\"no\""));
  EXPECT_FALSE(session_.IsFinished());
}

TEST_F(SessionTest, SlowHeadsGet408) {
  Receive("GET /kv/a HT");
  Wait(9 * kSecond);
  EXPECT_THAT(Sent(), IsEmpty());
  Receive("TP/1.1\r\n");  // Progress does not help a head.

  Wait(2 * kSecond);

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(session_.IsFinished());
}

TEST_F(SessionTest, StalledBodiesGet408) {
  Receive("PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{");
  Wait(9 * kSecond);
  EXPECT_THAT(Sent(), IsEmpty());

  Wait(2 * kSecond);

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(SessionTest, TricklingBodiesGet408) {
  Receive("PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
  for (int i = 0; i < 12; ++i) {
    Wait(5 * kSecond);
    EXPECT_THAT(Sent(), IsEmpty());
    Receive("{");
  }

  Wait(5 * kSecond);

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(SessionTest, TricklingRefusedBodiesEndToo) {
  Receive("PUT /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 404 "));
  for (int i = 0; i < 12; ++i) {
    Wait(5 * kSecond);
    EXPECT_FALSE(session_.IsFinished());
    Receive("{");
  }

  Wait(5 * kSecond);

  EXPECT_TRUE(session_.IsFinished());
}

TEST_F(SessionTest, IdleConnectionsEndSilently) {
  Receive(Get("a"));
  Wait(kIdleTimeout + kSecond);
  EXPECT_FALSE(session_.IsFinished());  // It waits for an answer.
  Reply(0, 7);
  Sent();

  Wait(kIdleTimeout + kSecond);

  EXPECT_TRUE(session_.IsFinished());
  EXPECT_THAT(Sent(), IsEmpty());
}

TEST_F(SessionTest, AHalfClosedClientStillGetsItsAnswers) {
  Receive(Get("a"));
  session_.OnPeerClosed();
  EXPECT_FALSE(session_.IsFinished());

  Reply(0, 7);

  EXPECT_THAT(Sent(), HasSubstr("\"version\":7"));
  EXPECT_TRUE(session_.IsFinished());
}

TEST_F(SessionTest, KnowsWhoseRepliesWouldFindNobody) {
  Receive(Get("a") + Get("b"));
  Reply(0, 7);

  EXPECT_THAT(session_.HandlesInFlight(), ElementsAre(Handle{1, 1}));
}

TEST_F(SessionTest, AStoppingServerClosesAfterTheNextAnswer) {
  host_.stopping = true;

  Receive(Get("a") + Get("b"));
  Reply(0, 7);

  EXPECT_THAT(Sent(), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(host_.requests.size(), 1u);
  EXPECT_TRUE(session_.IsFinished());
}

TEST_F(SessionTest, ALineEndTooManyBetweenRequestsIsForgiven) {
  Receive(Put("{\"value\":\"v\"}") + "\r\n" + Get("b"));

  EXPECT_EQ(host_.requests.size(), 2u);
}

TEST_F(SessionTest, TwoLineEndsTooManyAreMalformedHoweverTheyAreCut) {
  for (const char c : std::string("\r\n\r\n")) Receive({&c, 1});

  EXPECT_THAT(Sent(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(SessionTest, ABlankLineThatComesInPiecesIsForgiven) {
  for (const char c : "\r\n" + Get("a")) Receive({&c, 1});

  EXPECT_EQ(host_.requests.size(), 1u);
}

std::string BatchOf(const std::string& operations) {
  const std::string body = "{\"operations\":[" + operations + "]}";
  return "POST /kv:batch HTTP/1.1\r\nHost: x\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Gets of so many keys.
std::string BatchOfGets(size_t count, const std::string& key = "") {
  std::string operations;
  for (size_t i = 0; i < count; ++i) {
    operations += (i == 0 ? "" : ",") + std::string(R"({"op":"get","key":")") +
                  (key.empty() ? std::to_string(i) : key) + "\"}";
  }
  return BatchOf(operations);
}

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) {
    ++count;
  }
  return count;
}

TEST_F(SessionTest, ABatchIsAnsweredOnceAllItsOperationsAre) {
  Receive(BatchOf(R"({"op":"put","key":"a","value":"v"},)"
                  R"({"op":"get","key":"b"})"));
  ASSERT_EQ(host_.requests.size(), 2u);
  EXPECT_EQ(host_.requests[0].value.text(), "v");

  Reply(1, 7);
  EXPECT_THAT(Sent(), IsEmpty());
  session_.OnReply(host_.addresses[0], WriteDone{.version = 3});

  const std::string sent = Sent();
  EXPECT_THAT(sent, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(sent, HasSubstr("{\"results\":[{\"status\":200,\"key\":\"a\","
                              "\"version\":3,"));
  EXPECT_THAT(sent, EndsWith("{\"status\":200,\"key\":\"b\",\"value\":\"\","
                             "\"version\":7}]}\n"));
  EXPECT_THAT(host_.answered, ElementsAre(200));
  EXPECT_EQ(host_.body_bytes_left, 64u << 20);
  EXPECT_EQ(host_.answer_bytes, 0u);
}

TEST_F(SessionTest, ABatchIsNoWayRoundTheLimitOfAConnection) {  // SES-2
  Receive(Get("x") + Get("y") + BatchOfGets(200) + Get("z"));
  EXPECT_EQ(host_.requests.size(), kPipelinedMax);
  EXPECT_FALSE(session_.WantsRead());
  EXPECT_FALSE(session_.WantsResume());

  Reply(5, 1);
  EXPECT_TRUE(session_.WantsResume());
  session_.Resume(now_);
  EXPECT_EQ(host_.requests.size(), kPipelinedMax + 1);
  Reply(0, 1);
  session_.Resume(now_);
  EXPECT_EQ(host_.requests.size(), kPipelinedMax + 2);
  for (size_t i = 1; i < 202; ++i) {
    if (i == 5) continue;
    Reply(i, 1);
    session_.Resume(now_);
  }

  ASSERT_EQ(host_.requests.size(), 203u);  // With what stood behind it.
  EXPECT_EQ(host_.requests[202].key, "z");
  EXPECT_EQ(CountOf(Sent(), "\"status\":200"), 200u);
}

TEST_F(SessionTest, ABatchTakesAnswersInsideSubmit) {
  host_.answers_at_once = &session_;

  Receive(BatchOfGets(256, "same") + Get("b"));

  EXPECT_EQ(host_.requests.size(), 257u);
  EXPECT_EQ(CountOf(Sent(), "\"status\":200"), 256u);
  EXPECT_THAT(host_.answered, ElementsAre(200, 200));
}

TEST_F(SessionTest, NothingOfABrokenBatchIsBegun) {
  Receive(BatchOf(R"({"op":"get","key":"a"},{"op":"got","key":"a"})") +
          Get("b"));

  const std::string sent = Sent();
  EXPECT_THAT(sent, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(sent, HasSubstr("operations[1].op: "));
  EXPECT_EQ(host_.requests.size(), 1u);
  EXPECT_EQ(host_.body_bytes_left, 64u << 20);
}

TEST_F(SessionTest, OperationsBeyondWhatTheCoreTakesAreRefusedOneByOne) {
  host_.requests_max = 2;

  Receive(BatchOfGets(3));
  Reply(0, 1);
  Reply(1, 1);

  const std::string sent = Sent();
  EXPECT_THAT(sent, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_EQ(CountOf(sent, "\"status\":200"), 2u);
  EXPECT_THAT(sent, EndsWith("{\"status\":503,\"error\":\"Service Unavailable"
                             "\",\"code\":503,\"message\":\"this node has too "
                             "many requests in flight\",\"applied\":\"no\"}"
                             "]}\n"));
}

TEST_F(SessionTest, WhatABatchDidNotBeginInTimeIsRefused) {
  Receive(BatchOfGets(3, "same"));
  now_ = now_ + kBatchBeginTimeout;
  Reply(0, 1);
  session_.Resume(now_);
  EXPECT_EQ(host_.requests.size(), 2u);
  now_ = now_ + kSecond;
  Reply(1, 1);
  session_.Resume(now_);

  EXPECT_EQ(host_.requests.size(), 2u);
  const std::string sent = Sent();
  EXPECT_EQ(CountOf(sent, "\"status\":200"), 2u);
  EXPECT_THAT(sent, HasSubstr("this one was not begun\",\"applied\":\"no\"}"));
}

TEST_F(SessionTest, AStoppingServerBeginsNoMoreOfABatch) {
  Receive(BatchOfGets(100));
  host_.stopping = true;
  for (size_t i = 0; i < kPipelinedMax; ++i) {
    Reply(i, 1);
    session_.Resume(now_);
  }

  EXPECT_EQ(host_.requests.size(), kPipelinedMax);
  const std::string sent = Sent();
  EXPECT_THAT(sent, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(CountOf(sent, "\"status\":200"), kPipelinedMax);
  EXPECT_EQ(CountOf(sent, "this node is shutting down"), 36u);
  EXPECT_TRUE(session_.IsFinished());
}

TEST_F(SessionTest, ResultsThatWaitAreTold) {  // SES-4
  Receive(BatchOfGets(2));
  session_.OnReply(host_.addresses[0],
                   ReadDone{.found = true,
                            .version = 1,
                            .value = Bytes::CopyOf(std::string(5000, 'v'))});
  EXPECT_GE(host_.answer_bytes, 5000u);
  EXPECT_THAT(session_.HandlesInFlight(), ElementsAre(Handle{1, 1}));

  session_.Abandon();

  EXPECT_EQ(host_.answer_bytes, 0u);
  EXPECT_EQ(host_.body_bytes_left, 64u << 20);
  EXPECT_THAT(session_.HandlesInFlight(), ElementsAre(Handle{1, 1}));
  Reply(1, 1);
  EXPECT_THAT(session_.HandlesInFlight(), IsEmpty());
  EXPECT_THAT(Sent(), IsEmpty());
}

TEST_F(SessionTest, TheBodyOfABatchCountsUntilItsAnswer) {
  const std::string batch = BatchOfGets(1);
  const size_t body_bytes = batch.size() - batch.find("\r\n\r\n") - 4;

  Receive(batch);
  EXPECT_EQ(host_.body_bytes_left, (64u << 20) - body_bytes);
  Reply(0, 1);

  EXPECT_EQ(host_.body_bytes_left, 64u << 20);
}

TEST_F(SessionTest, NoMoreValuesAreReadForABatchThatIsFull) {  // BAT-2
  Receive(BatchOfGets(200));
  const Bytes value = Bytes::CopyOf(std::string(1 << 20, 'v'));
  for (size_t i = 0; i < kPipelinedMax; ++i) {
    session_.OnReply(host_.addresses[i],
                     ReadDone{.found = true, .version = 1, .value = value});
  }
  session_.Resume(now_);

  EXPECT_EQ(host_.requests.size(), kPipelinedMax);
  const std::string sent(session_.Unsent());
  EXPECT_EQ(CountOf(sent, "\"status\":200"), 7u);
  EXPECT_EQ(CountOf(sent, "\"status\":413"), 193u);
  EXPECT_LE(sent.size(), kBatchAnswerBytesMax + 1000);
}

TEST_F(SessionTest, TheBodyOfABatchHasALimit) {
  Receive("POST /kv:batch HTTP/1.1\r\nHost: x\r\nContent-Length: " +
          std::to_string(kBatchBodyBytesMax + 1) + "\r\n\r\n");

  const std::string sent = Sent();
  EXPECT_THAT(sent, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(sent, HasSubstr("larger than that of a batch may be"));
}

TEST_F(SessionTest, AHalfClosedClientStillGetsTheAnswerOfItsBatch) {
  Receive(BatchOfGets(2, "same"));
  session_.OnPeerClosed();
  Reply(0, 1);
  session_.Resume(now_);
  Reply(1, 2);

  EXPECT_EQ(CountOf(Sent(), "\"status\":200"), 2u);
  EXPECT_TRUE(session_.IsFinished());
}

}  // namespace
}  // namespace orrery
