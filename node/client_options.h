// node/client_options.h
//
// What every client verb is told, and the one way they report failure.

#ifndef ORRERY_NODE_CLIENT_OPTIONS_H_
#define ORRERY_NODE_CLIENT_OPTIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node/exit_code.h"
#include "node/http_client.h"

namespace orrery {

struct ClientOptions {
  std::string endpoints = "127.0.0.1:8080";  // host:port,...
  bool json = false;                         // -o json
  std::string timeout;  // For an answer; empty: HttpClient's own.
};

// Errors: an endpoint that is not host:port, a time-out that is none.
absl::StatusOr<HttpClient> MakeClient(const ClientOptions& options);

// Sends; prints what went wrong, in plain words, to stderr.  kExitOk: the
// status was 200 and `response` is the answer.
ExitCode Exchange(const ClientOptions& options, const HttpRequest& request,
                  HttpResponse* response);

ExitCode ExitCodeOfStatus(int status);

// Rows of equal length under a header, in columns.
void PrintTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace orrery

#endif  // ORRERY_NODE_CLIENT_OPTIONS_H_
