#include "transport/http/router.h"

#include <string>

#include "core/base/murmur3.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/transport/http/fake_node.h"

namespace orrery {
namespace {

using ::testing::HasSubstr;

class RouterTest : public ::testing::Test {
 protected:
  // Routes one request; the status, or 0 if it went to the core.
  int Route(HttpMethod method, std::string_view target,
            std::string_view body = {}) {
    head_.method = method;
    head_.target = target;
    head_.content_length = body.size();
    answer_.Clear();
    if (!router_.Open(head_, &intake_, &answer_)) return answer_.status;
    if (router_.Finish({body, {}}, &intake_, &answer_)) return 0;
    return answer_.status;
  }
  // As Route, of a request without a body as it comes over the wire.
  int RouteHead(const std::string& bytes) {
    answer_.Clear();
    if (!ParseHead(bytes, &head_)) return -1;
    if (!router_.Open(head_, &intake_, &answer_)) return answer_.status;
    if (router_.Finish({}, &intake_, &answer_)) return 0;
    return answer_.status;
  }
  int Put(std::string_view target, std::string_view body) {
    return Route(HttpMethod::kPut, target, body);
  }
  int Get(std::string_view target) { return Route(HttpMethod::kGet, target); }
  const ClientRequest& request() const { return intake_.request; }

