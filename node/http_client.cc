#include "node/http_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

namespace http = boost::beast::http;

constexpr Duration kAnswerTimeout = 30 * kSecond;
constexpr Duration kNextTimeout = 8 * kSecond;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string NameOf(const HostPort& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return is_v6 ? absl::StrCat("[", endpoint.host, "]:", endpoint.port)
               : absl::StrCat(endpoint.host, ":", endpoint.port);
}

// 0 or an errno.
int ConnectAddress(int fd, const addrinfo& address, Duration timeout) {
  if (connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd waiting{fd, POLLOUT, 0};
  const int ready =
      poll(&waiting, 1, static_cast<int>(timeout.ns / kMillisecond.ns));
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void MakeBlocking(int fd, Duration timeout) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  timeval time{};
  time.tv_sec = timeout.ns / kSecond.ns;
  // Zero would be for ever.
  time.tv_usec =
      std::max<int64_t>(1, timeout.ns % kSecond.ns / kMicrosecond.ns);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

std::string Serialize(const HttpRequest& request, const HostPort& endpoint) {
  std::string bytes = absl::StrCat(request.method, " ", request.target,
                                   " HTTP/1.1\r\nHost: ", NameOf(endpoint),
                                   "\r\nConnection: close\r\n");
  for (const auto& [name, value] : request.headers) {
    absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  }
  absl::StrAppend(&bytes, "Content-Length: ", request.body.size(), "\r\n\r\n",
                  request.body);
  return bytes;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

absl::StatusOr<HttpResponse> Receive(int fd) {
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  parser.header_limit(128 << 10);
  parser.eager(true);
  std::string buffered;
  std::array<char, 64 << 10> part;
  boost::beast::error_code error;
  while (!parser.is_done()) {
    const ssize_t count = recv(fd, part.data(), part.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return absl::UnknownError("no answer came in time");
    if (count == 0) {
      // Beast takes the end of what never began for a whole 200.
      const bool has_begun = parser.got_some();
      if (has_begun) parser.put_eof(error);
      if (!has_begun || error || !parser.is_done()) {
        return absl::UnknownError("the connection was lost before the answer");
      }
      break;
    }
    buffered.append(part.data(), static_cast<size_t>(count));
    const size_t used = parser.put(
        boost::asio::const_buffer(buffered.data(), buffered.size()), error);
    if (error && error != http::error::need_more) {
      return absl::UnknownError("the answer is not HTTP");
    }
    buffered.erase(0, used);
  }
  HttpResponse response;
  response.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) {
    response.headers.emplace_back(
        std::string(field.name_string().data(), field.name_string().size()),
        std::string(field.value().data(), field.value().size()));
  }
  response.body = std::move(parser.get().body());
  return response;
}

bool SaysNotApplied(const HttpResponse& response) {
  boost::system::error_code error;
  const boost::json::value body = boost::json::parse(response.body, error);
  if (error || !body.is_object()) return false;
  const boost::json::value* applied = body.get_object().if_contains("applied");
  return applied != nullptr && applied->is_string() &&
         applied->get_string() == "no";
}

bool MayTryNext(const HttpResponse& response, TryNext rule) {
  if (response.status != 503 || rule == TryNext::kUnsent) return false;
  return rule == TryNext::kAlways || SaysNotApplied(response);
}

}  // namespace

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [given, value] : headers) {
    if (boost::beast::iequals(
            boost::beast::string_view(given.data(), given.size()),
            boost::beast::string_view(name.data(), name.size()))) {
      return value;
    }
  }
  return {};
}

absl::StatusOr<int> ConnectTo(const HostPort& endpoint, Duration timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(),
                  &hints, &found);
  if (failed != 0) {
    return absl::UnavailableError(
        absl::StrCat(NameOf(endpoint), ": ", gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found,
                                                                 freeaddrinfo);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* address = found; address != nullptr;
       address = address->ai_next) {
    Socket socket(::socket(address->ai_family,
                           SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.get() < 0) continue;
    error = ConnectAddress(socket.get(), *address, timeout);
    if (error != 0) continue;
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return socket.Release();
  }
  return absl::UnavailableError(
      absl::StrCat(NameOf(endpoint), ": ", std::strerror(error)));
}

absl::StatusOr<HttpResponse> HttpClient::SendTo(const HostPort& endpoint,
                                                const HttpRequest& request,
                                                Duration answer_timeout) const {
  const absl::StatusOr<int> fd = ConnectTo(endpoint, options_.connect_timeout);
  if (!fd.ok()) return absl::FailedPreconditionError(fd.status().message());
  const Socket socket(*fd);
  MakeBlocking(socket.get(), answer_timeout);
  // A refusal may come before all is sent, so a failed send is not the end.
  const bool is_whole = SendAll(socket.get(), Serialize(request, endpoint));
  absl::StatusOr<HttpResponse> response = Receive(socket.get());
  if (response.ok()) return response;
  // Nobody does a request that ends in the middle: its length says so.
  return absl::Status(
      is_whole ? absl::StatusCode::kUnknown
               : absl::StatusCode::kFailedPrecondition,
      absl::StrCat(NameOf(endpoint), ": ", response.status().message()));
}

absl::StatusOr<HttpResponse> HttpClient::Send(const HttpRequest& request) {
  const bool is_read = request.try_next == TryNext::kAlways;
  absl::StatusOr<HttpResponse> last = absl::UnavailableError("no endpoint");
  std::string failures;
  for (size_t i = 0; i < options_.endpoints.size(); ++i) {
    const bool has_next = i + 1 < options_.endpoints.size();
    absl::StatusOr<HttpResponse> answer =
        SendTo(options_.endpoints[i], request,
               options_.answer_timeout.value_or(
                   is_read && has_next ? kNextTimeout : kAnswerTimeout));
    if (answer.ok()) {
      last = std::move(answer);
      if (!MayTryNext(*last, request.try_next)) return last;
      continue;
    }
    const bool is_unsent =
        answer.status().code() == absl::StatusCode::kFailedPrecondition;
    if (!is_unsent && !is_read) return answer;
    absl::StrAppend(&failures, failures.empty() ? "" : "; ",
                    answer.status().message());
  }
  if (last.ok()) return last;
  return absl::UnavailableError(absl::StrCat(
      is_read ? "no endpoint answers: " : "cannot connect: ", failures));
}

std::string PercentEncode(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string text;
  for (const char c : bytes) {
    if (kPlain.find(c) != std::string_view::npos) {
      text.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text.push_back('%');
    text.push_back(kHex[byte >> 4]);
    text.push_back(kHex[byte & 15]);
  }
  return text;
}

}  // namespace orrery
