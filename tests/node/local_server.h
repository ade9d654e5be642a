// A server on a free port and a thread of its own that finds the value
// "value" under every key, or refuses everything.

#ifndef ORRERY_TESTS_NODE_LOCAL_SERVER_H_
#define ORRERY_TESTS_NODE_LOCAL_SERVER_H_

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include "tests/transport/http/fake_node.h"
#include "transport/http/http_server.h"

namespace orrery {

class LocalServer {
 public:
  LocalServer()
      : server_(loop_, HttpServer::Options{}, node_,
                HttpServer::Callbacks{
                    [this](ClientRequest request) { Answer(request); },
                    [](Handle) {}}) {
    started_ = server_.Start().ok();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~LocalServer() {
    loop_.stop();
    thread_.join();
  }

  void RefuseAll() { refuses_ = true; }
  // Before the next answer, all of it.
  void SleepOnce(std::chrono::milliseconds time) { sleep_ms_ = time.count(); }
  uint16_t port() const { return started_ ? server_.port() : 0; }

 private:
  void Answer(const ClientRequest& request) {
    const int64_t sleep_ms = sleep_ms_.exchange(0);
    if (sleep_ms > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(sleep_ms));
    }
    if (refuses_) {
      server_.Reply(request.client, Refused{.why = Refused::Why::kOverloaded});
    } else if (request.verb == ClientVerb::kGet) {
      server_.Reply(request.client, ReadDone{.found = true,
                                             .version = 7,
                                             .value = Bytes::CopyOf("value")});
    } else {
      server_.Reply(request.client, WriteDone{.version = 8});
    }
  }

  boost::asio::io_context loop_{1};
  FakeNode node_;
  HttpServer server_;
  bool started_ = false;
  std::atomic<bool> refuses_ = false;
  std::atomic<int64_t> sleep_ms_ = 0;
  std::thread thread_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_NODE_LOCAL_SERVER_H_
