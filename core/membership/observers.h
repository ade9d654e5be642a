// core/membership/observers.h
//
// Observers says who watches whom (membership section 4).  Up to seven live
// members everyone watches everyone.  Beyond, on each of six permutation rings
// (members ordered by a hash of their id and the ring's number) a member is
// observed by its predecessor; one already chosen is skipped.  So the load of
// a node is constant in the size of the cluster.
//
// It is a function of the set of members held ALIVE or SUSPECT here, so nodes
// with equal views agree on it.
//
// Cost: Rebuild O(n log n), the rest O(log n).

#ifndef ORRERY_CORE_MEMBERSHIP_OBSERVERS_H_
#define ORRERY_CORE_MEMBERSHIP_OBSERVERS_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/membership/member_table.h"

namespace orrery {

inline constexpr size_t kObserversMax = 6;  // K of membership section 4.

class Observers {
 public:
  using Set = absl::InlinedVector<NodeId, kObserversMax>;

  void Rebuild(const MemberTable& table);

  // Sorted; empty for a member that is not ALIVE or SUSPECT.
  const Set& Of(NodeId subject) const;
  bool Watches(NodeId observer, NodeId subject) const;
  // Everyone watches everyone.
  bool IsComplete() const { return sets_.size() <= kObserversMax + 1; }

  ORRERY_FIELDS(sets_)

 private:
  void AddRing(uint32_t ring);

  absl::btree_map<NodeId, Set> sets_;
  Set none_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_OBSERVERS_H_
