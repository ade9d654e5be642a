#include "core/storage/control_record.h"

#include <algorithm>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/storage/record.h"

namespace orrery {

static_assert(AlignUp(kRecordHeaderBytes + 28, kRecordAlign) ==
              kWatermarkBytes);
static_assert(AlignUp(kRecordHeaderBytes + 76, kRecordAlign) == kSealBytes);

void FileSummary::Add(const Member& member) {
  Count(member);
  std::array<std::byte, 4> crc_bytes;
  StoreU32(crc_bytes.data(), member.crc);
  digest = Crc32cExtend(digest, crc_bytes);
}

void FileSummary::Count(const Member& member) {
  if (record_count == 0) {
    min_seq = member.seq;
    min_timestamp = member.timestamp;
  }
  ++record_count;
  if (member.tombstone) ++tombstone_count;
  min_seq = std::min(min_seq, member.seq);
  max_seq = std::max(max_seq, member.seq);
  min_timestamp = std::min(min_timestamp, member.timestamp);
  max_timestamp = std::max(max_timestamp, member.timestamp);
}

std::array<std::byte, 28> EncodeWatermark(const Watermark& watermark) {
  std::array<std::byte, 28> out{};
  out[0] = static_cast<std::byte>(ControlKind::kWatermark);
  out[1] = std::byte{watermark.acknowledged_after_sync};
  StoreU16(out.data() + 2, watermark.padding);
  StoreU32(out.data() + 4, watermark.batch_bytes);
  StoreU64(out.data() + 12, watermark.durable.file);
  StoreU64(out.data() + 20, watermark.durable.offset);
  return out;
}

std::array<std::byte, 76> EncodeSeal(const Seal& seal) {
  std::array<std::byte, 76> out{};
  const FileSummary& summary = seal.summary;
  out[0] = static_cast<std::byte>(ControlKind::kSeal);
  StoreU16(out.data() + 2, seal.padding);
  StoreU32(out.data() + 4, summary.record_count);
  StoreU32(out.data() + 8, summary.tombstone_count);
  StoreU64(out.data() + 12, summary.data_length);
  StoreU64(out.data() + 20, summary.min_seq);
  StoreU64(out.data() + 28, summary.max_seq);
  StoreU64(out.data() + 36, summary.min_timestamp);
  StoreU64(out.data() + 44, summary.max_timestamp);
  StoreU32(out.data() + 52, summary.digest);
  StoreU32(out.data() + 56, seal.header_crc);
  StoreU64(out.data() + 60, seal.file_id);
  StoreU64(out.data() + 68, seal.salt);
  return out;
}

std::optional<ControlKind> ControlKindOf(ByteView payload) {
  if (payload.empty()) return std::nullopt;
  const auto kind = static_cast<uint8_t>(payload[0]);
  if (kind < 1 || kind > 3) return std::nullopt;
  return static_cast<ControlKind>(kind);
}

std::optional<Watermark> DecodeWatermark(ByteView payload) {
  if (payload.size() != 28) return std::nullopt;
  if (ControlKindOf(payload) != ControlKind::kWatermark) return std::nullopt;
  const std::byte* from = payload.data();
  return Watermark{
      .acknowledged_after_sync = (from[1] & std::byte{1}) != std::byte{0},
      .padding = LoadU16(from + 2),
      .batch_bytes = LoadU32(from + 4),
      .durable = {LoadU64(from + 12), LoadU64(from + 20)}};
}

std::optional<Seal> DecodeSeal(ByteView payload) {
  if (payload.size() != 76) return std::nullopt;
  if (ControlKindOf(payload) != ControlKind::kSeal) return std::nullopt;
  const std::byte* from = payload.data();
  return Seal{.summary = {.data_length = LoadU64(from + 12),
                          .record_count = LoadU32(from + 4),
                          .tombstone_count = LoadU32(from + 8),
                          .min_seq = LoadU64(from + 20),
                          .max_seq = LoadU64(from + 28),
                          .min_timestamp = LoadU64(from + 36),
                          .max_timestamp = LoadU64(from + 44),
                          .digest = LoadU32(from + 52)},
              .header_crc = LoadU32(from + 56),
              .file_id = LoadU64(from + 60),
              .salt = LoadU64(from + 68),
              .padding = LoadU16(from + 2)};
}

}  // namespace orrery
