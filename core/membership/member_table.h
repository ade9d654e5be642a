// core/membership/member_table.h
//
// MemberTable holds what this node knows of every member of its cluster,
// itself included: the merged evidence (a MemberRecord) and this node's own
// opinion.  It decides nothing; Suspicion does.
//
// Two states per member.  `record.state` is what the evidence says, the same
// on every node once views agree.  `state` is what this node believes and
// routes by: a member that it still hears is ALIVE here, whoever accuses it.
//
// Invariants:
//   TAB-1  A member's record.incarnation never falls (membership I1).
//   TAB-2  size() <= kMembersMax.
//   TAB-3  Within an incarnation record.state only rises: ALIVE, SUSPECT, DEAD,
//          LEFT (the order of SWIM's section 4.2).
//
// Threading: engine thread.  Cost: O(log n); hashes are O(n) after a change.

#ifndef ORRERY_CORE_MEMBERSHIP_MEMBER_TABLE_H_
#define ORRERY_CORE_MEMBERSHIP_MEMBER_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/container/btree_map.h"
#include "core/base/fields.h"
#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/protocol/member.h"

namespace orrery {

// Before every event; far enough from the edge to do arithmetic with.
inline constexpr Instant kLongAgo{std::numeric_limits<int64_t>::min() / 4};

struct Member {
  MemberRecord record;
  MemberState state = MemberState::kAlive;  // This node's own opinion.
  Instant heard_at = kLongAgo;      // Latest direct evidence, or first news.
  Instant suspected_at = kLongAgo;  // When the running SUSPECT began here.

  // The probe in flight (FailureDetector).
  uint32_t ping_seq = 0;
  bool in_doubt = false;             // A ping went unanswered.
  Instant frame_ping_at = kLongAgo;  // Last try over TCP while in doubt.

  Instant told_at = kLongAgo;  // When it was last sent its own accusation.
  bool view_differs = false;   // Its view_hash is not ours, since when:
  Instant view_differs_at = kLongAgo;
  ORRERY_FIELDS(record, state, heard_at, suspected_at, ping_seq, in_doubt,
                frame_ping_at, told_at, view_differs, view_differs_at)
};

class MemberTable {
 public:
  using Entries = absl::btree_map<NodeId, Member>;

  // Null if unknown.
  const Member* Find(NodeId id) const;
  // In ascending order of id.
  const Entries& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  bool IsFull() const;
  // The member that advertises `endpoint`, the lowest id if several do.
  const Member* FindAt(const Endpoint& endpoint) const;

  // An order-free hash of (id, incarnation, state) of every record.
  uint64_t ViewHash() const;
  // The same per bucket: the top 6 bits of the id.
  std::array<uint64_t, 64> BucketHashes() const;
  static size_t BucketOf(NodeId id) { return id.value >> 58; }

  // ---- For the rooms of membership ----

  Member* Mutable(NodeId id);
  // REQUIRES: the member is unknown and !IsFull().
  Member& Insert(const MemberRecord& record, Instant now);
  // REQUIRES: the member is known; TAB-1 and TAB-3 go on to hold.
  void SetRecord(const MemberRecord& record);
  // The process slept: every remembered instant moves by `late`.
  void Postpone(Duration late);
  void Clear();

  void DigestInto(Hasher& hasher) const;

  template <typename FieldVisitor>
  void Fields(FieldVisitor& visit) {
    visit(entries_);
    hashed_ = false;
  }
  template <typename FieldVisitor>
  void Fields(FieldVisitor& visit) const {
    visit(entries_);
  }

 private:
  static uint64_t HashOf(const MemberRecord& record);

  Entries entries_;
  mutable bool hashed_ = false;
  mutable uint64_t view_hash_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_MEMBER_TABLE_H_
