// node/inspect_identity.h
//
// IDENTITY and RING: whose a data directory is, and the ring that it knew.

#ifndef ORRERY_NODE_INSPECT_IDENTITY_H_
#define ORRERY_NODE_INSPECT_IDENTITY_H_

#include <optional>

#include "core/ring/ring_state.h"
#include "core/storage/identity.h"
#include "node/inspect_context.h"

namespace orrery {

// Nothing: no slot is valid, which is a finding.
std::optional<Identity> InspectIdentity(const InspectedPath& at,
                                        InspectContext& context);

// `identity` of the same directory, if there is one.
void InspectRing(const InspectedPath& at,
                 const std::optional<Identity>& identity,
                 InspectContext& context);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_IDENTITY_H_
