// A node whose pages are recognisable texts, and a core that only notes what
// it is asked.

#ifndef ORRERY_TESTS_TRANSPORT_HTTP_FAKE_NODE_H_
#define ORRERY_TESTS_TRANSPORT_HTTP_FAKE_NODE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/pool.h"
#include "transport/http/node_api.h"
#include "transport/http/session.h"

namespace orrery {

class FakeNode final : public NodeApi {
 public:
  std::string StatusJson() override { return "{\"page\":\"status\"}"; }
  std::string RingJson(std::string_view key) override {
    return "{\"page\":\"ring\",\"key\":\"" + std::string(key) + "\"}" +
           ring_padding;
  }
  std::string StatsJson() override { return "{\"page\":\"stats\"}"; }
  std::string HealthJson() override { return "{\"status\":\"healthy\"}"; }
  std::string MetricsText() override { return "up 1\n"; }
  std::string WaitingFor() override { return waiting_for; }
  NodeAnswer DumpTrace() override { return dumped; }

  std::string waiting_for;
  NodeAnswer dumped = {.status = 200, .text = "{\"page\":\"trace\"}"};
  std::string ring_padding;
};

class FakeHost final : public Session::Host {
 public:
  explicit FakeHost(const KvLimits& limits = {}) : router_(limits, node) {}

  Router& router() override { return router_; }
  std::string_view Date() override { return "Thu, 01 Jan 1970 00:00:00 GMT"; }
  bool IsStopping() const override { return stopping; }
  bool ReserveBody(uint64_t bytes) override {
    if (bytes > body_bytes_left) return false;
    body_bytes_left -= bytes;
    return true;
  }
  void ReleaseBody(uint64_t bytes) override { body_bytes_left += bytes; }
  void OnAnswered(int status) override { answered.push_back(status); }
  void OnAnswerBytes(uint64_t before, uint64_t after) override {
    answer_bytes = answer_bytes - before + after;
  }
  std::optional<Handle> MintHandle(Session&, ReplyAddress address) override {
    if (addresses.size() == requests_max) return std::nullopt;
    addresses.push_back(address);
    return Handle{static_cast<uint32_t>(addresses.size() - 1), 1};
  }
  void Submit(ClientRequest request) override {
    requests.push_back(std::move(request));
    if (answers_at_once != nullptr) {
      answers_at_once->OnReply(addresses[requests.size() - 1],
                               ReadDone{.found = true, .version = 1});
    }
  }

  FakeNode node;
  bool stopping = false;
  uint64_t body_bytes_left = 64 << 20;
  uint64_t answer_bytes = 0;
  size_t requests_max = 1000;
  Session* answers_at_once = nullptr;
  std::vector<int> answered;
  std::vector<ReplyAddress> addresses;  // By request.
  std::vector<ClientRequest> requests;

 private:
  Router router_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_TRANSPORT_HTTP_FAKE_NODE_H_
