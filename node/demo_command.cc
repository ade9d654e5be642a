#include "node/demo_command.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "node/client_options.h"
#include "node/demo_cluster.h"
#include "node/key_commands.h"
#include "transport/http/ascii.h"

namespace orrery {
namespace {

namespace json = boost::json;

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kReadyTimeout(30);
constexpr std::chrono::milliseconds kReadyPoll(100);
// Of one answer; a node gives up on a request after 5 s.
constexpr std::string_view kDemoTimeout = "6s";

constexpr std::string_view kHelp =
    "  status              the processes, and what the cluster says of each\n"
    "  put KEY VALUE       store a value: a quorum of the owners must answer\n"
    "  get KEY [LEVEL]     read it; LEVEL is one, quorum or all\n"
    "  del KEY             delete it\n"
    "  kill NODE           kill -9: its process is gone\n"
    "  pause NODE          SIGSTOP: it is there and does not answer\n"
    "  resume NODE         end the pause\n"
    "  start NODE          start it again, on its old data\n"
    "  heal                resume and start all that need it\n"
    "  help, quit\n";

volatile std::sig_atomic_t demo_interrupted = 0;

// Blocked but where the prompt waits, so that none is missed.
class DemoSignals {
 public:
  DemoSignals() {
    struct sigaction action{};
    action.sa_handler = [](int) { demo_interrupted = 1; };
    sigset_t ending;
    sigemptyset(&ending);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
      sigaction(number, &action, nullptr);
      sigaddset(&ending, number);
    }
    sigprocmask(SIG_BLOCK, &ending, &while_waiting_);
    signal(SIGPIPE, SIG_IGN);  // Who reads us may go away; nodes must not stay.
  }

  bool WereSent() const { return demo_interrupted != 0; }
  // True: `fd` (none if negative) is readable.
  bool Wait(int fd, std::chrono::milliseconds time) const {
    pollfd waiting{fd, POLLIN, 0};
    const timespec limit{time.count() / 1000, time.count() % 1000 * 1'000'000};
    return ppoll(&waiting, fd < 0 ? 0 : 1, &limit, &while_waiting_) > 0;
  }

 private:
  sigset_t while_waiting_{};
};

class Demo {
 public:
  ExitCode Run(uint32_t nodes) {
    const absl::Status started = cluster_.Start(nodes);
    if (!started.ok()) {
      const std::string message(started.message());
      std::fprintf(stderr, "orrery: demo: %s\n", message.c_str());
      return kExitUnexpected;
    }
    std::printf("starting %u nodes; their data and logs are in %s\n", nodes,
                cluster_.directory().c_str());
    std::fflush(stdout);
    for (const DemoCluster::Node& node : cluster_.nodes()) {
      if (AwaitReady(node.name)) continue;
      if (signals_.WereSent()) return kExitOk;
      return kExitUnexpected;
    }
    std::printf("type help for what can be done, quit to end\n");
    while (std::optional<std::string> line = ReadLine()) {
      if (!Obey(*line)) break;
    }
    std::printf("stopping the nodes\n");
    std::fflush(stdout);
    return kExitOk;
  }

