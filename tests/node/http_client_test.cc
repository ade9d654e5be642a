#include "node/http_client.h"

#include "gtest/gtest.h"
#include "tests/node/local_server.h"

namespace orrery {
namespace {

HttpClient ClientOf(std::vector<HostPort> endpoints) {
  HttpClient::Options options;
  options.endpoints = std::move(endpoints);
  return HttpClient(options);
}

TEST(HttpClientTest, ReadsStatusHeadersAndBody) {
  LocalServer server;
  HttpRequest request;
  request.target = "/kv/a?raw";

  const auto response = ClientOf({{"127.0.0.1", server.port()}}).Send(request);

  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "value");
  EXPECT_EQ(response->Header("etag"), "\"7\"");
  EXPECT_EQ(response->Header("absent"), "");
}

TEST(HttpClientTest, TriesTheNextEndpointIfOneCannotBeReached) {
  LocalServer server;
  HttpRequest request;
  request.target = "/health";

  const auto response =
      ClientOf({{"127.0.0.1", 1}, {"127.0.0.1", server.port()}}).Send(request);

  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 200);
}

TEST(HttpClientTest, SaysThatNothingWasSent) {
  const auto response = ClientOf({{"127.0.0.1", 1}}).Send({});

  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpClientTest, LargeBodiesGoBothWays) {
  LocalServer server;
  HttpRequest request;
  request.method = "PUT";
  request.target = "/kv/a?raw";
  request.body = std::string(1 << 20, 'v');

  const auto response = ClientOf({{"127.0.0.1", server.port()}}).Send(request);

  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 200);
}

TEST(PercentEncodeTest, EscapesAllButUnreservedAndSlashes) {
  EXPECT_EQ(PercentEncode("a/b c?%\xc3\xa9~"), "a/b%20c%3F%25%C3%A9~");
}

}  // namespace
}  // namespace orrery
