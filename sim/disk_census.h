// sim/disk_census.h
//
// What records stand in the bytes of a data file: the simulator reads them so
// that it knows what a fault of the disk takes.  It uses the core's own scan
// and believes nothing that does not verify.
//
// Cost: one checksum over the bytes.

#ifndef ORRERY_SIM_DISK_CENSUS_H_
#define ORRERY_SIM_DISK_CENSUS_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hint/hint_record.h"
#include "core/protocol/effects.h"
#include "core/storage/control_record.h"
#include "sim/scenario.h"

namespace orrery::sim {

struct StoredRecord {
  std::string key;  // As stored: a hint's begins with its target.
  uint64_t timestamp = 0;
  uint64_t seq = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;  // Without the padding, which no checksum covers.

  bool Meets(uint64_t from, uint64_t upto) const {
    return offset < upto && from < offset + bytes;
  }
};

// The key of the user that a store's key is of: a hint's begins with the
// storage id of its target.
inline std::string_view UserKeyOf(StoreId store, std::string_view key) {
  if (store == StoreId::kHints) {
    key.remove_prefix(std::min(kHintKeyPrefixBytes, key.size()));
  }
  return key;
}

struct Census {
  std::vector<StoredRecord> records;  // User records, in file order.
  std::optional<LogPlace> durable;    // The greatest that a watermark names.
};

// Of a whole data file; nothing if it has no header block.
Census CensusOfFile(std::string_view contents);
// Of bytes that were written at `offset` of a file with this salt.
Census CensusOfWrite(uint64_t salt, uint64_t offset, std::string_view bytes);
// Of the header block at its start, whether or not that is whole.
uint64_t SaltOfFile(std::string_view contents);

// What kind of file a path names; kNone: another.
DiskTarget::Kind ClassOfPath(std::string_view path);
// The number in its name; REQUIRES: a data file.
uint64_t FileIdOfPath(std::string_view path);

// What a fault took, or will take if it is permitted.
struct Struck {
  DiskStep::Kind how = DiskStep::Kind::kRot;
  std::string path;
  uint64_t offset = 0;
  std::vector<StoredRecord> records;

  bool InHints() const { return ClassOfPath(path) == DiskTarget::Kind::kHints; }
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_DISK_CENSUS_H_
