#include "node/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/engine/engine.h"
#include "core/engine/pump.h"
#include "node/admin_pages.h"
#include "node/flight_recorder.h"
#include "node/last_words.h"
#include "node/metrics.h"
#include "node/node_observer.h"
#include "node/seed_resolver.h"
#include "node/trace_file.h"
#include "transport/clock/machine.h"
#include "transport/clock/system_clock.h"
#include "transport/disk/file_disk.h"
#include "transport/http/http_server.h"
#include "transport/peer/asio_network.h"
#include "transport/peer/endpoint_address.h"

namespace orrery {
namespace {

namespace asio = boost::asio;
using Level = EventLog::Level;

// CONTRACT section 5: SIGTERM ends a node within 8 s.  The engine drains and
// seals within the first, the clients have the rest.
constexpr std::chrono::milliseconds kStopTimeout(7000);
constexpr std::chrono::milliseconds kDrainPoll(10);
constexpr std::chrono::milliseconds kReadinessPoll(200);
constexpr int kDrainPollsMax = 50;

Endpoint GossipEndpointOf(const NodeConfig& config) {
  // The configuration has checked that it is a literal.
  return ParseAddress(config.address, config.gossip_port).value_or(Endpoint());
}

EngineOptions EngineOptionsOf(const NodeConfig& config) {
  EngineOptions options;
  options.node_name = config.node_id;
  options.gossip = GossipEndpointOf(config);
  options.http_port = config.port;
  options.vnodes = config.virtual_nodes;
  options.replication = config.replication_factor;
  options.read_quorum = config.read_quorum;
  options.write_quorum = config.write_quorum;
  options.seeds_configured = !config.seed_nodes.empty();
  options.auto_join = config.auto_join;
  options.sync_writes = config.sync_writes;
  options.sync_interval = config.sync_interval;
  options.max_file_bytes = config.max_file_size;
  options.compact_interval = config.compact_interval;
  options.gossip_interval = config.gossip_interval;
  options.suspect_timeout = config.suspect_timeout;
  options.dead_timeout = config.dead_timeout;
  options.request_timeout = config.request_timeout;
  options.handoff_timeout = config.handoff_timeout;
  return options;
}

// Descriptors that are kept for data files, peers and what the libraries open:
// clients must not be able to use them up.
constexpr uint64_t kDescriptorsKept = 512;
constexpr uint64_t kDescriptorsMin = kDescriptorsKept + 64;

// Connections and data files are descriptors; a shell's default of 1,024 is
// few of them.  Returns how many there may be.
uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kDescriptorsMin;
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur
                                                : limit.rlim_cur;
}

class NodeServer final : public NodeApi {
 public:
  NodeServer(const NodeConfig& config, RecordOptions record, EventLog& log)
      : config_(config),
        record_(std::move(record)),
        log_(log),
        engine_(EngineOptionsOf(config)),
        signals_(loop_, SIGINT, SIGTERM),
        stop_timer_(loop_),
        readiness_timer_(loop_),
        begun_(std::chrono::steady_clock::now()) {}

  ExitCode Run() {
    descriptors_ = RaiseDescriptorLimit();
    std::signal(SIGPIPE, SIG_IGN);
    if (descriptors_ < kDescriptorsMin) {
      Refuse(absl::ResourceExhaustedError(absl::StrCat(
          "this process may open ", descriptors_, " files; at least ",
          kDescriptorsMin, " are needed: raise the limit (ulimit -n)")));
      return kExitUnexpected;
    }
    if (!OpenPorts() || !Begin()) return kExitUnexpected;
    loop_.run();
    return exit_code_;
  }

  std::string StatusJson() override { return StatusPage(engine_, Facts()); }
  std::string RingJson(std::string_view key) override {
    return RingPage(engine_, key);
  }
  std::string StatsJson() override { return StatsPage(engine_); }
  std::string HealthJson() override { return HealthPage(Facts()); }
  std::string WaitingFor() override { return engine_.WaitingFor(); }
  NodeAnswer DumpTrace() override;
  std::string MetricsText() override {
    const std::map<std::string_view, uint64_t> marks = observer_->marks();
    return RenderMetrics({engine_, http_->stats(), network_->counters(), marks,
                          static_cast<uint64_t>(Uptime().ns / kSecond.ns)});
  }

 private:
  bool OpenPorts();
  bool Begin();
  bool BeginTrace();
  bool BeginFlightRecorder();
  void ConnectRecorders(NodeObserver::Callbacks* callbacks);
  void OnStepRecorded(const Event& event, const Effects& effects);
  void SayLast();
  void Deliver(EventBody body) { pump_->Deliver(std::move(body)); }
  void OnFatal(int exit_code);
  void OnStopped();
  void BeginStop();
  void AwaitDrained(int polls_left);
  void End(ExitCode code);
  bool Refuse(const absl::Status& status);
  void AwaitSignal();
  void WatchReadiness();

  // Half of what is not kept for files, so that peers find some too.
  uint32_t ConnectionsMax() const {
    const uint64_t share = (descriptors_ - kDescriptorsKept) / 2;
    const uint32_t usual = HttpServer::Options().connections_max;
    return static_cast<uint32_t>(std::min<uint64_t>(usual, share));
  }

