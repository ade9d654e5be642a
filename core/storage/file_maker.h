// core/storage/file_maker.h
//
// FileMaker makes the next data file of kind user ready to be appended to:
//
//   open, header, allocate, sync, sync the directory, ADD edit synced
//
// so that a record written to it counts (B4, B6).  One file at a time.
//
// Threading: engine thread.  Cost: three syncs per file, ahead of need.

#ifndef ORRERY_CORE_STORAGE_FILE_MAKER_H_
#define ORRERY_CORE_STORAGE_FILE_MAKER_H_

#include <cstdint>
#include <optional>

#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/file_table.h"
#include "core/storage/manifest_log.h"
#include "core/storage/store_context.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

struct MadeFile {
  uint16_t slot = 0;  // In the file table, open, pinned once.
  uint64_t id = 0;
  uint64_t salt = 0;
  uint32_t header_crc = 0;
  uint64_t allocated = 0;
  ORRERY_FIELDS(slot, id, salt, header_crc, allocated)
};

class FileMaker {
 public:
  FileMaker(const StoreContext& context, FileTable& files,
            ManifestLog& manifest)
      : context_(context), files_(files), manifest_(manifest) {}

  struct Request {
    uint64_t file_id = 0;
    uint64_t allocate_bytes = 0;
    uint64_t base_seq = 0;
    ORRERY_FIELDS(file_id, allocate_bytes, base_seq)
  };
  // REQUIRES: IsIdle() and nothing is ready.
  void Make(const Request& request, Turn& turn);
  bool IsIdle() const { return step_ == Step::kIdle; }
  bool IsReady() const { return ready_.has_value(); }
  MadeFile Take();
  enum class Failure : uint8_t {
    kNone = 0,
    kNoSpace = 1,
    kNoHandle = 2,  // Nor a slot in the file table.
    kError = 3,
  };
  // Why the last Make made none.  Cleared by asking.
  Failure TakeFailure();

  void OnDiskDone(const DiskDone& part, Turn& turn);
  void OnAdded(uint64_t file_id);

  ORRERY_FIELDS(step_, request_, file_, number_, ready_, failure_, transfer_)

 private:
  enum class Step : uint8_t {
    kIdle = 0,
    kOpen,
    kHeader,
    kAllocate,
    kSync,
    kSyncDir,
    kAdd,
  };
  void Submit(Step step, DiskEffect effect, Turn& turn);
  void OnError(DiskError error, Turn& turn);
  void WriteHeader(Turn& turn);

  const StoreContext& context_;
  FileTable& files_;
  ManifestLog& manifest_;
  Step step_ = Step::kIdle;
  WholeTransfer transfer_;
  Request request_;
  MadeFile file_;
  FileNumber number_;
  std::optional<MadeFile> ready_;
  Failure failure_ = Failure::kNone;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_FILE_MAKER_H_
