// sim/reach_atlas.h
//
// ReachAtlas says of every moment of a run which nodes could speak and hear,
// and which ways between two were clear.  It is written by the world while it
// performs faults, and read by oracles afterwards.  It knows nothing of what
// any node believes.
//
// Cost: O(1) a fault; O(f log f) a question, in the faults of the run.

#ifndef ORRERY_SIM_REACH_ATLAS_H_
#define ORRERY_SIM_REACH_ATLAS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/time.h"

namespace orrery::sim {

// From `from` on, before `to`.
struct Spell {
  Instant from;
  Instant to;
  friend bool operator==(const Spell&, const Spell&) = default;
};

// In order, not touching each other.
using Spells = std::vector<Spell>;

// Sorts and merges.
Spells United(Spells spells);
// What of `whole` no spell covers.  REQUIRES: united.
Spells Between(const Spells& spells, const Spell& whole);

class ReachAtlas {
 public:
  enum class NodeTrouble : uint8_t {
    kDown = 0,    // From its death until its next process is heard.
    kPaused = 1,  // Hears and says nothing.
    kWiped = 2,   // Another owner under the same name; never ends.
    kEnding = 3,  // Told to stop: it may speak or not, until it is down.
  };
  enum class LinkTrouble : uint8_t { kCut = 0, kHeld = 1, kClogged = 2 };

  ReachAtlas() = default;
  explicit ReachAtlas(uint32_t nodes);

  // Total: what lasts already does not begin, what does not last does not end.
  void Begin(uint32_t node, NodeTrouble trouble, Instant at);
  void End(uint32_t node, NodeTrouble trouble, Instant at);
  bool Lasts(uint32_t node, NodeTrouble trouble) const;
  void BeginLink(uint32_t from, uint32_t to, LinkTrouble trouble, Instant at);
  void EndLink(uint32_t from, uint32_t to, LinkTrouble trouble, Instant at);
  // More datagrams are lost or late than a failure detector can bear.
  void BeginStorm(Instant at);
  void EndStorm(Instant at);

  // When the node said nothing: down or paused, in order; of two that touch
  // each other it was heard between.  What lasts ends at kEver.
  Spells SilenceOf(uint32_t node) const;
  Spells PausesOf(uint32_t node) const;
  // When one of the two was in trouble, or a way between them.
  Spells TroubleBetween(uint32_t a, uint32_t b) const;
  // The same, or any way from or to one of them.
  Spells TroubleOfPair(uint32_t a, uint32_t b) const;
  // When any way from or to the node was in trouble, or the weather.
  Spells TroubledWaysOf(uint32_t node) const;
  Spells TroubleOf(uint32_t node) const;  // Its own alone.

 private:
  static constexpr size_t kNodeTroubles = 4;
  static constexpr size_t kLinkTroubles = 3;
  struct Record {
    Spells over;
    std::optional<Instant> since;

    void Begin(Instant at);
    void End(Instant at);
    void AddTo(Spells* spells) const;
  };
  using OfLink = std::array<Record, kLinkTroubles>;

  void AddWaysOf(uint32_t node, Spells* spells) const;

  uint32_t nodes_ = 0;
  std::vector<std::array<Record, kNodeTroubles>> of_node_;
  std::vector<OfLink> of_link_;  // from * nodes + to
  Record storm_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_REACH_ATLAS_H_
