// node/http_client.h
//
// HttpClient makes one request at a time, blocking, for the client verbs.  It
// tries the endpoints in turn, each once, and goes on to the next only where
// the request cannot have been done already, or may be done twice.
//
// Threading: none.

#ifndef ORRERY_NODE_HTTP_CLIENT_H_
#define ORRERY_NODE_HTTP_CLIENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/time.h"
#include "node/config_value.h"

namespace orrery {

// What else than an endpoint that cannot be reached, or that did not take the
// whole request, lets the next one be tried.
enum class TryNext : uint8_t {
  kUnsent = 1,   // Nothing.
  kRefused = 2,  // A write of a key: a 503 that says `applied: "no"`.
  kAlways = 3,   // A read of a key: a 503, and no answer.
};

struct HttpRequest {
  std::string method = "GET";
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  TryNext try_next = TryNext::kUnsent;
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;

  // Of the first header of that name (any case); empty if there is none.
  std::string_view Header(std::string_view name) const;
};

class HttpClient {
 public:
  struct Options {
    std::vector<HostPort> endpoints;
    Duration connect_timeout = 2 * kSecond;
    // Of each piece of the answer; none: 30 s, but 8 s for a request that the
    // next endpoint may be asked, which is more than nodes take by default.
    std::optional<Duration> answer_timeout;
  };

  explicit HttpClient(Options options) : options_(std::move(options)) {}

  // The first answer that is not to be asked for elsewhere, else the last one.
  // kUnavailable: no endpoint could be reached and nothing was done, or none
  // answered what may be asked always.
  // kUnknown: the connection was lost, or no answer came in time.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);

 private:
  // One endpoint.  kFailedPrecondition: it did not get the whole request.
  absl::StatusOr<HttpResponse> SendTo(const HostPort& endpoint,
                                      const HttpRequest& request,
                                      Duration answer_timeout) const;

  Options options_;
};

// A connected socket, or kUnavailable.  The caller closes it.
absl::StatusOr<int> ConnectTo(const HostPort& endpoint, Duration timeout);

// Percent-encodes everything but unreserved characters and '/'.
std::string PercentEncode(std::string_view bytes);

}  // namespace orrery

#endif  // ORRERY_NODE_HTTP_CLIENT_H_
