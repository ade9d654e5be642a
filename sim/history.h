// sim/history.h
//
// History is the truth about a run that no node knows: what every client
// asked and was told, which nodes acknowledged which version, and which
// machines lost what.  Oracles judge by it.
//
// Every attempted write has a unique value: the number of its operation.  An
// unknown write may take effect at any later time or never; a failed one
// (`applied: "no"`) is a promise and never does.
//
// Cost: O(1) per record; memory grows with the run.

#ifndef ORRERY_SIM_HISTORY_H_
#define ORRERY_SIM_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/bytes.h"
#include "core/base/lookup_map.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/object.h"
#include "sim/scenario.h"

namespace orrery::sim {

inline constexpr Instant kEver{std::numeric_limits<int64_t>::max()};

enum class Outcome : uint8_t {
  kPending = 0,
  kOk = 1,
  kFailed = 2,   // Refused: nothing was applied, ever.
  kUnknown = 3,  // A 504, or nobody answered.
};

struct Operation {
  uint32_t id = 0;
  OpStep::Verb verb = OpStep::Verb::kPut;
  uint32_t client = 0;
  uint32_t key = 0;
  uint32_t node = 0;  // That the client spoke to, last.
  uint32_t process = 0;
  uint32_t r = 0;  // As asked; 0: as configured.
  uint32_t w = 0;
  uint32_t size = 0;
  bool sloppy = false;
  bool has_context = false;
  bool retried = false;
  bool cut_off = false;       // What was asked or answered is lost on the way.
  bool answered = false;      // This attempt, if the client heard so or not.
  bool own_id = false;        // The client chose the operation's name.
  bool siblings = false;      // It asked that concurrent versions stay.
  bool quorum_stamp = false;  // It asked for a stamp above a majority's.
  Duration patience;  // The client waits no longer; zero: until answered.
  Instant asked;      // The attempt that is open.
  Instant invoked;
  Instant returned;
  Outcome outcome = Outcome::kPending;
  Outcome earlier = Outcome::kPending;  // Of the attempt before a retry.
  uint32_t attempt = 0;                 // Names the one that is open.
  // Of a write that is ok, and of a read that is ok:
  uint64_t version = 0;
  Acks acks;
  uint64_t superseded_by = 0;
  bool found = false;
  bool deleted = false;
  Bytes value;                       // What a read returned.
  std::vector<SiblingValue> values;  // If several: all, `value` first.
  Bytes context;                     // For `ctx=`.
  // Of a write: the operation whose context it carried; 0: none.
  uint32_t context_of = 0;
  SeenVersions told;        // `context`, opened when the run is judged.
  Bytes token;              // For `retry=`.
  bool final_read = false;  // After convergence, by the world itself.

  bool IsWrite() const { return verb != OpStep::Verb::kGet; }
  bool IsOk() const { return outcome == Outcome::kOk; }
  // It may take effect at any time, or never: nobody answered, or not yet.
  bool IsOpenEnded() const {
    return outcome == Outcome::kUnknown || outcome == Outcome::kPending;
  }
};

std::string KeyText(uint32_t key);
std::optional<uint32_t> KeyOfText(std::string_view text);
// "op12", padded to `size` bytes.
std::string ValueText(uint32_t op, uint32_t size);
std::optional<uint32_t> OpOfValue(std::string_view value);

class History {
 public:
  // Node `node` acknowledged that it stores this version of the key.
  struct Holding {
    uint32_t node = 0;
    Instant at;
    bool stand_in = false;  // As a hint, until it is handed on.
  };
  // A replica acknowledged that it stores this version of the key or a newer
  // one: its own word, whatever the others hold.
  struct Promise {
    uint32_t key = 0;
    uint64_t version = 0;
    Instant at;
  };
  // A process that is dead or paused syncs nothing, and none does to a disk
  // that takes nothing.
  enum class HaltCause : uint8_t { kProcess = 1, kDisk = 2 };
  struct Halt {
    uint32_t node = 0;
    HaltCause cause = HaltCause::kProcess;
    Instant from;
    std::optional<Instant> to;  // Of its recovery, resumption, or mending.
  };
  // What was unsynced at `at` is lost.
  struct Disaster {
    uint32_t node = 0;
    Instant at;
    bool wiped = false;  // All of it is.
    // Its disk is an older one again: so is all that came since.
    bool restored = false;
    // A process died that had it, the machine did not: nothing tells the next.
    bool by_failed_sync = false;
  };

  void Reserve(size_t operations) {
    operations_.reserve(operations);
    by_id_.reserve(operations);
    holdings_.reserve(operations / 2);  // About as many are writes.
  }
  // The operation of that name, made if there is none.
  Operation& Open(uint32_t id);
  Operation* Find(uint32_t id);
  const Operation* Find(uint32_t id) const;
  // Some write of the key asked for siblings: versions of it may stand beside
  // each other, and the highest is not the only one that counts.
  void MarkKept(uint32_t key) {
    if (kept_.size() <= key) kept_.resize(key + 1);
    kept_[key] = true;
  }
  bool IsKept(uint32_t key) const { return key < kept_.size() && kept_[key]; }
  // In order of first invocation.
  const std::vector<Operation>& operations() const { return operations_; }
  std::vector<Operation>& operations() { return operations_; }

