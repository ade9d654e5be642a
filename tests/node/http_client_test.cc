#include "node/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

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

// Reads one request and hangs up without a word.
class DeafServer {
 public:
  DeafServer() {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, generic, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      const int fd = accept(listener_, nullptr, nullptr);
      char buffer[4096];
      EXPECT_GT(recv(fd, buffer, sizeof(buffer), 0), 0);
      close(fd);
    });
  }
  ~DeafServer() {
    thread_.join();
    close(listener_);
  }
  uint16_t port() const { return port_; }

 private:
  int listener_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(HttpClientTest, AConnectionThatEndsWithoutAWordIsNoAnswer) {
  DeafServer server;

  const auto response = ClientOf({{"127.0.0.1", server.port()}}).Send({});

  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnknown);
}

TEST(HttpClientTest, SaysThatNothingWasSent) {
  const auto response = ClientOf({{"127.0.0.1", 1}}).Send({});

  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
}

TEST(HttpClientTest, WhatWasRefusedIsAskedOfTheNextOnlyWhereThatIsSafe) {
  LocalServer refuses;
  refuses.RefuseAll();
  LocalServer serves;
  HttpRequest request;
  request.target = "/kv/a?raw";
  HttpClient client =
      ClientOf({{"127.0.0.1", refuses.port()}, {"127.0.0.1", serves.port()}});

  EXPECT_EQ(client.Send(request)->status, 503);
  request.try_next = TryNext::kRefused;  // It says `applied: "no"`.
  EXPECT_EQ(client.Send(request)->status, 200);
  request.try_next = TryNext::kAlways;
  EXPECT_EQ(client.Send(request)->status, 200);
}

TEST(HttpClientTest, TheLastRefusalIsTheAnswerIfNobodyServes) {
  LocalServer refuses;
  refuses.RefuseAll();
  HttpRequest request;
  request.target = "/kv/a?raw";
  request.try_next = TryNext::kRefused;

  const auto response =
      ClientOf({{"127.0.0.1", refuses.port()}, {"127.0.0.1", 1}}).Send(request);

  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->status, 503);
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
