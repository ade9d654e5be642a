#include "transport/http/router.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/invariant.h"
#include "core/protocol/limits.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

std::optional<ClientVerb> TaskAt(std::string_view path) {
  if (path == "/admin/compact") return ClientVerb::kCompact;
  if (path == "/admin/scrub") return ClientVerb::kScrub;
  if (path == "/admin/snapshot") return ClientVerb::kSnapshot;
  return std::nullopt;
}

std::optional<Route> FindRoute(std::string_view path) {
  if (path.starts_with("/kv/")) return Route::kKv;
  if (path == "/kv:batch") return Route::kBatch;
  if (path == "/health") return Route::kHealth;
  if (path == "/health/ready") return Route::kReady;
  if (path == "/metrics") return Route::kMetrics;
  if (path == "/admin/status") return Route::kStatus;
  if (path == "/admin/ring") return Route::kRing;
  if (path == "/admin/stats") return Route::kStats;
  if (path == "/admin/keys") return Route::kKeys;
  if (path == "/admin/key") return Route::kKeyReport;
  if (path == "/admin/trace") return Route::kTrace;
  if (TaskAt(path).has_value()) return Route::kTask;
  return std::nullopt;
}

bool IsPostOnly(Route route) {
  return route == Route::kTrace || route == Route::kTask ||
         route == Route::kBatch;
}

// Others are answered with a page.
bool GoesToCore(Route route) {
  return route == Route::kKv || route == Route::kKeys ||
         route == Route::kTask || route == Route::kKeyReport;
}

bool IsRead(HttpMethod method) {
  return method == HttpMethod::kGet || method == HttpMethod::kHead;
}

const char* AllowedMethods(Route route) {
  if (route == Route::kKv) return "Allow: GET, HEAD, PUT, POST, DELETE\r\n";
  if (IsPostOnly(route)) return "Allow: POST\r\n";
  return "Allow: GET, HEAD\r\n";
}

bool HasMethod(Route route, HttpMethod method) {
  if (route == Route::kKv) return method != HttpMethod::kOther;
  if (IsPostOnly(route)) return method == HttpMethod::kPost;
  return IsRead(method);
}

bool RefuseMethod(Route route, Answer* answer) {
  FillError(405, "this path does not have that method", answer);
  answer->headers.append(AllowedMethods(route));
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
  if (!HasMethod(*route, head.method)) return RefuseMethod(*route, answer);
  if (*route == Route::kKv) {
    return OpenKvRequest(head, target_, limits_, intake, answer);
  }
  if (*route == Route::kBatch) {
    return OpenBatchRequest(head, target_, limits_, intake, answer);
  }
  if (*route == Route::kKeys) return OpenKeysRequest(target_, intake, answer);
  if (*route == Route::kKeyReport) {
    return OpenInspectRequest(target_, intake, answer);
  }
  if (*route == Route::kRing) return OpenRing(intake, answer);
  if (*route == Route::kTask) {
    return OpenTaskRequest(*TaskAt(target_.path), target_, intake, answer);
  }
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
  if (intake->route == Route::kKv) {
    return FinishKvRequest(body, limits_, intake, answer);
  }
  if (intake->route == Route::kBatch) {
    return FinishBatchRequest(body, limits_, intake, answer);
  }
  if (GoesToCore(intake->route)) return true;
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
    case Route::kTrace:
      FillTrace(answer);
      if (answer->status != 200) return;
      break;
    case Route::kKv:
    case Route::kKeys:
    case Route::kTask:
    case Route::kKeyReport:
    case Route::kBatch:
      ORRERY_UNREACHABLE("a page of what goes to the core");
  }
  if (!answer->body.ends_with('\n')) answer->body.push_back('\n');
}

void Router::FillTrace(Answer* answer) {
  NodeAnswer dumped = node_.DumpTrace();
  if (dumped.status != 200) {
    FillError(dumped.status, dumped.text, answer);
  } else {
    answer->body = std::move(dumped.text);
  }
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
