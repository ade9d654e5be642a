#include "core/storage/identity.h"

#include <algorithm>
#include <utility>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"
#include "core/protocol/limits.h"

namespace orrery {

static_assert(kIdentitySlotBytes == kHeaderBlockBytes);

namespace {

constexpr uint32_t kFlagCleanStop = 1;
constexpr uint32_t kFlagSnapshotCopy = 2;
// Larger than any ring of 8,192 members (membership section 7).
constexpr size_t kRingBytesMax = size_t{64} << 20;

void PutId(ByteBuffer& out, const Id128& id) {
  PutU64(out, id.hi);
  PutU64(out, id.lo);
}

bool ReadId(Reader& reader, Id128* id) {
  return reader.ReadU64(&id->hi) && reader.ReadU64(&id->lo);
}

std::optional<Identity> DecodeSlot(ByteView slot,
                                   std::optional<FileFormat>* newer_format) {
  HeaderBlock header;
  switch (DecodeHeaderBlock(slot, FileMagic::kIdentity, &header)) {
    case HeaderCheck::kValid:
      break;
    case HeaderCheck::kDamaged:
      return std::nullopt;
    case HeaderCheck::kNewer:
      *newer_format = header.format;
      return std::nullopt;
  }
  Identity identity{.storage = header.storage,
                    .cluster = {},
                    .node_name = {},
                    .generation = static_cast<uint32_t>(header.generation),
                    .index_seed = {},
                    .boot_id = {},
                    .revision = header.number};
  Reader reader(slot.first(kHeaderCrcAt).subspan(kHeaderExtraAt));
  uint32_t flags = 0;
  uint16_t name_length = 0;
  ByteView name;
  const bool read =
      ReadId(reader, &identity.cluster) &&
      ReadId(reader, &identity.index_seed) &&
      reader.ReadU64(&identity.seq_lease) &&
      reader.ReadU64(&identity.hlc_high) && ReadId(reader, &identity.boot_id) &&
      reader.ReadU64(&identity.inode) && reader.ReadU32(&flags) &&
      reader.ReadU16(&name_length) && reader.ReadBytes(name_length, &name);
  if (!read) return std::nullopt;
  // Nobody writes such a slot.
  if (name_length > kNodeNameBytesMax) return std::nullopt;
  if (header.generation > UINT32_MAX) return std::nullopt;
  identity.clean_stop = (flags & kFlagCleanStop) != 0;
  identity.snapshot_copy = (flags & kFlagSnapshotCopy) != 0;
  identity.node_name = TextOf(name);
  return identity;
}

}  // namespace

Bytes EncodeIdentitySlot(const Identity& identity, uint64_t salt) {
  ORRERY_INVARIANT(identity.node_name.size() <= kNodeNameBytesMax);
  ByteBuffer extra;
  extra.reserve(kHeaderCrcAt - kHeaderExtraAt);
  PutId(extra, identity.cluster);
  PutId(extra, identity.index_seed);
  PutU64(extra, identity.seq_lease);
  PutU64(extra, identity.hlc_high);
  PutId(extra, identity.boot_id);
  PutU64(extra, identity.inode);
  PutU32(extra, (identity.clean_stop ? kFlagCleanStop : 0) |
                    (identity.snapshot_copy ? kFlagSnapshotCopy : 0));
  PutU16(extra, static_cast<uint16_t>(identity.node_name.size()));
  PutBytes(extra, ViewOf(identity.node_name));
  std::byte* to = nullptr;
  Bytes slot = Bytes::Allocate(kIdentitySlotBytes, &to);
  EncodeHeaderBlock({.magic = FileMagic::kIdentity,
                     .storage = identity.storage,
                     .number = identity.revision,
                     .salt = salt,
                     .generation = identity.generation},
                    extra, to);
  return slot;
}

IdentitySlots DecodeIdentity(ByteView file) {
  IdentitySlots slots;
  for (size_t at = 0;
       at + kIdentitySlotBytes <= file.size() && at < kIdentityBytes;
       at += kIdentitySlotBytes) {
    const ByteView slot = file.subspan(at, kIdentitySlotBytes);
    std::optional<Identity> found = DecodeSlot(slot, &slots.newer_format);
    if (!found.has_value()) {
      slots.one_damaged |=
          !std::all_of(slot.begin(), slot.end(),
                       [](std::byte byte) { return byte == std::byte{0}; });
      continue;
    }
    if (!slots.newest.has_value() || slots.newest->revision < found->revision) {
      slots.newest = std::move(found);
    }
  }
  return slots;
}

Bytes EncodeRingFile(const StorageId& storage, ByteView ring, uint64_t salt) {
  ORRERY_INVARIANT(ring.size() <= kRingBytesMax);
  ByteBuffer extra;
  PutU32(extra, static_cast<uint32_t>(ring.size()));
  PutU32(extra, Crc32c(ring));
  ByteBuffer file(kHeaderBlockBytes);
  EncodeHeaderBlock(
      {.magic = FileMagic::kRing, .storage = storage, .salt = salt}, extra,
      file.data());
  PutBytes(file, ring);
  return Bytes::CopyOf(file);
}

RingFile DecodeRingFile(const Bytes& file) {
  RingFile found{.header = {}, .ring = {}};
  const HeaderCheck check =
      DecodeHeaderBlock(file.view(), FileMagic::kRing, &found.header);
  if (check != HeaderCheck::kValid) {
    found.check = check;
    return found;
  }
  const uint32_t length = LoadU32(file.data() + kHeaderExtraAt);
  const uint32_t crc = LoadU32(file.data() + kHeaderExtraAt + 4);
  if (length > file.size() - kHeaderBlockBytes) return found;
  Bytes ring = file.Slice(kHeaderBlockBytes, length);
  if (Crc32c(ring.view()) != crc) return found;
  found.check = HeaderCheck::kValid;
  found.ring = std::move(ring);
  return found;
}

}  // namespace orrery
