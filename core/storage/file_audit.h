// core/storage/file_audit.h
//
// FileAudit says whether a sealed file still holds what it must, of what a scan
// of it showed, and which entries of the index point to what is not there.
//
// It reads nothing and changes nothing: whoever scans the file feeds it.
//
// Invariants:
//   AUD-1  kWhole and kWorn: every record that the manifest counted verified.
//   AUD-2  kDamaged: at least one range of the file is named, and each entry
//          that points to a record that did not verify (I4).
//
// Threading: engine thread.  Memory: 8 bytes a record.  Cost: FindWanting looks
// at some thousand entries of the index a call.

#ifndef ORRERY_CORE_STORAGE_FILE_AUDIT_H_
#define ORRERY_CORE_STORAGE_FILE_AUDIT_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ready_list.h"
#include "core/storage/control_record.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest.h"
#include "core/storage/segment_scan.h"

namespace orrery {

class FileAudit {
 public:
  // Of another file.
  void Begin(uint64_t file, uint16_t slot);
  void Take(const SegmentScan::Item& item);

  enum class Verdict : uint8_t {
    kWhole = 1,
    // All records are there; something beside them is neither a record nor
    // zeros: padding, a watermark, the SEAL.
    kWorn = 2,
    kDamaged = 3,
  };
  // The scan is done.  `upto` is the file's length.
  Verdict Finish(const ManifestState& listed, uint64_t upto);
  // kDamaged and kWorn: what is not as it was written, in order.
  const std::vector<DamageRange>& gaps() const { return gaps_; }
  // Of them those that the manifest did not list when Finish looked: all that
  // stood there was in the index.
  const std::vector<DamageRange>& new_gaps() const { return new_gaps_; }

  // Whether a record that verified stands there.
  bool HasRecordAt(uint64_t offset) const {
    return std::binary_search(seen_.begin(), seen_.end(), offset);
  }
  // Looks further for entries whose records are not there.  True: no more.
  // REQUIRES: Finish said kDamaged.
  bool FindWanting(const KeyIndex& index, ReadyList<DamagedEntry>* wanting);
  // Gives the memory back.
  void Clear();

  ORRERY_FIELDS(file_, slot_, scanned_, gaps_, new_gaps_, seen_, looked_upto_)

 private:
  uint64_t file_ = 0;
  uint16_t slot_ = 0;
  FileSummary scanned_;
  std::vector<DamageRange> gaps_;
  std::vector<DamageRange> new_gaps_;
  std::vector<uint64_t> seen_;  // Offsets of the records that are there.
  uint64_t looked_upto_ = 0;    // FindWanting: the next token.
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_FILE_AUDIT_H_
