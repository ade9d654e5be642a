#include "core/version/object_codec.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "core/base/coding.h"
#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/version/object_merge.h"
#include "core/version/version_vector.h"

namespace orrery {

namespace {

constexpr uint8_t kLayout = 1;         // Persisted.
constexpr uint8_t kVectorWasCut = 1;   // Persisted.
constexpr uint8_t kTombstoneFlag = 1;  // Persisted.
constexpr uint8_t kKeepFlag = 2;       // Persisted.

// A counter may take kVarintBytesMax; storage and generation are fixed.
constexpr size_t kActorBytesMax = 12 + kVarintBytesMax;
// Index (2), counter, stamp, flags, operation, checksum, length.
constexpr size_t kSiblingBytesMax = 2 + kVarintBytesMax + 8 + 1 + 16 + 4 + 5;
constexpr size_t kHeaderBytesMax = 2 + 3 + 3;
// What a record must hold even after its vector was cut (M9): every sibling
// and its actor.
static_assert(kHeaderBytesMax +
                  kSiblingsMax * (kSiblingBytesMax + kActorBytesMax) <
              kObjectMetaBytesMax);

bool IsCarried(const Object& object, const Actor& actor) {
  return std::any_of(
      object.siblings.begin(), object.siblings.end(),
      [&](const Sibling& sibling) { return sibling.dot.actor == actor; });
}

size_t MetaBytesMaxOf(const Object& object) {
  return kHeaderBytesMax + object.vv.entries.size() * kActorBytesMax +
         object.siblings.size() * kSiblingBytesMax;
}

// M9.  Returns whether anything was dropped.
bool CutVector(Object* object) {
  if (MetaBytesMaxOf(*object) <= kObjectMetaBytesMax) return false;
  std::vector<Dot> droppable;
  for (const Dot& dot : object->vv.entries) {
    if (!IsCarried(*object, dot.actor)) droppable.push_back(dot);
  }
  Sort(droppable.begin(), droppable.end(), [](const Dot& a, const Dot& b) {
    if (a.counter != b.counter) return a.counter < b.counter;
    return a.actor < b.actor;
  });
  const size_t excess = MetaBytesMaxOf(*object) - kObjectMetaBytesMax;
  const size_t count = std::min((excess + kActorBytesMax - 1) / kActorBytesMax,
                                droppable.size());
  droppable.resize(count);
  Sort(droppable.begin(), droppable.end());
  auto& entries = object->vv.entries;
  entries.erase(std::remove_if(entries.begin(), entries.end(),
                               [&](const Dot& dot) {
                                 return std::binary_search(
                                     droppable.begin(), droppable.end(), dot);
                               }),
                entries.end());
  return true;
}

uint64_t IndexOf(const VersionVector& vv, const Actor& actor) {
  const auto it = std::lower_bound(vv.entries.begin(), vv.entries.end(), actor,
                                   [](const Dot& entry, const Actor& wanted) {
                                     return entry.actor < wanted;
                                   });
  return static_cast<uint64_t>(it - vv.entries.begin());
}

void PutVector(const VersionVector& vv, BytesWriter& out) {
  out.PutVarint(vv.entries.size());
  for (const Dot& dot : vv.entries) {
    out.PutU64(dot.actor.storage);
    out.PutU32(dot.actor.generation);
    out.PutVarint(dot.counter);
  }
}

void PutSibling(const VersionVector& vv, const Sibling& sibling,
                BytesWriter& out) {
  const unsigned flags = (sibling.tombstone ? kTombstoneFlag : 0U) |
                         (sibling.keep ? kKeepFlag : 0U);
  out.PutVarint(IndexOf(vv, sibling.dot.actor));
  out.PutVarint(sibling.dot.counter);
  out.PutU64(sibling.stamp);
  out.PutU8(static_cast<uint8_t>(flags));
  out.PutU64(sibling.operation.hi);
  out.PutU64(sibling.operation.lo);
  out.PutU32(sibling.checksum);
  out.PutVarint(sibling.value.size());
}

Bytes EncodeMeta(const Object& object, bool was_cut) {
  BytesWriter out(MetaBytesMaxOf(object));
  out.PutU8(kLayout);
  out.PutU8(was_cut ? kVectorWasCut : 0);
  PutVector(object.vv, out);
  out.PutVarint(object.siblings.size());
  for (const Sibling& sibling : object.siblings) {
    PutSibling(object.vv, sibling, out);
  }
  ORRERY_INVARIANT(out.view().size() <= kObjectMetaBytesMax);
  return out.Finish();
}

Bytes EncodeValue(const Object& object) {
  size_t total = 0;
  for (const Sibling& sibling : object.siblings) total += sibling.value.size();
  if (total == 0) return {};
  // A lone value is shared, not copied.
  for (const Sibling& sibling : object.siblings) {
    if (sibling.value.size() == total) return sibling.value;
  }
  std::byte* to = nullptr;
  Bytes value = Bytes::Allocate(total, &to);
  for (const Sibling& sibling : object.siblings) {
    if (sibling.value.empty()) continue;
    std::memcpy(to, sibling.value.data(), sibling.value.size());
    to += sibling.value.size();
  }
  return value;
}

bool ReadVector(Reader& in, VersionVector* vv) {
  uint64_t count = 0;
  if (!in.ReadVarint(&count)) return false;
  if (count > in.remaining() / 13) return false;  // The least an entry takes.
  vv->entries.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    Dot dot;
    if (!in.ReadU64(&dot.actor.storage)) return false;
    if (!in.ReadU32(&dot.actor.generation)) return false;
    if (!in.ReadVarint(&dot.counter)) return false;
    vv->entries.push_back(dot);
  }
  return true;
}

// All but the value, whose length is *bytes.
bool ReadSibling(Reader& in, const VersionVector& vv, Sibling* sibling,
                 uint64_t* bytes) {
  uint64_t actor = 0;
  uint8_t flags = 0;
  if (!in.ReadVarint(&actor)) return false;
  if (actor >= vv.entries.size()) return false;
  if (!in.ReadVarint(&sibling->dot.counter)) return false;
  if (!in.ReadU64(&sibling->stamp)) return false;
  if (!in.ReadU8(&flags)) return false;
  if ((flags & ~(kTombstoneFlag | kKeepFlag)) != 0) return false;
  if (!in.ReadU64(&sibling->operation.hi)) return false;
  if (!in.ReadU64(&sibling->operation.lo)) return false;
  if (!in.ReadU32(&sibling->checksum)) return false;
  if (!in.ReadVarint(bytes)) return false;
  sibling->dot.actor = vv.entries[actor].actor;
  sibling->tombstone = (flags & kTombstoneFlag) != 0;
  sibling->keep = (flags & kKeepFlag) != 0;
  return true;
}

// As nearly every object has: quickly told.  False also if this is not the
// metadata of an object.
bool HasOneSibling(ByteView meta, size_t value_bytes) {
  constexpr size_t kActorBytes = 8 + 4;
  constexpr size_t kSiblingFixedBytes = 8 + 1 + 16 + 4;
  Reader in(meta);
  uint64_t actors = 0;
  uint64_t siblings = 0;
  uint64_t actor = 0;
  uint64_t own_counter = 0;
  uint64_t bytes = 0;
  if (!in.Skip(2) || !in.ReadVarint(&actors)) return false;
  for (uint64_t i = 0; i < actors; ++i) {
    uint64_t counter = 0;
    if (!in.Skip(kActorBytes) || !in.ReadVarint(&counter)) return false;
  }
  return in.ReadVarint(&siblings) && siblings == 1 && in.ReadVarint(&actor) &&
         in.ReadVarint(&own_counter) && in.Skip(kSiblingFixedBytes) &&
         in.ReadVarint(&bytes) && bytes == value_bytes && in.AtEnd();
}

using ValueSizes = absl::InlinedVector<size_t, 1>;

// An object without its values, whose lengths add up to `value_bytes`.
bool ReadMeta(ByteView meta, size_t value_bytes, Object* object,
              ValueSizes* sizes) {
  Reader in(meta);
  uint8_t layout = 0;
  uint8_t flags = 0;
  if (!in.ReadU8(&layout) || layout != kLayout) return false;
  if (!in.ReadU8(&flags) || flags > kVectorWasCut) return false;
  if (!ReadVector(in, &object->vv)) return false;
  if (object->vv.entries.empty()) return false;
  uint64_t count = 0;
  if (!in.ReadVarint(&count) || count > kSiblingsMax) return false;
  size_t left = value_bytes;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t bytes = 0;
    object->siblings.emplace_back();
    if (!ReadSibling(in, object->vv, &object->siblings.back(), &bytes)) {
      return false;
    }
    if (bytes > left) return false;
    left -= bytes;
    sizes->push_back(bytes);
  }
  return in.AtEnd() && left == 0;
}

}  // namespace

