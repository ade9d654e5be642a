#include "node/bench_command.h"

#include <array>
#include <atomic>
#include <cinttypes>
#include <csignal>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "node/responder.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

struct NamedPercentile {
  const char* name;
  uint32_t millionths;
};
constexpr std::array<NamedPercentile, 6> kPercentiles = {{{"p50", 500'000},
                                                          {"p90", 900'000},
                                                          {"p99", 990'000},
                                                          {"p99.9", 999'000},
                                                          {"p99.99", 999'900},
                                                          {"max", 1'000'000}}};

double Seconds(Duration duration) {
  return static_cast<double>(duration.ns) / static_cast<double>(kSecond.ns);
}

double Milliseconds(Duration duration) {
  return static_cast<double>(duration.ns) /
         static_cast<double>(kMillisecond.ns);
}

double PerSecond(const BenchResult& result) {
  const auto answered =
      static_cast<double>(result.reads.count() + result.writes.count());
  return answered / Seconds(result.elapsed);
}

void PrintLatency(const char* name, const LatencyHistogram& latency) {
  if (latency.count() == 0) return;
  std::printf("%-7s %10" PRIu64, name, latency.count());
  for (const NamedPercentile& percentile : kPercentiles) {
    std::printf("  %s %.3f ms", percentile.name,
                Milliseconds(latency.Percentile(percentile.millionths)));
  }
  std::printf("\n");
}

void PrintTable(const BenchResult& result, uint64_t rate) {
  if (result.interrupted) std::printf("interrupted; until then:\n");
  std::printf("%.0f requests/s over %.2f s", PerSecond(result),
              Seconds(result.elapsed));
  if (rate > 0) std::printf(" (%" PRIu64 " were asked for)", rate);
  std::printf("\n");
  PrintLatency("reads", result.reads);
  PrintLatency("writes", result.writes);
  for (const auto& [status, count] : result.statuses) {
    std::printf("status %d: %" PRIu64 "\n", status, count);
  }
  if (result.broken_connections > 0) {
    std::printf("broken connections: %" PRIu64 "\n", result.broken_connections);
  }
  if (result.unanswered > 0) {
    std::printf("without an answer at the end: %" PRIu64 "\n",
                result.unanswered);
  }
  if (result.unsent > 0) {
    std::printf("due at the end, but no connection was free: %" PRIu64
                "; they are in no latency\n",
                result.unsent);
  }
}

void WriteLatency(const char* name, const LatencyHistogram& latency,
                  JsonWriter* json) {
  json->Name(name).BeginObject().Member("count", latency.count());
  for (const NamedPercentile& percentile : kPercentiles) {
    json->Name(absl::StrCat(percentile.name, "_ms"))
        .Number(Milliseconds(latency.Percentile(percentile.millionths)));
  }
  json->EndObject();
}

void PrintJson(const BenchResult& result, uint64_t rate) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject().Name("requests_per_second").Number(PerSecond(result));
  json.Name("seconds").Number(Seconds(result.elapsed));
  WriteLatency("reads", result.reads, &json);
  WriteLatency("writes", result.writes, &json);
  json.Name("statuses").BeginObject();
  for (const auto& [status, count] : result.statuses) {
    json.Member(std::to_string(status), count);
  }
  json.EndObject();
  json.Member("broken_connections", result.broken_connections)
      .Member("unanswered", result.unanswered)
      .Member("unsent", result.unsent);
  if (rate > 0) json.Member("rate", rate);
  if (result.interrupted) json.Name("interrupted").Bool(true);
  json.EndObject();
  std::printf("%s\n", text.c_str());
}

std::atomic<bool> bench_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// The first Ctrl-C ends the run with its summary, a second one the process.
void EndOnSignals() {
  struct sigaction action{};
  action.sa_handler = [](int) { bench_interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

constexpr uint64_t kRequestsDefault = 10000;

// False: it is said what is wrong.
bool TakeLength(const BenchCommand& command, BenchOptions* options) {
  options->requests = command.requests.value_or(
      command.duration.empty() ? kRequestsDefault : UINT64_MAX);
  if (command.duration.empty()) return true;
  GivenValue given;
  given.text = command.duration;
  const std::string wrong = ReadDuration(given, &options->duration);
  if (wrong.empty()) return true;
  std::fprintf(stderr, "orrery: --duration %s\n", wrong.c_str());
  return false;
}

}  // namespace

ExitCode RunBench(const BenchCommand& command) {
  if (command.responder_port != 0) {
    return RunResponder(command.responder_port, command.load.value_bytes);
  }
  BenchOptions options = command.load;
  GivenValue given;
  given.text = command.target;
  std::vector<std::string> texts;
  const std::string wrong = ReadSeeds(given, &texts);
  if (!wrong.empty()) {
    std::fprintf(stderr, "orrery: --target %s\n", wrong.c_str());
    return kExitUsage;
  }
  for (const std::string& text : texts) {
    HostPort target;
    if (ParseHostPort(text, &target)) options.targets.push_back(target);
  }
  if (!TakeLength(command, &options)) return kExitUsage;
  options.interrupt = &bench_interrupted;
  EndOnSignals();
  const absl::StatusOr<BenchResult> result = RunBenchLoad(options);
  if (!result.ok()) {
    const std::string message(result.status().message());
    std::fprintf(stderr, "orrery: bench: %s\n", message.c_str());
    return kExitUnexpected;
  }
  command.json ? PrintJson(*result, options.rate)
               : PrintTable(*result, options.rate);
  return kExitOk;
}

}  // namespace orrery
