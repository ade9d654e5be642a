#include "node/bench_load.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/prng.h"
#include "node/http_client.h"
#include "node/response_reader.h"

namespace orrery {
namespace {

// Reconnections in a row without any answer: the targets are gone.
constexpr uint64_t kBrokenInARowMax = 1000;
constexpr Duration kQuietMax = 30 * kSecond;
// How long after the duration the answers to what was sent are waited for.
constexpr Duration kLastAnswers = 10 * kSecond;
// An interrupt is looked for as often.
constexpr Duration kWaitMax = 100 * kMillisecond;

Instant Now() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

struct Connection {
  int fd = -1;
  size_t target = 0;
  bool writes = false;  // What is in flight.
  bool busy = false;
  Instant since;  // What is in flight was sent, or was due.
  ResponseReader reader;
};

class Load {
 public:
  explicit Load(const BenchOptions& options)
      : options_(options),
        prng_(options.seed),
        write_chance_(
            static_cast<uint64_t>(options.write_ratio * kChanceScale)) {
    MakeTexts();
  }
  ~Load() {
    for (const Connection& connection : connections_) {
      if (connection.fd >= 0) close(connection.fd);
    }
    if (epoll_ >= 0) close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  absl::StatusOr<BenchResult> Run() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    connections_.resize(options_.concurrency);
    for (size_t i = 0; i < connections_.size(); ++i) {
      connections_[i].target = i % options_.targets.size();
      absl::Status opened = Open(connections_[i]);
      if (!opened.ok()) return opened;
    }
    begun_ = quiet_since_ = now_ = Now();
    for (Connection& connection : connections_) Free(connection);
    while (!IsOver()) {
      absl::Status waited = WaitAndServe();
      if (!waited.ok()) return waited;
    }
    result_.elapsed = std::min(Now(), Deadline()) - begun_;
    result_.unanswered = InFlight();
    if (IsOpenLoop()) result_.unsent = CountDue() - started_;
    result_.interrupted = IsInterrupted();
    return std::move(result_);
  }

 private:
  static constexpr uint64_t kChanceScale = 1'000'000;

  void MakeTexts() {
    std::string value;
    for (uint32_t i = 0; i < options_.value_bytes; ++i) {
      const uint64_t letter = prng_.Below(26);
      value.push_back(static_cast<char>('a' + letter));
    }
    body_ = options_.raw ? value : absl::StrCat("{\"value\":\"", value, "\"}");
    if (!options_.consistency.empty()) {
      query_ = absl::StrCat("?consistency=", options_.consistency);
    }
    if (options_.raw) {
      query_ += query_.empty() ? "?raw" : "&raw";
    }
    write_head_ = absl::StrCat(
        " HTTP/1.1\r\nHost: bench\r\nContent-Type: ",
        options_.raw ? "application/octet-stream" : "application/json",
        "\r\nContent-Length: ", body_.size(), "\r\n\r\n");
  }

  absl::Status Open(Connection& connection) {
    const absl::StatusOr<int> fd =
        ConnectTo(options_.targets[connection.target], 2 * kSecond);
    if (!fd.ok()) return fd.status();
    connection.fd = *fd;
    ++open_;
    connection.reader = ResponseReader();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<uint64_t>(&connection - connections_.data());
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    return absl::OkStatus();
  }

  void AppendKey(uint64_t index) {
    std::array<char, 32> key;
    const int size = std::snprintf(key.data(), key.size(), "bench-%08llu",
                                   static_cast<unsigned long long>(index));
    request_.append(key.data(), static_cast<size_t>(size));
  }

  bool IsOpenLoop() const { return options_.rate > 0; }
  bool IsInterrupted() const {
    return options_.interrupt != nullptr && options_.interrupt->load();
  }
  uint64_t InFlight() const { return started_ - finished_; }
  // When no more requests are begun.
  Instant Deadline() const {
    return options_.duration.ns == 0 ? Instant{INT64_MAX}
                                     : begun_ + options_.duration;
  }
  Instant DueAt(uint64_t request) const {
    return begun_ + Duration{static_cast<int64_t>(
                        static_cast<double>(request) *
                        (1e9 / static_cast<double>(options_.rate)))};
  }
  // How many should have been begun by now, were there connections enough.
  uint64_t CountDue() const {
    const Duration passed = std::min(Now(), Deadline()) - begun_;
    const double due = static_cast<double>(passed.ns) / 1e9 *
                       static_cast<double>(options_.rate);
    return std::clamp(static_cast<uint64_t>(due), started_, options_.requests);
  }
  bool MayBegin() const {
    const Instant begins = IsOpenLoop() ? DueAt(started_) : now_;
    return started_ < options_.requests && begins < Deadline();
  }
  bool IsOver() const {
    if (IsInterrupted()) return true;
    if (InFlight() == 0) {
      return started_ >= options_.requests || now_ >= Deadline();
    }
    return options_.duration.ns > 0 && now_ >= Deadline() + kLastAnswers;
  }

  // The connection has nothing in flight.
  void Free(Connection& connection) {
    if (!IsOpenLoop()) return SendNext(connection, now_);
    free_.push_back(&connection);
  }

  // Open loop: what is due, as far as connections are free.
  void SendDue() {
    while (!free_.empty() && MayBegin() && DueAt(started_) <= now_ &&
           now_ < Deadline()) {
      Connection& connection = *free_.back();
      free_.pop_back();
      SendNext(connection, DueAt(started_));
    }
  }

