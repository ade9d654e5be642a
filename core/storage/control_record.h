// core/storage/control_record.h
//
// Control records: records without a key, whose value says something about the
// file (storage section 2).  The first byte of the value is the kind.
//
//   1 watermark  what was durable when its batch began; 64 bytes in all
//   2 SEAL       last record of a full file: what the file must contain; 112
//   3 cell       a small named durable value of another room
//
// Threading: none.  Cost: O(size).

#ifndef ORRERY_CORE_STORAGE_CONTROL_RECORD_H_
#define ORRERY_CORE_STORAGE_CONTROL_RECORD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/storage/record.h"

namespace orrery {

enum class ControlKind : uint8_t {  // Persisted.
  kWatermark = 1,
  kSeal = 2,
  kCell = 3,
};

inline constexpr size_t kWatermarkBytes = 64;
inline constexpr size_t kSealBytes = 112;

// A place in the log.  Data files of kind user are appended to in order of
// their ids, so places are ordered.
struct LogPlace {
  uint64_t file = 0;
  uint64_t offset = 0;
  ORRERY_FIELDS(file, offset)
  friend constexpr auto operator<=>(const LogPlace&, const LogPlace&) = default;
};

struct Watermark {
  bool acknowledged_after_sync = false;
  uint16_t padding = 0;      // Zeros before this record that nobody wrote.
  uint32_t batch_bytes = 0;  // This record included, padding not.
  LogPlace durable;
  friend bool operator==(const Watermark&, const Watermark&) = default;
};

// What a file holds.  `digest` is CRC-32C over the crc fields of its user
// records in file order.
struct FileSummary {
  uint64_t data_length = 0;  // Where the SEAL record stands, or would.
  uint32_t record_count = 0;
  uint32_t tombstone_count = 0;
  uint64_t min_seq = 0;
  uint64_t max_seq = 0;
  uint64_t min_timestamp = 0;
  uint64_t max_timestamp = 0;
  uint32_t digest = 0;
  ORRERY_FIELDS(data_length, record_count, tombstone_count, min_seq, max_seq,
                min_timestamp, max_timestamp, digest)
  friend bool operator==(const FileSummary&, const FileSummary&) = default;

  // Whether both are of the same records in the same order.
  bool HasRecordsOf(const FileSummary& other) const {
    return record_count == other.record_count && digest == other.digest;
  }

  // Takes one more user record in.
  struct Member {
    uint32_t crc = 0;
    uint64_t seq = 0;
    uint64_t timestamp = 0;
    bool tombstone = false;
  };
  void Add(const Member& member);
  // Likewise, but for the digest.
  void Count(const Member& member);
};

inline FileSummary::Member MemberOf(const RecordHeader& header) {
  return {.crc = header.crc,
          .seq = header.seq,
          .timestamp = header.timestamp,
          .tombstone = header.deleted};
}

struct Seal {
  FileSummary summary;
  uint32_t header_crc = 0;  // Of the file's header block.
  uint64_t file_id = 0;
  uint64_t salt = 0;
  uint16_t padding = 0;  // As in a watermark.
  ORRERY_FIELDS(summary, header_crc, file_id, salt, padding)
  friend bool operator==(const Seal&, const Seal&) = default;
};

std::array<std::byte, 28> EncodeWatermark(const Watermark& watermark);
std::array<std::byte, 76> EncodeSeal(const Seal& seal);

std::optional<ControlKind> ControlKindOf(ByteView payload);
std::optional<Watermark> DecodeWatermark(ByteView payload);
std::optional<Seal> DecodeSeal(ByteView payload);

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_CONTROL_RECORD_H_
