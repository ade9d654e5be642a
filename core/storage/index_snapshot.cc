#include "core/storage/index_snapshot.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"

namespace orrery {

namespace {

// From kHeaderExtraAt on.
constexpr size_t kSnapshotExtraBytes = 68;
constexpr size_t kRowBytesAt = 12;
constexpr size_t kHashCheckAt = 56;
constexpr size_t kBlockCountAt = 64;

constexpr uint8_t kTombstoneFlag = 1;

void StoreRow(const SnapshotRow& row, std::byte* to) {
  StoreU64(to, row.hash.token);
  StoreU64(to + 8, row.hash.keyed);
  StoreU64(to + 16, row.seq);
  StoreU64(to + 24, row.timestamp);
  StoreU32(to + 32, row.offset_units);
  const uint32_t length = row.length_units & SnapshotRow::kLengthUnitsMax;
  const uint32_t flags = row.tombstone() ? kTombstoneFlag : 0;
  StoreU32(to + 36, length | flags << 24);
  StoreU64(to + 40, row.digest);
}

SnapshotRow LoadRow(const std::byte* from) {
  const uint32_t length_and_flags = LoadU32(from + 36);
  const uint32_t flags = length_and_flags >> 24;
  return {.hash = {LoadU64(from), LoadU64(from + 8)},
          .seq = LoadU64(from + 16),
          .timestamp = LoadU64(from + 24),
          .digest = LoadU64(from + 40),
          .offset_units = LoadU32(from + 32),
          .length_units =
              (length_and_flags & SnapshotRow::kLengthUnitsMax) |
              ((flags & kTombstoneFlag) != 0 ? SnapshotRow::kTombstone : 0)};
}

std::array<std::byte, kSnapshotExtraBytes> EncodeExtra(
    const SnapshotSource& source) {
  const FileSummary& summary = source.summary;
  std::array<std::byte, kSnapshotExtraBytes> out{};
  StoreU64(out.data(), summary.data_length);
  StoreU32(out.data() + 8, summary.digest);
  StoreU32(out.data() + kRowBytesAt, kSnapshotRowBytes);
  StoreU32(out.data() + 16, summary.record_count);
  StoreU32(out.data() + 20, summary.tombstone_count);
  StoreU64(out.data() + 24, summary.min_seq);
  StoreU64(out.data() + 32, summary.max_seq);
  StoreU64(out.data() + 40, summary.min_timestamp);
  StoreU64(out.data() + 48, summary.max_timestamp);
  StoreU64(out.data() + kHashCheckAt, source.hash_check);
  StoreU32(out.data() + kBlockCountAt,
           static_cast<uint32_t>(SnapshotBlocksOf(summary.record_count)));
  return out;
}

FileSummary DecodeSummary(const std::byte* extra) {
  return {.data_length = LoadU64(extra),
          .record_count = LoadU32(extra + 16),
          .tombstone_count = LoadU32(extra + 20),
          .min_seq = LoadU64(extra + 24),
          .max_seq = LoadU64(extra + 32),
          .min_timestamp = LoadU64(extra + 40),
          .max_timestamp = LoadU64(extra + 48),
          .digest = LoadU32(extra + 8)};
}

uint64_t BlocksFor(uint64_t rows, uint64_t rows_per_block) {
  return (rows + rows_per_block - 1) / rows_per_block;
}

}  // namespace

bool IsBefore(const SnapshotRow& a, const SnapshotRow& b) {
  return std::tie(a.hash.token, a.hash.keyed, a.seq, a.offset_units) <
         std::tie(b.hash.token, b.hash.keyed, b.seq, b.offset_units);
}

uint64_t SnapshotSource::HashCheckOf(SipKey index_key) {
  return SipHash13(index_key, {});
}

uint64_t SnapshotBlocksOf(uint64_t rows) {
  return BlocksFor(rows, kSnapshotRowsPerBlock);
}

SnapshotSource SnapshotSourceIn(const HeaderBlock& header, ByteView block) {
  const std::byte* extra = block.data() + kHeaderExtraAt;
  return {.storage = header.storage,
          .file = header.number,
          .salt = header.salt,
          .summary = DecodeSummary(extra),
          .hash_check = LoadU64(extra + kHashCheckAt)};
}

void EncodeSnapshotHeader(const SnapshotSource& source,
                          const SnapshotStamp& stamp, std::byte* to) {
  EncodeHeaderBlock({.magic = FileMagic::kIndex,
                     .storage = source.storage,
                     .number = source.file,
                     .salt = source.salt,
                     .created = stamp.created,
                     .generation = stamp.generation},
                    EncodeExtra(source), to);
}

void SnapshotEncoder::Add(const SnapshotRow& row, ByteBuffer& out) {
  if (rows_ == 0) out.resize(out.size() + kSnapshotBlockBytes);
  std::byte* block = out.data() + out.size() - kSnapshotBlockBytes;
  StoreRow(row, block + kSnapshotBlockHeadBytes + rows_ * kSnapshotRowBytes);
  ++rows_;
  if (rows_ == kSnapshotRowsPerBlock) Finish(out);
}

void SnapshotEncoder::Finish(ByteBuffer& out) {
  if (rows_ == 0) return;
  std::byte* block = out.data() + out.size() - kSnapshotBlockBytes;
  StoreU32(block + 4, rows_);
  StoreU32(block, Crc32c(ByteView(block, kSnapshotBlockBytes).subspan(4)));
  last_block_bytes_ = kSnapshotBlockHeadBytes + rows_ * kSnapshotRowBytes;
  rows_ = 0;
}

bool SnapshotDecoder::TakeHeader(ByteView header) {
  HeaderBlock block;
  // One that a newer version wrote is none either: it is made again.
  if (DecodeHeaderBlock(header, FileMagic::kIndex, &block) !=
      HeaderCheck::kValid) {
    return false;
  }
  const std::byte* extra = header.data() + kHeaderExtraAt;
  const bool is_of_source =
      block.storage == source_.storage && block.number == source_.file &&
      block.salt == source_.salt && DecodeSummary(extra) == source_.summary &&
      LoadU64(extra + kHashCheckAt) == source_.hash_check;
  if (!is_of_source) return false;
  row_bytes_ = LoadU32(extra + kRowBytesAt);
  if (row_bytes_ < kSnapshotRowBytes || row_bytes_ % kRecordAlign != 0) {
    return false;
  }
  if (row_bytes_ > kSnapshotBlockBytes - kSnapshotBlockHeadBytes) return false;
  blocks_left_ = LoadU32(extra + kBlockCountAt);
  const uint64_t rows_per_block =
      (kSnapshotBlockBytes - kSnapshotBlockHeadBytes) / row_bytes_;
  return blocks_left_ ==
         BlocksFor(source_.summary.record_count, rows_per_block);
}

bool SnapshotDecoder::TakeBlock(ByteView block) {
  ORRERY_INVARIANT(blocks_left_ > 0);
  if (is_bad_ || block.size() < kSnapshotBlockBytes) return false;
  block = block.first(kSnapshotBlockBytes);
  if (LoadU32(block.data()) != Crc32c(block.subspan(4))) return false;
  const uint64_t rows = LoadU32(block.data() + 4);
  const ByteView behind = block.subspan(kSnapshotBlockHeadBytes);
  if (rows > behind.size() / row_bytes_) return false;
  rows_ = behind.first(static_cast<size_t>(rows * row_bytes_));
  --blocks_left_;
  return true;
}

bool SnapshotDecoder::Next(SnapshotRow* row) {
  if (rows_.empty() || is_bad_) return false;
  *row = LoadRow(rows_.data());
  rows_ = rows_.subspan(row_bytes_);
  if (!IsPossible(*row)) {  // IXS-3
    is_bad_ = true;
    return false;
  }
  last_ = *row;
  seen_.Count({.seq = row->seq,
               .timestamp = row->timestamp,
               .tombstone = row->tombstone()});
  return true;
}

bool SnapshotDecoder::IsPossible(const SnapshotRow& row) const {
  if (seen_.record_count == source_.summary.record_count) return false;
  if (seen_.record_count > 0 && !IsBefore(last_, row)) return false;
  return row.offset() >= kHeaderBlockBytes &&
         row.bytes() >= kRecordHeaderBytes &&
         row.offset() + row.bytes() <=
             AlignUp(source_.summary.data_length, kRecordAlign);
}

bool SnapshotDecoder::IsWhole() const {
  if (is_bad_ || blocks_left_ > 0) return false;
  FileSummary seen = seen_;
  seen.data_length = source_.summary.data_length;
  seen.digest = source_.summary.digest;
  return seen == source_.summary;
}

}  // namespace orrery