  FakeNode node_;
  Router router_{{.replication = 3, .value_bytes_max = 100}, node_};
  RequestHead head_;
  Intake intake_;
  Answer answer_;
};

TEST_F(RouterTest, AKeyIsEverythingUpToTheQueryDecodedOnce) {
  ASSERT_EQ(Get("/kv/a/b%2Fc%00%2525+%c3%a9?consistency=one"), 0);

  EXPECT_EQ(request().key, std::string("a/b/c\0%25+\xc3\xa9", 12));
  EXPECT_EQ(request().verb, ClientVerb::kGet);
  EXPECT_EQ(request().read_level.kind, Level::Kind::kOne);
}

TEST_F(RouterTest, KeysHaveOneTo1024Bytes) {
  EXPECT_EQ(Get("/kv/"), 400);
  EXPECT_EQ(Get("/kv/%"), 400);
  EXPECT_EQ(Get("/kv/%2"), 400);
  EXPECT_EQ(Get("/kv/%zz"), 400);
  EXPECT_EQ(Get("/kv/" + std::string(1024, 'a')), 0);
  EXPECT_EQ(Get("/kv/" + std::string(1025, 'a')), 414);
}

TEST_F(RouterTest, WritesAreReadFromTheEnvelope) {
  ASSERT_EQ(Put("/kv/a", R"({"value":"v","consistency":"all"})"), 0);

  EXPECT_EQ(request().verb, ClientVerb::kPut);
  EXPECT_EQ(request().value.text(), "v");
  EXPECT_EQ(request().write_level.kind, Level::Kind::kAll);
  EXPECT_EQ(Route(HttpMethod::kPost, "/kv/a", R"({"value":"v"})"), 0);
  EXPECT_EQ(request().write_level.kind, Level::Kind::kConfigured);
}

TEST_F(RouterTest, RefusesBrokenEnvelopes) {
  for (const char* body :
       {"", "{}", "x", R"({"value":1})", R"({"value":"a","value":"b"})",
        R"({"value":"a","other":"b"})", R"({"value":"a","value_base64":""})",
        R"({"value":"a","consistency":"ALL"})",
        R"({"value":"a","consistency":"two"})",
        R"({"value":"a","context":"!"})", R"({"value":"a","context":""})"}) {
    EXPECT_EQ(Put("/kv/a", body), 400) << body;
    EXPECT_THAT(answer_.body, HasSubstr("\"code\":400"));
  }
}

TEST_F(RouterTest, ContentTypesDecideHowABodyIsRead) {
  head_.content_type = "application/json; charset=utf-8";
  EXPECT_EQ(Put("/kv/a", R"({"value":"v"})"), 0);
  head_.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(Put("/kv/a", R"({"value":"v"})"), 0);
  head_.content_type = "text/plain";
  EXPECT_EQ(Put("/kv/a", "v"), 415);
  EXPECT_EQ(Put("/kv/a?raw", "v"), 0);
  EXPECT_EQ(request().value.text(), "v");
  head_.content_type = "Application/Octet-Stream";
  EXPECT_EQ(Put("/kv/a", "w"), 0);
  EXPECT_EQ(request().value.text(), "w");
  EXPECT_EQ(Put("/kv/a", ""), 0);
  EXPECT_TRUE(request().value.empty());
}

TEST_F(RouterTest, TheValueLimitCountsDecodedBytes) {
  std::string escapes;
  for (int i = 0; i < 100; ++i) escapes += "\\u0041";
  EXPECT_EQ(Put("/kv/a", "{\"value\":\"" + escapes + "\"}"), 0);
  EXPECT_EQ(request().value.size(), 100u);
  EXPECT_EQ(Put("/kv/a", "{\"value\":\"" + escapes + "a\"}"), 413);
  EXPECT_EQ(Put("/kv/a?raw", std::string(100, 'a')), 0);
  EXPECT_EQ(intake_.body_bytes_max, 100u);
}

TEST_F(RouterTest, LevelsAreNamesOrNumbersThatAgree) {
  ASSERT_EQ(Get("/kv/a?r=2"), 0);
  EXPECT_EQ(request().read_level, (Level{Level::Kind::kNumber, 2}));
  ASSERT_EQ(Put("/kv/a?w=3&sloppy=true", R"({"value":"v"})"), 0);
  EXPECT_EQ(request().write_level, (Level{Level::Kind::kNumber, 3}));
  EXPECT_TRUE(request().sloppy);
  EXPECT_EQ(Get("/kv/a?consistency=quorum&r=2"), 0);
  EXPECT_EQ(Get("/kv/a?consistency=quorum&r=1"), 400);
  EXPECT_EQ(Get("/kv/a?consistency=one&consistency=all"), 400);
  EXPECT_EQ(Get("/kv/a?consistency=one&consistency=one"), 0);
  EXPECT_EQ(Get("/kv/a?r=1&r=2"), 400);
  EXPECT_EQ(
      Put("/kv/a?consistency=one", R"({"value":"v","consistency":"all"})"),
      400);
  EXPECT_EQ(Put("/kv/a?w=1", R"({"value":"v","consistency":"all"})"), 400);
}

TEST_F(RouterTest, RefusesParametersItCannotHonour) {
  for (const char* query :
       {"consistency=Quorum", "consistency=", "consistency", "r=0", "r=4",
        "r=-1", "r=x", "r=", "r=1x", "w=99", "sloppy=maybe", "raw=perhaps",
        "siblings=2", "stamp=now", "consistancy=one", "timeout=5"}) {
    EXPECT_EQ(Get(std::string("/kv/a?") + query), 400) << query;
  }
  EXPECT_EQ(Get("/kv/a?stamp=quorum"), 400);
}

TEST_F(RouterTest, WritesMayKeepSiblingsAndStampByQuorum) {
  ASSERT_EQ(Put("/kv/a", R"({"value":"v"})"), 0);
  EXPECT_FALSE(request().keep);
  EXPECT_FALSE(request().quorum_stamp);
  ASSERT_EQ(Put("/kv/a?siblings&stamp=quorum", R"({"value":"v"})"), 0);
  EXPECT_TRUE(request().keep);
  EXPECT_TRUE(request().quorum_stamp);
  ASSERT_EQ(Route(HttpMethod::kDelete, "/kv/a?stamp=quorum"), 0);
  EXPECT_TRUE(request().quorum_stamp);
  ASSERT_EQ(Put("/kv/a?siblings=false", R"({"value":"v"})"), 0);
  EXPECT_FALSE(request().keep);
  EXPECT_EQ(Get("/kv/a?siblings=true"), 0);
}

TEST_F(RouterTest, AKeyIsInspectedByItsName) {
  ASSERT_EQ(Get("/admin/key?key=a%2Fb"), 0);
  EXPECT_EQ(request().verb, ClientVerb::kInspectKey);
  EXPECT_EQ(request().key, "a/b");
  EXPECT_EQ(Get("/admin/key"), 400);
  EXPECT_EQ(Get("/admin/key?key="), 400);
  EXPECT_EQ(Get("/admin/key?key=a&key=b"), 400);
  EXPECT_EQ(Get("/admin/key?key=a&deep=1"), 400);
  EXPECT_EQ(Get("/admin/key?key=" + std::string(1025, 'k')), 400);
  EXPECT_EQ(Route(HttpMethod::kPost, "/admin/key?key=a"), 405);
}

TEST_F(RouterTest, ConditionsAreNeverIgnored) {
  head_.conditional = true;

  EXPECT_EQ(Put("/kv/a", R"({"value":"v"})"), 501);
  EXPECT_EQ(Route(HttpMethod::kDelete, "/kv/a"), 501);
  EXPECT_EQ(Get("/kv/a"), 0);
}

TEST_F(RouterTest, ContextsComeByHeaderOrBody) {
  head_.causal_context = "YWJj";
  ASSERT_EQ(Put("/kv/a", R"({"value":"v","context":"YWJj"})"), 0);
  EXPECT_EQ(request().context.text(), "abc");
  EXPECT_EQ(Put("/kv/a", R"({"value":"v","context":"YWJk"})"), 400);
  head_.causal_context = "a+b";
  EXPECT_EQ(Put("/kv/a", R"({"value":"v"})"), 400);
  EXPECT_EQ(Get("/kv/a"), 400);
  head_.causal_context = "";
  EXPECT_EQ(Route(HttpMethod::kDelete, "/kv/a"), 400);
}

TEST_F(RouterTest, OperationsAreOwnIdsOrSealedTokens) {
  head_.operation_id = "my-id";
  ASSERT_EQ(Put("/kv/a", R"({"value":"v"})"), 0);
  const Hash128 hash = Murmur3x64_128("my-id");
  EXPECT_EQ(request().operation.hi, hash.h1);
  EXPECT_EQ(request().operation.lo, hash.h2);
  EXPECT_TRUE(request().operation_token.empty());

  head_.operation_id = "op1.YWJj";
  ASSERT_EQ(Route(HttpMethod::kDelete, "/kv/a"), 0);
  EXPECT_EQ(request().operation_token.text(), "abc");
  EXPECT_TRUE(request().operation.IsZero());

  head_.operation_id = "op1.!";
  EXPECT_EQ(Put("/kv/a", R"({"value":"v"})"), 400);
  head_.operation_id = "";
  EXPECT_EQ(Put("/kv/a", R"({"value":"v"})"), 400);
  head_.operation_id = std::string_view();
  const std::string long_id(kOperationIdBytesMax + 1, 'x');
  head_.operation_id = long_id;
  EXPECT_EQ(Put("/kv/a", R"({"value":"v"})"), 400);
}

TEST_F(RouterTest, DeletesMayCarryAContextButNoValue) {
  ASSERT_EQ(Route(HttpMethod::kDelete, "/kv/a?w=1"), 0);
  EXPECT_EQ(request().verb, ClientVerb::kDelete);
  EXPECT_EQ(Route(HttpMethod::kDelete, "/kv/a", R"({"consistency":"one"})"), 0);
  EXPECT_EQ(request().write_level.kind, Level::Kind::kOne);
  EXPECT_EQ(Route(HttpMethod::kDelete, "/kv/a", R"({"value":"v"})"), 400);
}

TEST_F(RouterTest, PlainBytesAreReadOnRequest) {
  ASSERT_EQ(Get("/kv/a?raw"), 0);
  EXPECT_TRUE(intake_.plan.raw);
  head_.accept = "application/octet-stream, */*";
  ASSERT_EQ(Get("/kv/a"), 0);
  EXPECT_TRUE(intake_.plan.raw);
  head_.accept = "*/*";
  ASSERT_EQ(Get("/kv/a"), 0);
  EXPECT_FALSE(intake_.plan.raw);
}

TEST_F(RouterTest, UniqueHeadersMayNotBeRepeated) {
  head_.repeated = true;

  EXPECT_EQ(Get("/kv/a"), 400);
}

TEST_F(RouterTest, ListHeadersMayComeInSeveralLines) {
  const std::string two =
      "GET /kv/a HTTP/1.1\r\nHost: x\r\nAccept: application/octet-stream\r\n"
      "Accept: text/html\r\n\r\n";
  ASSERT_EQ(RouteHead(two), 0);
  EXPECT_TRUE(intake_.plan.raw);
  ASSERT_EQ(RouteHead("GET /kv/a HTTP/1.1\r\nHost: x\r\nAccept:\r\n"
                      "Accept: application/octet-stream\r\n\r\n"),
            0);
  EXPECT_TRUE(intake_.plan.raw);
  for (const char* name : {"Content-Type", "Expect", "Authorization",
                           "X-Operation-Id", "X-Causal-Context"}) {
    const std::string line = std::string(name) + ": YWJj\r\n";
    EXPECT_EQ(RouteHead("PUT /kv/a?raw HTTP/1.1\r\nHost: x\r\n" + line + line +
                        "\r\n"),
              400)
        << name;
  }
}

TEST_F(RouterTest, BodiesThatAreNotTheValueAreRefused) {
  const auto put = [this](const std::string& header) {
    return RouteHead("PUT /kv/a?raw HTTP/1.1\r\nHost: x\r\n" + header +
                     "\r\n\r\n");
  };
  EXPECT_EQ(put("Content-Encoding: gzip"), 415);
  EXPECT_EQ(put("Content-Encoding: identity\r\nContent-Encoding: br"), 415);
  EXPECT_EQ(put("Content-Encoding: Identity"), 0);
  EXPECT_EQ(put("Content-Range: bytes 0-1/2"), 400);
}

TEST_F(RouterTest, ConditionsOfEveryKindAreKnown) {
  for (const char* name : {"If-Match", "If-None-Match", "If-Modified-Since",
                           "If-Unmodified-Since", "If-Range"}) {
    const std::string rest = " /kv/a?raw HTTP/1.1\r\nHost: x\r\n" +
                             std::string(name) + ": x\r\n\r\n";
    EXPECT_EQ(RouteHead("PUT" + rest), 501) << name;
    EXPECT_EQ(RouteHead("DELETE" + rest), 501) << name;
    EXPECT_EQ(RouteHead("GET" + rest), 0) << name;
  }
}

TEST_F(RouterTest, ADeleteWithoutBodyHasNoTypeToRefuse) {
  head_.content_type = "text/plain";

  EXPECT_EQ(Route(HttpMethod::kDelete, "/kv/a"), 0);
  EXPECT_EQ(Route(HttpMethod::kDelete, "/kv/a", "x"), 415);
}

TEST_F(RouterTest, AFragmentNamesNoKey) {
  EXPECT_EQ(Get("/kv/a#b"), 400);
  EXPECT_EQ(Get("/kv/a?raw#b"), 400);
  EXPECT_EQ(Get("/kv/a%23b"), 0);
  EXPECT_EQ(request().key, "a#b");
}

TEST_F(RouterTest, UnknownPathsAre404AndUnknownMethods405) {
  for (const char* path : {"/", "/kv", "/admin", "/admin/", "/admin/status/",
                           "/Health", "/health/", "/favicon.ico"}) {
    EXPECT_EQ(Get(path), 404) << path;
  }
  EXPECT_EQ(Route(HttpMethod::kOther, "/kv/a"), 405);
  EXPECT_THAT(answer_.headers,
              HasSubstr("Allow: GET, HEAD, PUT, POST, DELETE"));
  for (const char* path :
       {"/admin/status", "/admin/ring", "/admin/stats", "/admin/keys",
        "/health", "/health/ready", "/metrics"}) {
    EXPECT_EQ(Put(path, ""), 405) << path;
    EXPECT_THAT(answer_.headers, HasSubstr("Allow: GET, HEAD\r\n"));
  }
  for (const HttpMethod method : {HttpMethod::kGet, HttpMethod::kHead,
                                  HttpMethod::kPut, HttpMethod::kDelete}) {
    EXPECT_EQ(Route(method, "/admin/trace"), 405);
    EXPECT_THAT(answer_.headers, HasSubstr("Allow: POST\r\n"));
  }
  EXPECT_EQ(Get("kv/a"), 400);
  EXPECT_EQ(Get("*"), 400);
}

TEST_F(RouterTest, ATraceIsDumpedByAPostOrTheErrorIsTold) {
  EXPECT_EQ(Route(HttpMethod::kPost, "/admin/trace"), 200);
  EXPECT_EQ(answer_.body, "{\"page\":\"trace\"}\n");

  node_.dumped = {.status = 507, .text = "8 dumps already"};
  EXPECT_EQ(Route(HttpMethod::kPost, "/admin/trace"), 507);
  EXPECT_THAT(answer_.body, HasSubstr("8 dumps already"));
}

TEST_F(RouterTest, TakesTheAbsoluteForm) {
  ASSERT_EQ(Get("http://node:8080/kv/a"), 0);
  EXPECT_EQ(request().key, "a");
  EXPECT_EQ(Get("http://node"), 400);
}

TEST_F(RouterTest, PagesAreTheNodes) {
  EXPECT_EQ(Get("/admin/status"), 200);
  EXPECT_EQ(answer_.body, "{\"page\":\"status\"}\n");
  EXPECT_EQ(Get("/admin/ring?key=a%20b+c"), 200);
  EXPECT_EQ(answer_.body, "{\"page\":\"ring\",\"key\":\"a b c\"}\n");
  EXPECT_EQ(Get("/admin/ring?node=x"), 400);
  EXPECT_EQ(Get("/admin/ring?key="), 400);
  EXPECT_EQ(Get("/admin/stats"), 200);
  EXPECT_EQ(Get("/metrics"), 200);
  EXPECT_EQ(answer_.body, "up 1\n");
  EXPECT_EQ(answer_.content_type, kTextType);
}

TEST_F(RouterTest, HealthIsLifeAndReadinessIsService) {
  node_.waiting_for = "the ring";

  EXPECT_EQ(Get("/health"), 200);
  EXPECT_EQ(Get("/health/ready"), 503);
  EXPECT_THAT(answer_.body, HasSubstr("waiting for the ring"));

  node_.waiting_for.clear();
  EXPECT_EQ(Get("/health/ready"), 200);
}

TEST_F(RouterTest, KeysArePagedThroughTheCore) {
  ASSERT_EQ(Get("/admin/keys"), 0);
  EXPECT_EQ(request().verb, ClientVerb::kListKeys);
  EXPECT_EQ(request().limit, 1000u);
  ASSERT_EQ(Get("/admin/keys?limit=10000&prefix=a%2Fb&cursor=YWJj"), 0);
  EXPECT_EQ(request().limit, 10000u);
  EXPECT_EQ(request().prefix, "a/b");
  EXPECT_EQ(request().cursor.text(), "abc");
  EXPECT_EQ(Get("/admin/keys?limit=0"), 400);
  EXPECT_EQ(Get("/admin/keys?limit=10001"), 400);
  EXPECT_EQ(Get("/admin/keys?cursor=!"), 400);
  EXPECT_EQ(Get("/admin/keys?x=1"), 400);
}

TEST_F(RouterTest, WhatAnOperatorAsksOfTheStorageGoesToTheCore) {
  ASSERT_EQ(Route(HttpMethod::kPost, "/admin/compact"), 0);
  EXPECT_EQ(request().verb, ClientVerb::kCompact);
  ASSERT_EQ(Route(HttpMethod::kPost, "/admin/scrub"), 0);
  EXPECT_EQ(request().verb, ClientVerb::kScrub);
  EXPECT_EQ(Route(HttpMethod::kPost, "/admin/compact?x=1"), 400);
  EXPECT_THAT(answer_.body, HasSubstr("takes none"));
  EXPECT_EQ(Get("/admin/compact"), 405);
  EXPECT_THAT(answer_.headers, HasSubstr("Allow: POST"));
}

TEST_F(RouterTest, ASnapshotHasTheNameThatItIsGivenOrThatOfTheMoment) {
  ASSERT_EQ(Route(HttpMethod::kPost, "/admin/snapshot?name=before%2Dit"), 0);
  EXPECT_EQ(request().verb, ClientVerb::kSnapshot);
  EXPECT_EQ(request().key, "before-it");
  // Whether it is one, the core says.
  ASSERT_EQ(Route(HttpMethod::kPost, "/admin/snapshot?name=..%2Fup"), 0);
  EXPECT_EQ(request().key, "../up");

  ASSERT_EQ(Route(HttpMethod::kPost, "/admin/snapshot"), 0);
  EXPECT_THAT(
      request().key,
      ::testing::MatchesRegex("2[0-9]+-[0-9]+-[0-9]+T[0-9]+-[0-9]+-[0-9]+Z"));

  EXPECT_EQ(Get("/admin/snapshot"), 405);
  EXPECT_EQ(Route(HttpMethod::kPost, "/admin/snapshot?names=a"), 400);
  EXPECT_THAT(answer_.body, HasSubstr("takes name"));
  EXPECT_EQ(Route(HttpMethod::kPost, "/admin/snapshot?name=a&name=b"), 400);
  EXPECT_EQ(Route(HttpMethod::kPost, "/admin/snapshot?name=%zz"), 400);
  EXPECT_EQ(Route(HttpMethod::kPost,
                  "/admin/snapshot?name=" + std::string(2000, 'n')),
            400);
}

TEST_F(RouterTest, ABatchBecomesItsOperations) {
  ASSERT_EQ(Route(HttpMethod::kPost, "/kv:batch?sloppy=true",
                  R"({"consistency":"all","operations":[)"
                  R"({"op":"put","key":"a","value":"v","operation":"id"},)"
                  R"({"op":"put","key_base64":"//4=","value_base64":"AA=="},)"
                  R"({"op":"get","key":"a","consistency":"one"},)"
                  R"({"op":"delete","key":"a","context":"YWJj"}]})"),
            0);

  const auto& operations = intake_.operations;
  ASSERT_EQ(operations.size(), 4u);
  EXPECT_EQ(operations[0].request.verb, ClientVerb::kPut);
  EXPECT_EQ(operations[0].request.key, "a");
  EXPECT_EQ(operations[0].plan.key, "a");
  EXPECT_EQ(operations[0].request.value.text(), "v");
  EXPECT_EQ(operations[0].request.write_level.kind, Level::Kind::kAll);
  EXPECT_NE(operations[0].request.operation, OperationId{});
  EXPECT_EQ(operations[1].request.key, "\xff\xfe");
  EXPECT_EQ(operations[1].request.value.text(), std::string(1, '\0'));
  EXPECT_EQ(operations[1].request.operation, OperationId{});
  EXPECT_EQ(operations[2].request.verb, ClientVerb::kGet);
  EXPECT_EQ(operations[2].plan.verb, ClientVerb::kGet);
  EXPECT_EQ(operations[2].request.read_level.kind, Level::Kind::kOne);
  EXPECT_EQ(operations[2].request.write_level, Level{});
  EXPECT_EQ(operations[3].request.verb, ClientVerb::kDelete);
  EXPECT_EQ(operations[3].request.context.text(), "abc");
  for (const BatchOperation& operation : operations) {
    EXPECT_TRUE(operation.request.sloppy);
  }
}

TEST_F(RouterTest, ABatchIsRefusedWholeForOneOperation) {
  const auto refusal = [&](const std::string& operation) {
    EXPECT_EQ(
        Route(HttpMethod::kPost, "/kv:batch",
              R"({"operations":[{"op":"get","key":"a"},)" + operation + "]}"),
        400);
    return answer_.body;
  };
  EXPECT_THAT(refusal("{}"), HasSubstr("operations[1].op: must be put"));
  EXPECT_THAT(refusal(R"({"op":"PUT","key":"a","value":""})"),
              HasSubstr("operations[1].op: must be put"));
  EXPECT_THAT(refusal(R"({"op":"get"})"), HasSubstr("operations[1].key: "));
  EXPECT_THAT(refusal(R"({"op":"get","key":""})"),
              HasSubstr("operations[1].key: must be 1 to 1024 bytes"));
  EXPECT_THAT(refusal(R"({"op":"get","key":"a","key_base64":"AA=="})"),
              HasSubstr("operations[1].key: give either"));
  EXPECT_THAT(refusal(R"({"op":"get","key_base64":"A"})"),
              HasSubstr("operations[1].key_base64: is not base64"));
  EXPECT_THAT(
      refusal(R"({"op":"get","key":")" + std::string(1025, 'a') + "\"}"),
      HasSubstr("operations[1].key: must be 1 to 1024 bytes"));
  EXPECT_THAT(refusal(R"({"op":"get","key":"a","value":"v"})"),
              HasSubstr("operations[1].value: only a put has one"));
  EXPECT_THAT(refusal(R"({"op":"delete","key":"a","value_base64":""})"),
              HasSubstr("operations[1].value: only a put has one"));
  EXPECT_THAT(refusal(R"({"op":"put","key":"a"})"),
              HasSubstr("operations[1].value: give either"));
  EXPECT_THAT(refusal(R"({"op":"put","key":"a","value_base64":"!"})"),
              HasSubstr("operations[1].value_base64: is not base64"));
  EXPECT_THAT(refusal(R"({"op":"get","key":"a","consistency":"ALL"})"),
              HasSubstr("operations[1].consistency: must be one"));
  EXPECT_THAT(refusal(R"({"op":"get","key":"a","context":"!"})"),
              HasSubstr("operations[1].context: is malformed"));
  EXPECT_THAT(refusal(R"({"op":"put","key":"a","value":"","operation":""})"),
              HasSubstr("operations[1].operation: is malformed"));
  EXPECT_THAT(refusal(R"({"op":"get","key":"a","operation":"x"})"),
              HasSubstr("operations[1].operation: a get has none"));
}

TEST_F(RouterTest, AValueInABatchHasTheLimitOfAnyOther) {
  const auto put = [&](size_t bytes) {
    return Route(HttpMethod::kPost, "/kv:batch",
                 R"({"operations":[{"op":"put","key":"a","value":")" +
                     std::string(bytes, 'v') + "\"}]}");
  };
  EXPECT_EQ(put(100), 0);
  EXPECT_EQ(put(101), 413);
  EXPECT_THAT(answer_.body, HasSubstr("operations[0].value: is larger than"));
}

