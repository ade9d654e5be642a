// node/inspect_manifest.h
//
// One manifest: whether all its edits hold, and what they say together.
//
// Memory: the file, of which kManifestBytesMax are read.

#ifndef ORRERY_NODE_INSPECT_MANIFEST_H_
#define ORRERY_NODE_INSPECT_MANIFEST_H_

#include <cstdint>
#include <optional>

#include "core/storage/manifest.h"
#include "node/inspect_context.h"

namespace orrery {

// As recovery reads it.
inline constexpr uint64_t kInspectedManifestBytesMax = uint64_t{256} << 20;

// Nothing: it is unreadable, damaged or of another format, which is a finding.
// `generation`: by its name.
std::optional<DecodedManifest> InspectManifest(
    const InspectedPath& at, std::optional<uint64_t> generation,
    InspectContext& context);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_MANIFEST_H_
