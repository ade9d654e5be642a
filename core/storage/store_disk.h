// core/storage/store_disk.h
//
// How a store names its files and marks its disk operations, so that a
// completion finds the sub-machine that asked.
//
// Threading: none.

#ifndef ORRERY_CORE_STORAGE_STORE_DISK_H_
#define ORRERY_CORE_STORAGE_STORE_DISK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/ids.h"
#include "core/protocol/disk.h"
#include "core/protocol/effects.h"
#include "core/protocol/turn.h"

namespace orrery {

// DiskToken::part of a store's operations.
enum class StorePart : uint8_t {
  kRecovery = 1,
  kManifest = 2,
  kFiles = 3,   // Opening, closing and unlinking data files.
  kMaker = 4,   // Making the next data file.
  kWriter = 5,  // Batches and syncs.
  kReader = 6,
  kCompaction = 7,
  kScrub = 8,
  kSnapshot = 9,
  kIndexSnapshot = 10,
};

class StoreDisk {
 public:
  StoreDisk(StoreId id, std::string directory);

  const std::string& directory() const { return directory_; }
  StoreId id() const { return id_; }
  std::string PathOf(std::string_view name) const;
  std::string DataPath(uint64_t file_id) const;
  static std::string DataName(uint64_t file_id);
  static std::string ManifestName(uint64_t generation);
  static std::string IndexName(uint64_t file_id);
  std::string IndexPath(uint64_t file_id) const;
  std::string ManifestPath(uint64_t generation) const;
  // The number in a name such as "00000000000000ff.data" or
  // "MANIFEST-00000000000000ff"; nothing for other names.
  static std::optional<uint64_t> DataIdOf(std::string_view name);
  static std::optional<uint64_t> IndexIdOf(std::string_view name);
  static std::optional<uint64_t> ManifestGenerationOf(std::string_view name);
  static std::string Hex(uint64_t value);

  // File numbers of one node are shared by its two stores and DataDirectory.
  // Slots of the file table come first, single files behind them.
  FileNumber NumberOfSlot(uint16_t slot) const;
  FileNumber NumberOfManifest(uint64_t generation) const;
  FileNumber NumberOfScratch() const;
  // One being read by recovery or written, and one that the scrub reads.
  FileNumber NumberOfIndexSnapshot() const;
  FileNumber NumberOfScrubbedIndex() const;

  // Emits an operation.  `handle` is the part's own.
  struct Operation {
    StorePart part = StorePart::kRecovery;
    Handle handle;
    DiskPriority priority = DiskPriority::kCommit;
  };
  void Emit(const Operation& operation, DiskEffect effect, Turn& turn) const;

 private:
  StoreId id_;
  std::string directory_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_STORE_DISK_H_
