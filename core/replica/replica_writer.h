// core/replica/replica_writer.h
//
// ReplicaWriter is the only way in which this node's own copy of a key changes:
// read the stored object, mint or merge, store the result (semantics W5, W8).
// It does not know the ring, other owners or levels, and does not check epochs
// or the clock bound: whoever calls it has.
//
// Writes of one key are serial.  Those that wait while one is in flight are
// applied together and stored by one put, each with its own outcome: one that
// a later one covers was merged all the same.
//
// Invariants:
//   WRT-1  At most one read or put is in flight per key.
//   WRT-2  A dot is minted at most once, and leaves only in an outcome of the
//          step that learned that its record is as durable as the store says.
//   WRT-3  At most one write per request that may be in flight (limits) is
//          held; beyond, kBusy.
//   WRT-4  Nothing is minted over a record that cannot be read, nor beside what
//          took its place while the key is in doubt: a new dot would cover
//          those that this actor minted into what was lost.  Merges replace it.
//   WRT-5  Nothing is minted after its request's deadline (semantics S28):
//          kBusy.
//   WRT-6  Outcomes of merges name the stamp of a lost record as the top one,
//          if it is.
//   WRT-7  Nothing is minted beside so much that its writer has not seen that
//          the key is full (semantics M9): kTooManySiblings.
//   WRT-8  Nothing is minted while cluster time is not known (semantics C3),
//          and nothing merged meanwhile moves the clock; nor is a write whose
//          stamp stands and lies beyond the bound (C2).
//
// Outcomes: kOk; kNotReady (not open, no actor, no cluster time, or a context
// from the future of this actor); kClockAhead (WRT-8); kCorrupt (own record
// cannot be read or is in doubt, the given object cannot be read, or its stamps
// leave none above them); kBusy, kFull, kReadOnly, kTooManySiblings: nothing
// was stored; kUnknown: perhaps.
//
// Threading: engine thread.  Cost: a write is a look at the index, at most one
// read and one put; merges that change nothing store nothing.

#ifndef ORRERY_CORE_REPLICA_REPLICA_WRITER_H_
#define ORRERY_CORE_REPLICA_REPLICA_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/lookup_map.h"
#include "core/base/pool.h"
#include "core/base/ready_list.h"
#include "core/protocol/message.h"
#include "core/protocol/object.h"
#include "core/protocol/options.h"
#include "core/protocol/turn.h"
#include "core/storage/store.h"
#include "core/version/hybrid_clock.h"

namespace orrery {

// A version that another owner, a hint or a repair brings.
struct MergeRequest {
  Ticket ticket = {};
  std::string key = {};
  Object object = {};
  PutOrigin origin = PutOrigin::kFresh;
  bool must_sync = false;  // The outcome waits for the sync in any case.
  ORRERY_FIELDS(ticket, key, object, origin, must_sync)
};

// A new version, with a dot of this node.
struct MintRequest {
  Ticket ticket = {};
  std::string key = {};
  bool tombstone = false;
  bool keep = false;
  Bytes value = {};
  std::optional<SeenVersions> seen = {};
  OperationId operation = {};   // Zero: none.
  uint64_t proposed_stamp = 0;  // 0: none.
  bool retry = false;  // The proposed stamp stands, unless 0 or covered.
  uint64_t basis = 0;  // The stamp is to exceed it, unless it stands.
  // What this node minted for the operation before; counter 0: nothing.
  Dot minted = {};
  std::optional<Instant> deadline = {};
  ORRERY_FIELDS(ticket, key, tombstone, keep, AsValue(value), seen, operation,
                proposed_stamp, retry, basis, minted, deadline)
};

struct WriteOutcome {
  Ticket ticket = {};
  ReplicaStatus status = ReplicaStatus::kOk;
  bool synced = false;
  uint64_t top_stamp = 0;  // Ranks first here once this write was applied.
  // Mint: what the other owners are to merge; of one that was refused because
  // of too many siblings, what is stored.
  Object object = {};
  uint64_t stamp = 0;     // Mint: of the new version, or of the one found.
  Dot dot = {};           // Likewise.
  uint64_t basis = 0;     // Mint: highest stamp it had to exceed.
  bool repeated = false;  // Mint: it was held, or covered, already.
  Promise promise = {};
  ORRERY_FIELDS(ticket, status, synced, top_stamp, object, stamp, dot, basis,
                repeated, promise)
};

class ReplicaWriter {
 public:
  ReplicaWriter(Store& store, HybridClock& clock, const Limits& limits,
                Duration skew_bound = 500 * kMillisecond);