  Duration Uptime() const {
    const auto up = std::chrono::steady_clock::now() - begun_;
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(up).count()};
  }
  NodeFacts Facts() const {
    const std::optional<Endpoint> http =
        ParseAddress(config_.address, config_.port);
    return {config_.node_id, FormatEndpoint(http.value_or(Endpoint())),
            Uptime()};
  }

  const NodeConfig& config_;
  RecordOptions record_;
  EventLog& log_;
  uint64_t descriptors_ = 0;  // How many this process may open.
  asio::io_context loop_{1};  // First made, last destroyed.
  Engine engine_;
  std::unique_ptr<SystemClock> clock_;
  std::unique_ptr<FileDisk> disk_;
  std::unique_ptr<AsioNetwork> network_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<TraceFile> trace_;
  std::unique_ptr<FlightRecorder> flight_;
  std::unique_ptr<NodeObserver> observer_;
  std::unique_ptr<Pump> pump_;
  std::unique_ptr<SeedResolver> seeds_;
  asio::signal_set signals_;
  asio::steady_timer stop_timer_;
  asio::steady_timer readiness_timer_;
  std::string waiting_for_ = "nothing";  // As last logged; empty: it serves.
  std::chrono::steady_clock::time_point begun_;
  bool stopping_ = false;
  bool ended_ = false;
  ExitCode exit_code_ = kExitOk;
};

bool NodeServer::OpenPorts() {
  clock_ =
      std::make_unique<SystemClock>(loop_, [this] { Deliver(TickEvent{}); });
  auto disk =
      FileDisk::Open(loop_, {.directory = config_.data_dir},
                     [this](DiskDone done) { Deliver(std::move(done)); });
  if (!disk.ok()) return Refuse(disk.status());
  disk_ = std::move(*disk);
  auto network =
      AsioNetwork::Listen(loop_, GossipEndpointOf(config_),
                          [this](EventBody body) { Deliver(std::move(body)); });
  if (!network.ok()) return Refuse(network.status());
  network_ = std::move(*network);
  http_ = std::make_unique<HttpServer>(
      loop_,
      HttpServer::Options{.address = config_.address,
                          .port = config_.port,
                          .connections_max = ConnectionsMax(),
                          .kv = {.replication = config_.replication_factor}},
      *this,
      HttpServer::Callbacks{
          [this](ClientRequest request) { Deliver(std::move(request)); },
          [this](Handle client) { Deliver(ClientGoneEvent{client}); }});
  const absl::Status listening = http_->Start();
  return listening.ok() || Refuse(listening);
}

bool NodeServer::BeginTrace() {
  if (record_.path.empty()) return true;
  absl::StatusOr<std::unique_ptr<TraceFile>> trace = TraceFile::Create(
      record_.path, EngineOptionsOf(config_),
      record_.values ? ValueMode::kWhole : ValueMode::kElided);
  if (!trace.ok()) return Refuse(trace.status());
  trace_ = *std::move(trace);
  log_.Write(Level::kInfo, "recording", {{"trace", record_.path}});
  return true;
}

bool NodeServer::BeginFlightRecorder() {
  if (record_.memory_mib == 0) return true;
  const std::string directory = record_.trace_dir.empty()
                                    ? config_.data_dir + "/traces"
                                    : record_.trace_dir;
  auto flight =
      FlightRecorder::Start({.memory_bytes = size_t{record_.memory_mib} << 20,
                             .directory = directory},
                            EngineOptionsOf(config_));
  if (!flight.ok()) return Refuse(flight.status());
  flight_ = *std::move(flight);
  return true;
}

void NodeServer::ConnectRecorders(NodeObserver::Callbacks* callbacks) {
  if (trace_ == nullptr && flight_ == nullptr) return;
  SetLastWords([this] { SayLast(); });
  callbacks->event = [this](const Event& event) {
    if (trace_ != nullptr) trace_->Add(event, engine_);
    if (flight_ != nullptr) flight_->Add(event, engine_);
  };
  callbacks->step = [this](const Event& event, const Effects& effects) {
    OnStepRecorded(event, effects);
  };
}

void NodeServer::OnStepRecorded(const Event& event, const Effects& effects) {
  if (trace_ != nullptr) {
    trace_->AddEffects(event, effects, engine_);
    const absl::Status failure = trace_->TakeFailure();
    if (!failure.ok()) {
      log_.Write(Level::kWarning, "trace_ended",
                 {{"why", std::string(failure.message())}});
    }
  }
  if (flight_ != nullptr) {
    flight_->AddEffects(event, effects, engine_);
    const absl::Status failure = flight_->TakeFailure();
    if (!failure.ok()) {
      log_.Write(Level::kWarning, "flight_recorder",
                 {{"why", std::string(failure.message())}});
    }
  }
}