  void RecordHolding(uint32_t key, uint64_t version, const Holding& holding);
  void RecordPromise(uint32_t node, const Promise& promise);
  void RecordHalt(uint32_t node, HaltCause cause, Instant at);
  void RecordResumption(uint32_t node, HaltCause cause, Instant at);
  void RecordDisaster(const Disaster& disaster) {
    disasters_.push_back(disaster);
  }
  // The node found a record that it cannot read, and said so.  No key: it does
  // not know whose it was.
  struct FoundDamageNote {
    uint32_t node = 0;
    Instant at;
    std::optional<uint32_t> key;
    bool in_hints = false;
  };
  void RecordDamage(const FoundDamageNote& note) { damages_.push_back(note); }
  // Of that key, or of one that the node does not know.
  bool FoundDamage(uint32_t node, uint32_t key, Instant after, Instant until,
                   bool in_hints) const;
  // A fault that no error tells of took the node's newest record of the key.
  struct DamagedCopy {
    uint32_t node = 0;
    Instant at;
    uint32_t key = 0;
    uint64_t version = 0;
    bool in_hints = false;
  };
  void RecordDamagedCopy(const DamagedCopy& copy) { copies_.push_back(copy); }
  // Likewise, and no recovery can know of it: no watermark that is on the disk
  // covers the place.
  void RecordSilentLoss(const DamagedCopy& copy) { silent_.push_back(copy); }
  bool LostSilently(uint32_t node, uint32_t key, uint64_t version,
                    Instant until) const;
  bool AnyHolderLostSilently(uint32_t key, uint64_t version,
                             Instant until) const;
  // The pages of a failed sync are gone from the disk; the process has the
  // bytes and writes them again, if it lives long enough.
  void RecordFailedSync(uint32_t node, Instant at);
  // A process died: with it what a failed sync took from the disk and was not
  // synced again since.  `unsynced`: see Durability.
  void RecordDeath(uint32_t node, Instant at, Duration unsynced);
  std::span<const Holding> HoldersOf(uint32_t key, uint64_t version) const;
  // The process ended itself on request, and what it had is synced.  Again for
  // the same end: no matter.
  void RecordCleanStop(uint32_t node, Instant at);
  // Both in order of time.
  std::span<const Promise> PromisesOf(uint32_t node) const;

  // `unsynced`: how long after its acknowledgement a version may be lost with
  // the power; zero if acknowledgements follow the sync.
  struct Durability {
    Duration unsynced;
  };
  // Whether the node may have lost, by `until`, what it acknowledged at `at`: a
  // disaster struck before it was synced.
  bool MayHaveLost(uint32_t node, Instant at, Instant until,
                   const Durability& durability) const;
  // Whether of all disasters it had some power losses, and nothing else, in
  // (after, until]: the next process can tell what it lacks.
  bool LostPowerAlone(uint32_t node, Instant after, Instant until) const;
  // Likewise, some restored disks.
  bool WasOnlyRestored(uint32_t node, Instant after, Instant until) const;
  // Whether every (`any`: some) node that had acknowledged the version by
  // `until` may have lost it by then.  Who got it later, by a hint or a repair,
  // could not help a read that had been answered.
  bool AllHoldersLost(uint32_t key, uint64_t version,
                      const Durability& durability, Instant until) const;
  // Who had acknowledged it by then and has not lost it.
  std::vector<uint32_t> HoldersLeft(uint32_t key, uint64_t version,
                                    const Durability& durability,
                                    Instant until) const;
  bool AnyHolderLost(uint32_t key, uint64_t version,
                     const Durability& durability, Instant until) const;
  // Whether any node may have lost, by `until`, what it held of the key at
  // `at`, acknowledged or not.
  bool AnyLossOf(uint32_t key, Instant at, Instant until,
                 const Durability& durability) const;

 private:
  struct VersionName {
    uint64_t key;
    uint64_t version;
    friend constexpr auto operator<=>(const VersionName&,
                                      const VersionName&) = default;
  };
  bool IsLost(uint32_t key, uint64_t version, const Holding& holding,
              Instant until, const Durability& durability) const;
  Instant SyncedAt(uint32_t node, Instant at, Duration unsynced) const;

  std::vector<Operation> operations_;
  std::vector<bool> kept_;  // By key.
  LookupMap<uint64_t, uint32_t> by_id_;
  LookupMap<VersionName, absl::InlinedVector<Holding, 3>> holdings_;
  std::vector<std::vector<Promise>> promises_;  // By node.
  std::vector<Halt> halts_;
  struct OnNode {
    uint32_t node = 0;
    Instant at;
  };
  std::vector<OnNode> failed_syncs_;
  std::vector<OnNode> clean_stops_;  // In order of time.
  std::vector<FoundDamageNote> damages_;
  std::vector<DamagedCopy> copies_;
  std::vector<DamagedCopy> silent_;
  std::vector<Disaster> disasters_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HISTORY_H_
