#include "core/storage/header_block.h"

#include <cstring>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr uint16_t kMajor = 1;
constexpr uint16_t kMinor = 0;
constexpr uint8_t kChecksumCrc32c = 1;
constexpr uint32_t kIncompatibleKnown = 0;

}  // namespace

void EncodeHeaderBlock(const HeaderBlock& header, ByteView extra,
                       std::byte* to) {
  ORRERY_INVARIANT(extra.size() <= kHeaderCrcAt - kHeaderExtraAt);
  std::memset(to, 0, kHeaderBlockBytes);
  StoreU64(to, static_cast<uint64_t>(header.magic));
  StoreU16(to + 8, kMajor);
  StoreU16(to + 10, kMinor);
  StoreU32(to + 16, header.compatible);
  to[20] = std::byte{kChecksumCrc32c};
  to[21] = static_cast<std::byte>(header.data_kind);
  StoreU64(to + 24, header.storage.hi);
  StoreU64(to + 32, header.storage.lo);
  StoreU32(to + 40, header.shard);
  StoreU64(to + 48, header.number);
  StoreU64(to + 56, header.salt);
  StoreU64(to + 64, header.created);
  StoreU64(to + 72, header.generation);
  if (!extra.empty()) {
    std::memcpy(to + kHeaderExtraAt, extra.data(), extra.size());
  }
  StoreU32(to + kHeaderCrcAt, Crc32c({to, kHeaderCrcAt}));
}

HeaderCheck DecodeHeaderBlock(ByteView block, FileMagic magic,
                              HeaderBlock* header) {
  if (block.size() < kHeaderBlockBytes) return HeaderCheck::kDamaged;
  const std::byte* from = block.data();
  if (LoadU64(from) != static_cast<uint64_t>(magic)) {
    return HeaderCheck::kDamaged;
  }
  if (LoadU32(from + kHeaderCrcAt) != Crc32c(block.first(kHeaderCrcAt))) {
    return HeaderCheck::kDamaged;
  }
  if (LoadU16(from + 8) != kMajor) return HeaderCheck::kNewer;
  if ((LoadU32(from + 12) & ~kIncompatibleKnown) != 0) {
    return HeaderCheck::kNewer;
  }
  if (from[20] != std::byte{kChecksumCrc32c}) return HeaderCheck::kNewer;
  if (from[21] > std::byte{1}) return HeaderCheck::kNewer;
  header->magic = magic;
  header->compatible = LoadU32(from + 16);
  header->data_kind = static_cast<DataFileKind>(from[21]);
  header->storage.hi = LoadU64(from + 24);
  header->storage.lo = LoadU64(from + 32);
  header->shard = LoadU32(from + 40);
  header->number = LoadU64(from + 48);
  header->salt = LoadU64(from + 56);
  header->created = LoadU64(from + 64);
  header->generation = LoadU64(from + 72);
  return HeaderCheck::kValid;
}

}  // namespace orrery
