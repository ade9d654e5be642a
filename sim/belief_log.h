// sim/belief_log.h
//
// BeliefLog is what every process held of every member, and when: both its own
// opinion, by which it routes, and the evidence that it passes on.
//
// Cost: O(members) per look at a node, only when something changed.

#ifndef ORRERY_SIM_BELIEF_LOG_H_
#define ORRERY_SIM_BELIEF_LOG_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/engine/engine.h"

namespace orrery::sim {

struct Belief {
  MemberState opinion = MemberState::kAlive;
  MemberState evidence = MemberState::kAlive;
  friend bool operator==(const Belief&, const Belief&) = default;
};

class BeliefLog {
 public:
  struct Entry {
    Instant at;
    std::optional<Belief> belief;  // None: does not know it, or is no process.
  };

  BeliefLog() = default;
  explicit BeliefLog(uint32_t nodes);

  void Note(uint32_t observer, const std::vector<MemberView>& members,
            Instant at);
  void Note(uint32_t observer, uint32_t subject, const Belief& belief,
            Instant at);
  // The observer's process is gone, and all it believed.
  void Forget(uint32_t observer, Instant at);

  bool empty() const { return entries_.empty(); }
  // In order of time; each differs from the one before.
  const std::vector<Entry>& Of(uint32_t observer, uint32_t subject) const {
    return entries_[observer * nodes_ + subject];
  }
  // At that moment, all that happened then included.
  std::optional<Belief> At(uint32_t observer, uint32_t subject,
                           Instant at) const;

 private:
  void Add(uint32_t observer, uint32_t subject, const Entry& entry);

  uint32_t nodes_ = 0;
  std::vector<std::vector<Entry>> entries_;  // observer * nodes + subject
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_BELIEF_LOG_H_
