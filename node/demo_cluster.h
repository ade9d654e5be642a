// node/demo_cluster.h
//
// DemoCluster is a cluster of real node processes on this machine, on free
// ports of 127.0.0.1, with its data in a temporary directory: for `orrery
// demo`.  Whatever ends this object, or this process, ends the nodes; the
// destructor also removes the directory.
//
// Threading: one, and the process must have no other (it forks).

#ifndef ORRERY_NODE_DEMO_CLUSTER_H_
#define ORRERY_NODE_DEMO_CLUSTER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace orrery {

class DemoCluster {
 public:
  enum class State : uint8_t {
    kRunning = 1,
    kPaused = 2,
    kKilled = 3,  // By Kill.
    kEnded = 4,   // By itself.
  };
  struct Node {
    std::string name;  // "n1"
    uint16_t port = 0;
    uint16_t gossip_port = 0;
    pid_t pid = 0;  // 0: there is no process.
    State state = State::kEnded;
  };

  DemoCluster() = default;
  ~DemoCluster();
  DemoCluster(const DemoCluster&) = delete;
  DemoCluster& operator=(const DemoCluster&) = delete;

  // Makes the directory and starts so many nodes, which are not ready yet.
  absl::Status Start(size_t count);

  // Null: there is none of that name.
  const Node* Find(std::string_view name) const;
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::string& directory() const { return directory_; }

  // Each is an error where it makes no sense: kFailedPrecondition.
  // REQUIRES: Find(name) != nullptr.
  absl::Status Kill(std::string_view name);    // kill -9
  absl::Status Pause(std::string_view name);   // SIGSTOP
  absl::Status Resume(std::string_view name);  // SIGCONT
  absl::Status Launch(std::string_view name);  // Again, on its old data.

  // Notes the nodes that ended by themselves.
  void Reap();
  // SIGTERM, and SIGKILL to those that do not end in time.
  void Stop();

  // "127.0.0.1:8001,...": those that run.  Empty: none does.
  std::string RunningEndpoints() const;
  std::string LogOf(const Node& node) const;

 private:
  Node& Get(std::string_view name);
  absl::Status Spawn(Node& node);
  [[noreturn]] void ExecNode(const Node& node, pid_t parent) const;
  // Signals the process and waits for its end.
  void End(Node& node, int signal);

  std::string directory_;
  std::vector<Node> nodes_;
};

}  // namespace orrery

#endif  // ORRERY_NODE_DEMO_CLUSTER_H_
