// core/storage/whole_file.h
//
// WholeFile makes one small file that is written at once and never again:
//
//   create it, write all of it, sync, close
//
// The operations are handed to whoever submits them, one at a time:
//
//   submit(file.Begin(...));
//   on completion: if (next = file.Continue(done)) submit(*next), else it is
//   over, and error() says how.
//
// It does not sync the directory, and removes nothing when it fails.
//
// Threading: none.

#ifndef ORRERY_CORE_STORAGE_WHOLE_FILE_H_
#define ORRERY_CORE_STORAGE_WHOLE_FILE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/fields.h"
#include "core/protocol/disk.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

class WholeFile {
 public:
  struct Content {
    FileNumber number;
    std::string path;  // Of a file that does not exist.
    BytesList data;
    ORRERY_FIELDS(number, path, data)
  };
  DiskEffect Begin(Content content);
  std::optional<DiskEffect> Continue(const DiskDone& part);
  // Of the first operation that failed.
  DiskError error() const { return error_; }
  const std::string& path() const { return content_.path; }

  ORRERY_FIELDS(step_, content_, transfer_, error_)

 private:
  enum class Step : uint8_t {
    kIdle = 0,
    kOpen,
    kWrite,
    kSync,
    kClose,
  };
  DiskEffect Submit(Step step, DiskEffect effect);
  std::optional<DiskEffect> Close();
  std::optional<DiskEffect> Finish();
  uint64_t bytes() const;

  Step step_ = Step::kIdle;
  Content content_;
  WholeTransfer transfer_;
  DiskError error_ = DiskError::kNone;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_WHOLE_FILE_H_
