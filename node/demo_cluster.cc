#include "node/demo_cluster.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/base/invariant.h"

namespace orrery {
namespace {

// CONTRACT section 5: SIGTERM ends a node within 8 s.
constexpr std::chrono::seconds kStopTimeout(9);
constexpr std::chrono::milliseconds kStopPoll(20);

absl::Status DemoError(std::string_view what) {
  return absl::InternalError(
      absl::StrCat(std::string(what), ": ", std::strerror(errno)));
}

int BindLoopback(int type, uint16_t port) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&address),
                      sizeof(address)) == 0) {
    return fd;
  }
  if (fd >= 0) close(fd);
  return -1;
}

uint16_t PortOf(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// Numbers that are free for TCP and UDP now, all different.
std::vector<uint16_t> FreePorts(size_t count) {
  std::vector<int> held;  // Until all are found.
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < 100 * count && ports.size() < count; ++i) {
    const int tcp = BindLoopback(SOCK_STREAM, 0);
    if (tcp < 0) break;
    held.push_back(tcp);
    const int udp = BindLoopback(SOCK_DGRAM, PortOf(tcp));
    if (udp < 0) continue;
    held.push_back(udp);
    ports.push_back(PortOf(tcp));
  }
  for (const int fd : held) close(fd);
  return ports;
}

}  // namespace

DemoCluster::~DemoCluster() {
  Stop();
  if (directory_.empty()) return;
  std::error_code error;  // What is left, the system removes some day.
  std::filesystem::remove_all(directory_, error);
}

absl::Status DemoCluster::Start(size_t count) {
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path(error);
  if (error) return absl::InternalError("there is no temporary directory");
  std::string pattern = (folder / "orrery-demo-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return DemoError(pattern);
  directory_ = pattern;
  const std::vector<uint16_t> ports = FreePorts(2 * count);
  if (ports.size() < 2 * count) {
    return absl::InternalError("too few ports of this machine are free");
  }
  for (size_t i = 0; i < count; ++i) {
    nodes_.push_back({.name = absl::StrCat("n", i + 1),
                      .port = ports[2 * i],
                      .gossip_port = ports[2 * i + 1]});
  }
  for (Node& node : nodes_) {
    absl::Status spawned = Spawn(node);
    if (!spawned.ok()) return spawned;
  }
  return absl::OkStatus();
}

const DemoCluster::Node* DemoCluster::Find(std::string_view name) const {
  const auto found =
      std::find_if(nodes_.begin(), nodes_.end(),
                   [&](const Node& node) { return node.name == name; });
  return found == nodes_.end() ? nullptr : &*found;
}

DemoCluster::Node& DemoCluster::Get(std::string_view name) {
  const Node* node = Find(name);
  ORRERY_INVARIANT(node != nullptr);
  return nodes_[static_cast<size_t>(node - nodes_.data())];
}

absl::Status DemoCluster::Kill(std::string_view name) {
  Node& node = Get(name);
  if (node.pid == 0) return absl::FailedPreconditionError("does not run");
  End(node, SIGKILL);
  node.state = State::kKilled;
  return absl::OkStatus();
}

absl::Status DemoCluster::Pause(std::string_view name) {
  Node& node = Get(name);
  if (node.state != State::kRunning) {
    return absl::FailedPreconditionError("does not run");
  }
  kill(node.pid, SIGSTOP);
  node.state = State::kPaused;
  return absl::OkStatus();
}

absl::Status DemoCluster::Resume(std::string_view name) {
  Node& node = Get(name);
  if (node.state != State::kPaused) {
    return absl::FailedPreconditionError("is not paused");
  }
  kill(node.pid, SIGCONT);
  node.state = State::kRunning;
  return absl::OkStatus();
}

absl::Status DemoCluster::Launch(std::string_view name) {
  Node& node = Get(name);
  if (node.pid != 0) return absl::FailedPreconditionError("runs already");
  return Spawn(node);
}

absl::Status DemoCluster::Spawn(Node& node) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return DemoError("fork");
  if (pid == 0) ExecNode(node, parent);
  node.pid = pid;
  node.state = State::kRunning;
  return absl::OkStatus();
}

// In the child.
void DemoCluster::ExecNode(const Node& node, pid_t parent) const {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // No node outlives its demo.
  if (getppid() != parent) _exit(1);
  setpgid(0, 0);  // Ctrl-C is for the prompt.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int log = open(LogOf(node).c_str(),
                       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (log < 0 || nothing < 0) _exit(1);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  std::string seeds;
  for (const Node& other : nodes_) {
    absl::StrAppend(&seeds, seeds.empty() ? "" : ",",
                    "127.0.0.1:", other.gossip_port);
  }
  std::vector<std::string> words = {
      "orrery",        "node",
      "--node-id",     node.name,
      "--address",     "127.0.0.1",
      "--port",        absl::StrCat(node.port),
      "--gossip-port", absl::StrCat(node.gossip_port),
      "--data-dir",    absl::StrCat(directory_, "/", node.name),
      "--seeds",       seeds};
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv("/proc/self/exe", arguments.data());
  _exit(127);
}

void DemoCluster::Reap() {
  for (Node& node : nodes_) {
    if (node.pid == 0 || waitpid(node.pid, nullptr, WNOHANG) != node.pid) {
      continue;
    }
    node.pid = 0;
    node.state = State::kEnded;
  }
}

void DemoCluster::End(Node& node, int signal) {
  kill(node.pid, signal);
  while (waitpid(node.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  node.pid = 0;
  node.state = State::kEnded;
}

void DemoCluster::Stop() {
  for (const Node& node : nodes_) {
    if (node.pid == 0) continue;
    kill(node.pid, SIGTERM);
    kill(node.pid, SIGCONT);
  }
  const auto deadline = std::chrono::steady_clock::now() + kStopTimeout;
  const auto runs = [](const Node& node) { return node.pid != 0; };
  for (Reap(); std::any_of(nodes_.begin(), nodes_.end(), runs) &&
               std::chrono::steady_clock::now() < deadline;
       Reap()) {
    std::this_thread::sleep_for(kStopPoll);
  }
  for (Node& node : nodes_) {
    if (node.pid != 0) End(node, SIGKILL);
  }
}

std::string DemoCluster::RunningEndpoints() const {
  std::string endpoints;
  for (const Node& node : nodes_) {
    if (node.state != State::kRunning) continue;
    absl::StrAppend(&endpoints, endpoints.empty() ? "" : ",",
                    "127.0.0.1:", node.port);
  }
  return endpoints;
}

std::string DemoCluster::LogOf(const Node& node) const {
  return absl::StrCat(directory_, "/", node.name, ".log");
}

}  // namespace orrery
