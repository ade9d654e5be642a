// core/repair/sync_answerer.h
//
// SyncAnswerer answers the exchanges that peers open.  It keeps nothing of a
// session between messages; only a SyncFetch lives on while its reads are
// under way.
//
// Answers carry a status: kStaleRing or kRingBehind if the opener's ring is not
// ours, kNotReady before recovery or for a range that is not owned here, kBusy
// beyond a limit.
//
// Invariants:
//   ANS-1  At most kFetchesMax fetches are open, each with at most
//          kFetchReadsMax reads under way.
//   ANS-2  An answer to a fetch stops at limits.sync_bytes_max, but names at
//          least one token if it was asked for any.
//
// Threading: engine thread.  Cost: linear in the digests or objects named.

#ifndef ORRERY_CORE_REPAIR_SYNC_ANSWERER_H_
#define ORRERY_CORE_REPAIR_SYNC_ANSWERER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/base/pool.h"
#include "core/protocol/message.h"
#include "core/protocol/turn.h"
#include "core/repair/sync_wiring.h"

namespace orrery {

class SyncAnswerer {
 public:
  // Each peer opens one session at a time, so this many peers at once.
  static constexpr uint32_t kFetchesMax = 64;
  // Enough to hide the latency of one disk read behind the others.
  static constexpr uint32_t kFetchReadsMax = 8;

  explicit SyncAnswerer(const SyncWiring& wiring);

  void OnRoots(const Envelope& from, const SyncRoots& roots, Turn& turn);
  void OnKeys(const Envelope& from, const SyncKeys& keys, Turn& turn);
  void OnFetch(const Envelope& from, const SyncFetch& fetch, Turn& turn);
  void OnReadOutcome(const ReadOutcome& outcome, Turn& turn);

  bool IsIdle() const { return fetches_.empty(); }

  ORRERY_FIELDS(fetches_)

 private:
  struct Fetch {
    Endpoint to;
    std::vector<KeyDigest> entries;
    uint32_t next = 0;  // The first entry that was not read yet.
    uint32_t reads_in_flight = 0;
    uint64_t bytes = 0;
    SyncObjects answer;
    ORRERY_FIELDS(to, entries, next, reads_in_flight, bytes, answer)
  };

  ReplicaStatus Check(const Envelope& from) const;
  void Compare(const SyncKeys& keys, SyncKeysAck* ack) const;
  void Advance(Handle handle, Fetch& fetch, Turn& turn);

  SyncWiring wiring_;
  Pool<Fetch> fetches_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_REPAIR_SYNC_ANSWERER_H_
