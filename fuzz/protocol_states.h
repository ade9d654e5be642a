// fuzz/protocol_states.h
//
// What a run was like, for the fuzzer, where the code's edges all look alike:
// after every step of a node the tuple (what it last did for a client, how many
// owners have acknowledged since, who it holds for alive, how far its ring is
// behind) is counted in a table that libFuzzer reads as coverage.
//
// Counts nothing while the ring forms: that is the same in every run.
//
// Cost: O(marks) a step.

#ifndef ORRERY_FUZZ_PROTOCOL_STATES_H_
#define ORRERY_FUZZ_PROTOCOL_STATES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/listener.h"

namespace orrery::sim {

class ProtocolStates final : public Listener {
 public:
  // `counters` outlives this.  REQUIRES: its size is a power of two.
  explicit ProtocolStates(std::span<uint8_t> counters) : counters_(counters) {}

  void OnStep(Instant now, uint32_t node, const Event& event,
              const Effects& effects, uint64_t digest) override;
  void OnScenarioStep(Instant now, const Step& step) override;
  void OnNote(Instant now, uint32_t node, const Note& note) override;

  size_t distinct() const { return distinct_; }

 private:
  static constexpr size_t kNodesMax = 8;
  static constexpr uint32_t kAcksMax = 3;

  struct NodeState {
    uint64_t phase = 0;     // A hash of its last mark.
    uint32_t acks = 0;      // Since its last client request.
    uint64_t liveness = 0;  // Two bits for each member it spoke of.
    uint64_t epoch = 0;
  };

  void Count(const NodeState& state);

  std::span<uint8_t> counters_;
  std::array<NodeState, kNodesMax> nodes_;
  uint64_t newest_epoch_ = 0;
  bool has_begun_ = false;
  size_t distinct_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_FUZZ_PROTOCOL_STATES_H_