  void SendNext(Connection& connection, Instant since) {
    if (!MayBegin()) return;
    if (InFlight() == 0) quiet_since_ = now_;
    ++started_;
    connection.writes = prng_.Chance(write_chance_, kChanceScale);
    connection.busy = true;
    request_ = connection.writes ? "PUT /kv/" : "GET /kv/";
    AppendKey(connection.writes ? next_write_++ % options_.keys
                                : prng_.Below(options_.keys));
    request_ += query_;
    if (connection.writes) {
      request_ += write_head_;
      request_ += body_;
    } else {
      request_ += " HTTP/1.1\r\nHost: bench\r\n\r\n";
    }
    connection.since = IsOpenLoop() ? since : Now();
    if (!SendAll(connection.fd)) Break(connection);
  }

  // A request is small beside a socket buffer, so waiting is the exception.
  bool SendAll(int fd) {
    size_t sent = 0;
    while (sent < request_.size()) {
      const ssize_t count = send(fd, request_.data() + sent,
                                 request_.size() - sent, MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count < 0) return false;
      sent += static_cast<size_t>(count);
    }
    return true;
  }

  absl::Status WaitAndServe() {
    if (open_ == 0) return absl::UnavailableError("no target answers");
    std::array<epoll_event, 64> ready;
    const int count = Wait(ready);
    now_ = Now();
    for (int i = 0; i < count; ++i) {
      Serve(connections_[ready[static_cast<size_t>(i)].data.u64]);
    }
    if (IsOpenLoop()) SendDue();
    const bool is_quiet = InFlight() > 0 && now_ - quiet_since_ >= kQuietMax;
    if (is_quiet && options_.duration.ns == 0) {
      return absl::DeadlineExceededError("no answer for 30 s");
    }
    return broken_in_a_row_ < kBrokenInARowMax
               ? absl::OkStatus()
               : absl::UnavailableError("the targets are gone");
  }

  // Until answers come, or the next request is due.
  int Wait(std::span<epoll_event> ready) {
    const auto size = static_cast<int>(ready.size());
    Duration wait = kWaitMax;
    const Instant now = Now();
    if (options_.duration.ns > 0 && now < Deadline()) {
      wait = std::min(wait, Deadline() - now);
    }
    if (!free_.empty() && MayBegin()) {
      wait = std::min(wait, DueAt(started_) - now);
    }
    if (!IsOpenLoop()) {
      const int64_t ms = wait.ns / kMillisecond.ns + 1;
      return std::max(
          0, epoll_wait(epoll_, ready.data(), size, static_cast<int>(ms)));
    }
    if (wait.ns > 0) {
      // Finer than epoll_wait, whose milliseconds would be in every latency.
      pollfd waiting{epoll_, POLLIN, 0};
      const timespec time{wait.ns / kSecond.ns, wait.ns % kSecond.ns};
      if (ppoll(&waiting, 1, &time, nullptr) <= 0) return 0;
    }
    return std::max(0, epoll_wait(epoll_, ready.data(), size, 0));
  }

  void Serve(Connection& connection) {
    const std::span<char> space = connection.reader.Space();
    const ssize_t count =
        recv(connection.fd, space.data(), space.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return Break(connection);
    const std::optional<int> status =
        connection.reader.OnRead(static_cast<size_t>(count));
    if (connection.reader.is_broken()) return Break(connection);
    if (!status.has_value()) return;
    Finish(connection, *status);
  }

  void Finish(Connection& connection, int status) {
    broken_in_a_row_ = 0;
    ++finished_;
    ++result_.statuses[status];
    // A refusal is quick and would flatter both rate and latency.
    if (status < 500) {
      (connection.writes ? result_.writes : result_.reads)
          .Record(Now() - connection.since);
    }
    connection.busy = false;
    quiet_since_ = now_;
    Free(connection);
  }

  // Counts the request in flight as lost and goes on with the next target
  // that answers.
  void Break(Connection& connection) {
    close(connection.fd);
    connection.fd = -1;
    --open_;
    std::erase(free_, &connection);
    if (std::exchange(connection.busy, false)) {
      ++finished_;
      ++result_.broken_connections;
    }
    for (size_t i = 0; i < options_.targets.size(); ++i) {
      ++broken_in_a_row_;
      connection.target = (connection.target + 1) % options_.targets.size();
      if (Open(connection).ok()) return Free(connection);
    }
  }

  const BenchOptions options_;
  Prng prng_;
  uint64_t write_chance_;
  std::string body_;
  std::string query_;
  std::string write_head_;
  std::string request_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  size_t open_ = 0;                // Of them.
  std::vector<Connection*> free_;  // Open loop: nothing is in flight.
  Instant begun_;
  Instant now_;          // Of this round.
  Instant quiet_since_;  // The last answer, or the first request after none.
  uint64_t started_ = 0;
  uint64_t finished_ = 0;
  uint64_t next_write_ = 0;
  uint64_t broken_in_a_row_ = 0;
  BenchResult result_;
};

}  // namespace

absl::StatusOr<BenchResult> RunBenchLoad(const BenchOptions& options) {
  return Load(options).Run();
}

}  // namespace orrery
