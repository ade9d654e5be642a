#include "core/storage/header_block.h"

#include <cstring>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"

namespace orrery {

namespace {

// What this program writes, and the most that it reads.
constexpr FileFormat kOurs;
constexpr uint8_t kDataKindMax = 1;

// Whether a byte that was read by another rule would be misread.
bool IsKnown(const FileFormat& format) {
  return format.major == kOurs.major &&
         (format.incompatible & ~kOurs.incompatible) == 0 &&
         format.checksum == kOurs.checksum && format.data_kind <= kDataKindMax;
}

std::string VersionText(const FileFormat& format) {
  return std::to_string(format.major) + "." + std::to_string(format.minor);
}

std::string BitsText(uint32_t bits) {
  std::string text = "0x00000000";
  for (size_t i = text.size(); bits != 0; bits >>= 4) {
    text[--i] = "0123456789abcdef"[bits & 15];
  }
  return text;
}

}  // namespace

void EncodeHeaderBlock(const HeaderBlock& header, ByteView extra,
                       std::byte* to) {
  ORRERY_INVARIANT(extra.size() <= kHeaderCrcAt - kHeaderExtraAt);
  std::memset(to, 0, kHeaderBlockBytes);
  StoreU64(to, static_cast<uint64_t>(header.magic));
  StoreU16(to + 8, kOurs.major);
  StoreU16(to + 10, kOurs.minor);
  StoreU32(to + 12, kOurs.incompatible);
  StoreU32(to + 16, header.compatible);
  to[20] = std::byte{kOurs.checksum};
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
  header->format = {.major = LoadU16(from + 8),
                    .minor = LoadU16(from + 10),
                    .incompatible = LoadU32(from + 12),
                    .checksum = static_cast<uint8_t>(from[20]),
                    .data_kind = static_cast<uint8_t>(from[21])};
  if (!IsKnown(header->format)) return HeaderCheck::kNewer;
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

std::string NewerFormatText(std::string_view file, const FileFormat& format) {
  std::string text(file);
  text += " has format " + VersionText(format) +
          " with incompatible features " + BitsText(format.incompatible);
  if (format.checksum != kOurs.checksum) {
    text += ", checksum " + std::to_string(format.checksum);
  }
  if (format.data_kind > kDataKindMax) {
    text += ", kind " + std::to_string(format.data_kind);
  }
  return text + ", which this program, of format " + VersionText(kOurs) +
         " with " + BitsText(kOurs.incompatible) +
         ", cannot read: use the program that wrote it, or a newer one";
}

}  // namespace orrery
