#include "core/storage/record.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"
#include "core/protocol/limits.h"

namespace orrery {

namespace {

constexpr uint8_t kExtVersion = 1;
constexpr size_t kHeaderCrcOffset = 32;

uint32_t HeaderCrc(const std::byte* record, const RecordPlace& place) {
  std::array<std::byte, 44> input;
  std::memcpy(input.data(), record + 4, 28);
  StoreU64(input.data() + 28, place.salt);
  StoreU64(input.data() + 36, place.offset);
  return Crc32c(input);
}

std::byte* Append(std::byte* to, ByteView bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

}  // namespace

uint32_t EncodeRecordHead(const RecordFields& fields, const RecordPlace& place,
                          std::byte* to) {
  const size_t meta_len =
      fields.key.empty() ? 0 : kDigestBytes + fields.meta.size();
  ORRERY_INVARIANT(meta_len <= kMetaBytesMax);
  ORRERY_INVARIANT(place.offset % kRecordAlign == 0);
  StoreU64(to + 4, fields.timestamp);
  StoreU32(to + 12, static_cast<uint32_t>(fields.key.size()));
  StoreU32(to + 16, static_cast<uint32_t>(fields.value.size()));
  to[20] = std::byte{fields.deleted};
  to[21] = std::byte{kExtVersion};
  StoreU16(to + 22, static_cast<uint16_t>(meta_len));
  StoreU64(to + 24, fields.seq);
  StoreU32(to + kHeaderCrcOffset, HeaderCrc(to, place));
  if (!fields.key.empty()) {
    StoreU64(to + kRecordHeaderBytes, fields.digest);
    std::byte* end =
        Append(to + kRecordHeaderBytes + kDigestBytes, fields.meta);
    Append(end, fields.key);
  }
  const uint32_t head_crc = Crc32c({to + 4, fields.head_bytes() - 4});
  const uint32_t crc = Crc32cExtend(head_crc, fields.value);
  StoreU32(to, crc);
  return crc;
}

void EncodeRecord(const RecordFields& fields, const RecordPlace& place,
                  std::byte* to) {
  EncodeRecordHead(fields, place, to);
  std::byte* end = Append(to + fields.head_bytes(), fields.value);
  const size_t body = fields.head_bytes() + fields.value.size();
  std::memset(end, 0, fields.bytes() - body);
}

RecordHeader ReadRecordHeader(ByteView bytes) {
  const std::byte* from = bytes.data();
  return {.crc = LoadU32(from),
          .timestamp = LoadU64(from + 4),
          .key_len = LoadU32(from + 12),
          .value_len = LoadU32(from + 16),
          .deleted = from[20] == std::byte{1},
          .meta_len = LoadU16(from + 22),
          .seq = LoadU64(from + 24)};
}

std::optional<RecordHeader> ParseRecordHeader(ByteView bytes,
                                              const RecordPlace& place,
                                              size_t key_bytes_max) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  const std::byte* from = bytes.data();
  if (from[21] != std::byte{kExtVersion}) return std::nullopt;
  if (from[20] > std::byte{1}) return std::nullopt;
  if (LoadU32(from + kHeaderCrcOffset) != HeaderCrc(from, place)) {
    return std::nullopt;
  }
  const RecordHeader header = ReadRecordHeader(bytes);
  if (header.key_len > key_bytes_max) return std::nullopt;
  if (header.value_len > kStoredValueBytesMax) return std::nullopt;
  if (header.deleted && header.value_len != 0) return std::nullopt;
  if (header.IsControl()) {
    if (header.meta_len != 0) return std::nullopt;
    if (header.value_len == 0) return std::nullopt;
  } else if (header.meta_len < kDigestBytes) {
    return std::nullopt;
  }
  return header;
}

bool RecordHolds(const RecordHeader& header, ByteView record) {
  ORRERY_INVARIANT(header.body_bytes() <= record.size());
  return Crc32c(record.subspan(4, header.body_bytes() - 4)) == header.crc;
}

ValuePlace FindValue(const RecordHeader& header, ByteView record) {
  ValuePlace place;
  const size_t meta_end = kRecordHeaderBytes + header.meta_len;
  if (header.IsControl()) return place;
  if (header.meta_len >= kDigestBytes && meta_end <= record.size()) {
    place.meta =
        record.first(meta_end).subspan(kRecordHeaderBytes + kDigestBytes);
  }
  place.value.from = std::min(meta_end + header.key_len, record.size());
  place.value.size =
      std::min<size_t>(header.value_len, record.size() - place.value.from);
  return place;
}

RecordView ViewRecord(const RecordHeader& header, ByteView record) {
  ByteView rest = record.first(header.body_bytes()).subspan(kRecordHeaderBytes);
  RecordView view;
  if (!header.IsControl()) {
    view.digest = LoadU64(rest.data());
    view.meta = rest.first(header.meta_len).subspan(kDigestBytes);
  }
  rest = rest.subspan(header.meta_len);
  view.key = rest.first(header.key_len);
  view.value = rest.subspan(header.key_len);
  return view;
}

}  // namespace orrery
