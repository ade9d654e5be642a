// core/version/causal_context.h
//
// The two opaque tokens that clients carry: `context` (which versions of one
// key were seen) and `operation` (the name and stamp of a write whose outcome
// is unknown).  Both are bound to a cluster and a key and sealed with a 128-bit
// MAC: two SipHash-2-4 under keys derived from the cluster id.  That stops
// accidents, not forgers; a configured secret comes with security.
//
// Bytes here are raw; transport spells them in base64url.
//
//   context    1, cluster (16), key hash (8), stamp (8), vv, MAC (16)
//   operation  2, cluster (16), key hash (8), operation (16), stamp (8), MAC
//
// Cost: linear in the token; one allocation to seal.

#ifndef ORRERY_CORE_VERSION_CAUSAL_CONTEXT_H_
#define ORRERY_CORE_VERSION_CAUSAL_CONTEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/protocol/limits.h"
#include "core/protocol/object.h"

namespace orrery {

// base64 makes four characters of three bytes, and the client's limit is of
// characters.
inline constexpr size_t kContextRawBytesMax = kContextBytesMax / 4 * 3;

// A vector too long for the token loses its lowest counters: the write that
// carries it covers less, never more.
Bytes SealContext(const ClusterId& cluster, std::string_view key,
                  const SeenVersions& seen);

// What an object gives its reader: its whole vector and its highest stamp.
SeenVersions SeenOf(const Object& object);

// Nothing if the token is cut, forged, too long, or of another key or cluster.
std::optional<SeenVersions> OpenContext(const ClusterId& cluster,
                                        std::string_view key, ByteView token);

Bytes SealOperation(const ClusterId& cluster, std::string_view key,
                    OperationId operation, uint64_t stamp);

// The operation and its stamp (0: unknown), or nothing, as OpenContext.
std::optional<std::pair<OperationId, uint64_t>> OpenOperation(
    const ClusterId& cluster, std::string_view key, ByteView token);

}  // namespace orrery

#endif  // ORRERY_CORE_VERSION_CAUSAL_CONTEXT_H_
