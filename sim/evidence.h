// sim/evidence.h
//
// What an oracle is given after a run, and what it answers.  An oracle is a
// function of the evidence alone: it never touches an engine, and knows no
// planted bug.

#ifndef ORRERY_SIM_EVIDENCE_H_
#define ORRERY_SIM_EVIDENCE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/ids.h"
#include "core/base/lookup_map.h"
#include "core/engine/engine.h"
#include "sim/belief_log.h"
#include "sim/history.h"
#include "sim/ledger.h"
#include "sim/reach_atlas.h"
#include "sim/settings.h"

namespace orrery::sim {

// One node, inspected (not asked: a read would repair what is looked for).
struct NodeView {
  bool up = false;
  bool wiped = false;  // Ever: its disk is no owner's any more.
  EngineState state = EngineState::kStarting;
  ClusterId cluster;
  Epoch epoch;
  uint64_t ring_hash = 0;
  bool ring_is_pristine = false;  // Nothing was written under it.
  std::string waiting_for;
  bool in_doubt = false;  // Does not vote on what it may lack.
  std::vector<MemberView> members;
  std::vector<KeyEntry> entries;  // By token.
  StoreCounters stores[2];        // User, hints.
  // What its log of hints says, and what its store of them has.
  EngineCounters counters;
  uint64_t hints_stored = 0;
  uint64_t hints_readable = 0;  // Of these; the others it found damaged.
  struct HintsFor {
    uint32_t target = 0;  // A node.
    bool gone = false;    // Of a disk that was wiped since.
    uint64_t hints = 0;
    uint64_t partly_delivered = 0;
  };
  std::vector<HintsFor> hints_for;

  bool Serves() const { return up && state == EngineState::kServing; }
};

// What a process had in its index when its recovery ended.
struct Recovery {
  uint32_t node = 0;
  Instant at;
  std::vector<KeyEntry> entries;     // By token.
  std::vector<uint32_t> unreadable;  // Keys that it calls damaged, in order.
  bool in_doubt = false;             // It says that it may lack writes.
  Epoch ring;
  Epoch ring_told;  // The highest that it had sent under, from this disk.

  bool Doubts(uint32_t key) const {
    return in_doubt ||
           std::binary_search(unreadable.begin(), unreadable.end(), key);
  }
};

// What a node has under the token; null: nothing.  REQUIRES: by token.
const KeyEntry* FindEntry(const std::vector<KeyEntry>& entries, uint64_t token);

struct KeyView {
  uint32_t key = 0;
  uint64_t token = 0;
  std::vector<uint32_t> owners;  // Nodes, in preference order.
};

// What was looked at while the world ran.
struct Watched {
  uint64_t checked = 0;
  std::vector<std::string> broken;  // One sentence each, the first few.
};

// A stamp that its coordinator's clock and basis do not explain.
struct StrangeStamp {
  uint32_t op = 0;  // 0: a delete, or of nobody.
  std::string sentence;
};

// A fault that no error tells of took a record that was the newest of its key
// in a store.
struct Damage {
  enum class End : uint8_t {
    kUnseen = 1,    // Nobody has looked yet.
    kTold = 2,      // The node found it, and said so.
    kReplaced = 3,  // Overwritten before anyone looked.
    // It stood behind all watermarks when its process ended: a recovery cannot
    // know it from a write that was cut short.
    kSilent = 4,
    kDenied = 5,  // The node answered as if it were not there.
  };
  uint32_t node = 0;
  Instant at;
  DiskStep::Kind how = DiskStep::Kind::kRot;
  uint32_t key = 0;
  bool in_hints = false;
  uint64_t version = 0;
  End end = End::kUnseen;
  bool remains = false;  // At the inspection: nothing took its place.
  Instant ended;         // kTold, kDenied.
  std::string denial;    // kDenied: what the node did.
};

// A closed ring, as a node held it first.
struct RingToken {
  uint64_t token = 0;
  uint32_t node = 0;
  friend bool operator==(const RingToken&, const RingToken&) = default;
};
struct RingSeen {
  uint32_t node = 0;
  Instant at;
  ClusterId cluster;
  uint64_t hash = 0;
  std::vector<RingToken> tokens;
};

// Whom a node took for the owners of a key, in order.
struct OwnersSeen {
  uint32_t node = 0;
  Instant at;
  uint64_t ring_hash = 0;
  uint32_t key = 0;
  std::vector<uint32_t> owners;
};

// What one node sent another.
struct Traffic {
  uint64_t repair = 0;  // Digests of keys, objects, repairs.
  uint64_t roots = 0;
  uint64_t hints = 0;  // Deliveries of hints, and hints.
  uint64_t frames = 0;
  uint64_t datagrams = 0;
};

struct Evidence {
  Config config;
  // Which nodes were healed and are to converge; by node.  Empty: all.
  std::vector<bool> core;
  // The worst weather of the run.
  Noise noise;
  History history;
  Ledger ledger;
  // Which nodes could speak to which, and what they held of each other.
  ReachAtlas atlas;
  BeliefLog beliefs;
  // Before the final reads, once the world had healed; empty if the scenario
  // does not ask for convergence.
  std::vector<NodeView> nodes;
  std::vector<KeyView> keys;
  std::vector<Recovery> recoveries;     // In order of time.
  std::vector<RingSeen> rings;          // O20, in order of time.
  std::vector<OwnersSeen> owners_seen;  // O20
  // O15: in the window after the inspection; from * nodes + to.
  std::vector<Traffic> traffic;
  bool healed = false;
  Instant inspected;  // When `nodes` was looked at.
  // By node and store: when it last kept little that is dead, or began.
  std::vector<std::array<Instant, 2>> fitted;
  // By node: when it last took puts and had its reserve, or its disk had no
  // room for that, or began.
  std::vector<Instant> relieved;
  Instant ended;
  Duration unsynced;            // See History::Durability.
  uint32_t owners_per_key = 0;  // min(N, members of the ring).
  std::vector<Damage> damages;
  // What stores of keys were asked to keep: a version may be minted, kept and
  // replaced, and never leave its node.
  struct StoredName {
    uint64_t key;
    uint64_t version;
    friend constexpr auto operator<=>(const StoredName&,
                                      const StoredName&) = default;
  };
  LookupMap<StoredName, uint8_t> stored;
  uint64_t store_answers = 0;  // That a model of the store judged.
  // Found while the world ran, one sentence each.
  std::vector<std::string> store_lies;    // O18
  std::vector<std::string> unanswered;    // O16
  std::vector<std::string> reused_dots;   // O21
  std::vector<std::string> split_epochs;  // O12
  std::vector<std::string> double_salts;  // O12
  Watched laws;                           // O22
  Watched loads;                          // O23
  struct FreshStamps {
    uint64_t checked = 0;
    std::vector<StrangeStamp> strange;
  };
  FreshStamps fresh_stamps;  // O23

