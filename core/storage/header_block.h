// core/storage/header_block.h
//
// The first 4,096 bytes of every file that a node keeps (storage section 2):
// what it is, whose it is, and the salt that ties its records to it.
//
//   at  0  magic 8         at 24  storage_id 16 (hi, lo)   at 56  salt 8
//   at  8  major 2,minor 2 at 40  shard 4, zero 4          at 64  created 8
//   at 12  incompatible 4  at 48  number 8                 at 72  generation 8
//   at 16  compatible 4    at 80  per kind                 at 4092 CRC-32C
//   at 20  checksum 1, data kind 1, zero 2
//
// Threading: none.  Cost: one CRC-32C of 4 KiB per call.

#ifndef ORRERY_CORE_STORAGE_HEADER_BLOCK_H_
#define ORRERY_CORE_STORAGE_HEADER_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/ids.h"

namespace orrery {

inline constexpr size_t kHeaderBlockBytes = 4096;
inline constexpr size_t kHeaderExtraAt = 80;
inline constexpr size_t kHeaderCrcAt = kHeaderBlockBytes - 4;

// Read as eight characters.  Persisted.
enum class FileMagic : uint64_t {
  kData = 0x464459524552524f,      // ORRERYDF
  kManifest = 0x464d59524552524f,  // ORRERYMF
  kIdentity = 0x444959524552524f,  // ORRERYID
  kRing = 0x475259524552524f,      // ORRERYRG
  kIndex = 0x584959524552524f,     // ORRERYIX
};

enum class DataFileKind : uint8_t { kUser = 0, kCompacted = 1 };  // Persisted.

// Compatible feature bit of a data file: its records were acknowledged after a
// sync (`sync_writes`).
inline constexpr uint32_t kFeatureSyncedAppends = 1;

// How a file is to be read.  Frozen: docs/disk-format.md says how it may grow.
struct FileFormat {
  uint16_t major = 1;
  uint16_t minor = 0;  // Of no consequence to a reader.
  uint32_t incompatible = 0;
  uint8_t checksum = 1;   // CRC-32C.
  uint8_t data_kind = 0;  // As written; DataFileKind if it is known.
  ORRERY_FIELDS(major, minor, incompatible, checksum, data_kind)
  friend bool operator==(const FileFormat&, const FileFormat&) = default;
};

struct HeaderBlock {
  FileFormat format;  // Read, also of a newer file; what is written is ours.
  FileMagic magic = FileMagic::kData;
  uint32_t compatible = 0;
  DataFileKind data_kind = DataFileKind::kUser;
  StorageId storage;
  uint32_t shard = 0;
  uint64_t number = 0;  // File id, manifest generation, identity revision.
  uint64_t salt = 0;
  uint64_t created = 0;  // Wall time in nanoseconds.
  uint64_t generation = 0;
};

// Fills all of `*to`.  REQUIRES: `to` has kHeaderBlockBytes bytes;
// extra.size() <= kHeaderCrcAt - kHeaderExtraAt.
void EncodeHeaderBlock(const HeaderBlock& header, ByteView extra,
                       std::byte* to);

enum class HeaderCheck : uint8_t {
  kValid = 1,
  kDamaged = 2,  // Too short, another magic, or the checksum disagrees.
  kNewer = 3,    // Of a format that this program does not know: only
                 // header->format is set.
};
HeaderCheck DecodeHeaderBlock(ByteView block, FileMagic magic,
                              HeaderBlock* header);

// Why `file` is refused: names both formats.
std::string NewerFormatText(std::string_view file, const FileFormat& format);

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_HEADER_BLOCK_H_
