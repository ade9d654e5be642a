#include "transport/http/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "core/base/pool.h"
#include "transport/http/http_date.h"
#include "transport/http/listen_socket.h"
#include "transport/http/session.h"

namespace orrery {
namespace {

namespace asio = boost::asio;

// Sockets served per wake-up before other work of the loop has its turn.
constexpr size_t kReadyMax = 128;
constexpr int kAcceptsPerWakeMax = 64;
constexpr std::chrono::milliseconds kSweepInterval(250);
// How long a closed connection is read on, so that the last answer is not
// lost to a reset, and how much of it.
constexpr Duration kLingerTimeout = 2 * kSecond;
constexpr uint64_t kLingerBytesMax = 64 << 20;
constexpr uint64_t kListenerTag = ~uint64_t{0};

constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    "Retry-After: 1\r\nConnection: close\r\nContent-Length: 88\r\n\r\n"
    "{\"error\":\"Service Unavailable\",\"code\":503,"
    "\"message\":\"this node has no free connection\"}\n";

Instant Now() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::steady_clock::now().time_since_epoch())
              .count()};
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(asio::io_context& loop, const Options& options, NodeApi& node,
       Callbacks callbacks)
      : options_(options),
        callbacks_(std::move(callbacks)),
        router_(options.kv, node),
        in_flight_(options.requests_max),
        epoll_(loop, epoll_create1(EPOLL_CLOEXEC)),
        sweep_(loop),
        loop_(loop) {}

  ~Impl() {
    for (const auto& connection : connections_) {
      if (connection != nullptr) close(connection->fd);
    }
    CloseListener();
  }

  absl::Status Start();
  void BeginShutdown();
  bool IsDrained() const;
  void Reply(Handle client, const ClientReply& reply);

  uint16_t port_ = 0;
  HttpStats stats_;

 private:
  struct InFlight {
    uint32_t connection = 0;
    ReplyAddress address;
    ClientVerb verb = ClientVerb::kGet;
    Instant begun;
  };

  struct Connection final : Session::Host {
    Connection(Impl& owner, uint32_t index, int socket, Instant now)
        : impl(owner), slot(index), fd(socket), session(*this, now) {}

    Router& router() override { return impl.router_; }
    std::string_view Date() override { return impl.date_.Now(); }
    bool IsStopping() const override { return impl.stopping_; }
    bool ReserveBody(uint64_t bytes) override {
      if (bytes > impl.options_.body_bytes_max - impl.body_bytes_) return false;
      impl.body_bytes_ += bytes;
      return true;
    }
    void ReleaseBody(uint64_t bytes) override { impl.body_bytes_ -= bytes; }
    void OnAnswered(int status) override { ++impl.stats_.answers[status]; }
    void OnAnswerBytes(uint64_t before, uint64_t after) override {
      impl.answer_bytes_ += after;
      impl.answer_bytes_ -= before;
      if (after > before) impl.KeepAnswerBudget();
    }
    std::optional<Handle> MintHandle(Session&, ReplyAddress address) override {
      if (impl.in_flight_.IsFull()) return std::nullopt;
      return impl.in_flight_.Create(
          InFlight{slot, address, ClientVerb::kGet, impl.now_});
    }
    void Submit(ClientRequest request) override {
      impl.in_flight_.Find(request.client)->verb = request.verb;
      impl.callbacks_.submit(std::move(request));
    }

    Impl& impl;
    uint32_t slot;
    int fd;
    uint32_t interest = EPOLLIN;  // What epoll watches.
    bool is_dirty = false;        // In dirty_.
    bool lingers = false;
    Instant linger_since;
    uint64_t lingered_bytes = 0;
    Session session;
  };

  void Watch();
  void OnWake();
  void OnListener();
  bool AcceptOne();
  void Open(int fd);
  void OnReady(Connection& connection, uint32_t events);
  void Read(Connection& connection);
  void ReadPast(Connection& connection);
  void MarkDirty(Connection& connection);
  void KeepAnswerBudget();
  void FlushDirty();
  void Flush(Connection& connection);
  bool Write(Connection& connection);
  void UpdateInterest(Connection& connection);
  void BeginLinger(Connection& connection);
  void Close(Connection& connection);
  void ArmSweep();
  void Sweep();
  void CloseListener();

  const Options options_;
  const Callbacks callbacks_;
  Router router_;
  HttpDate date_;
  Pool<InFlight> in_flight_;
  uint64_t body_bytes_ = 0;
  uint64_t answer_bytes_ = 0;
  bool stopping_ = false;
  Instant now_ = Now();

  int listener_ = -1;
  bool listener_paused_ = false;  // No descriptors: until the next sweep.
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint32_t> free_slots_;
  std::vector<uint32_t> dirty_;
  bool waking_ = false;
  bool flush_posted_ = false;

  asio::posix::stream_descriptor epoll_;
  asio::steady_timer sweep_;
  asio::io_context& loop_;
};

