// sim/clients.h
//
// Clients turn the operations of a scenario into requests to nodes and write
// down what they were told.  They are open-loop: an operation starts at its
// time whatever became of the earlier ones.  A client whose node dies, or
// keeps silent beyond its patience, does not know the outcome; what a node says
// to a client that has gone, nobody hears.
//
// Every request carries the handle {index in the history + 1, attempt}.

#ifndef ORRERY_SIM_CLIENTS_H_
#define ORRERY_SIM_CLIENTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/protocol/client.h"
#include "sim/event_queue.h"
#include "sim/history.h"
#include "sim/scenario.h"
#include "sim/settings.h"
#include "sim/sim_node.h"
#include "sim/tally.h"

namespace orrery::sim {

class Clients {
 public:
  struct Wiring {
    const Config& config;
    EventQueue& queue;
    History& history;
    std::vector<std::unique_ptr<SimNode>>& nodes;
    Tally& tally;
    std::vector<std::string>& unanswered;  // O16: one sentence each.
  };

  explicit Clients(const Wiring& wiring);

  void Begin(const OpStep& step);
  // By the world itself after convergence: a quorum read through `node`.
  void BeginFinalRead(uint32_t id, uint32_t key, uint32_t node);
  void OnReply(uint32_t node, Handle client, const ClientReply& reply);
  // The node's process is gone: its open requests are answered by nobody.
  void OnProcessDown(uint32_t node);
  void OnTimeout(const Occasion& occasion);
  // Between clients and the node: what is asked, or answered, is lost on the
  // way, and nobody is told.
  void Deafen(uint32_t node) { deaf_[node] = true; }
  void Silence(uint32_t node) { mute_[node] = true; }
  void Reconnect(uint32_t node) { deaf_[node] = mute_[node] = false; }

  // Requests that are open.
  uint32_t open() const { return open_; }
  // Not of those who are cut off: the node never heard of them, or is done.
  uint32_t open_at(uint32_t node) const {
    return static_cast<uint32_t>(open_at_[node].size()) - cut_off_at_[node];
  }

 private:
  struct LastAnswer {
    uint32_t key;
    uint32_t op;  // Whose answer it was.
  };

  std::optional<uint32_t> NodeFor(const OpStep& step) const;
  // The operation whose context the step carries; 0: none.
  uint32_t ContextOf(const OpStep& step) const;
  void Retry(const OpStep& step);
  static OperationId NameOf(const Operation& op);
  void GiveUp(Operation& op);
  void Submit(Operation& op, ClientRequest request, uint32_t node);
  void CutOff(Operation& op);
  void Close(Operation& op, Outcome outcome);
  void Record(Operation& op, const ClientReply& reply);

  Wiring wiring_;
  uint32_t open_ = 0;
  std::vector<bool> deaf_;                      // By node.
  std::vector<uint32_t> cut_off_at_;            // By node: how many wait so.
  std::vector<bool> mute_;                      // Likewise.
  std::vector<std::vector<uint32_t>> open_at_;  // Per node: operation ids.
  std::vector<Handle> given_up_;                // Not answered yet.
  std::vector<std::vector<LastAnswer>> last_;   // Per client.
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CLIENTS_H_
