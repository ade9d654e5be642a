#include "transport/http/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace orrery {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

absl::StatusOr<Address> ParseAddress(const std::string& text, uint16_t port) {
  Address address;
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage, &v4, sizeof(v4));
    address.size = sizeof(v4);
    return address;
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage, &v6, sizeof(v6));
    address.size = sizeof(v6);
    return address;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("listen: '", text, "' is not an IP address"));
}

absl::Status SystemError(const std::string& what, int error) {
  const std::string text = absl::StrCat(what, ": ", std::strerror(error));
  if (error == EADDRINUSE) return absl::AlreadyExistsError(text);
  if (error == EACCES) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

absl::StatusOr<uint16_t> BoundPort(int fd) {
  Address bound;
  bound.size = sizeof(bound.storage);
  if (getsockname(fd, bound.get(), &bound.size) != 0) {
    return SystemError("getsockname", errno);
  }
  // Both families keep the port in the same place.
  sockaddr_in v4;
  std::memcpy(&v4, &bound.storage, sizeof(v4));
  return ntohs(v4.sin_port);
}

absl::StatusOr<ListenSocket> Bind(int fd, Address address,
                                  const std::string& name) {
  constexpr int kBacklog = 1024;
  const int on = 1;
  // A restarted node must not wait for its old connections to time out.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, address.get(), address.size) != 0 || listen(fd, kBacklog) != 0) {
    return SystemError(absl::StrCat("listen on ", name), errno);
  }
  const absl::StatusOr<uint16_t> port = BoundPort(fd);
  if (!port.ok()) return port.status();
  return ListenSocket{fd, *port};
}

}  // namespace

absl::StatusOr<ListenSocket> OpenListenSocket(const std::string& address,
                                              uint16_t port) {
  absl::StatusOr<Address> parsed = ParseAddress(address, port);
  if (!parsed.ok()) return parsed.status();
  const int fd =
      socket(parsed->storage.ss_family,
             SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return SystemError("socket", errno);
  absl::StatusOr<ListenSocket> bound =
      Bind(fd, *parsed, absl::StrCat(address, ":", port));
  if (!bound.ok()) close(fd);
  return bound;
}

}  // namespace orrery
