#include "sim/file_image.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/weather.h"

namespace orrery::sim {

void FileImage::Remember(uint64_t offset, uint64_t length) {
  Pending pending{.number = ++writes_,
                  .offset = offset,
                  .length = length,
                  .old_bytes = {},
                  .new_size = 0};
  if (offset < data_.size()) {
    pending.old_bytes = data_.substr(offset, length);
  }
  pending_.push_back(std::move(pending));
}

void FileImage::Write(uint64_t offset, std::string_view bytes) {
  Remember(offset, bytes.size());
  const uint64_t end = offset + bytes.size();
  if (data_.size() < end) data_.resize(end, '\0');
  data_.replace(offset, bytes.size(), bytes);
  pending_.back().new_size = data_.size();
}

void FileImage::Extend(uint64_t size) {
  if (size <= data_.size()) return;
  Remember(data_.size(), 0);
  data_.resize(size, '\0');
  pending_.back().new_size = data_.size();
}

void FileImage::Truncate(uint64_t size) {
  if (size >= data_.size()) {
    Extend(size);
    return;
  }
  Remember(size, data_.size() - size);
  data_.resize(size);
  pending_.back().new_size = size;
}

void FileImage::MarkSynced(uint64_t writes) {
  size_t synced = 0;
  while (synced < pending_.size() && pending_[synced].number <= writes) {
    size_ = pending_[synced].new_size;
    ++synced;
  }
  pending_.erase(pending_.begin(),
                 pending_.begin() + static_cast<ptrdiff_t>(synced));
}

uint64_t FileImage::dirty_bytes() const {
  uint64_t bytes = 0;
  for (const Pending& pending : pending_) bytes += pending.length;
  return bytes;
}

// `*half`: how many leading bytes of the sector are new if it is torn.
bool FileImage::SectorSurvives(const PowerLoss& loss, uint64_t file,
                               uint64_t sector, size_t* half) const {
  *half = 0;
  const uint64_t page = sector * kSectorBytes / kPageBytes;
  const uint64_t page_fate = Fate(loss.seed, Lot::kPageFate, file, page);
  const uint64_t sector_fate = Fate(loss.seed, Lot::kSectorFate, file, sector);
  if (Falls(Mix64(page_fate), loss.torn)) {
    if (sector_fate % 8 == 0) *half = 1 + sector_fate / 8 % (kSectorBytes - 1);
    return sector_fate % 2 == 1;
  }
  return page_fate % 2 == 1;
}

void FileImage::LosePower(const PowerLoss& loss, uint64_t file) {
  if (!IsDirty()) return;  // IMG-1
  // The dirty sectors, in order of first writing.
  std::vector<uint64_t> order;
  for (const Pending& pending : pending_) {
    if (pending.length == 0) continue;
    const uint64_t last = (pending.offset + pending.length - 1) / kSectorBytes;
    for (uint64_t s = pending.offset / kSectorBytes; s <= last; ++s) {
      order.push_back(s);
    }
  }
  std::vector<uint64_t> sorted;
  sorted.reserve(order.size());
  std::vector<uint64_t> first_seen;
  for (const uint64_t sector : order) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), sector);
    if (at != sorted.end() && *at == sector) continue;
    sorted.insert(at, sector);
    first_seen.push_back(sector);
  }

  // The content as of the last sync, over the longest the file has been.
  const std::string newest = data_;
  std::string oldest = data_;
  for (size_t i = pending_.size(); i > 0; --i) {
    const Pending& pending = pending_[i - 1];
    const uint64_t end = pending.offset + pending.length;
    if (oldest.size() < end) oldest.resize(end, '\0');
    std::string old_bytes = pending.old_bytes;
    old_bytes.resize(pending.length, '\0');
    oldest.replace(pending.offset, pending.length, old_bytes);
  }

  std::string result = newest;
  if (result.size() < oldest.size()) result.resize(oldest.size(), '\0');
  oldest.resize(result.size(), '\0');
  for (size_t i = 0; i < first_seen.size(); ++i) {
    const uint64_t sector = first_seen[i];
    const uint64_t begin = sector * kSectorBytes;
    const uint64_t end =
        std::min<uint64_t>(begin + kSectorBytes, result.size());
    if (begin >= end) continue;
    size_t half = 0;
    bool survives = false;
    if (loss.keep.has_value()) {
      survives = i < *loss.keep;
      const uint64_t torn = loss.torn_sectors.value_or(0);
      if (!survives && i < *loss.keep + torn) half = kSectorBytes / 2;
    } else {
      survives = SectorSurvives(loss, file, sector, &half);
    }
    if (survives) continue;
    const uint64_t from = std::min<uint64_t>(begin + half, end);
    result.replace(from, end - from, oldest, from, end - from);
  }

  const bool keeps_size = loss.keep.has_value()
                              ? *loss.keep > 0
                              : Fate(loss.seed, Lot::kSizeFate, file) % 2 == 1;
  result.resize(keeps_size ? newest.size() : size_, '\0');
  data_ = std::move(result);
  size_ = data_.size();
  pending_.clear();
}

}  // namespace orrery::sim
