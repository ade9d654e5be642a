// core/membership/view_digest.h
//
// ViewComparison makes views equal with certainty, where gossip does so only
// almost always.  Every PING and ACK carries a hash of the whole view; a
// mismatch that lasts over a second, and chance every ten, send a digest of 64
// bucket hashes.  Whoever receives one answers with its records of the buckets
// that differ, over TCP, and gets back what it lacks.
//
// It merges nothing itself: records go through Suspicion.
//
// Timers: kViewDigest.
// Marks: membership.views_compared.
// Cost: O(n) per digest or sync.

#ifndef ORRERY_CORE_MEMBERSHIP_VIEW_DIGEST_H_
#define ORRERY_CORE_MEMBERSHIP_VIEW_DIGEST_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/fields.h"
#include "core/base/prng.h"
#include "core/membership/datagram_sender.h"
#include "core/membership/gossiper.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/membership/suspicion.h"
#include "core/protocol/message.h"
#include "core/protocol/turn.h"

namespace orrery {

// 128 records of at most 360 bytes stay within the 64 KiB of a chunk.
inline constexpr size_t kSyncRecordsMax = 128;

class ViewComparison {
 public:
  struct Wiring {
    LocalNode& local;
    MemberTable& table;
    const Gossiper& gossiper;
    DatagramSender& sender;
    Suspicion& suspicion;
  };
  explicit ViewComparison(const Wiring& wiring);

  void Start(Prng random, Turn& turn);
  // A PING or ACK of `from` carried this hash.
  void OnViewHash(NodeId from, uint64_t view_hash, Turn& turn);
  void OnDigest(const ViewDigest& digest, const Endpoint& source, Turn& turn);
  void OnSync(const MemberSync& sync, NodeId from, const Endpoint& reply_to,
              Turn& turn);
  void OnTimer(Turn& turn);

  ORRERY_FIELDS(random_)

 private:
  void SendDigest(const Member& to, Turn& turn);
  void SendSync(const Endpoint& to, bool answer_wanted,
                const std::vector<MemberRecord>& records, Turn& turn);

  Wiring in_;
  Prng random_{0};
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_VIEW_DIGEST_H_
