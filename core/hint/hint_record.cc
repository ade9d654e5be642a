#include "core/hint/hint_record.h"

#include "core/base/coding.h"
#include "core/base/invariant.h"
#include "core/version/object_codec.h"

namespace orrery {

namespace {

constexpr uint8_t kLayoutVersion = 1;  // Persisted.
constexpr uint8_t kCountedFlag = 1;    // Persisted.

void AppendBigEndian(uint64_t value, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift & 0xff));
  }
}

uint64_t BigEndianAt(std::string_view bytes, size_t offset) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) {
    value = value << 8 | static_cast<uint8_t>(bytes[offset + i]);
  }
  return value;
}

Bytes MetaOf(const Hint& hint, const Bytes& object_meta) {
  ByteBuffer meta;
  meta.reserve(kHintHeaderBytes + object_meta.size());
  PutU8(meta, kLayoutVersion);
  PutU8(meta, hint.counted ? kCountedFlag : 0);
  PutU64(meta, hint.target.value);
  PutU64(meta, hint.floor);
  PutU32(meta, hint.epoch.era);
  PutU32(meta, hint.epoch.seq);
  PutBytes(meta, object_meta.view());
  return Bytes::CopyOf(meta);
}

}  // namespace

std::string HintKeyOf(const StorageId& storage, std::string_view key) {
  std::string hint_key;
  hint_key.reserve(kHintKeyPrefixBytes + key.size());
  AppendBigEndian(storage.hi, &hint_key);
  AppendBigEndian(storage.lo, &hint_key);
  hint_key.append(key);
  return hint_key;
}

StorageId StorageOf(std::string_view hint_key) {
  ORRERY_INVARIANT(hint_key.size() >= kHintKeyPrefixBytes);
  StorageId storage;
  storage.hi = BigEndianAt(hint_key, 0);
  storage.lo = BigEndianAt(hint_key, 8);
  return storage;
}

EncodedHint EncodeHint(const Hint& hint) {
  ORRERY_INVARIANT(!hint.object.IsEmpty());
  const EncodedObject object = EncodeObject(hint.object);
  return {.digest = object.digest,
          .meta = MetaOf(hint, object.meta),
          .value = object.value,
          .timestamp = object.timestamp};
}

std::optional<Hint> DecodeHint(std::string_view hint_key, ByteView meta,
                               const Bytes& value) {
  if (hint_key.size() <= kHintKeyPrefixBytes) return std::nullopt;
  Reader reader(meta);
  uint8_t version = 0;
  uint8_t flags = 0;
  Hint hint;
  const bool complete =
      reader.ReadU8(&version) && reader.ReadU8(&flags) &&
      reader.ReadU64(&hint.target.value) && reader.ReadU64(&hint.floor) &&
      reader.ReadU32(&hint.epoch.era) && reader.ReadU32(&hint.epoch.seq);
  if (!complete || version != kLayoutVersion) return std::nullopt;
  if ((flags & ~kCountedFlag) != 0) return std::nullopt;
  std::optional<Object> object = DecodeObject(reader.rest(), value);
  if (!object.has_value()) return std::nullopt;
  hint.object = *std::move(object);
  hint.counted = (flags & kCountedFlag) != 0;
  hint.storage = StorageOf(hint_key);
  hint.key = std::string(hint_key.substr(kHintKeyPrefixBytes));
  return hint;
}

}  // namespace orrery
