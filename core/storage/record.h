// core/storage/record.h
//
// The bytes of one record in a data file (storage section 2; worked example in
// docs/disk-format.md).  The contract's 21 bytes stand first, in its order:
//
//   at  0  crc 4        CRC-32C of everything after it but the padding
//   at  4  timestamp 8  the version that the client sees
//   at 12  key_len 4    0: a control record (control_record.h)
//   at 16  value_len 4
//   at 20  deleted 1    0 or 1
//   at 21  ext_version 1  always 1, so that zeros never parse
//   at 22  meta_len 2   version digest (8) and version metadata
//   at 24  seq 8
//   at 32  header_crc 4 CRC-32C of bytes 4..31, the file's salt, the offset
//   at 36  meta, key, value, zeros up to a multiple of 8
//
// Invariants:
//   REC-1  No length is believed before header_crc and the limits hold.
//   REC-2  header_crc holds only at the offset and in the file that the record
//          was written for.
//
// Threading: none.  Cost: a checksum over what is read or written; no
// allocation.  Views point into the caller's bytes.

#ifndef ORRERY_CORE_STORAGE_RECORD_H_
#define ORRERY_CORE_STORAGE_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/fields.h"

namespace orrery {

inline constexpr size_t kRecordHeaderBytes = 36;
inline constexpr size_t kDigestBytes = 8;
inline constexpr size_t kRecordAlign = 8;
// Merged siblings of one key (semantics M9).
inline constexpr size_t kStoredValueBytesMax = size_t{127} << 20;

constexpr uint64_t AlignUp(uint64_t n, uint64_t unit) {
  return (n + unit - 1) / unit * unit;
}

struct RecordHeader {
  uint32_t crc = 0;
  uint64_t timestamp = 0;
  uint32_t key_len = 0;
  uint32_t value_len = 0;
  bool deleted = false;
  uint16_t meta_len = 0;
  uint64_t seq = 0;
  ORRERY_FIELDS(crc, timestamp, key_len, value_len, deleted, meta_len, seq)

  bool IsControl() const { return key_len == 0; }
  // Without and with the padding.
  size_t body_bytes() const {
    return kRecordHeaderBytes + meta_len + key_len + value_len;
  }
  size_t bytes() const { return AlignUp(body_bytes(), kRecordAlign); }
};

// Where a record stands: what header_crc is bound to.
struct RecordPlace {
  uint64_t salt = 0;
  uint64_t offset = 0;
};

struct RecordFields {
  uint64_t timestamp = 0;
  bool deleted = false;
  uint64_t seq = 0;
  uint64_t digest = 0;  // User records only.
  ByteView meta;        // Without the digest.
  ByteView key;         // Empty: control record, no digest, no meta.
  ByteView value;

  // Header, digest, metadata and key: what EncodeRecordHead writes.
  size_t head_bytes() const {
    return kRecordHeaderBytes +
           (key.empty() ? 0 : kDigestBytes + meta.size() + key.size());
  }
  size_t bytes() const {
    return AlignUp(head_bytes() + value.size(), kRecordAlign);
  }
};

// Writes head_bytes() at `to`; the value and zeros up to bytes() follow it.
// Returns crc.  REQUIRES: the fields are within the limits.
uint32_t EncodeRecordHead(const RecordFields& fields, const RecordPlace& place,
                          std::byte* to);
// All of bytes().
void EncodeRecord(const RecordFields& fields, const RecordPlace& place,
                  std::byte* to);

// What the first kRecordHeaderBytes say, unchecked.
RecordHeader ReadRecordHeader(ByteView bytes);

// The header at the start of `bytes`, if one stands there (REC-1, REC-2).
std::optional<RecordHeader> ParseRecordHeader(ByteView bytes,
                                              const RecordPlace& place,
                                              size_t key_bytes_max);
// Whether crc holds.  REQUIRES: `record` starts with `header` and has
// body_bytes().
bool RecordHolds(const RecordHeader& header, ByteView record);

// Where the value is in a record, and the metadata that describes it, as far as
// `record`, which begins with `header`, goes.
struct ValuePlace {
  ByteView meta;  // Without the digest; empty if it is not all there.
  ByteSpan value;
};
ValuePlace FindValue(const RecordHeader& header, ByteView record);

struct RecordView {
  uint64_t digest = 0;
  ByteView meta;  // Without the digest.
  ByteView key;
  ByteView value;
};
// REQUIRES: as RecordHolds, which said yes.
RecordView ViewRecord(const RecordHeader& header, ByteView record);

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_RECORD_H_