EncodedObject EncodeObject(const Object& object) {
  ORRERY_INVARIANT(IsWellFormed(object));
  ORRERY_INVARIANT(!object.vv.entries.empty());
  if (MetaBytesMaxOf(object) > kObjectMetaBytesMax) {
    Object cut = object;
    if (CutVector(&cut)) {
      return {.digest = DigestOf(cut),
              .meta = EncodeMeta(cut, true),
              .value = EncodeValue(cut),
              .timestamp = TopStamp(cut),
              .deleted = IsAbsent(cut)};
    }
  }
  return {.digest = DigestOf(object),
          .meta = EncodeMeta(object, false),
          .value = EncodeValue(object),
          .timestamp = TopStamp(object),
          .deleted = IsAbsent(object)};
}

bool IsMetaFull(const Object& object) {
  return MetaBytesMaxOf(object) >= kSiblingMetaBytesFull;
}

bool SiblingValueSizes(ByteView meta, size_t value_bytes,
                       std::vector<size_t>* sizes) {
  if (HasOneSibling(meta, value_bytes)) return true;
  Object object;
  ValueSizes read;
  if (!ReadMeta(meta, value_bytes, &object, &read)) return false;
  sizes->insert(sizes->end(), read.begin(), read.end());
  return true;
}

std::optional<Object> DecodeObject(ByteView meta, const Bytes& value) {
  Object object;
  ValueSizes sizes;
  if (!ReadMeta(meta, value.size(), &object, &sizes)) return std::nullopt;
  size_t offset = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    object.siblings[i].value = value.Slice(offset, sizes[i]);
    offset += sizes[i];
  }
  if (!IsWellFormed(object)) return std::nullopt;
  if (!ChecksumsHold(object)) return std::nullopt;
  return object;
}

}  // namespace orrery