absl::Status HttpServer::Impl::Start() {
  const absl::StatusOr<ListenSocket> socket =
      OpenListenSocket(options_.address, options_.port);
  if (!socket.ok()) return socket.status();
  listener_ = socket->fd;
  port_ = socket->port;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListenerTag;
  if (epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, listener_, &event) !=
      0) {
    return absl::UnavailableError("listen: epoll_ctl failed");
  }
  Watch();
  ArmSweep();
  return absl::OkStatus();
}

void HttpServer::Impl::Watch() {
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                      if (error) return;  // The server is being destroyed.
                      OnWake();
                      Watch();
                    });
}

void HttpServer::Impl::OnWake() {
  std::array<epoll_event, kReadyMax> ready;
  const int count = epoll_wait(epoll_.native_handle(), ready.data(),
                               static_cast<int>(ready.size()), 0);
  now_ = Now();
  waking_ = true;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<size_t>(i)];
    if (event.data.u64 == kListenerTag) {
      OnListener();
      continue;
    }
    // A connection is closed only by its own event here, so it is there.
    const auto slot = static_cast<size_t>(event.data.u64);
    if (connections_[slot] != nullptr) {
      OnReady(*connections_[slot], event.events);
    }
  }
  FlushDirty();
  waking_ = false;
}

void HttpServer::Impl::OnListener() {
  for (int i = 0; i < kAcceptsPerWakeMax && AcceptOne(); ++i) {
  }
}

bool HttpServer::Impl::AcceptOne() {
  const int fd =
      accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    Open(fd);
    return true;
  }
  if (errno == EINTR || errno == ECONNABORTED) return true;
  if (errno == EAGAIN) return false;
  // Out of descriptors or memory: the queue stays ready, so look away.
  epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, listener_, nullptr);
  listener_paused_ = true;
  return false;
}

void HttpServer::Impl::Open(int fd) {
  if (stats_.connections_open >= options_.connections_max) {  // HSV-2
    ++stats_.connections_refused;
    static_cast<void>(send(fd, kTooManyConnections.data(),
                           kTooManyConnections.size(), MSG_NOSIGNAL));
    close(fd);
    return;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  uint32_t slot = static_cast<uint32_t>(connections_.size());
  if (free_slots_.empty()) {
    connections_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = slot;
  if (epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) {
    close(fd);
    free_slots_.push_back(slot);
    return;
  }
  connections_[slot] = std::make_unique<Connection>(*this, slot, fd, now_);
  ++stats_.connections_open;
  ++stats_.connections_total;
}

void HttpServer::Impl::OnReady(Connection& connection, uint32_t events) {
  if (connection.lingers) return ReadPast(connection);
  if ((events & EPOLLOUT) != 0) MarkDirty(connection);
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Read(connection);
}

void HttpServer::Impl::Read(Connection& connection) {
  const std::span<char> space = connection.session.ReadSpace();
  const ssize_t count = recv(connection.fd, space.data(), space.size(), 0);
  if (count > 0) {
    connection.session.OnRead(static_cast<size_t>(count), now_);
    MarkDirty(connection);
    return;
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) return Close(connection);
  connection.session.OnPeerClosed();
  MarkDirty(connection);
}

// What comes after the last answer is read only so that the client is not
// reset before it has read that answer.
void HttpServer::Impl::ReadPast(Connection& connection) {
  std::array<char, 16 << 10> nowhere;
  const ssize_t count =
      recv(connection.fd, nowhere.data(), nowhere.size(), MSG_TRUNC);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) {
    connection.lingered_bytes += static_cast<uint64_t>(count);
    if (connection.lingered_bytes < kLingerBytesMax) return;
  }
  Close(connection);
}

void HttpServer::Impl::Reply(Handle client, const ClientReply& reply) {
  InFlight* found = in_flight_.Find(client);
  if (found == nullptr) return;  // The client hung up.
  const InFlight request = *found;
  in_flight_.Destroy(client);
  Connection& connection = *connections_[request.connection];
  stats_.LatencyOf(request.verb).Record(Now() - request.begun);
  connection.session.OnReply(request.address, reply);
  MarkDirty(connection);
}

// Answers gather until the end of this wake-up, or of this turn of the loop.
void HttpServer::Impl::MarkDirty(Connection& connection) {
  if (!connection.is_dirty) {
    connection.is_dirty = true;
    dirty_.push_back(connection.slot);
  }
  if (waking_ || flush_posted_) return;
  flush_posted_ = true;
  asio::post(loop_, [this] {
    flush_posted_ = false;
    now_ = Now();
    waking_ = true;  // What Resume submits may be answered at once.
    FlushDirty();
    waking_ = false;
  });
}

// Only marks: the sockets are closed in FlushDirty, for this may be called
// from inside any session.
void HttpServer::Impl::KeepAnswerBudget() {  // HSV-3
  while (answer_bytes_ > options_.answer_bytes_max) {
    Connection* most = nullptr;
    for (const auto& connection : connections_) {
      if (connection == nullptr) continue;
      if (most == nullptr ||
          connection->session.answer_bytes() > most->session.answer_bytes()) {
        most = connection.get();
      }
    }
    ORRERY_INVARIANT(most != nullptr && most->session.answer_bytes() > 0);
    ++stats_.connections_abandoned;
    most->session.Abandon();
    MarkDirty(*most);
  }
}

void HttpServer::Impl::FlushDirty() {
  // Flush may submit more and so mark more.
  for (size_t i = 0; i < dirty_.size(); ++i) {
    Connection* connection = connections_[dirty_[i]].get();
    if (connection == nullptr || !connection->is_dirty) continue;
    connection->is_dirty = false;
    Flush(*connection);
  }
  dirty_.clear();
}

void HttpServer::Impl::Flush(Connection& connection) {
  if (!Write(connection)) return Close(connection);
  Session& session = connection.session;
  // A pause may have begun and ended within one wake-up, and what was buffered
  // then makes no socket ready.
  if (session.WantsResume()) {
    const size_t unsent_before = session.Unsent().size();
    session.Resume(now_);
    if (session.Unsent().size() > unsent_before) MarkDirty(connection);
  }
  if (session.is_abandoned()) return Close(connection);
  if (session.IsFinished()) return BeginLinger(connection);
  UpdateInterest(connection);
}

// False: the connection is broken.
bool HttpServer::Impl::Write(Connection& connection) {
  const std::string_view unsent = connection.session.Unsent();
  if (unsent.empty()) return true;
  const ssize_t count =
      send(connection.fd, unsent.data(), unsent.size(), MSG_NOSIGNAL);
  if (count >= 0) {
    connection.session.OnSent(static_cast<size_t>(count), now_);
    return true;
  }
  return errno == EAGAIN || errno == EINTR;
}

void HttpServer::Impl::UpdateInterest(Connection& connection) {
  const uint32_t reads = connection.session.WantsRead() ? EPOLLIN : 0u;
  const uint32_t writes = connection.session.Unsent().empty() ? 0u : EPOLLOUT;
  const uint32_t wanted = reads | writes;
  if (wanted == connection.interest) return;
  connection.interest = wanted;
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = connection.slot;
  epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, connection.fd, &event);
}

