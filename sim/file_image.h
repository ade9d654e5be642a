// sim/file_image.h
//
// FileImage is one file of a simulated disk: what programs read (the page
// cache), and enough to say what is left of it when the power goes.
//
// Every write since the last sync is kept with the bytes it replaced.  A power
// loss decides for each 512-byte sector whether its new bytes reached the
// disk; the others get their old bytes back.  Size and data are decided
// separately: size without data reads zero, data without size is lost.
//
// Invariants:
//   IMG-1  Without pending writes a power loss changes nothing.
//   IMG-2  A sector that no pending write touched keeps its bytes.
//
// Cost: overwritten bytes are kept until the next sync.  Files are kept by the
// page, so growth copies nothing and space that was only reserved costs
// nothing: a page of zeros is absent.

#ifndef ORRERY_SIM_FILE_IMAGE_H_
#define ORRERY_SIM_FILE_IMAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "sim/settings.h"

namespace orrery::sim {

inline constexpr size_t kSectorBytes = 512;
inline constexpr size_t kPageBytes = 4096;

// What a power loss does to dirty sectors.
struct PowerLoss {
  uint64_t seed = 0;  // Of this crash of this machine.
  Ratio torn;         // Of the dirty pages: mixed at 512 bytes.
  // How many of a file's dirty sectors, in order of writing, reached the disk;
  // absent: each page for itself.
  std::optional<uint32_t> keep;
  std::optional<uint32_t> torn_sectors;  // After `keep`: half old, half new.
  Ratio garbage;  // Of the dirty sectors that are lost: neither old nor new.
};

class FileImage {
 public:
  uint64_t size() const { return size_; }
  bool IsDirty() const { return !pending_.empty() || size_ != synced_size_; }

  // Up to `length` bytes; fewer where the file ends.
  Bytes Read(uint64_t offset, uint64_t length) const;
  // All of it.
  std::string Contents() const;

  void Write(uint64_t offset, std::string_view bytes);
  void Extend(uint64_t size);  // With zeros; never shrinks.
  void Truncate(uint64_t size);

  // Writes so far; a sync makes durable those that were counted when it began.
  uint64_t writes() const { return writes_; }
  void MarkSynced(uint64_t writes);

  // Whether no pending write touches any of these bytes, and all are there.
  bool IsAtRest(uint64_t offset, uint64_t length) const;
  // They become others on the disk itself: no power loss undoes it.
  // REQUIRES: they are at rest.
  void Plant(uint64_t offset, std::string_view bytes);

  void LosePower(const PowerLoss& loss, uint64_t file);

 private:
  struct Pending {
    uint64_t number;
    uint64_t offset;
    uint64_t length;
    std::string old_bytes;  // Shorter than `length` where the file grew.
    uint64_t new_size;      // Of the file, after it.
  };

  using Page = std::array<char, kPageBytes>;

  void Remember(uint64_t offset, uint64_t length);
  // REQUIRES: offset + length <= size().
  void Load(uint64_t offset, uint64_t length, char* to) const;
  void Store(uint64_t offset, std::string_view bytes);
  void DropFrom(uint64_t size);
  bool SectorSurvives(const PowerLoss& loss, uint64_t file, uint64_t sector,
                      size_t* half) const;

  // What lies past `size_` is zero.
  std::vector<std::unique_ptr<Page>> pages_;
  uint64_t size_ = 0;
  uint64_t synced_size_ = 0;
  uint64_t writes_ = 0;
  std::vector<Pending> pending_;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_FILE_IMAGE_H_
