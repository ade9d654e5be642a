// Catalogue C8.  What a node keeps on its disk, one structure at a time: what
// is accepted is what would be written, so decoding and encoding give the same
// bytes, or where bytes are reserved, the same meaning; and decoding allocates
// no more than a small multiple of what it was given.
//
// The first byte says which structure.  Checksums are made to fit, so that they
// keep nobody out of what lies behind them; a bit of the first byte keeps them
// as they come.

#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/base/bytes.h"
#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "core/base/invariant.h"
#include "core/hint/hint_record.h"
#include "core/protocol/limits.h"
#include "core/storage/control_record.h"
#include "core/storage/header_block.h"
#include "core/storage/identity.h"
#include "core/storage/index_snapshot.h"
#include "core/storage/manifest.h"
#include "core/storage/record.h"
#include "core/version/object_codec.h"

namespace {

// Bytes asked for since the last reset.
size_t allocated = 0;

void OnAllocation(const volatile void*, size_t size) { allocated += size; }
void OnFree(const volatile void*) {}

}  // namespace

namespace orrery {
namespace {

// A manifest entry of one byte becomes a node of a tree; strings and vectors
// double as they grow.
constexpr size_t kAllocatedPerByte = 64;
constexpr size_t kAllocatedMin = 4096;

constexpr RecordPlace kPlace{.salt = 0x1122334455667788, .offset = 4096};
constexpr uint64_t kManifestSalt = 5;

void CheckAllocation(size_t input_bytes) {
  ORRERY_INVARIANT(allocated <=
                   kAllocatedMin + kAllocatedPerByte * input_bytes);
}

ByteBuffer BufferOf(ByteView bytes) {
  return ByteBuffer(bytes.begin(), bytes.end());
}

bool IsEqual(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

void SealRecord(ByteBuffer& record) {
  if (record.size() < kRecordHeaderBytes) return;
  record[21] = std::byte{1};
  ByteBuffer place(record.begin() + 4, record.begin() + 32);
  PutU64(place, kPlace.salt);
  PutU64(place, kPlace.offset);
  StoreU32(record.data() + 32, Crc32c(place));
  const RecordHeader lengths{.key_len = LoadU32(record.data() + 12),
                             .value_len = LoadU32(record.data() + 16),
                             .meta_len = LoadU16(record.data() + 22)};
  if (lengths.body_bytes() > record.size()) return;
  StoreU32(record.data(),
           Crc32c(ByteView(record).subspan(4, lengths.body_bytes() - 4)));
}

void CheckRecord(ByteView input, bool sealed) {
  ByteBuffer record = BufferOf(input);
  if (sealed) SealRecord(record);
  const std::optional<RecordHeader> header =
      ParseRecordHeader(record, kPlace, kKeyBytesMax);
  if (!header.has_value() || header->body_bytes() > record.size()) return;
  const ByteView body = ByteView(record).first(header->body_bytes());
  if (!RecordHolds(*header, body)) return;
  const RecordView view = ViewRecord(*header, body);
  const RecordFields fields{.timestamp = header->timestamp,
                            .deleted = header->deleted,
                            .seq = header->seq,
                            .digest = view.digest,
                            .meta = view.meta,
                            .key = view.key,
                            .value = view.value};
  ORRERY_INVARIANT(fields.bytes() == header->bytes());
  ByteBuffer again(fields.bytes());
  EncodeRecord(fields, kPlace, again.data());
  ORRERY_INVARIANT(IsEqual(ByteView(again).first(body.size()), body));
}

// Bytes that are reserved are written as zeros, and read by nobody.
void CheckControl(ByteView payload) {
  if (const auto watermark = DecodeWatermark(payload)) {
    const auto again = EncodeWatermark(*watermark);
    ORRERY_INVARIANT(DecodeWatermark(again) == watermark);
    ORRERY_INVARIANT(
        IsEqual(ByteView(again).subspan(2, 6), payload.subspan(2, 6)));
    ORRERY_INVARIANT(IsEqual(ByteView(again).subspan(12), payload.subspan(12)));
  }
  if (const auto seal = DecodeSeal(payload)) {
    const auto again = EncodeSeal(*seal);
    ORRERY_INVARIANT(DecodeSeal(again) == seal);
    ORRERY_INVARIANT(IsEqual(ByteView(again).subspan(2), payload.subspan(2)));
  }
}

// `input` as the fields of a block, from the magic on.
ByteBuffer HeaderOf(ByteView input, FileMagic magic) {
  ByteBuffer block(kHeaderBlockBytes);
  const size_t size = std::min(input.size(), kHeaderCrcAt);
  std::copy_n(input.begin(), size, block.begin());
  StoreU64(block.data(), static_cast<uint64_t>(magic));
  StoreU16(block.data() + 8, 1);
  StoreU32(block.data() + 12, 0);
  block[20] = std::byte{1};
  StoreU32(block.data() + kHeaderCrcAt,
           Crc32c(ByteView(block).first(kHeaderCrcAt)));
  return block;
}

void CheckHeader(ByteView input) {
  const ByteBuffer block = HeaderOf(input, FileMagic::kData);
  HeaderBlock header;
  if (DecodeHeaderBlock(block, FileMagic::kData, &header) !=
      HeaderCheck::kValid) {
    return;
  }
  ByteBuffer again(kHeaderBlockBytes);
  EncodeHeaderBlock(
      header,
      ByteView(block).subspan(kHeaderExtraAt, kHeaderCrcAt - kHeaderExtraAt),
      again.data());
  // Two bytes of a version that does not matter, two and four reserved ones.
  StoreU16(again.data() + 10, LoadU16(block.data() + 10));
  StoreU16(again.data() + 22, LoadU16(block.data() + 22));
  StoreU32(again.data() + 44, LoadU32(block.data() + 44));
  ORRERY_INVARIANT(IsEqual(ByteView(again).first(kHeaderCrcAt),
                           ByteView(block).first(kHeaderCrcAt)));
}

// Edits of the lengths that the bytes before them say, in pages of their own.
ByteBuffer ManifestOf(ByteView input) {
  ByteBuffer file(kHeaderBlockBytes);
  EncodeHeaderBlock({.magic = FileMagic::kManifest, .salt = kManifestSalt}, {},
                    file.data());
  for (uint64_t number = 1; input.size() >= 2 && number <= 8; ++number) {
    const size_t wanted = std::to_integer<size_t>(input[0]) * 2;
    const std::byte type = input[1];
    input = input.subspan(2);
    const size_t size = std::min(wanted, input.size());
    const size_t at = file.size();
    file.resize(at + AlignUp(24 + size, kManifestPageBytes));
    std::byte* edit = file.data() + at;
    StoreU32(edit + 4, static_cast<uint32_t>(size));
    StoreU64(edit + 8, number);
    edit[16] = number == 1 ? std::byte{1} : type;  // BASE stands first.
    std::copy_n(input.begin(), size, edit + 24);
    input = input.subspan(size);
    ByteBuffer place;
    PutU64(place, kManifestSalt);
    PutU64(place, at);
    StoreU32(edit, Crc32cExtend(Crc32c({edit + 4, 20 + size}), place));
  }
  return file;
}

void CheckManifest(ByteView input, bool sealed) {
  const ByteBuffer file = sealed ? ManifestOf(input) : BufferOf(input);
  allocated = 0;
  const DecodedManifest decoded = DecodeManifest(file);
  CheckAllocation(input.size());
  if (decoded.verdict != DecodedManifest::Verdict::kValid) return;
  ByteBuffer again(kHeaderBlockBytes);
  EncodeHeaderBlock({.magic = FileMagic::kManifest, .salt = kManifestSalt}, {},
                    again.data());
  const Bytes base =
      EncodeEdit(BaseEdit{decoded.state},
                 {.salt = kManifestSalt, .offset = again.size(), .number = 1});
  again.insert(again.end(), base.view().begin(), base.view().end());
  const DecodedManifest back = DecodeManifest(again);
  ORRERY_INVARIANT(back.verdict == DecodedManifest::Verdict::kValid);
  ORRERY_INVARIANT(back.state == decoded.state);
}

// One block of as many rows as there is input for, whatever they say.
void CheckIndexSnapshot(ByteView input, bool sealed) {
  const size_t rows =
      std::min(input.size() / kSnapshotRowBytes, kSnapshotRowsPerBlock);
  if (rows == 0) return;
  const SnapshotSource source{
      .file = 5,
      .salt = kPlace.salt,
      .summary = {.data_length = uint64_t{1} << 30,
                  .record_count = static_cast<uint32_t>(rows)}};
  ByteBuffer bytes(SnapshotBytesOf(1));
  EncodeSnapshotHeader(source, {}, bytes.data());
  std::byte* block = bytes.data() + kHeaderBlockBytes;
  std::copy_n(input.begin(), rows * kSnapshotRowBytes, block + 8);
  StoreU32(block + 4, static_cast<uint32_t>(rows));
  const ByteView behind(block + 4, kSnapshotBlockBytes - 4);
  if (sealed) StoreU32(block, Crc32c(behind));
  SnapshotDecoder decoder(source);
  const ByteView view(bytes);
  ORRERY_INVARIANT(decoder.TakeHeader(view.first(kHeaderBlockBytes)));
  if (!decoder.TakeBlock(view.subspan(kHeaderBlockBytes))) return;
  ByteBuffer again;
  SnapshotEncoder encoder;
  SnapshotRow row;
  size_t taken = 0;
  while (decoder.Next(&row)) {
    ORRERY_INVARIANT(row.offset() + row.bytes() <= source.summary.data_length);
    encoder.Add(row, again);
    // Seven flags are reserved.
    block[8 + taken * kSnapshotRowBytes + 39] &= std::byte{1};
    ++taken;
  }
  const size_t size = taken * kSnapshotRowBytes;
  ORRERY_INVARIANT(taken == 0 || IsEqual(ByteView(again).subspan(8, size),
                                         ByteView(block + 8, size)));
}

void CheckIdentity(ByteView input) {
  ByteBuffer file = HeaderOf(input, FileMagic::kIdentity);
  file.resize(kIdentityBytes);
  const IdentitySlots slots = DecodeIdentity(file);
  if (!slots.newest.has_value()) return;
  const Bytes slot = EncodeIdentitySlot(*slots.newest, 7);
  ByteBuffer again = BufferOf(slot.view());
  again.resize(kIdentityBytes);
  ORRERY_INVARIANT(DecodeIdentity(again).newest == slots.newest);
}

// Whether entries of the vector were dropped is told to whoever looks at the
// bytes; an object does not carry it on.
void CheckMeta(const Bytes& again, ByteView meta, size_t object_at) {
  ByteBuffer expected = BufferOf(meta);
  expected[object_at + 1] &= ~std::byte{1};
  ORRERY_INVARIANT(IsEqual(again.view(), expected));
}

// One byte: how long the metadata is.
void CheckObject(ByteView input, bool is_hint) {
  if (input.empty()) return;
  const size_t wanted = std::to_integer<size_t>(input[0]);
  input = input.subspan(1);
  const ByteView meta = input.first(std::min(wanted, input.size()));
  const Bytes value = Bytes::CopyOf(input.subspan(meta.size()));
  allocated = 0;
  if (is_hint) {
    const std::string key = HintKeyOf(StorageId{{7, 9}}, "key");
    const std::optional<Hint> hint = DecodeHint(key, meta, value);
    CheckAllocation(input.size());
    if (!hint.has_value()) return;
    const EncodedHint again = EncodeHint(*hint);
    CheckMeta(again.meta, meta, kHintHeaderBytes);
    ORRERY_INVARIANT(IsEqual(again.value.view(), value.view()));
    ORRERY_INVARIANT(HintKeyOf(hint->storage, hint->key) == key);
    return;
  }
  const std::optional<Object> object = DecodeObject(meta, value);
  CheckAllocation(input.size());
  if (!object.has_value()) return;
  const EncodedObject again = EncodeObject(*object);
  CheckMeta(again.meta, meta, 0);
  ORRERY_INVARIANT(IsEqual(again.value.view(), value.view()));
}

void Run(ByteView input) {
  if (input.empty()) return;
  const auto kind = std::to_integer<uint8_t>(input[0]);
  input = input.subspan(1);
  const bool sealed = (kind & 0x80) == 0;
  switch (kind % 8) {
    case 0:
      return CheckRecord(input, sealed);
    case 1:
      return CheckIndexSnapshot(input, sealed);
    case 2:
      return CheckControl(input);
    case 3:
      return CheckHeader(input);
    case 4:
    case 5:
      return CheckManifest(input, sealed);
    case 6:
      return CheckIdentity(input);
    default:
      return CheckObject(input, !sealed);
  }
}

}  // namespace
}  // namespace orrery

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  __sanitizer_install_malloc_and_free_hooks(OnAllocation, OnFree);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  orrery::Run(std::as_bytes(std::span<const uint8_t>(data, size)));
  return 0;
}