void HttpServer::Impl::BeginLinger(Connection& connection) {
  if (connection.session.peer_closed() ||
      shutdown(connection.fd, SHUT_WR) != 0) {
    return Close(connection);
  }
  connection.lingers = true;
  connection.linger_since = now_;
  connection.interest = EPOLLIN;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = connection.slot;
  epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, connection.fd, &event);
}

void HttpServer::Impl::Close(Connection& connection) {
  for (const Handle handle : connection.session.HandlesInFlight()) {
    in_flight_.Destroy(handle);
    callbacks_.gone(handle);
  }
  close(connection.fd);
  --stats_.connections_open;
  const uint32_t slot = connection.slot;
  connections_[slot].reset();
  free_slots_.push_back(slot);
}

void HttpServer::Impl::ArmSweep() {
  sweep_.expires_after(kSweepInterval);
  sweep_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    Sweep();
    ArmSweep();
  });
}

void HttpServer::Impl::Sweep() {
  now_ = Now();
  waking_ = true;
  if (listener_paused_ && listener_ >= 0) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kListenerTag;
    epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, listener_, &event);
    listener_paused_ = false;
  }
  for (size_t i = 0; i < connections_.size(); ++i) {
    Connection* connection = connections_[i].get();
    if (connection == nullptr) continue;
    if (connection->lingers) {
      if (now_ - connection->linger_since > kLingerTimeout) Close(*connection);
      continue;
    }
    connection->session.OnSweep(now_);
    if (connection->session.IsFinished()) {
      Close(*connection);
    } else if (!connection->session.Unsent().empty()) {
      MarkDirty(*connection);
    }
  }
  FlushDirty();
  waking_ = false;
}

void HttpServer::Impl::BeginShutdown() {
  stopping_ = true;
  CloseListener();
  Sweep();
}

bool HttpServer::Impl::IsDrained() const {
  for (const auto& connection : connections_) {
    if (connection == nullptr || connection->lingers) continue;
    if (connection->session.HasUnanswered()) return false;
    if (!connection->session.Unsent().empty()) return false;
  }
  return true;
}

void HttpServer::Impl::CloseListener() {
  if (listener_ >= 0) close(listener_);
  listener_ = -1;
}

HttpServer::HttpServer(asio::io_context& loop, const Options& options,
                       NodeApi& node, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(loop, options, node, std::move(callbacks))) {
}
HttpServer::~HttpServer() = default;

absl::Status HttpServer::Start() { return impl_->Start(); }
uint16_t HttpServer::port() const { return impl_->port_; }
void HttpServer::BeginShutdown() { impl_->BeginShutdown(); }
bool HttpServer::IsDrained() const { return impl_->IsDrained(); }
void HttpServer::Reply(Handle client, ClientReply reply) {
  impl_->Reply(client, reply);
}
const HttpStats& HttpServer::stats() const { return impl_->stats_; }

}  // namespace orrery
