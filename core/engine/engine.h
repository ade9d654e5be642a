// core/engine/engine.h
//
// Engine is one slice of the hash space as a pure function: Step(event,
// effects) is the only way in and out.  It dispatches; the rooms decide.  Same
// options and events give the same effects, byte for byte.
//
// The accessors below Step describe the state between steps, for admin pages,
// metrics and oracles; they change nothing.
//
// Threading: one thread.  Cost of a step: that of the room it dispatches to,
// plus what became ready by it.

#ifndef ORRERY_CORE_ENGINE_ENGINE_H_
#define ORRERY_CORE_ENGINE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/byte_sink.h"
#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/counters.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"
#include "core/protocol/options.h"

namespace orrery {

enum class EngineState : uint8_t {
  kStarting = 1,  // Reading the disk.
  kWaiting = 2,   // Recovered; no cluster or ring yet.
  kForming = 3,   // In a pristine ring that is not declared ready.
  kServing = 4,
  kOutside = 5,  // Told RING_CLOSED: owns nothing, serves nobody, asks again.
  kStopping = 6,
  kFailed = 7,
};

struct MemberView {
  std::string name;
  NodeId id;
  MemberState state = MemberState::kAlive;     // This node's own opinion.
  MemberState evidence = MemberState::kAlive;  // What it passes on.
  Endpoint gossip;
  uint16_t http_port = 0;
  // Which process of which disk; boot_salt 0: not known.
  StorageId storage;
  uint32_t generation = 0;
  uint64_t boot_salt = 0;
};

// What an oracle or `inspect-key` sees of one key's entry here, without disk.
struct KeyEntry {
  uint64_t token = 0;
  uint64_t digest = 0;
  uint64_t timestamp = 0;
  bool tombstone = false;
  bool doubted = false;  // Took the place of a lost record that ranked above.
};

// What is kept for one owner that could not take it.
struct HeldHints {
  NodeId target;
  StorageId storage;
  uint64_t hints = 0;
  uint64_t partly_delivered = 0;  // Of these, as far as owners can be reached.
};

// This node's clock, as the members' clocks show it (membership/cluster_clock).
struct ClockView {
  bool known = false;    // Enough members were measured.
  bool is_off = false;   // By more than half the skew bound.
  bool waits = false;    // Known, but an earlier process may have drawn more.
  Duration offset;       // Of the members' median to own wall time.
  uint32_t samples = 0;  // Other members whose clocks are known,
  uint32_t others = 0;   // of so many.
};

class Rooms;  // engine/rooms.h: every room of one engine, wired together.

class Engine {
 public:
  explicit Engine(const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void Step(const Event& event, Effects& effects);
  std::optional<Instant> NextDeadline() const;

  // Appends which bytes of what a disk read are clients' values, piece by
  // piece, in order: those that Step does no more with than to check and carry
  // them, so that stand-ins (base/stand_in.h) do as well.
  // REQUIRES: this completion is stepped next.
  void FindValues(const DiskDone& done, std::vector<ByteSpan>* spans) const;

  // ---- Snapshots: a trace that begins in the middle ----

  enum class IndexPart : uint8_t {
    kWhole = 0,
    kNone = 1,  // Entries are added as they are needed: RevealTouched.
  };
  struct SnapshotOptions {
    ValueMode values = ValueMode::kElided;
    IndexPart index = IndexPart::kNone;
  };
  // The whole state, canonical: equal states give equal bytes.  Cost: what is
  // in flight, the member table, held hints; the index, if whole.
  void SaveSnapshot(const SnapshotOptions& options, ByteSink& out) const;
  // From the bytes of SaveSnapshot of an engine with the same options; they may
  // be hostile.  False: they are none, and this engine is good for nothing.
  // REQUIRES: no event was stepped.
  [[nodiscard]] bool LoadSnapshot(ByteView snapshot, ValueMode values);

  // From now on the first touch of each index entry is kept, as the entry was.
  void WatchTouches();
  // From now on none is, and what was kept is forgotten.
  void StopWatching();
  bool HasTouched() const;
  size_t TouchedBytes() const;  // At most so much SaveTouched writes.
  // Writes what was touched since the last call.
  void SaveTouched(ByteSink& out);
  // Adds entries that SaveTouched wrote after the snapshot that was loaded, or
  // after a later one of the same process once the replay is there.  False:
  // they are none, or no such entries can have been there.
  [[nodiscard]] bool RevealTouched(ByteView touched);

  // 64 bits over the whole state, in fixed order.
  uint64_t StateDigest() const;
  void CheckInvariants() const;
  // No conversation is in flight, of clients, peers, hints, repair or disk:
  // every pool is empty.
  bool IsIdle() const;

  bool IsDurable(const Promise& promise) const;

  EngineState state() const;
  NodeId node_id() const;
  StorageId storage_id() const;
  ClusterId cluster_id() const;
  Epoch epoch() const;
  uint64_t ring_hash() const;
  bool ring_pristine() const;
  // What /health/ready says it waits for; empty when serving.
  std::string WaitingFor() const;
  std::vector<MemberView> Members() const;
  // Changes when the evidence about any member does.
  uint64_t view_hash() const;
  // Tokens of the ownership ring in order, and preference lists by name.
  struct TokenView {
    uint64_t token;
    NodeId node;
  };
  std::vector<TokenView> Tokens() const;
  std::vector<std::string> PreferenceListOf(std::string_view key) const;
  std::vector<KeyEntry> Entries() const;  // User store, in token order.
  // The user store has a record of the key and cannot read it.
  bool IsDamaged(std::string_view key) const;
  std::vector<HeldHints> Hints() const;  // By the target's storage.
  // Records of the hints store that are not known to be damaged.
  uint64_t ReadableHints() const;
  StoreCounters Counters(StoreId store) const;
  // Names of the complete ones, as last seen (SnapshotJob).
  const std::vector<std::string>& Snapshots() const;
  SpaceView Space() const;
  ClockView Clock() const;
  EngineCounters counters() const;

 private:
  std::unique_ptr<Rooms> rooms_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_ENGINE_H_
