#include "core/storage/segment_scan.h"

#include <algorithm>
#include <optional>

#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr uint64_t kPageBytes = 4096;
// A record's byte 21 is never zero, so a record that holds the first byte that
// is not zero starts at most this much before it.
constexpr uint64_t kZerosAtStartMax = 21;

bool IsZero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

SegmentScan::SegmentScan(const Options& options)
    : options_(options), position_(options.from), buffer_offset_(options.from) {
  ORRERY_INVARIANT(options.from % kRecordAlign == 0);
}

ByteView SegmentScan::rest() const {
  return ByteView(buffer_).subspan(
      static_cast<size_t>(position_ - buffer_offset_));
}

SegmentScan::Piece SegmentScan::wanted() const {
  const uint64_t have = buffer_offset_ + buffer_.size();
  const uint64_t end =
      std::max(have + options_.piece_bytes, position_ + needed_);
  return {have, std::min(end, options_.upto) - have};
}

void SegmentScan::FindValues(ByteView before, ByteView bytes,
                             std::vector<ByteSpan>* spans) const {
  ByteBuffer all(rest().begin(), rest().end());
  all.insert(all.end(), before.begin(), before.end());
  const size_t known = all.size();
  all.insert(all.end(), bytes.begin(), bytes.end());
  FindValuesIn(all, position_, known, spans);
}

// Walks as TryRecord does.  Spans are of what lies behind the first `skip`.
void SegmentScan::FindValuesIn(ByteView all, uint64_t offset, size_t skip,
                               std::vector<ByteSpan>* spans) const {
  size_t at = 0;
  while (all.size() - at >= kRecordHeaderBytes) {
    const ByteView rest = all.subspan(at);
    const std::optional<RecordHeader> header = ParseRecordHeader(
        rest, {options_.salt, offset + at}, options_.key_bytes_max);
    const bool is_torn = header.has_value() &&
                         header->body_bytes() > options_.upto - (offset + at);
    if (!header.has_value() || is_torn) {
      at += kRecordAlign;
      if (at > all.size()) return;
      continue;
    }
    const ByteSpan value = FindValue(*header, rest).value;
    const size_t from = std::max(at + value.from, skip);
    const size_t end = at + value.from + value.size;
    if (from < end) spans->push_back({from - skip, end - from});
    at += std::min(header->bytes(), rest.size());
  }
}

void SegmentScan::Fields(FieldSaver& save) const {
  save(options_, position_, needed_, buffer_offset_, has_damage_, damage_from_,
       damage_upto_, in_zeros_, zeros_from_, has_hole_, hole_from_, hole_upto_);
  std::vector<ByteSpan> values;
  FindValuesIn(buffer_, buffer_offset_, 0, &values);
  save.SaveMixed(buffer_, values);
}

void SegmentScan::Fields(FieldLoader& load) {
  load(options_, position_, needed_, buffer_offset_, has_damage_, damage_from_,
       damage_upto_, in_zeros_, zeros_from_, has_hole_, hole_from_, hole_upto_);
  const Bytes held = load.LoadMixed();
  buffer_.assign(held.view().begin(), held.view().end());
  load.Require(buffer_offset_ <= position_ &&
               position_ - buffer_offset_ <= buffer_.size());
}

ByteView SegmentScan::Held(uint64_t from, size_t size) const {
  if (from < buffer_offset_ || from - buffer_offset_ > buffer_.size())
    return {};
  const ByteView behind =
      ByteView(buffer_).subspan(static_cast<size_t>(from - buffer_offset_));
  return size > behind.size() ? ByteView() : behind.first(size);
}

void SegmentScan::Feed(ByteView bytes) {
  const auto consumed = static_cast<ptrdiff_t>(position_ - buffer_offset_);
  buffer_.erase(buffer_.begin(), buffer_.begin() + consumed);
  buffer_offset_ = position_;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (bytes.empty()) options_.upto = buffer_offset_ + buffer_.size();
}

bool SegmentScan::Next(Item* item) {
  while (true) {
    if (position_ >= options_.upto) return TakeGap(item);
    const Step zeros = SkipZeros();
    if (zeros == Step::kStarved) return false;
    if (position_ >= options_.upto) continue;
    switch (TryRecord(item)) {
      case Step::kItem:
        return true;
      case Step::kAgain:
        break;
      case Step::kStarved:
        return false;
    }
  }
}

