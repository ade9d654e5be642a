#include "node/client_options.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

namespace json = boost::json;

// The server's own sentence, or its bytes if it has none.
std::string MessageOf(const HttpResponse& response) {
  boost::system::error_code error;
  const json::value parsed = json::parse(response.body, error);
  if (error || !parsed.is_object()) {
    return absl::StrCat("status ", response.status);
  }
  const json::object& object = parsed.get_object();
  const json::value* message = object.if_contains("message");
  if (message == nullptr || !message->is_string()) {
    return absl::StrCat("status ", response.status);
  }
  std::string text(message->get_string().data(), message->get_string().size());
  const json::value* required = object.if_contains("required");
  const json::value* received = object.if_contains("received");
  if (required != nullptr && received != nullptr && required->is_int64() &&
      received->is_int64()) {
    absl::StrAppend(&text, " (", received->get_int64(), " of ",
                    required->get_int64(), " required)");
  }
  return text;
}

ExitCode ReportStatus(const absl::Status& status) {
  const std::string message(status.message());
  std::fprintf(stderr, "orrery: %s\n", message.c_str());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return kExitUsage;
    case absl::StatusCode::kUnavailable:
      return kExitUnavailable;
    case absl::StatusCode::kUnknown:
      return kExitOutcomeUnknown;
    default:
      return kExitUnexpected;
  }
}

}  // namespace

absl::StatusOr<HttpClient> MakeClient(const ClientOptions& options) {
  GivenValue given;
  given.text = options.endpoints;
  std::vector<std::string> texts;
  const std::string wrong = ReadSeeds(given, &texts);
  if (!wrong.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--endpoints ", wrong));
  }
  HttpClient::Options client;
  for (const std::string& text : texts) {
    HostPort endpoint;
    if (ParseHostPort(text, &endpoint)) client.endpoints.push_back(endpoint);
  }
  if (!options.timeout.empty()) {
    GivenValue timeout;
    timeout.text = options.timeout;
    client.answer_timeout.emplace();
    const std::string bad = ReadDuration(timeout, &*client.answer_timeout);
    if (!bad.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("--timeout ", bad));
    }
  }
  return HttpClient(client);
}

ExitCode Exchange(const ClientOptions& options, const HttpRequest& request,
                  HttpResponse* response) {
  absl::StatusOr<HttpClient> client = MakeClient(options);
  if (!client.ok()) return ReportStatus(client.status());
  absl::StatusOr<HttpResponse> answer = client->Send(request);
  if (!answer.ok()) return ReportStatus(answer.status());
  *response = std::move(*answer);
  if (response->status == 200) return kExitOk;
  std::fprintf(stderr, "orrery: %s\n", MessageOf(*response).c_str());
  return ExitCodeOfStatus(response->status);
}

ExitCode ExitCodeOfStatus(int status) {
  switch (status) {
    case 200:
      return kExitOk;
    case 400:
    case 405:
    case 413:
    case 414:
    case 415:
    case 431:
    case 501:
      return kExitUsage;
    case 401:
    case 403:
      return kExitNotAuthorised;
    case 404:
      return kExitNotFound;
    case 409:
    case 412:
      return kExitConflict;
    case 503:
    case 507:
      return kExitUnavailable;
    case 504:
      return kExitOutcomeUnknown;
    default:
      return kExitUnexpected;
  }
}

void PrintTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - row[i].size() + 2, ' ');
    }
    std::printf("%s\n", line.c_str());
  }
}

}  // namespace orrery
