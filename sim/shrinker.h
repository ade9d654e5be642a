// sim/shrinker.h
//
// Shrinker makes a failing scenario small: it proposes smaller scenarios, is
// told which of them still fail in the same way, and keeps the smallest.  It
// runs nothing itself.  (ddmin: Zeller and Hildebrandt, "Simplifying and
// isolating failure-inducing input", 2002.)
//
// Rounds of stages, each made of candidates in a fixed order: wholesale cuts
// (other keys, whole classes of faults), runs of steps from half of them down
// to single ones, idle time between steps, the topology, weather and knobs,
// the words of single steps, rounder times.
//
// Because every step of a scenario is total, every part of a scenario is one.
// Two things are kept, lest another failure take the place of the one in hand:
// a scenario that expects convergence undoes every fault it begins
// (LeavesFaults), and the bound within which it expects it stays.
//
// Invariants:
//   SHR-1  best() fails as the first scenario did, by what it was told.
//   SHR-2  What is found does not depend on how many candidates are proposed
//          at a time.
//
// Cost: a candidate is a copy of the scenario.

#ifndef ORRERY_SIM_SHRINKER_H_
#define ORRERY_SIM_SHRINKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/evidence.h"
#include "sim/reductions.h"
#include "sim/scenario.h"

namespace orrery::sim {

class Shrinker {
 public:
  // `violation` says where to look first: its key and its time.
  Shrinker(Scenario failing, const Violation& violation);

  // The next candidates in order, each the one that follows if those before it
  // do not fail.  Empty: there are no more.
  std::vector<Scenario> Propose(size_t most) const;
  // Of what was proposed last the first `passed` did not fail in the same way;
  // with `failed`, the one after them did.
  void Learn(size_t passed, bool failed);

  const Scenario& best() const { return best_; }

 private:
  enum class Stage : uint8_t {
    kWholesale = 0,
    kSteps = 1,
    kGaps = 2,
    kTopology = 3,
    kSettings = 4,
    kWords = 5,
    kTimes = 6,
    kDone = 7,
  };
  // A place in the order of candidates.
  struct Cursor {
    Stage stage = Stage::kWholesale;
    size_t chunk = 1;  // kSteps: how many at once.
    size_t at = 0;
    uint32_t round = 0;
    bool changed = false;  // In this round.
  };

  size_t Places(const Cursor& cursor) const;
  std::optional<Scenario> CandidateAt(const Cursor& cursor) const;
  void EnterStage(Stage stage, Cursor* cursor) const;
  // To the next place, past the end of the stage or of the round.
  void Advance(Cursor* cursor) const;
  // To a place that has a candidate, or to the end.
  std::optional<Scenario> Seek(Cursor* cursor) const;
  bool IsSound(const Scenario& candidate) const;

  Scenario best_;
  Scene scene_;
  bool heals_;
  Cursor cursor_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SHRINKER_H_
