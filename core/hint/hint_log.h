// core/hint/hint_log.h
//
// HintLog keeps writes for owners that could not take them, durably, in the
// hints store: one record for each (target, key), later ones merged into it
// (semantics H4).  It knows which hints are held and what became of the others
// (H5).  It does not know who is alive, and sends nothing: HintReplayer does.
//
// Work on one record is serial: what arrives meanwhile waits and is then
// merged by one write, each with its own outcome.
//
// Marks: hint.stored, hint.merged, hint.refused_at_cap, hint.raced.
//
// Invariants:
//   HINT-1  created = delivered + covered + redirected + expired + held, at
//           every moment (H5).  What recovery finds counts as created.
//   HINT-2  A hint that counts is synced before it is acknowledged, and is
//           never dropped for its age.
//   HINT-3  A hint is kFull if it would take what is held for its target
//           over limits.hint_bytes_per_target_max.
//   HINT-4  At most one read or put is in flight per record.
//
// Threading: engine thread.  Memory: about 50 bytes a held hint.
// Cost: O(log held) a hint, plus the store's.

#ifndef ORRERY_CORE_HINT_HINT_LOG_H_
#define ORRERY_CORE_HINT_HINT_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/lookup_map.h"
#include "core/base/pool.h"
#include "core/base/ready_list.h"
#include "core/hint/hint_reader.h"
#include "core/hint/hint_record.h"
#include "core/protocol/counters.h"
#include "core/protocol/message.h"
#include "core/protocol/options.h"
#include "core/protocol/turn.h"
#include "core/storage/store.h"

namespace orrery {

// Hints that wait to be stored; beyond, kBusy.  A turn's worth at full load.
inline constexpr uint32_t kHintStoresMax = 4096;

struct HintStored {
  Ticket ticket;
  ReplicaStatus status = ReplicaStatus::kOk;
  bool synced = false;
  Promise promise;
  ORRERY_FIELDS(ticket, status, synced, promise)
};

class HintLog {
 public:
  struct Add {
    Ticket ticket;
    NodeId target;
    StorageId storage;  // The target's: a wiped disk is another target.
    std::string key;
    Object object;
    bool counted = false;
    uint64_t floor = 0;
    Epoch epoch;
    ORRERY_FIELDS(ticket, target, storage, key, object, counted, floor, epoch)
  };

  HintLog(Store& hints, const EngineOptions& options);

  // Its outcome is among TakeStored, now or later: kOk; kNotReady (not open);
  // kBusy, kFull, kReadOnly: nothing was stored; kCorrupt (the object, or the
  // record it would be merged with); kUnknown: perhaps.
  void Keep(Add add, Turn& turn);
  // REQUIRES: reply.ticket.owner == TicketOwner::kHintLog.
  void OnStoreReply(const StoreReply& reply, Turn& turn);
  std::vector<HintStored>& TakeStored() { return stored_.Take(); }

  // For sloppy reads; its outcomes are among reader().TakeReads().
  HintReader& reader() { return reader_; }

  struct Held {
    uint64_t digest = 0;
    uint64_t timestamp = 0;
    uint64_t bytes = 0;
    bool counted = false;
    // Every recipient that could be reached has it, but not yet all.
    bool partly_delivered = false;
    bool erasing = false;
    ORRERY_FIELDS(digest, timestamp, bytes, counted, partly_delivered, erasing)
  };
  struct Target {
    NodeId node;
    uint64_t bytes = 0;
    absl::btree_map<uint64_t, Held> hints;  // By token of the hint's key.
    ORRERY_FIELDS(node, bytes, hints)
  };
  using Targets = absl::btree_map<StorageId, Target>;
  // What is held, by the target's storage.
  const Targets& targets() const { return targets_; }
  uint64_t held() const { return held_; }

  enum class Fate : uint8_t { kDelivered = 1, kRedirected = 2, kExpired = 3 };
  struct Erasure {
    std::string hint_key;
    uint64_t seq = 0;  // Of the record that was read.
    uint64_t digest = 0;
    uint64_t timestamp = 0;
    Fate fate = Fate::kDelivered;
    ORRERY_FIELDS(hint_key, seq, digest, timestamp, fate)
  };
  // Turns the record into a tombstone unless it grows meanwhile: then it stays.
  void Erase(Erasure erasure, Turn& turn);

  struct Name {
    StorageId storage;
    uint64_t token = 0;
  };
  // A record that recovery found.  Ignored if it is known.
  void Learn(const Hint& hint, const StoreReply& record);
  // A record that cannot be read: what it held is anti-entropy's now.
  void Abandon(const Name& name);
  void SetPartlyDelivered(const Name& name);

  // Fills the hint fields.
  void FillCounters(EngineCounters* counters) const;
  bool IsIdle() const { return chains_.empty(); }
  uint64_t StateDigest() const;
  void CheckInvariants() const;

  ORRERY_FIELDS(reader_, chains_, by_key_, waiting_, stored_, targets_, held_,
                created_, delivered_, covered_, redirected_, expired_)

 private:
  enum class Step : uint8_t { kLooking = 1, kWriting = 2, kErasing = 3 };
  // One record's work.
  struct Chain {
    std::string hint_key;
    Step step = Step::kLooking;
    std::vector<Add> waiting;
    std::vector<Ticket> tickets;  // Of the adds in `hint`.
    Hint hint;
    Held writes;  // What will be held when the put is done.
    Fate fate = Fate::kDelivered;
    ORRERY_FIELDS(hint_key, step, waiting, tickets, hint, writes, fate)
  };

  bool MayHold(const Add& add, ReplicaStatus* why, Turn& turn) const;
  void StartNext(Handle handle, Chain& chain, Turn& turn);
  void Write(Handle handle, Chain& chain, uint64_t if_seq, Turn& turn);
  void OnLooked(Handle handle, Chain& chain, const StoreReply& reply,
                Turn& turn);
  void OnWritten(Chain& chain, const StoreReply& reply, Turn& turn);
  void OnErased(Chain& chain, const StoreReply& reply);
  void AnswerAll(Chain& chain, const HintStored& outcome);
  void Record(const Hint& hint, uint64_t token, const Held& held);
  Held* Find(const Name& name);
  void Forget(const Name& name, Fate fate);

  orrery::Store& hints_;
  const EngineOptions& options_;
  HintReader reader_;
  Pool<Chain> chains_;
  LookupMap<std::string, Handle> by_key_;
  uint32_t waiting_ = 0;  // Adds in all chains.
  ReadyList<HintStored> stored_;
  Targets targets_;
  uint64_t held_ = 0;
  uint64_t created_ = 0;
  uint64_t delivered_ = 0;
  uint64_t covered_ = 0;
  uint64_t redirected_ = 0;
  uint64_t expired_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_HINT_HINT_LOG_H_
