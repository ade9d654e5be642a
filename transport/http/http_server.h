// transport/http/http_server.h
//
// HttpServer owns the listening socket and the connections' sockets; Session
// speaks HTTP over them, Router knows the paths, and what the core must answer
// goes out by a callback and comes back by Reply.
//
// The sockets live in an epoll set of the server's own, which the Asio loop
// watches as one descriptor: a wake-up reads every ready socket once, hands
// all their requests to the core, and each connection's answers of that
// wake-up leave in one write.  (A socket a request costs Asio one more system
// call, the read that finds nothing.)
//
// Invariants:
//   HSV-1  Neither callback is called inside Reply.
//   HSV-2  At most connections_max connections are open; one more is told 503.
//   HSV-3  Unsent answers hold at most answer_bytes_max, as allocated.  When
//          one more does not fit, the connection that holds most is dropped,
//          which is one that does not read what it asked for.
//
// Memory of answers, then, with A for the largest of them:
//     answer_bytes_max            held,
//   + 2 A                         the one being written, in a buffer that
//                                 doubles,
//   + 2 (2 kUnsentBytesMax + A)   its connection's output, which has room for
//                                 it only below kUnsentBytesMax, may have as
//                                 much again sent and not yet dropped, and
//                                 doubles,
//   + connections_max * (2 kKeptBytesMax + kPipelinedMax *
//     kKeptReplyBytesMax)         kept for the next answers.
// A value of 1 MiB that is all escapes makes A = 6 MiB and its context twice,
// 64 KiB: 256 + 4 * 6.1 + 4 MiB, and 4096 * 64 KiB = 256 MiB kept if every
// connection had its largest burst: 540 MiB.  A page of keys can be larger,
// 10,000 of 1 KiB all of escapes, 60 MiB: 756 MiB.  That of a batch is 21 MiB
// at most (BAT-2).
//
// Threading: the io_context's one thread.

#ifndef ORRERY_TRANSPORT_HTTP_HTTP_SERVER_H_
#define ORRERY_TRANSPORT_HTTP_HTTP_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "core/ports/client_gateway.h"
#include "core/protocol/client.h"
#include "transport/http/http_stats.h"
#include "transport/http/kv_request.h"
#include "transport/http/node_api.h"

namespace boost::asio {
class io_context;  // NOLINT(readability-identifier-naming)
}  // namespace boost::asio

namespace orrery {

class HttpServer final : public ClientGateway {
 public:
  struct Options {
    std::string address = "127.0.0.1";      // An IP literal.
    uint16_t port = 0;                      // 0: any.
    uint32_t connections_max = 4096;        // Some 30 KiB each.
    uint32_t requests_max = 16384;          // In the core at once.
    uint64_t body_bytes_max = 256 << 20;    // Come, of unfinished requests.
    uint64_t answer_bytes_max = 256 << 20;  // Of all unsent answers; HSV-3.
    KvLimits kv;
  };
  struct Callbacks {
    std::function<void(ClientRequest)> submit;
    std::function<void(Handle)> gone;  // The reply would find nobody.
  };

  HttpServer(boost::asio::io_context& loop, const Options& options,
             NodeApi& node, Callbacks callbacks);
  ~HttpServer() override;

  // Binds and listens.  kAlreadyExists: the port is in use.
  // kInvalidArgument: the address is no IP literal.  Else what bind said.
  absl::Status Start();
  uint16_t port() const;

  // Stops accepting; every connection closes after its next answer, idle ones
  // at once.
  void BeginShutdown();
  // No request is unanswered and no answer unsent.
  bool IsDrained() const;

  void Reply(Handle client, ClientReply reply) override;

  const HttpStats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_HTTP_SERVER_H_
