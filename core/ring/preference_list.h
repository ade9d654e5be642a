// core/ring/preference_list.h
//
// Who owns a key: the first N distinct nodes clockwise, in that order.  An
// owner is a node together with its storage: a wiped disk under an old name is
// a different owner.

#ifndef ORRERY_CORE_RING_PREFERENCE_LIST_H_
#define ORRERY_CORE_RING_PREFERENCE_LIST_H_

#include "absl/container/inlined_vector.h"
#include "core/base/fields.h"
#include "core/base/ids.h"

namespace orrery {

struct Owner {
  NodeId node;
  StorageId storage;
  ORRERY_FIELDS(node, storage)
  friend constexpr auto operator<=>(const Owner&, const Owner&) = default;
};

using PreferenceList = absl::InlinedVector<Owner, 3>;

}  // namespace orrery

#endif  // ORRERY_CORE_RING_PREFERENCE_LIST_H_
