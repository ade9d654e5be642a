// core/membership/admission.h
//
// Whether a node that asks may come into this cluster (membership section 6,
// the table of rejections).  Pure: two descriptions in, a rejection or none
// out.
//
// Cost: O(n) in the members.

#ifndef ORRERY_CORE_MEMBERSHIP_ADMISSION_H_
#define ORRERY_CORE_MEMBERSHIP_ADMISSION_H_

#include <cstdint>
#include <optional>

#include "core/base/time.h"
#include "core/membership/local_node.h"
#include "core/membership/member_table.h"
#include "core/protocol/message.h"
#include "core/ring/ring_state.h"

namespace orrery {

inline constexpr uint32_t kProtocolVersion = 1;
// A member heard this recently is taken to be running.
inline constexpr Duration kNameHeldFor = 2 * kSecond;

// The parameters this node was configured with.
RingParams ParamsOf(const EngineOptions& options);

// The first cluster-wide parameter in which two rings differ, with `ours` and
// `theirs`; none if they agree.  W and R may differ from node to node.
std::optional<JoinReject> MismatchOf(const RingParams& ours,
                                     const RingParams& theirs);

// `ring` is null before this node has one.
std::optional<JoinReject> RefusalOf(const JoinRequest& request,
                                    ClusterId asker_cluster,
                                    const LocalNode& local,
                                    const MemberTable& table,
                                    const RingState& ring, Instant now);

}  // namespace orrery

#endif  // ORRERY_CORE_MEMBERSHIP_ADMISSION_H_
