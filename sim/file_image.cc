#include "sim/file_image.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/invariant.h"
#include "sim/weather.h"

namespace orrery::sim {

void FileImage::Load(uint64_t offset, uint64_t length, char* to) const {
  while (length > 0) {
    const uint64_t page = offset / kPageBytes;
    const uint64_t begin = offset % kPageBytes;
    const uint64_t piece = std::min(length, kPageBytes - begin);
    if (page < pages_.size() && pages_[page] != nullptr) {
      std::memcpy(to, pages_[page]->data() + begin, piece);
    } else {
      std::memset(to, 0, piece);
    }
    offset += piece;
    length -= piece;
    to += piece;
  }
}

void FileImage::Store(uint64_t offset, std::string_view bytes) {
  const uint64_t end = offset + bytes.size();
  const uint64_t pages = (end + kPageBytes - 1) / kPageBytes;
  if (pages_.size() < pages) pages_.resize(pages);
  while (!bytes.empty()) {
    const uint64_t begin = offset % kPageBytes;
    const uint64_t piece = std::min<uint64_t>(bytes.size(), kPageBytes - begin);
    std::unique_ptr<Page>& page = pages_[offset / kPageBytes];
    if (page == nullptr) page = std::make_unique<Page>();
    std::memcpy(page->data() + begin, bytes.data(), piece);
    offset += piece;
    bytes.remove_prefix(piece);
  }
}

void FileImage::DropFrom(uint64_t size) {
  const uint64_t begin = size % kPageBytes;
  const uint64_t pages = (size + kPageBytes - 1) / kPageBytes;
  if (pages_.size() > pages) pages_.resize(pages);
  if (begin == 0 || pages_.size() < pages) return;
  Page* last = pages_.back().get();
  if (last != nullptr) std::memset(last->data() + begin, 0, kPageBytes - begin);
}

void FileImage::Remember(uint64_t offset, uint64_t length) {
  Pending pending{.number = ++writes_,
                  .offset = offset,
                  .length = length,
                  .old_bytes = {},
                  .new_size = 0};
  const uint64_t stored = pages_.size() * kPageBytes;
  const uint64_t end = std::min({offset + length, size_, stored});
  if (offset < end) {
    pending.old_bytes.resize(end - offset);
    Load(offset, end - offset, pending.old_bytes.data());
  }
  pending_.push_back(std::move(pending));
}

Bytes FileImage::Read(uint64_t offset, uint64_t length) const {
  if (offset >= size_) return {};
  length = std::min(length, size_ - offset);
  std::byte* to = nullptr;
  Bytes bytes = Bytes::Allocate(length, &to);
  Load(offset, length, reinterpret_cast<char*>(to));
  return bytes;
}

std::string FileImage::Contents() const {
  std::string contents(size_, '\0');
  Load(0, size_, contents.data());
  return contents;
}

void FileImage::Write(uint64_t offset, std::string_view bytes) {
  Remember(offset, bytes.size());
  Store(offset, bytes);
  size_ = std::max(size_, offset + bytes.size());
  pending_.back().new_size = size_;
}

void FileImage::Extend(uint64_t size) {
  if (size <= size_) return;
  Remember(size_, 0);
  size_ = size;
  pending_.back().new_size = size_;
}

void FileImage::Truncate(uint64_t size) {
  if (size >= size_) {
    Extend(size);
    return;
  }
  Remember(size, size_ - size);
  DropFrom(size);
  size_ = size;
  pending_.back().new_size = size_;
}

bool FileImage::IsAtRest(uint64_t offset, uint64_t length) const {
  const uint64_t end = offset + length;
  if (end > size_) return false;
  return std::none_of(
      pending_.begin(), pending_.end(), [&](const Pending& pending) {
        return pending.offset < end && offset < pending.offset + pending.length;
      });
}

void FileImage::Plant(uint64_t offset, std::string_view bytes) {
  ORRERY_INVARIANT(IsAtRest(offset, bytes.size()));
  Store(offset, bytes);
}

void FileImage::MarkSynced(uint64_t writes) {
  size_t synced = 0;
  while (synced < pending_.size() && pending_[synced].number <= writes) {
    synced_size_ = pending_[synced].new_size;
    ++synced;
  }
  pending_.erase(pending_.begin(),
                 pending_.begin() + static_cast<ptrdiff_t>(synced));
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
  std::string result = Contents();
  std::string oldest = result;
  for (size_t i = pending_.size(); i > 0; --i) {
    const Pending& pending = pending_[i - 1];
    const uint64_t end = pending.offset + pending.length;
    if (oldest.size() < end) oldest.resize(end, '\0');
    std::string old_bytes = pending.old_bytes;
    old_bytes.resize(pending.length, '\0');
    oldest.replace(pending.offset, pending.length, old_bytes);
  }

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
    const uint64_t garbage = Fate(loss.seed, Lot::kGarbage, file, sector);
    if (!Falls(garbage, loss.garbage)) continue;
    for (uint64_t at = from; at < end; ++at) {
      result[at] = static_cast<char>(Mix64(garbage + at));
    }
  }

  const bool keeps_size = loss.keep.has_value()
                              ? *loss.keep > 0
                              : Fate(loss.seed, Lot::kSizeFate, file) % 2 == 1;
  result.resize(keeps_size ? size_ : synced_size_, '\0');
  pages_.clear();
  Store(0, result);
  size_ = result.size();
  synced_size_ = size_;
  pending_.clear();
}

}  // namespace orrery::sim
