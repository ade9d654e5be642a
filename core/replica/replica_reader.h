// core/replica/replica_reader.h
//
// ReplicaReader answers what this node's own copy of a key is, as deep as
// asked: the digest (from the index, without disk), the versions, or the whole
// object.  It does not merge, vote or know the ring.
//
// Invariants:
//   RDR-1  A record that cannot be read is kCorrupt; a store that cannot answer
//          is kNotReady or kBusy.  Neither is ever "absent" (semantics R7).
//   RDR-2  Absent is kOk with digest 0 and an empty object.
//   RDR-3  At most limits.store_reads_max reads are open; beyond, kBusy.
//
// Threading: engine thread.  Cost: a digest is a look at the index; the rest
// is one read.

#ifndef ORRERY_CORE_REPLICA_REPLICA_READER_H_
#define ORRERY_CORE_REPLICA_REPLICA_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/fields.h"
#include "core/base/pool.h"
#include "core/base/ready_list.h"
#include "core/protocol/message.h"
#include "core/protocol/object.h"
#include "core/protocol/options.h"
#include "core/protocol/turn.h"
#include "core/storage/store.h"

namespace orrery {

struct ReadRequest {
  Ticket ticket = {};
  std::string key = {};
  ReadDepth depth = ReadDepth::kObject;
  ORRERY_FIELDS(ticket, key, depth)
};

struct ReadOutcome {
  Ticket ticket = {};
  ReplicaStatus status = ReplicaStatus::kOk;
  bool suspect = false;  // The copy may lack what it once held.
  bool doubted = false;  // Suspect because of this key alone.
  ReadDepth depth = ReadDepth::kObject;
  uint64_t digest = 0;  // 0: absent.
  // Highest stamp that was ever stored here under the key, as far as is known:
  // also that of a record that is lost.  0: none.
  uint64_t top_stamp = 0;
  Object object = {};    // kVersions: without values.  kDigest: empty.
  std::string key = {};  // ReadAt only.
  ORRERY_FIELDS(ticket, status, suspect, doubted, depth, digest, top_stamp,
                object, key)
};

class ReplicaReader {
 public:
  ReplicaReader(Store& store, const Limits& limits);

  void Read(const ReadRequest& request, Turn& turn);

  // The object whose index entry has this token and digest (anti-entropy); it
  // is absent if the entry changed meanwhile.
  void ReadAt(const Ticket& ticket, uint64_t token, uint64_t digest,
              Turn& turn);

  // REQUIRES: reply.ticket.owner == TicketOwner::kReplicaReader.
  void OnStoreReply(const StoreReply& reply, Turn& turn);

  std::vector<ReadOutcome>& TakeOutcomes() { return ready_.Take(); }

  bool IsIdle() const { return open_.empty(); }
  uint64_t StateDigest() const;

  ORRERY_FIELDS(open_, ready_)

 private:
  struct Open {
    Ticket ticket = {};
    ReadDepth depth;
    ORRERY_FIELDS(ticket, depth)
  };

  // Registers the read, or refuses it; the handle is none then.
  Handle TryOpen(const Ticket& ticket, ReadDepth depth);

  Store& store_;
  Pool<Open> open_;
  ReadyList<ReadOutcome> ready_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_REPLICA_REPLICA_READER_H_