// Passes over zeros that no record can begin in.
SegmentScan::Step SegmentScan::SkipZeros() {
  const ByteView bytes = rest();
  const auto first = std::find_if(bytes.begin(), bytes.end(), [](std::byte b) {
    return b != std::byte{0};
  });
  const uint64_t zeros = static_cast<uint64_t>(first - bytes.begin());
  NoteZeros(zeros);
  if (zeros <= kZerosAtStartMax && first != bytes.end()) return Step::kAgain;
  const bool at_end = position_ + bytes.size() >= options_.upto;
  uint64_t skipped = zeros;
  if (first != bytes.end() || !at_end) {
    // Whatever may be the start of a record stays.
    skipped = zeros <= kZerosAtStartMax
                  ? 0
                  : AlignUp(zeros - kZerosAtStartMax, kRecordAlign);
  }
  const uint64_t end = position_ + skipped;
  position_ = end;
  needed_ = kRecordHeaderBytes;
  if (first == bytes.end() && !at_end) {
    needed_ = kRecordHeaderBytes + kRecordAlign;
    return Step::kStarved;
  }
  return Step::kAgain;
}

// A run of zeros may come in many pieces.
void SegmentScan::NoteZeros(uint64_t zeros) {
  if (zeros == 0) return;
  if (!in_zeros_) zeros_from_ = position_;
  in_zeros_ = true;
  const uint64_t first_page = AlignUp(zeros_from_, kPageBytes);
  const uint64_t last_page = (position_ + zeros) / kPageBytes * kPageBytes;
  if (first_page + kPageBytes > last_page) return;
  if (!has_hole_) hole_from_ = first_page;
  hole_upto_ = last_page;
  has_hole_ = true;
}

SegmentScan::Step SegmentScan::TryRecord(Item* item) {
  const ByteView bytes = rest();
  const uint64_t left = options_.upto - position_;
  needed_ = std::min<uint64_t>(kRecordHeaderBytes, left);
  if (bytes.size() < needed_) return Step::kStarved;
  const std::optional<RecordHeader> header = ParseRecordHeader(
      bytes, {options_.salt, position_}, options_.key_bytes_max);
  if (!header.has_value()) {
    const uint64_t end = std::min(position_ + kRecordAlign, options_.upto);
    if (IsZero(bytes.first(static_cast<size_t>(end - position_)))) {
      position_ = end;  // Zeros before whatever comes are no damage.
      needed_ = kRecordHeaderBytes;
    } else {
      AddDamage(end);
    }
    return Step::kAgain;
  }
  if (header->body_bytes() > left) {
    // The header is good and the rest was never written or is cut off.
    AddDamage(std::min(position_ + kRecordAlign, options_.upto));
    return Step::kAgain;
  }
  needed_ = std::min<uint64_t>(header->bytes(), left);  // Padding included.
  if (bytes.size() < needed_) return Step::kStarved;
  const ByteView record = bytes.first(header->body_bytes());
  const uint64_t end = std::min(position_ + header->bytes(), options_.upto);
  if (!RecordHolds(*header, record)) {
    AddDamage(end);
    return Step::kAgain;
  }
  if (TakeGap(item)) return Step::kItem;
  *item = {.kind = Item::Kind::kRecord,
           .from = position_,
           .upto = end,
           .header = *header,
           .record = record};
  position_ = end;
  in_zeros_ = false;
  needed_ = kRecordHeaderBytes;
  return Step::kItem;
}

void SegmentScan::AddDamage(uint64_t upto) {
  in_zeros_ = false;
  if (!has_damage_) {
    has_damage_ = true;
    damage_from_ = position_;
    // Zero pages before it are a hole within the same gap.
    if (has_hole_) damage_from_ = std::min(damage_from_, hole_from_);
    has_hole_ = false;
  }
  damage_upto_ = upto;
  position_ = upto;
  needed_ = kRecordHeaderBytes;
}

bool SegmentScan::TakeGap(Item* item) {
  if (has_damage_) {
    has_damage_ = false;
    in_zeros_ = false;
    has_hole_ = false;
    *item = {.kind = Item::Kind::kDamage,
             .from = damage_from_,
             .upto = damage_upto_,
             .header = {},
             .record = {}};
    return true;
  }
  const bool is_inside = has_hole_ && position_ < options_.upto;
  has_hole_ = false;
  if (!is_inside) return false;
  // A record may begin with a zero, which is none of the hole before it: the
  // hole would be found again, for ever.
  in_zeros_ = false;
  *item = {.kind = Item::Kind::kHole,
           .from = hole_from_,
           .upto = hole_upto_,
           .header = {},
           .record = {}};
  return true;
}

}  // namespace orrery
