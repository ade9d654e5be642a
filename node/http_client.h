// node/http_client.h
//
// HttpClient makes one request at a time, blocking, for the client verbs.  If
// an endpoint cannot be reached it tries the next; once a request has been
// sent it is never sent again.
//
// Threading: none.

#ifndef ORRERY_NODE_HTTP_CLIENT_H_
#define ORRERY_NODE_HTTP_CLIENT_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/time.h"
#include "node/config_value.h"

namespace orrery {

struct HttpRequest {
  std::string method = "GET";
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
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
    Duration answer_timeout = 30 * kSecond;
  };

  explicit HttpClient(Options options) : options_(std::move(options)) {}

  // kUnavailable: no endpoint could be reached, nothing was sent.
  // kUnknown: the connection was lost, or no answer came in time.
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);

 private:
  Options options_;
};

// A connected socket, or kUnavailable.  The caller closes it.
absl::StatusOr<int> ConnectTo(const HostPort& endpoint, Duration timeout);

// Percent-encodes everything but unreserved characters and '/'.
std::string PercentEncode(std::string_view bytes);

}  // namespace orrery

#endif  // ORRERY_NODE_HTTP_CLIENT_H_
