// core/hint/hint_record.h
//
// A hint as the hints store keeps it: whose it is and what it holds.
//
//   key    storage id of the target (16 bytes, big-endian), then the key
//   meta   version of this header, 1                          Persisted.
//          flags: 1 = counted toward an acknowledgement        Persisted.
//          node id of the target (8), floor (8), epoch (4 + 4)
//          then the object's own meta (version/object_codec)
//   value  the object's values
//
// A record is never `deleted` while the hint is held, even if the object is a
// tombstone; a hint that is done becomes a tombstone of the hints store.
//
// Cost: one allocation for the key, one for the meta.

#ifndef ORRERY_CORE_HINT_HINT_RECORD_H_
#define ORRERY_CORE_HINT_HINT_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/protocol/object.h"

namespace orrery {

inline constexpr size_t kHintKeyPrefixBytes = 16;
inline constexpr size_t kHintHeaderBytes = 26;

struct Hint {
  NodeId target;
  StorageId storage;
  std::string key;
  Object object;
  bool counted = false;
  uint64_t floor = 0;
  Epoch epoch;
  ORRERY_FIELDS(target, storage, key, object, counted, floor, epoch)
};

std::string HintKeyOf(const StorageId& storage, std::string_view key);
// REQUIRES: hint_key has at least kHintKeyPrefixBytes.
StorageId StorageOf(std::string_view hint_key);

struct EncodedHint {
  uint64_t digest = 0;
  Bytes meta;
  Bytes value;
  uint64_t timestamp = 0;
};

// REQUIRES: the object is not empty.
EncodedHint EncodeHint(const Hint& hint);

// Nothing if the bytes are no hint.
std::optional<Hint> DecodeHint(std::string_view hint_key, ByteView meta,
                               const Bytes& value);

}  // namespace orrery

#endif  // ORRERY_CORE_HINT_HINT_RECORD_H_