TEST_F(RouterTest, ABatchHasTheQueryAndTypesOfOthers) {
  const std::string get = R"({"operations":[{"op":"get","key":"a"}]})";
  const auto post = [&](std::string_view target) {
    return Route(HttpMethod::kPost, target, get);
  };
  EXPECT_EQ(post("/kv:batch?r=2"), 0);
  EXPECT_EQ(intake_.operations[0].request.read_level.number, 2u);
  EXPECT_EQ(post("/kv:batch?r=1&consistency=all"), 400);
  EXPECT_EQ(post("/kv:batch?consistency=two"), 400);
  EXPECT_EQ(post("/kv:batch?raw"), 400);
  EXPECT_EQ(post("/kv:batch?nothing"), 400);
  EXPECT_EQ(post("/kv:batches"), 404);
  EXPECT_EQ(Route(HttpMethod::kPost, "/kv:batch?consistency=one",
                  R"({"consistency":"all","operations":[]})"),
            400);
  EXPECT_EQ(Route(HttpMethod::kPost, "/kv:batch", ""), 400);
  head_.content_type = "application/octet-stream";
  EXPECT_EQ(post("/kv:batch"), 415);
  head_.content_type = "text/plain";
  EXPECT_EQ(post("/kv:batch"), 415);
  head_.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(post("/kv:batch"), 0);
  head_.operation_id = "x";
  EXPECT_EQ(post("/kv:batch"), 400);
  head_.operation_id.reset();
  head_.causal_context = "YWJj";
  EXPECT_EQ(post("/kv:batch"), 400);
  head_.causal_context.reset();
  head_.conditional = true;
  EXPECT_EQ(post("/kv:batch"), 501);
}

TEST_F(RouterTest, ABatchIsPosted) {
  for (const HttpMethod method :
       {HttpMethod::kGet, HttpMethod::kHead, HttpMethod::kPut,
        HttpMethod::kDelete, HttpMethod::kOther}) {
    EXPECT_EQ(Route(method, "/kv:batch"), 405);
    EXPECT_EQ(answer_.headers, "Allow: POST\r\n");
  }
}

}  // namespace
}  // namespace orrery
