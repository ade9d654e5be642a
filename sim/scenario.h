// sim/scenario.h
//
// Scenario is one simulated run as data: configuration, weather, a list of
// timed steps, and what is expected.  A seed makes a scenario (sim/swarm.h), a
// scenario makes a run (sim/world.h); what is replayed and committed is its
// text (sim/scenario_text.h).
//
// Every step is total: `crash` of a dead node, `heal` of nothing and a node
// number beyond the last (it wraps round) are all valid, so that every subset
// of a scenario is a scenario.
//
// Invariants:
//   SCN-1  parse(print(s)) == s.
//   SCN-2  print(parse(t)) == t for a canonical text t: one blank between
//          words, times in the largest unit that divides them.

#ifndef ORRERY_SIM_SCENARIO_H_
#define ORRERY_SIM_SCENARIO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/time.h"

namespace orrery::sim {

// A client operation.  `id` is its name for ever: the value it writes, and
// what other steps call it by.
struct OpStep {
  enum class Verb : uint8_t { kPut = 1, kGet = 2, kDelete = 3 };
  enum class Context : uint8_t {
    kNone = 0,
    kLast = 1,  // Of the client's last answer about this key.
    kOp = 2,    // Of the answer to operation `context_op`.
  };
  uint32_t id = 0;
  Verb verb = Verb::kPut;
  uint32_t client = 0;
  uint32_t key = 0;
  std::optional<uint32_t> via;  // Node; absent: the client's own choice.
  Context context = Context::kNone;
  uint32_t context_op = 0;
  uint32_t r = 0;  // 0: as configured.
  uint32_t w = 0;
  uint32_t size = 0;  // Bytes of the value; 0: just its name.
  bool sloppy = false;
  // The client names the operation itself (X-Operation-Id), so that it can
  // repeat it though nobody gave it a token.
  bool own_id = false;
  bool siblings = false;      // siblings=true
  bool quorum_stamp = false;  // stamp=quorum
  Duration patience;  // The client waits no longer; zero: until answered.
  // Not 0: repeat that operation, with the token its 504 carried or under the
  // client's own id; if it was answered otherwise, nothing happens.
  uint32_t retry_of = 0;
  friend bool operator==(const OpStep&, const OpStep&) = default;
};

struct NodeStep {
  enum class Kind : uint8_t {
    // The process dies; what it wrote stays.  Before its first start: it is not
    // started.
    kCrash = 1,
    kRestart = 2,
    kPause = 3,
    kResume = 4,
    kWipe = 5,  // The process dies and its data directory is emptied.
    // SIGTERM: the process drains, seals and ends; a second one ends it at
    // once.  A restart meanwhile waits for its end.
    kStop = 6,
    kStorm = 7,      // All its connections break at once.
    kDeaf = 8,       // What clients ask of it does not arrive.
    kMute = 9,       // What it answers to clients does not arrive.
    kHeard = 10,     // Both end.
    kSnapshot = 11,  // An operator asks for one of its data directory.
    // The process dies, and the newest snapshot takes the place of its data
    // directory; if there is none, nothing happens.
    kRestore = 12,
  };
  Kind kind = Kind::kCrash;
  uint32_t node = 0;
  friend bool operator==(const NodeStep&, const NodeStep&) = default;
};

// The machine loses power: unsynced data is at the disk model's mercy.
struct PowerLossStep {
  uint32_t node = 0;
  std::optional<uint32_t> keep;  // Dirty sectors that reached the disk.
  std::optional<uint32_t> torn;  // Dirty sectors after them that are mixed.
  friend bool operator==(const PowerLossStep&, const PowerLossStep&) = default;
};

struct Link {
  uint32_t from = 0;
  uint32_t to = 0;
  bool both = false;  // "--": both ways; "->": one way.
  friend bool operator==(const Link&, const Link&) = default;
};

struct LinkStep {
  enum class Kind : uint8_t {
    kCut = 1,
    kClog = 2,      // Slow, nothing is lost.
    kReset = 3,     // The connection breaks; what was under way may arrive.
    kHalfOpen = 4,  // What is sent vanishes until the sender gives up.
    kHold = 5,      // Nothing arrives before the release.
    kRelease = 6,
    kChoke = 7,  // The receiver reads nothing of it: the sender's queue fills.
  };
  Kind kind = Kind::kCut;
  Link link;
  friend bool operator==(const LinkStep&, const LinkStep&) = default;
};

struct SplitStep {
  std::vector<uint32_t> left;
  std::vector<uint32_t> right;
  friend bool operator==(const SplitStep&, const SplitStep&) = default;
};

struct HealStep {
  std::optional<Link> link;  // Absent: all.
  friend bool operator==(const HealStep&, const HealStep&) = default;
};

// Wall clock only.
struct ClockStep {
  enum class Kind : uint8_t {
    kStep = 1,    // Jumps by `value` nanoseconds.
    kDrift = 2,   // Runs `value` parts per million too fast.
    kFreeze = 3,  // Stands still for `value` nanoseconds.
  };
  uint32_t node = 0;
  Kind kind = Kind::kStep;
  int64_t value = 0;
  friend bool operator==(const ClockStep&, const ClockStep&) = default;
};

// What of a disk a fault takes: the newest record of one key, or a class of
// files, all of them behind each other in order of their names.
struct DiskTarget {
  enum class Kind : uint8_t {
    kNone = 0,
    kKey = 1,
    kData = 2,
    kHints = 3,
    kManifest = 4,
    kIdentity = 5,
    kRing = 6,
    kIndex = 7,  // Index snapshots, of both stores.
  };
  Kind kind = Kind::kNone;
  uint32_t key = 0;
  friend bool operator==(const DiskTarget&, const DiskTarget&) = default;
};

inline constexpr uint32_t kThousandths = 1000;
inline constexpr uint64_t kRoomBytesMax = uint64_t{1} << 40;

struct DiskStep {
  enum class Kind : uint8_t {
    kOk = 1,         // What lasts of the below ends.
    kStall = 2,      // Nothing completes for `value` nanoseconds.
    kSlow = 3,       // Every operation takes `value` nanoseconds more.
    kFull = 4,       // Writes and allocations fail with no space.
    kSyncFails = 5,  // The next sync fails; its pages count as clean.
    kReadFails = 6,  // Reads fail.
    kWriteFails = 7,
    kReadFailsOnce = 8,  // The next one, and no other.
    kWriteFailsOnce = 9,
    kReadOnly = 10,   // Whatever changes something fails.
    kNoHandles = 11,  // No file can be opened.
    // Of bytes at rest, `at` thousandths into what `of` names, one bit flips.
    kRot = 12,
    // The next write to a file of that class is acknowledged and never lands.
    kLoseWrite = 13,
    // Likewise, and it lands `at` thousandths into that class of files.
    kMisdirect = 14,
    kLoseFile = 15,  // The file that stands there loses its name.
    // Of no bytes: others leave `value` bytes of space, and no more.
    kRoom = 16,
  };
  uint32_t node = 0;
  Kind kind = Kind::kOk;
  int64_t value = 0;
  DiskTarget of = {};  // From kRot to kLoseFile.
  uint32_t at = 0;     // Likewise; below kThousandths.

