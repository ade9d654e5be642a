#include "core/storage/batch.h"

#include <cstring>
#include <utility>

#include "core/base/invariant.h"

namespace orrery {

namespace {

// From here on a slice is cheaper than a copy.
constexpr size_t kSliceBytesMin = 2048;

// Fills one buffer from front to back; Cut turns what was filled since the
// last cut into a slice of the gather list.
class GatherBuffer {
 public:
  GatherBuffer(size_t size, BytesList* data) : list_(data) {
    buffer_ = Bytes::Allocate(size, &memory_);
  }
  std::byte* Take(size_t size) {
    ORRERY_INVARIANT(used_ + size <= buffer_.size());
    std::byte* at = memory_ + used_;
    used_ += size;
    return at;
  }
  void AddZeros(size_t size) {
    if (size != 0) std::memset(Take(size), 0, size);
  }
  void Cut() {
    if (used_ == cut_) return;
    list_->push_back(buffer_.Slice(cut_, used_ - cut_));
    cut_ = used_;
  }

 private:
  BytesList* list_;
  Bytes buffer_;
  std::byte* memory_ = nullptr;
  size_t used_ = 0;
  size_t cut_ = 0;
};

bool IsSliced(const PendingRecord& record) {
  return record.value.size() >= kSliceBytesMin;
}

}  // namespace

EncodedBatch EncodeBatch(const BatchPlan& plan, RecordQueue& queue,
                         FileSummary* summary) {
  EncodedBatch batch;
  const uint64_t mark_bytes = plan.watermark.has_value() ? kWatermarkBytes : 0;
  const uint64_t used = mark_bytes + plan.record_bytes;
  const uint64_t end = plan.fill_page
                           ? AlignUp(plan.offset + used, kLogPageBytes)
                           : plan.offset + used;
  batch.bytes = end - plan.offset;

  uint64_t inline_bytes = batch.bytes;
  for (size_t i = plan.first; i < plan.first + plan.count; ++i) {
    if (IsSliced(queue[i])) inline_bytes -= queue[i].value.size();
  }
  GatherBuffer buffer(inline_bytes, &batch.data);
  uint64_t offset = plan.offset;
  if (plan.watermark.has_value()) {
    Watermark watermark = *plan.watermark;
    watermark.batch_bytes = static_cast<uint32_t>(used);
    const auto payload = EncodeWatermark(watermark);
    EncodeRecord(
        {.seq = plan.watermark_seq, .meta = {}, .key = {}, .value = payload},
        {plan.salt, offset}, buffer.Take(kWatermarkBytes));
    offset += kWatermarkBytes;
  }
  for (size_t i = plan.first; i < plan.first + plan.count; ++i) {
    PendingRecord& record = queue[i];
    const RecordFields fields = record.fields();
    const uint32_t crc = EncodeRecordHead(fields, {plan.salt, offset},
                                          buffer.Take(fields.head_bytes()));
    if (IsSliced(record)) {
      buffer.Cut();
      batch.data.push_back(record.value);
    } else if (!fields.value.empty()) {
      std::memcpy(buffer.Take(fields.value.size()), fields.value.data(),
                  fields.value.size());
    }
    const size_t bytes = fields.bytes();
    buffer.AddZeros(bytes - fields.head_bytes() - fields.value.size());
    record.was_emitted = true;
    record.address = RecordAddress(plan.slot, offset, bytes);
    offset += bytes;
    record.end_position = plan.position + (offset - plan.offset);
    summary->Add({.crc = crc,
                  .seq = record.seq,
                  .timestamp = record.timestamp,
                  .tombstone = record.deleted});
  }
  buffer.AddZeros(end - offset);
  buffer.Cut();
  return batch;
}

EncodedBatch EncodeControl(const ControlPlan& plan, ByteView payload) {
  EncodedBatch batch;
  const RecordFields fields{
      .seq = plan.seq, .meta = {}, .key = {}, .value = payload};
  const uint64_t end =
      plan.fill_page ? AlignUp(plan.offset + fields.bytes(), kLogPageBytes)
                     : plan.offset + fields.bytes();
  batch.bytes = end - plan.offset;
  std::byte* to = nullptr;
  Bytes bytes = Bytes::Allocate(batch.bytes, &to);
  std::memset(to, 0, batch.bytes);
  EncodeRecord(fields, {plan.salt, plan.offset}, to);
  batch.data.push_back(std::move(bytes));
  return batch;
}

}  // namespace orrery