 private:
  // Without a line end.  None: the input or the demo ends.
  std::optional<std::string> ReadLine() {
    const bool is_terminal = isatty(STDIN_FILENO) == 1;
    if (is_terminal) std::printf("demo> ");
    std::fflush(stdout);
    while (!signals_.WereSent()) {
      const size_t end = input_.find('\n');
      if (end != std::string::npos || (input_ended_ && !input_.empty())) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end == std::string::npos ? end : end + 1);
        // A transcript should say what was asked.
        if (!is_terminal) std::printf("demo> %s\n", line.c_str());
        return line;
      }
      if (input_ended_) return std::nullopt;
      if (!signals_.Wait(STDIN_FILENO, std::chrono::hours(1))) continue;
      std::array<char, 4096> part;
      const ssize_t count = read(STDIN_FILENO, part.data(), part.size());
      input_ended_ = count <= 0;
      if (count > 0) input_.append(part.data(), static_cast<size_t>(count));
    }
    return std::nullopt;
  }

  // False: it was quit.
  bool Obey(std::string_view line) {
    cluster_.Reap();
    const std::string_view verb = TakeWord(&line);
    if (verb.empty()) return true;
    if (verb == "quit" || verb == "exit") return false;
    if (verb == "help") {
      std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
    } else if (verb == "status") {
      ShowStatus();
    } else if (verb == "put" || verb == "get" || verb == "del") {
      UseKey(verb, line);
    } else if (verb == "heal") {
      Heal();
    } else if (verb == "kill" || verb == "pause" || verb == "resume" ||
               verb == "start") {
      Hurt(verb, TakeWord(&line));
    } else {
      std::printf("there is no command %s; type help\n",
                  std::string(verb).c_str());
    }
    // The client verbs report failure on stderr.
    std::fflush(stdout);
    return true;
  }

  static std::string_view TakeWord(std::string_view* line) {
    *line = TrimSpace(*line);
    const std::string_view word = line->substr(0, line->find_first_of(" \t\r"));
    line->remove_prefix(word.size());
    *line = TrimSpace(*line);
    return word;
  }

  void UseKey(std::string_view verb, std::string_view rest) {
    KeyCommand command;
    command.key = TakeWord(&rest);
    if (command.key.empty() || (verb == "put" && rest.empty())) {
      std::printf("usage: %s\n", verb == "put"   ? "put KEY VALUE"
                                 : verb == "get" ? "get KEY [LEVEL]"
                                                 : "del KEY");
      return;
    }
    command.client.endpoints = cluster_.RunningEndpoints();
    command.client.timeout = kDemoTimeout;
    if (command.client.endpoints.empty()) {
      std::printf("no node runs: start one\n");
      return;
    }
    std::fflush(stdout);
    if (verb == "put") {
      command.value = std::string(rest);
      RunPut(command);
    } else if (verb == "get") {
      command.consistency = TakeWord(&rest);
      RunGet(command);
    } else {
      RunDelete(command);
    }
  }

  void Hurt(std::string_view verb, std::string_view name) {
    if (cluster_.Find(name) == nullptr) {
      std::printf("which node? %s\n", Names().c_str());
      return;
    }
    const std::string node(name);
    const absl::Status done = verb == "kill"     ? cluster_.Kill(node)
                              : verb == "pause"  ? cluster_.Pause(node)
                              : verb == "resume" ? cluster_.Resume(node)
                                                 : cluster_.Launch(node);
    if (!done.ok()) {
      const std::string message(done.message());
      std::printf("%s %s\n", node.c_str(), message.c_str());
    } else if (verb == "start") {
      AwaitReady(node);
    } else {
      std::printf("%s is %s\n", node.c_str(),
                  verb == "kill"    ? "killed"
                  : verb == "pause" ? "paused"
                                    : "running again");
    }
  }

  void Heal() {
    std::vector<std::string> started;
    bool any = false;
    for (const DemoCluster::Node& node : cluster_.nodes()) {
      if (node.state == DemoCluster::State::kRunning) continue;
      any = true;
      if (node.state == DemoCluster::State::kPaused) {
        Hurt("resume", node.name);
      } else if (cluster_.Launch(node.name).ok()) {
        started.push_back(node.name);
      }
    }
    for (const std::string& name : started) AwaitReady(name);
    if (!any) std::printf("nothing to heal: all nodes run\n");
  }

  // Says when the node is ready, or that it is not.
  bool AwaitReady(const std::string& name) {
    const auto begun = Clock::now();
    const DemoCluster::Node& node = *cluster_.Find(name);
    while (!signals_.WereSent()) {
      cluster_.Reap();
      if (node.pid == 0) {
        std::printf("%s has ended: %s\n", name.c_str(),
                    LastLineOf(cluster_.LogOf(node)).c_str());
        return false;
      }
      if (Ask(node, "/health/ready").has_value()) {
        const std::chrono::duration<double> passed = Clock::now() - begun;
        std::printf("%s serves at http://127.0.0.1:%u (pid %d) after %.1f s\n",
                    name.c_str(), node.port, node.pid, passed.count());
        std::fflush(stdout);
        return true;
      }
      if (Clock::now() - begun > kReadyTimeout) {
        std::printf("%s is not ready yet: %s\n", name.c_str(),
                    LastLineOf(cluster_.LogOf(node)).c_str());
        return false;
      }
      signals_.Wait(-1, kReadyPoll);
    }
    return false;
  }

  // The body of a 200.
  static std::optional<std::string> Ask(const DemoCluster::Node& node,
                                        const std::string& target) {
    HttpClient::Options options;
    options.endpoints = {{"127.0.0.1", node.port}};
    options.answer_timeout = kSecond;
    HttpRequest request;
    request.target = target;
    absl::StatusOr<HttpResponse> answer = HttpClient(options).Send(request);
    if (!answer.ok() || answer->status != 200) return std::nullopt;
    return std::move(answer->body);
  }

  static std::string LastLineOf(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::string last = "it said nothing";
    while (std::getline(file, line)) last = line;
    return last;
  }

  std::string Names() const {
    std::string names;
    for (const DemoCluster::Node& node : cluster_.nodes()) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", node.name);
    }
    return names;
  }

  static std::string TextOf(const DemoCluster::Node& node) {
    switch (node.state) {
      case DemoCluster::State::kRunning:
        return absl::StrCat("running, pid ", node.pid);
      case DemoCluster::State::kPaused:
        return absl::StrCat("paused, pid ", node.pid);
      case DemoCluster::State::kKilled:
        return "killed";
      case DemoCluster::State::kEnded:
        return "ended";
    }
    return "";
  }

  // How one node sees each, and how many keys it holds.
  struct View {
    std::map<std::string, std::string> states;
    std::string keys = "-";
  };
  static View ViewOf(const DemoCluster::Node& node) {
    View view;
    if (node.state != DemoCluster::State::kRunning) return view;
    const std::optional<std::string> page = Ask(node, "/admin/status");
    if (!page.has_value()) return view;
    boost::system::error_code error;
    const json::value status = json::parse(*page, error);
    if (error) return view;
    const json::value* keys = status.find_pointer("/keys", error);
    if (keys != nullptr && keys->is_int64()) {
      view.keys = absl::StrCat(keys->get_int64());
    }
    const json::value* nodes = status.find_pointer("/cluster/nodes", error);
    if (nodes == nullptr || !nodes->is_array()) return view;
    for (const json::value& member : nodes->get_array()) {
      const json::value* id = member.find_pointer("/id", error);
      const json::value* state = member.find_pointer("/state", error);
      if (id == nullptr || state == nullptr) continue;
      view.states[std::string(id->as_string())] =
          std::string(state->as_string());
    }
    return view;
  }

  void ShowStatus() {
    std::vector<View> views;
    for (const DemoCluster::Node& node : cluster_.nodes()) {
      views.push_back(ViewOf(node));
    }
    std::vector<std::vector<std::string>> rows = {
        {"node", "address", "process", "keys", "others see it"}};
    for (size_t i = 0; i < views.size(); ++i) {
      const DemoCluster::Node& node = cluster_.nodes()[i];
      std::string seen;
      for (size_t other = 0; other < views.size(); ++other) {
        const auto found = views[other].states.find(node.name);
        if (other == i || found == views[other].states.end()) continue;
        if (seen.find(found->second) != std::string::npos) continue;
        absl::StrAppend(&seen, seen.empty() ? "" : ", ", found->second);
      }
      rows.push_back({node.name, absl::StrCat("127.0.0.1:", node.port),
                      TextOf(node), views[i].keys, seen.empty() ? "-" : seen});
    }
    orrery::PrintTable(rows);
  }

  DemoSignals signals_;
  DemoCluster cluster_;
  std::string input_;
  bool input_ended_ = false;
};

}  // namespace

ExitCode RunDemo(const DemoCommand& command) {
  return Demo().Run(command.nodes);
}

}  // namespace orrery
