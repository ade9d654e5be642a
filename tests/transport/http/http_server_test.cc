#include "transport/http/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/transport/http/fake_node.h"

namespace orrery {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() { Restart({}); }

  void Restart(HttpServer::Options options) {
    server_ = std::make_unique<HttpServer>(
        loop_, options, node_,
        HttpServer::Callbacks{
            [this](ClientRequest request) { requests_.push_back(request); },
            [this](Handle handle) { gone_.push_back(handle); }});
    ASSERT_TRUE(server_->Start().ok());
  }

  int Connect() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(
        connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  void Send(int fd, const std::string& bytes) {
    ASSERT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  // Runs the loop until the predicate holds.
  template <typename Predicate>
  void RunUntil(Predicate&& predicate) {
    for (int i = 0; i < 200 && !predicate(); ++i) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(10));
    }
    ASSERT_TRUE(predicate());
  }

  // What has arrived at the client; the loop runs until it ends with `end`.
  std::string ReceiveUpTo(int fd, const std::string& end) {
    std::string received;
    RunUntil([&] {
      char buffer[65536];
      const ssize_t count = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (count > 0) received.append(buffer, static_cast<size_t>(count));
      return received.ends_with(end);
    });
    return received;
  }

  bool IsClosed(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
  }

  boost::asio::io_context loop_;
  FakeNode node_;
  std::vector<ClientRequest> requests_;
  std::vector<Handle> gone_;
  std::unique_ptr<HttpServer> server_;
};

constexpr char kGet[] = "GET /kv/a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(HttpServerTest, AnswersOverARealSocket) {
  const int fd = Connect();
  Send(fd, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");

  const std::string answer = ReceiveUpTo(fd, "}\n");

  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_THAT(answer, HasSubstr("{\"status\":\"healthy\"}"));
  close(fd);
}

TEST_F(HttpServerTest, PipelinedAnswersComeInOrderFromLateReplies) {
  const int fd = Connect();
  Send(fd, std::string(kGet) + kGet + kGet);
  RunUntil([&] { return requests_.size() == 3; });

  server_->Reply(requests_[2].client, ReadDone{.found = true, .version = 3});
  server_->Reply(requests_[0].client, ReadDone{.found = true, .version = 1});
  server_->Reply(requests_[1].client, ReadDone{.found = true, .version = 2});

  const std::string answers = ReceiveUpTo(fd, "\"version\":3}\n");
  EXPECT_LT(answers.find("\"version\":1"), answers.find("\"version\":2"));
  EXPECT_EQ(server_->stats().LatencyOf(ClientVerb::kGet).count(), 3u);
  close(fd);
}

