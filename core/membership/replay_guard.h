// core/membership/replay_guard.h
//
// ReplayGuard tells a datagram that was heard before from a new one: a window
// over the sequence numbers of each sender's process, as in IPsec's anti-replay
// service (RFC 4303, section 3.4.3).  A copy that the network made, or that
// somebody kept, is evidence of nothing and answers nothing.
//
// It does not know members, accusations or clocks, and does not judge which of
// two processes is the right one: of a sender it follows the process with the
// highest generation, and lets every other pass to whoever judges.
//
// Invariants:
//   RPL-1  Of one process, no sequence number is new twice.
//   RPL-2  A number less than kReplayWindow behind the highest one heard, and
//          not heard itself, is new: the network may reorder.
//   RPL-3  At most kMembersMax senders are remembered; further ones pass.
//
// Numbers wrap: of two, the later is the one less than 2^31 ahead.
//
// Threading: engine thread.  Cost: O(log senders), no allocation but the first
// time a sender is heard; 152 bytes a sender.

#ifndef ORRERY_CORE_MEMBERSHIP_REPLAY_GUARD_H_
#define ORRERY_CORE_MEMBERSHIP_REPLAY_GUARD_H_

#include <bitset>
#include <cstdint>

#include "absl/container/btree_map.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/protocol/message.h"

namespace orrery {

// Membership section 9.
inline constexpr uint32_t kReplayWindow = 1024;

class ReplayGuard {
 public:
  // Whether this was not heard before.  Remembers it.
  bool IsNew(const DatagramHeader& header);

  uint64_t StateDigest() const;

  ORRERY_FIELDS(senders_)

 private:
  struct Sender {
    uint32_t generation = 0;
    uint64_t boot_salt = 0;
    uint32_t highest = 0;
    std::bitset<kReplayWindow> heard;  // Of number s at s mod kReplayWindow.
    ORRERY_FIELDS(generation, boot_salt, highest, heard)
  };

  absl::btree_map<NodeId, Sender> senders_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_REPLAY_GUARD_H_
