#include "transport/http/router.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/protocol/limits.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

std::optional<Route> FindRoute(std::string_view path) {
  if (path.starts_with("/kv/")) return Route::kKv;
  if (path == "/health") return Route::kHealth;
  if (path == "/health/ready") return Route::kReady;
  if (path == "/metrics") return Route::kMetrics;
  if (path == "/admin/status") return Route::kStatus;
  if (path == "/admin/ring") return Route::kRing;
  if (path == "/admin/stats") return Route::kStats;
  if (path == "/admin/keys") return Route::kKeys;
  return std::nullopt;
}

bool IsRead(HttpMethod method) {
  return method == HttpMethod::kGet || method == HttpMethod::kHead;
}

bool RefuseMethod(Route route, Answer* answer) {
  const bool writable = route == Route::kKv;
  FillError(405, "this path does not have that method", answer);
  answer->headers.append(writable ? "Allow: GET, HEAD, PUT, POST, DELETE\r\n"
                                  : "Allow: GET, HEAD\r\n");
  return false;
}

}  // namespace

bool Router::Open(const RequestHead& head, Intake* intake, Answer* answer) {
  *intake = Intake();
  if (!ParseTarget(head.target, &target_)) {
    FillError(400, "the request target is malformed", answer);
    return false;
  }
  const std::optional<Route> route = FindRoute(target_.path);
  if (!route.has_value()) {
    FillError(404, "unknown path", answer);
    return false;
  }
  intake->route = *route;
  // A body that nobody reads is thrown away, within the limit of any other.
  intake->body_bytes_max = limits_.value_bytes_max;
  if (*route == Route::kKv) {
    if (head.method == HttpMethod::kOther) return RefuseMethod(*route, answer);
    return OpenKvRequest(head, target_, limits_, intake, answer);
  }
  if (!IsRead(head.method)) return RefuseMethod(*route, answer);
  if (*route == Route::kKeys) return OpenKeysRequest(target_, intake, answer);
  if (*route == Route::kRing) return OpenRing(intake, answer);
  return true;
}

bool Router::OpenRing(Intake* intake, Answer* answer) {
  for (const QueryParameter& parameter : target_.query) {
    if (parameter.name != "key") {
      FillError(400, "unknown query parameter; only key is known here", answer);
      return false;
    }
    if (!DecodeQueryValue(parameter.value, &intake->plan.key) ||
        intake->plan.key.empty() || intake->plan.key.size() > kKeyBytesMax) {
      FillError(400, "key must be 1 to 1024 bytes, percent-encoded", answer);
      return false;
    }
  }
  return true;
}

bool Router::Finish(const RequestBody& body, Intake* intake, Answer* answer) {
  if (intake->route == Route::kKeys) return true;
  if (intake->route == Route::kKv) {
    return FinishKvRequest(body, limits_, intake, answer);
  }
  FillPage(*intake, answer);
  return false;
}

void Router::FillPage(const Intake& intake, Answer* answer) {
  switch (intake.route) {
    case Route::kStatus:
      answer->body = node_.StatusJson();
      break;
    case Route::kRing:
      answer->body = node_.RingJson(intake.plan.key);
      break;
    case Route::kStats:
      answer->body = node_.StatsJson();
      break;
    case Route::kHealth:
      answer->body = node_.HealthJson();
      break;
    case Route::kReady:
      FillReady(answer);
      break;
    case Route::kMetrics:
      answer->content_type = kTextType;
      answer->body = node_.MetricsText();
      return;
    case Route::kKv:
    case Route::kKeys:
      return;  // These go to the core.
  }
  if (!answer->body.ends_with('\n')) answer->body.push_back('\n');
}

void Router::FillReady(Answer* answer) {
  const std::string waiting_for = node_.WaitingFor();
  if (!waiting_for.empty()) {
    FillError(503, absl::StrCat("waiting for ", waiting_for), answer);
    return;
  }
  JsonWriter(&answer->body).BeginObject().Member("status", "ready").EndObject();
}

}  // namespace orrery
