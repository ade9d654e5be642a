// core/version/object_codec.h
//
// Object as a record stores it: `meta` (vector and sibling table) and `value`
// (the siblings' values back to back, newest first).  The 8-byte digest that
// begins a record's metadata is the store's to place; `meta` here is the rest.
//
//   0        version of this layout, 1                       Persisted.
//   1        flags: 1 = entries of vv were dropped (M9)      Persisted.
//   then     vv: count, then storage (8), generation (4), counter each
//   then     siblings: count, then each: index of its actor in vv, counter,
//            stamp (8), flags (1 = tombstone, 2 = keep), operation (16),
//            checksum (4), length of its value
//
// Counts, counters, indexes and lengths are varints, the rest little-endian.
//
// Cost: one allocation for meta; the value of a lone sibling is shared, those
// of several are copied into one buffer.  Decoding copies no value.

#ifndef ORRERY_CORE_VERSION_OBJECT_CODEC_H_
#define ORRERY_CORE_VERSION_OBJECT_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/protocol/limits.h"
#include "core/protocol/object.h"

namespace orrery {

// A record's metadata without its digest.
inline constexpr size_t kObjectMetaBytesMax = kMetaBytesMax - 8;

struct EncodedObject {
  uint64_t digest = 0;
  Bytes meta = {};
  Bytes value = {};
  uint64_t timestamp = 0;  // Of the version that ranks first.
  bool deleted = false;    // All siblings are tombstones.
};

// A vector too long for the metadata loses entries of actors that no sibling
// carries, lowest counters first, and the digest is of what is left:
// concurrency may then be seen where there was none, nothing is ever lost (M9).
// REQUIRES: IsWellFormed(object), and it has at least one vector entry.
EncodedObject EncodeObject(const Object& object);

// M9: its metadata may take so much that a client which has not seen it may add
// nothing.
bool IsMetaFull(const Object& object);

// Appends the lengths of the siblings' values, in their order in the value, if
// there are several.  False if the metadata is not that of an object whose
// values take `value_bytes` together.
bool SiblingValueSizes(ByteView meta, size_t value_bytes,
                       std::vector<size_t>* sizes);

// Nothing if the bytes are no object: unknown version, cut or overlong, broken
// order (OBJ-1 to OBJ-4), lengths that do not add up, a wrong checksum.
std::optional<Object> DecodeObject(ByteView meta, const Bytes& value);

}  // namespace orrery

#endif  // ORRERY_CORE_VERSION_OBJECT_CODEC_H_
