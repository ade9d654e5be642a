// core/storage/batch.h
//
// One write of the log: records encoded for the place where they will stand,
// as a gather list.  Large values are slices of what the put brought, never
// copies.
//
// Threading: none.

#ifndef ORRERY_CORE_STORAGE_BATCH_H_
#define ORRERY_CORE_STORAGE_BATCH_H_

#include <cstdint>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/storage/control_record.h"
#include "core/storage/record_queue.h"

namespace orrery {

// The largest batch, one larger record aside (storage section 4).
inline constexpr uint64_t kBatchBytesMax = uint64_t{1} << 20;
// With sync_writes a batch starts and ends at a multiple of this.
inline constexpr uint64_t kLogPageBytes = 4096;

struct BatchPlan {
  uint64_t salt = 0;
  uint16_t slot = 0;
  uint64_t offset = 0;
  uint64_t position = 0;               // Of the log, at `offset`.
  std::optional<Watermark> watermark;  // batch_bytes is filled in.
  uint64_t watermark_seq = 0;
  size_t first = 0;  // Of the queue.
  size_t count = 0;
  uint64_t record_bytes = 0;  // Of them, padded to 8 each.
  bool fill_page = false;
};

struct EncodedBatch {
  BytesList data;
  uint64_t bytes = 0;
  ORRERY_FIELDS(AsValue(data), bytes)
};

// Marks the records of the plan as emitted, with their places, and adds them
// to `summary`.
EncodedBatch EncodeBatch(const BatchPlan& plan, RecordQueue& queue,
                         FileSummary* summary);

// A batch that is one control record.
struct ControlPlan {
  uint64_t salt = 0;
  uint64_t offset = 0;
  uint64_t seq = 0;
  bool fill_page = false;
};
EncodedBatch EncodeControl(const ControlPlan& plan, ByteView payload);

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_BATCH_H_