// An invariant failed on this thread.
void NodeServer::SayLast() {
  if (trace_ != nullptr) trace_->Flush();
  if (flight_ == nullptr) return;
  const absl::StatusOr<std::string> dump = flight_->DumpLastWords();
  if (dump.ok()) {
    log_.Write(Level::kError, "trace_dumped", {{"file", *dump}});
  } else {
    log_.Write(Level::kError, "trace_not_dumped",
               {{"why", std::string(dump.status().message())}});
  }
}

NodeAnswer NodeServer::DumpTrace() {
  if (flight_ == nullptr) {
    return {503, "this node has no flight recorder: --trace-memory is 0"};
  }
  const absl::StatusOr<FlightRecorder::Dump> dump =
      flight_->DumpNow(engine_, clock_->Now().wall);
  if (dump.ok()) {
    log_.Write(Level::kInfo, "trace_dumped", {{"file", dump->file}});
    return {200, TracePage(*dump)};
  }
  const int status = absl::IsResourceExhausted(dump.status()) ? 507 : 503;
  return {status, std::string(dump.status().message())};
}

bool NodeServer::Begin() {
  NodeObserver::Callbacks callbacks{
      .fatal = [this](int code) { OnFatal(code); },
      .stopped = [this] { OnStopped(); },
      .event = {},
      .step = {}};
  if (!BeginTrace() || !BeginFlightRecorder()) return false;
  ConnectRecorders(&callbacks);
  observer_ = std::make_unique<NodeObserver>(
      log_, [this](NodeId id) { return NameOf(engine_, id); },
      std::move(callbacks));
  pump_ = std::make_unique<Pump>(
      engine_, Pump::Ports{*clock_, *disk_, *network_, *http_, *observer_});
  seeds_ = std::make_unique<SeedResolver>(
      loop_, config_.seed_nodes, GossipEndpointOf(config_),
      [this](SeedsEvent event) { Deliver(std::move(event)); });
  StartEvent start;
  const absl::StatusOr<std::array<uint8_t, 32>> entropy = ReadEntropy();
  if (!entropy.ok()) return Refuse(entropy.status());
  start.entropy = *entropy;
  const absl::StatusOr<Id128> boot_id = ReadBootId();
  if (!boot_id.ok()) return Refuse(boot_id.status());
  start.boot_id = *boot_id;
  log_.Write(Level::kInfo, "starting",
             {{"http", Facts().address},
              {"gossip", FormatEndpoint(GossipEndpointOf(config_))},
              {"data_dir", config_.data_dir}});
  AwaitSignal();
  Deliver(std::move(start));
  seeds_->Start();
  WatchReadiness();
  return true;
}

bool NodeServer::Refuse(const absl::Status& status) {
  log_.Write(Level::kError, "cannot_start",
             {{"why", std::string(status.message())}});
  return false;
}

void NodeServer::AwaitSignal() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    if (stopping_) {
      log_.Write(Level::kWarning, "stopped_at_once");
      return End(kExitUnexpected);
    }
    AwaitSignal();
    BeginStop();
  });
}

// Says on the log what the node waits for, and when it serves.
void NodeServer::WatchReadiness() {
  if (stopping_) return;
  const std::string waiting_for = engine_.WaitingFor();
  if (waiting_for != waiting_for_) {
    waiting_for_ = waiting_for;
    if (waiting_for.empty()) {
      log_.Write(Level::kInfo, "serving", {{"http", Facts().address}});
    } else {
      log_.Write(Level::kInfo, "waiting", {{"for", waiting_for}});
    }
  }
  readiness_timer_.expires_after(kReadinessPoll);
  readiness_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) WatchReadiness();
  });
}

void NodeServer::BeginStop() {
  stopping_ = true;
  log_.Write(Level::kInfo, "stopping");
  seeds_.reset();
  stop_timer_.expires_after(kStopTimeout);
  stop_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    log_.Write(Level::kError, "stop_timed_out");
    End(kExitUnexpected);
  });
  http_->BeginShutdown();
  Deliver(StopEvent{});
}

// Called by the pump: the loop goes on first.
void NodeServer::OnStopped() {
  asio::post(loop_, [this] { AwaitDrained(kDrainPollsMax); });
}

// The last answers are on their way to the clients.
void NodeServer::AwaitDrained(int polls_left) {
  if (http_->IsDrained() || polls_left == 0) {
    log_.Write(Level::kInfo, "stopped");
    return End(kExitOk);
  }
  stop_timer_.expires_after(kDrainPoll);
  stop_timer_.async_wait(
      [this, polls_left](const boost::system::error_code& error) {
        if (!error) AwaitDrained(polls_left - 1);
      });
}

void NodeServer::OnFatal(int exit_code) {
  const bool known = exit_code == kExitUsage;
  asio::post(loop_,
             [this, known] { End(known ? kExitUsage : kExitUnexpected); });
}

void NodeServer::End(ExitCode code) {
  if (std::exchange(ended_, true)) return;
  exit_code_ = code;
  SetLastWords(nullptr);
  if (trace_ != nullptr) trace_->Finish(engine_);
  loop_.stop();
}

}  // namespace

ExitCode RunNode(const NodeConfig& config, const RecordOptions& record,
                 EventLog& log) {
  return NodeServer(config, record, log).Run();
}

}  // namespace orrery
