// core/repair/sync_session.h
//
// SyncSession is one exchange with one peer, as its opener: it drives all of
// it, the peer only answers (semantics A2 to A4).
//
//   roots of all shared ranges -> those that differ -> 2 s -> their roots again
//   -> for each that differed twice, chunk by chunk: (token, digest) lists
//   -> objects the peer lacks are put there, objects this node lacks are
//   fetched and merged -> next chunk, next range, done
//
// It does not schedule itself and does not count votes: the room does, from
// exchanged().
//
// Invariants:
//   SYN-1  At most limits.sync_in_flight_max objects are under way each way.
//   SYN-2  A range is in exchanged() only if this node holds, at the end, all
//          that the peer named.
//   SYN-3  A session that hears nothing for request_timeout ends.
//
// Threading: engine thread.  Memory: one chunk of digests.

#ifndef ORRERY_CORE_REPAIR_SYNC_SESSION_H_
#define ORRERY_CORE_REPAIR_SYNC_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/protocol/message.h"
#include "core/protocol/turn.h"
#include "core/repair/sync_wiring.h"

namespace orrery {

class SyncSession {
 public:
  struct Plan {
    NodeId peer = {};
    std::vector<uint64_t> ranges = {};  // Ends of the shared ranges, ascending.
    bool in_doubt = false;  // A copy in doubt cannot wait (A3 waived).
    uint64_t losses = 0;    // Of the store when the session is opened.
  };

  SyncSession(const SyncWiring& wiring, Plan plan);

  // Sends the first roots.  `self` comes back on answers and timers.
  void Open(Handle self, Turn& turn);

  void OnRootsAck(const SyncRootsAck& ack, Turn& turn);
  void OnKeysAck(const SyncKeysAck& ack, Turn& turn);
  void OnObjects(const SyncObjects& objects, Turn& turn);
  void OnPutAck(const ReplicaPutAck& ack, Turn& turn);
  void OnReadOutcome(const ReadOutcome& outcome, Turn& turn);
  void OnWriteOutcome(const WriteOutcome& outcome, Turn& turn);
  void OnTimer(Turn& turn);

  NodeId peer() const { return peer_; }
  bool was_in_doubt() const { return in_doubt_; }
  uint64_t losses() const { return losses_; }
  // At any time of the session.
  bool peer_in_doubt() const { return peer_in_doubt_; }
  bool IsOver() const { return phase_ == Phase::kOver; }
  // Ended because everything was compared, not early.
  bool IsComplete() const { return IsOver() && complete_; }
  const std::vector<uint64_t>& exchanged() const { return exchanged_; }
  // Objects put at the peer or merged here.
  uint64_t repaired() const { return repaired_; }

  void End(Turn& turn);
  uint64_t StateDigest() const;

  ORRERY_FIELDS(peer_, in_doubt_, losses_, peer_in_doubt_, self_, phase_,
                complete_, pending_, exchanged_, repaired_, after_, upto_,
                range_failed_, chunk_, pushes_, pushes_in_flight_, fetches_,
                fetching_, merges_in_flight_)

 private:
  enum class Phase : uint8_t {
    kRoots = 1,    // First comparison is under way.
    kPause = 2,    // Waiting to compare again.
    kRecheck = 3,  // Second comparison is under way.
    kKeys = 4,     // A chunk's digests are under way.
    kObjects = 5,  // Objects of that chunk are under way.
    kOver = 6,
  };

  void SendRoots(Turn& turn);
  void BeginRange(Turn& turn);
  void SendKeys(Turn& turn);
  void PlanPushes(const SyncKeysAck& ack);
  void Advance(Turn& turn);
  void StartPushes(Turn& turn);
  void StartFetch(Turn& turn);
  void FinishChunk(Turn& turn);
  void TakeAnswered(const SyncObjects& objects, Turn& turn);
  void Complete(Turn& turn);
  void ExpectAnswer(Turn& turn);
  void Send(PeerBody body, Turn& turn);

  SyncWiring wiring_;
  NodeId peer_;
  bool in_doubt_;
  uint64_t losses_;
  bool peer_in_doubt_ = false;
  Handle self_;
  Phase phase_ = Phase::kRoots;
  bool complete_ = false;

  std::vector<uint64_t> pending_;  // Ranges not yet done; back() is next.
  std::vector<uint64_t> exchanged_;
  uint64_t repaired_ = 0;

  // The range under way and its chunk (after_, upto_].
  uint64_t after_ = 0;
  uint64_t upto_ = 0;
  bool range_failed_ = false;
  std::vector<Store::Entry> chunk_;

  std::vector<KeyDigest> pushes_;  // Still to put at the peer.
  uint32_t pushes_in_flight_ = 0;
  std::vector<uint64_t> fetches_;   // Tokens still to ask for.
  std::vector<uint64_t> fetching_;  // Asked for, not yet answered; sorted.
  uint32_t merges_in_flight_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_REPAIR_SYNC_SESSION_H_