  bool InCore(uint32_t node) const { return core.empty() || core[node]; }
  // No node is outside the core or, for a disk that was wiped or lost its
  // identity, outside the ring.  After Inspect.
  bool EveryOwnerIsThere() const;
  // The node met the damage so short a time before `inspected`, or after, that
  // the other owners need not have repaired it by then.
  bool FoundLate(const Damage& damage) const;
  uint32_t RequiredReads(const Operation& op) const;
  uint32_t RequiredWrites(const Operation& op) const;
  uint32_t Majority() const { return owners_per_key / 2 + 1; }
};

struct Violation {
  std::string oracle;    // "O1"
  std::string property;  // "acknowledged-write-survives"
  std::string sentence;
  uint32_t op = 0;
  uint32_t key = 0;
  Instant at;
  uint32_t other = 0;  // The operation it contradicts, if there is one.
};

struct Verdict {
  uint64_t checked = 0;     // Cases the oracle could judge; 0: vacuous.
  uint64_t excused = 0;     // Cases it let pass.
  uint64_t deviations = 0;  // Measured only: what no level promises.
  // Why it let cases pass; names are literals.
  absl::btree_map<std::string_view, uint64_t> excuses;
  std::vector<Violation> violations;
};

// An oracle stops adding violations here: the first few tell the story.
inline constexpr size_t kViolationsMax = 8;

// `reason`: a literal, that says what the contract does not promise.
inline void Excuse(Verdict* verdict, std::string_view reason) {
  ++verdict->excused;
  ++verdict->excuses[reason];
}

inline void Report(Verdict* verdict, Violation violation) {
  if (verdict->violations.size() < kViolationsMax) {
    verdict->violations.push_back(std::move(violation));
  }
}

// What was found while the world ran, of no one operation.
inline void ReportEach(Verdict* verdict,
                       const std::vector<std::string>& sentences,
                       std::string_view oracle, std::string_view property,
                       Instant at) {
  for (const std::string& sentence : sentences) {
    Report(verdict, {.oracle = std::string(oracle),
                     .property = std::string(property),
                     .sentence = sentence,
                     .op = 0,
                     .key = 0,
                     .at = at});
  }
}

}  // namespace orrery::sim

#endif  // ORRERY_SIM_EVIDENCE_H_