  // Who mints from now on; its counter starts at 1.
  // REQUIRES: an actor that never minted before.
  void SetActor(const Actor& actor);

  void Mint(MintRequest request, Turn& turn);
  // Stamps within the skew bound also move the clock.
  void Merge(MergeRequest request, Turn& turn);

  // REQUIRES: reply.ticket.owner == TicketOwner::kReplicaWriter.
  void OnStoreReply(const StoreReply& reply, Turn& turn);

  std::vector<WriteOutcome>& TakeOutcomes() { return ready_.Take(); }

  bool IsIdle() const { return held_ == 0; }
  uint64_t StateDigest() const;
  void CheckInvariants() const;

  ORRERY_FIELDS(actor_, counter_, held_, chains_, by_key_, ready_)

 private:
  using Work = std::variant<MintRequest, MergeRequest>;

  using Works = absl::InlinedVector<Work, 1>;  // Seldom two of one key.

  // One key's writes: those that wait, and those of the put in flight.
  struct Chain {
    std::string key = {};
    Works waiting;
    Works applied;
    absl::InlinedVector<WriteOutcome, 1> outcomes;  // Parallel to applied.
    ORRERY_FIELDS(key, waiting, applied, outcomes)
  };
  // The stored copy, as far as it was needed.
  struct Stored {
    Object object = {};
    uint64_t digest = 0;               // 0: nothing readable is stored.
    std::optional<uint64_t> seq = {};  // What a put replaces, if known.
    bool unreadable = false;
    bool in_doubt = false;    // Something that was lost may be missing.
    uint64_t lost_stamp = 0;  // See StoreReply.
  };

  void Submit(Work work, Turn& turn);
  void Start(Handle handle, Chain& chain, Turn& turn);
  bool AnswerFromIndex(Chain& chain, const Store::Peek& peek);
  void OnRead(Handle handle, Chain& chain, const StoreReply& reply, Turn& turn);
  void OnPut(Handle handle, Chain& chain, const StoreReply& reply, Turn& turn);
  void Apply(Handle handle, Chain& chain, const Stored& stored, Turn& turn);
  WriteOutcome ApplyOne(const Work& work, const Stored& stored, Object* object,
                        Turn& turn);
  WriteOutcome ApplyMint(const MintRequest& mint, Object* object, Turn& turn);
  struct Known {
    Dot dot;
    uint64_t stamp = 0;
  };
  static WriteOutcome Repeated(const Known& known, const Object& object,
                               WriteOutcome outcome, Turn& turn);
  void FailWaiting(Handle handle, Chain& chain, ReplicaStatus status,
                   Turn& turn);
  void Release(Handle handle, Chain& chain, ReplicaStatus status,
               const Promise& promise, Turn& turn);

  Store& store_;
  HybridClock& clock_;
  Duration skew_bound_;
  uint32_t writes_max_;  // WRT-3
  std::optional<Actor> actor_;
  uint64_t counter_ = 0;
  uint32_t held_ = 0;
  Pool<Chain> chains_;
  LookupMap<std::string, Handle> by_key_;
  ReadyList<WriteOutcome> ready_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_REPLICA_REPLICA_WRITER_H_
