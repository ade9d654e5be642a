#include "node/responder.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include "transport/http/http_server.h"

namespace orrery {
namespace {

class NoNode final : public NodeApi {
 public:
  std::string StatusJson() override { return "{}"; }
  std::string RingJson(std::string_view) override { return "{}"; }
  std::string StatsJson() override { return "{}"; }
  std::string HealthJson() override { return "{}"; }
  std::string MetricsText() override { return ""; }
  std::string WaitingFor() override { return ""; }
  NodeAnswer DumpTrace() override { return {404, "no node"}; }
};

// As long as a node's: one entry of a version vector and a seal.
constexpr std::string_view kContext = "0123456789abcdef0123456789abcdef01234";

}  // namespace

ExitCode RunResponder(uint16_t port, uint32_t value_bytes) {
  boost::asio::io_context loop(1);
  NoNode node;
  const ReadDone read{.found = true,
                      .version = 1'700'000'000'000'000'000,
                      .context = Bytes::CopyOf(kContext),
                      .value = Bytes::CopyOf(std::string(value_bytes, 'v'))};
  const WriteDone write{.version = 1'700'000'000'000'000'000,
                        .context = Bytes::CopyOf(kContext),
                        .acks = {.owners = 1, .nodes = 1}};
  HttpServer* answers = nullptr;
  HttpServer server(loop, {.port = port}, node,
                    {[&](const ClientRequest& request) {
                       if (request.verb == ClientVerb::kGet) {
                         answers->Reply(request.client, read);
                       } else {
                         answers->Reply(request.client, write);
                       }
                     },
                     [](Handle) {}});
  answers = &server;
  const absl::Status started = server.Start();
  if (!started.ok()) {
    const std::string message(started.message());
    std::fprintf(stderr, "orrery: %s\n", message.c_str());
    return kExitUnexpected;
  }
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait(
      [&](const boost::system::error_code&, int) { loop.stop(); });
  loop.run();
  return kExitOk;
}

}  // namespace orrery
