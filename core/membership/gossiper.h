// core/membership/gossiper.h
//
// Gossiper holds the news that others may not know yet and chooses what fits
// into the next packet: about the receiver first, then own refutations, DEAD
// and LEFT, SUSPECT, ALIVE; within a class the least transmitted, then the
// newest (membership section 5).  It holds ids, one entry per member; the
// record is read from the table when it is sent, so it is never stale.
//
// It sends nothing itself.
//
// Invariants:
//   GSP-1  One entry per member; an entry leaves after RetransmissionsFor(n).
//   GSP-2  A choice never exceeds the bytes given, by EstimatedBytes.
//
// Cost: Choose is O(q log q) in the entries held; nothing when there are none.

#ifndef ORRERY_CORE_MEMBERSHIP_GOSSIPER_H_
#define ORRERY_CORE_MEMBERSHIP_GOSSIPER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/membership/member_table.h"
#include "core/protocol/member.h"

namespace orrery {

// max(12, 4 * ceil(log10(n + 1))).
uint32_t RetransmissionsFor(size_t members);

// An upper bound of a record's size in a datagram.
size_t EstimatedBytes(const MemberRecord& record);

class Gossiper {
 public:
  void SetSelf(NodeId self) { self_ = self; }
  // Own accusations are withheld while this node doubts itself.
  void SetIsolated(bool isolated) { isolated_ = isolated; }

  // Whether nobody but its subject may hear this record from here now.
  bool IsWithheld(const MemberRecord& record, NodeId receiver) const;

  // There is news of `id`: replaces an older entry.
  void Queue(NodeId id);
  void Clear() { entries_.clear(); }
  bool IsIdle() const { return entries_.empty(); }

  // Appends what `receiver` should hear, within `bytes`, and counts it as
  // transmitted once.  A zero receiver is nobody in particular.
  void Choose(NodeId receiver, const MemberTable& table, size_t bytes,
              std::vector<MemberRecord>* records);

  ORRERY_FIELDS(self_, isolated_, next_, entries_)

 private:
  struct Entry {
    uint32_t transmissions = 0;
    uint64_t queued = 0;  // Larger is newer.
    ORRERY_FIELDS(transmissions, queued)
  };
  uint32_t ClassOf(const MemberRecord& record, NodeId receiver) const;

  NodeId self_;
  bool isolated_ = false;
  uint64_t next_ = 0;
  absl::btree_map<NodeId, Entry> entries_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_GOSSIPER_H_
