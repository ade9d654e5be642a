// core/membership/join_handshake.h
//
// JoinHandshake brings this node into a cluster and into its ring, or founds
// one (membership section 6).
//
//   no cluster id    asks every seed each 250 ms to be let in; founds when
//                    Founding allows it
//   no ring          (RING was unreadable) asks the seeds for it; never founds
//   not in the ring  asks the founder for ownership after 1 s, doubling to
//                    30 s, jittered; RING_CLOSED is such an answer
//   in the ring      rests
//
// Some rejections end the process (exit 2): another cluster, other ring
// parameters, a name or storage that belongs to somebody else.
//
// Timers: kJoin.
// Marks: membership.founded, membership.joined, membership.join_rejected.
// Cost: O(seeds) per round.

#ifndef ORRERY_CORE_MEMBERSHIP_JOIN_HANDSHAKE_H_
#define ORRERY_CORE_MEMBERSHIP_JOIN_HANDSHAKE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/prng.h"
#include "core/membership/founding.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/membership/ring_keeper.h"
#include "core/membership/suspicion.h"
#include "core/protocol/message.h"
#include "core/protocol/turn.h"

namespace orrery {

class JoinHandshake {
 public:
  struct Wiring {
    LocalNode& local;
    MemberTable& table;
    Founding& founding;
    RingKeeper& keeper;
    Suspicion& suspicion;
  };
  explicit JoinHandshake(const Wiring& wiring);

  void Start(Prng ids, Prng jitter, Turn& turn);
  void OnTimer(Turn& turn);
  // Seeds became known or changed: asks at once if there is need.
  void OnSeeds(Turn& turn);
  void OnAccept(const JoinAccept& accept, Turn& turn);
  void OnReject(const JoinReject& reject, const Envelope& from, Turn& turn);
  // A ring was installed, or the cluster was left.
  void OnStanding(Turn& turn);

  // Told RING_CLOSED, and still not in the ring.
  bool refused() const { return refused_; }
  // What this node waits for; empty in the ring.
  std::string WaitingFor() const;
  // Why the process must end, once.
  std::optional<std::string> TakeFatal();

  void DigestInto(Hasher& hasher) const;

  ORRERY_FIELDS(ids_, jitter_, started_, founding_, refused_, attempts_,
                pointed_to_, last_rejection_, met_, fatal_)

 private:
  bool InRing() const;
  void AskSeeds(Turn& turn);
  void AskWhoMayKnow(Turn& turn);
  void AskForOwnership(const Endpoint& to, Turn& turn);
  void FoundIfAllowed(Turn& turn);
  JoinRequest MakeRequest(bool wants_ring) const;
  void ArmSoon(Turn& turn);
  void ArmLater(Turn& turn);
  void Fail(const JoinReject& reject);

  Wiring in_;
  Prng ids_{0};
  Prng jitter_{0};
  bool started_ = false;
  bool founding_ = false;  // Its own first ring is being persisted.
  bool refused_ = false;
  uint32_t attempts_ = 0;  // Since a cluster id is known.
  Endpoint pointed_to_;    // NOT_FOUNDER said: ask there.
  std::optional<JoinRejection> last_rejection_;
  std::vector<MemberRecord> met_;  // Of the accept that is being persisted.
  std::optional<std::string> fatal_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_JOIN_HANDSHAKE_H_
