// node/inspect_data_file.h
//
// One data file, read once from end to end with the scan that recovery uses.
// What it means: inspect_data_verdict.h.
//
// Cost: one read of the file.  Memory: a piece and a record; of a file that is
// not sealed also a row for each record, as recovery needs.

#ifndef ORRERY_NODE_INSPECT_DATA_FILE_H_
#define ORRERY_NODE_INSPECT_DATA_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/protocol/limits.h"
#include "core/storage/header_block.h"
#include "core/storage/manifest.h"
#include "core/storage/recovered_file.h"
#include "node/inspect_context.h"

namespace orrery {

struct DataFileOptions {
  std::optional<ManifestFile> listed;
  std::optional<StorageId> storage;  // Whose it must be.
  std::optional<uint64_t> id;        // By its name.
  bool is_hints = false;
  size_t key_bytes_max = kKeyBytesMax;
};

// Neither a record nor zeros.
struct InspectedGap {
  ByteSpan place;
  // If a record's header holds at its begin: what that says of the record.
  std::string says;
};

struct DataFileLook {
  RecoveredFile seen;
  std::vector<InspectedGap> gaps;
  HeaderCheck check = HeaderCheck::kDamaged;
  HeaderBlock header;
  uint32_t header_crc = 0;
  bool was_scanned = false;  // Its salt is known, and its format.
};

// Findings: its header block, what cannot be read.  Records go to the sink.
DataFileLook LookAtDataFile(const InspectedPath& at,
                            const DataFileOptions& options,
                            InspectContext& context);

// Adds the file to the report.  `state`: "sealed", "open", ...
void ReportDataFile(const InspectedPath& at, const DataFileLook& look,
                    std::string state, InspectContext& context);

}  // namespace orrery

#endif  // ORRERY_NODE_INSPECT_DATA_FILE_H_