TEST_F(HttpServerTest, AClientThatHangsUpIsReportedOnce) {
  const int fd = Connect();
  Send(fd, kGet);
  RunUntil([&] { return requests_.size() == 1; });
  const linger reset{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  close(fd);

  RunUntil([&] { return gone_.size() == 1; });

  EXPECT_EQ(gone_[0], requests_[0].client);
  server_->Reply(requests_[0].client, ReadDone{});  // Finds nobody.
  EXPECT_EQ(server_->stats().connections_open, 0u);
}

TEST_F(HttpServerTest, ConnectionsHaveALimit) {  // HSV-2
  Restart({.connections_max = 1});
  const int first = Connect();
  RunUntil([&] { return server_->stats().connections_open == 1; });

  const int second = Connect();

  EXPECT_THAT(ReceiveUpTo(second, "}\n"), StartsWith("HTTP/1.1 503 "));
  close(first);
  close(second);
}

TEST_F(HttpServerTest, APortInUseIsSaid) {
  HttpServer other(loop_, {.port = server_->port()}, node_,
                   {[](ClientRequest) {}, [](Handle) {}});

  EXPECT_EQ(other.Start().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(HttpServerTest, AnAddressMustBeALiteral) {
  HttpServer other(loop_, {.address = "localhost"}, node_,
                   {[](ClientRequest) {}, [](Handle) {}});

  EXPECT_EQ(other.Start().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(HttpServerTest, LargeAnswersArriveWholeAtASlowReader) {
  const int fd = Connect();
  Send(fd, std::string(kGet) + kGet);
  RunUntil([&] { return requests_.size() == 2; });
  const Bytes value = Bytes::CopyOf(std::string(4 << 20, 'v'));

  for (const ClientRequest& request : requests_) {
    server_->Reply(request.client,
                   ReadDone{.found = true, .version = 9, .value = value});
  }
  RunUntil([&] { return !server_->IsDrained(); });

  std::string received;
  RunUntil([&] {
    char buffer[65536];
    ssize_t count;
    while ((count = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
      received.append(buffer, static_cast<size_t>(count));
    }
    return received.size() > (8 << 20) && received.ends_with("}\n");
  });
  EXPECT_TRUE(server_->IsDrained());
  close(fd);
}

TEST_F(HttpServerTest, PagesAskedForInOneGoAllCome) {
  constexpr size_t kPages = 300;
  node_.ring_padding = std::string(64 << 10, ' ') + ".";
  std::string requests;
  for (size_t i = 0; i < kPages; ++i) {
    requests += "GET /admin/ring HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  const int fd = Connect();
  Send(fd, requests);

  size_t pages = 0;
  RunUntil([&] {
    std::string buffer(1 << 20, '\0');
    ssize_t count;
    while ((count = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
      pages += static_cast<size_t>(
          std::count(buffer.begin(), buffer.begin() + count, '.'));
    }
    return pages >= 2 * kPages;  // One in "HTTP/1.1", one in the page.
  });

  EXPECT_EQ(pages, 2 * kPages);
  close(fd);
}

TEST_F(HttpServerTest, WhoHoldsMostUnsentBytesIsDropped) {  // HSV-3
  Restart({.answer_bytes_max = 6 << 20});
  const int modest = Connect();
  Send(modest, kGet);
  RunUntil([&] { return requests_.size() == 1; });
  const int greedy = Connect();
  for (int i = 0; i < 16; ++i) Send(greedy, kGet);
  RunUntil([&] { return requests_.size() == 17; });
  const Bytes value = Bytes::CopyOf(std::string(1 << 20, 'v'));

  server_->Reply(requests_[0].client,
                 ReadDone{.found = true, .version = 1, .value = value});
  for (size_t i = 1; i < 13; ++i) {
    server_->Reply(requests_[i].client,
                   ReadDone{.found = true, .version = 2, .value = value});
  }

  RunUntil([&] { return gone_.size() == 4; });
  EXPECT_EQ(server_->stats().connections_abandoned, 1u);
  EXPECT_EQ(server_->stats().connections_open, 1u);
  EXPECT_THAT(ReceiveUpTo(modest, "\"version\":1}\n"),
              StartsWith("HTTP/1.1 200 OK"));
  close(modest);
  close(greedy);
}

TEST_F(HttpServerTest, ShutdownEndsIdleConnectionsAndDrainsTheOthers) {
  const int idle = Connect();
  const int busy = Connect();
  Send(busy, kGet);
  RunUntil([&] { return requests_.size() == 1; });

  server_->BeginShutdown();
  EXPECT_FALSE(server_->IsDrained());
  server_->Reply(requests_[0].client, ReadDone{});

  EXPECT_THAT(ReceiveUpTo(busy, "}\n"), HasSubstr("Connection: close"));
  RunUntil([&] { return IsClosed(idle) && server_->IsDrained(); });
  close(idle);
  close(busy);
}

TEST_F(HttpServerTest, ARefusedBodyStillLetsTheAnswerThrough) {
  const int fd = Connect();
  Send(fd, "PUT /kv/a HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" +
               std::string(100000, 'v'));

  EXPECT_THAT(ReceiveUpTo(fd, "}\n"), StartsWith("HTTP/1.1 413 "));

  close(fd);
  RunUntil([&] { return server_->stats().connections_open == 0; });
}

std::string PostGets(size_t count) {
  std::string body = "{\"operations\":[{\"op\":\"get\",\"key\":\"0\"}";
  for (size_t i = 1; i < count; ++i) {
    body += ",{\"op\":\"get\",\"key\":\"" + std::to_string(i) + "\"}";
  }
  body += "]}";
  return "POST /kv:batch HTTP/1.1\r\nHost: x\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(HttpServerTest, ABatchGoesOnAsItsRepliesCome) {
  const int fd = Connect();
  Send(fd, PostGets(200));

  for (size_t i = 0; i < 200; ++i) {
    RunUntil([&] { return requests_.size() > i; });
    ASSERT_LE(requests_.size() - i, kPipelinedMax);
    server_->Reply(requests_[i].client, ReadDone{});  // HSV-1 holds for it too.
  }

  const std::string answer = ReceiveUpTo(fd, "]}\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(requests_.size(), 200u);
  EXPECT_EQ(server_->stats().LatencyOf(ClientVerb::kGet).count(), 200u);
  close(fd);
}

TEST_F(HttpServerTest, OfABatchWhoseClientHangsUpNothingMoreIsBegun) {
  const int fd = Connect();
  Send(fd, PostGets(100));
  RunUntil([&] { return requests_.size() == kPipelinedMax; });
  const linger reset{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  close(fd);

  RunUntil([&] { return gone_.size() == kPipelinedMax; });

  for (size_t i = 0; i < kPipelinedMax; ++i) {
    server_->Reply(requests_[i].client, ReadDone{});  // Finds nobody.
  }
  loop_.restart();
  loop_.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(requests_.size(), kPipelinedMax);
  EXPECT_EQ(server_->stats().connections_open, 0u);
}

TEST_F(HttpServerTest, ShutdownAnswersABatchWithoutBeginningMoreOfIt) {
  const int fd = Connect();
  Send(fd, PostGets(100));
  RunUntil([&] { return requests_.size() == kPipelinedMax; });

  server_->BeginShutdown();
  EXPECT_FALSE(server_->IsDrained());
  for (size_t i = 0; i < kPipelinedMax; ++i) {
    server_->Reply(requests_[i].client, ReadDone{});
  }

  EXPECT_THAT(ReceiveUpTo(fd, "]}\n"), HasSubstr("shutting down"));
  RunUntil([&] { return server_->IsDrained(); });
  EXPECT_EQ(requests_.size(), kPipelinedMax);
  close(fd);
}

}  // namespace
}  // namespace orrery