  bool StrikesBytes() const {
    return kind >= Kind::kRot && kind <= Kind::kLoseFile;
  }
  friend bool operator==(const DiskStep&, const DiskStep&) = default;
};

// Changes the weather from here on: a name and value of a `noise` line.
struct KnobStep {
  std::string name;
  std::string value;
  friend bool operator==(const KnobStep&, const KnobStep&) = default;
};

using Step = std::variant<OpStep, NodeStep, PowerLossStep, LinkStep, SplitStep,
                          HealStep, ClockStep, DiskStep, KnobStep>;

struct Setting {
  std::string name;
  std::string value;
  friend bool operator==(const Setting&, const Setting&) = default;
};

// The lines of the text, in its order.
struct CfgLine {
  std::vector<Setting> settings;
  friend bool operator==(const CfgLine&, const CfgLine&) = default;
};
struct NoiseLine {
  std::vector<Setting> settings;
  friend bool operator==(const NoiseLine&, const NoiseLine&) = default;
};
struct StepLine {
  Duration at;
  Step step;
  friend bool operator==(const StepLine&, const StepLine&) = default;
};
struct ExpectLine {
  std::string property;
  std::vector<Setting> settings;
  friend bool operator==(const ExpectLine&, const ExpectLine&) = default;
};
struct CommentLine {
  std::string text;  // What follows the '#'.
  friend bool operator==(const CommentLine&, const CommentLine&) = default;
};

using Line =
    std::variant<CfgLine, NoiseLine, StepLine, ExpectLine, CommentLine>;

struct Scenario {
  std::vector<Line> lines;
  friend bool operator==(const Scenario&, const Scenario&) = default;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SCENARIO_H_
