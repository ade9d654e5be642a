// What a power loss takes from a MemoryDisk, piece by piece.

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/core/storage/memory_disk.h"

namespace orrery {

namespace {

constexpr size_t kPieceBytes = 512;
constexpr size_t kPageBytes = 4096;

// Of `bytes` from `at` on; zeros where there are none.
bool IsEqualSlowly(const std::string& a, const std::string& b, size_t at) {
  const size_t end = at + kPieceBytes;
  for (size_t i = at; i < end; ++i) {
    const char left = i < a.size() ? a[i] : '\0';
    const char right = i < b.size() ? b[i] : '\0';
    if (left != right) return false;
  }
  return true;
}

bool SectorIsEqual(const std::string& a, const std::string& b, size_t at) {
  const size_t end = at + kPieceBytes;
  if (end > a.size() || end > b.size()) return IsEqualSlowly(a, b, at);
  return std::memcmp(a.data() + at, b.data() + at, kPieceBytes) == 0;
}

}  // namespace

// Every file that some name means, or may mean again, by number.
std::map<uint64_t, MemoryDisk::Inode*> MemoryDisk::Files() const {
  std::map<uint64_t, Inode*> files;
  const auto add = [&files](const std::shared_ptr<Inode>& inode) {
    if (inode != nullptr && !inode->is_directory) {
      files.emplace(inode->number, inode.get());
    }
  };
  for (const auto& [name, inode] : names_) add(inode);
  for (const auto& [name, inode] : durable_names_) add(inode);
  for (const NameChange& change : changes_) add(change.inode);
  return files;
}

void MemoryDisk::LosePieces(Inode& inode, const Keeps& keeps, size_t* piece) {
  const size_t end = std::max(inode.data.size(), inode.durable.size());
  std::string after = inode.durable;
  if (inode.data.size() != inode.durable.size() && keeps((*piece)++)) {
    after.resize(inode.data.size(), '\0');
  }
  for (size_t at = 0; at < end; at += kPieceBytes) {
    if (SectorIsEqual(inode.data, inode.durable, at)) continue;
    if (!keeps((*piece)++)) continue;
    const size_t upto =
        std::min({at + kPieceBytes, after.size(), inode.data.size()});
    if (upto > at) {
      std::memcpy(after.data() + at, inode.data.data() + at, upto - at);
    }
  }
  inode.data = after;
  inode.durable = std::move(after);
}

size_t MemoryDisk::UnsyncedPieces() const {
  size_t pieces = changes_.size();
  for (const auto& [number, inode] : Files()) {
    if (inode->data.size() != inode->durable.size()) ++pieces;
    const size_t end = std::max(inode->data.size(), inode->durable.size());
    for (size_t at = 0; at < end; at += kPieceBytes) {
      if (!SectorIsEqual(inode->data, inode->durable, at)) ++pieces;
    }
  }
  return pieces;
}

// Where they begin.
std::vector<size_t> MemoryDisk::UnsyncedPagesOf(const Inode& inode) {
  std::vector<size_t> pages;
  const size_t end = std::max(inode.data.size(), inode.durable.size());
  for (size_t at = 0; at < end; at += kPieceBytes) {
    if (SectorIsEqual(inode.data, inode.durable, at)) continue;
    const size_t page = at / kPageBytes * kPageBytes;
    if (pages.empty() || pages.back() != page) pages.push_back(page);
  }
  // Cut within a page, the rest of it is written with zeros.
  const size_t cut = inode.data.size() / kPageBytes * kPageBytes;
  const bool is_cut =
      inode.data.size() < inode.durable.size() && cut != inode.data.size();
  if (is_cut && std::ranges::find(pages, cut) == pages.end()) {
    pages.push_back(cut);
  }
  return pages;
}

size_t MemoryDisk::UnsyncedPages() const {
  size_t pages = 0;
  for (const auto& [number, inode] : Files()) {
    pages += UnsyncedPagesOf(*inode).size();
  }
  return pages;
}

void MemoryDisk::LosePowerBut(const Keeps& keeps,
                              std::optional<size_t> garbage) {
  ForgetProcess();
  size_t piece = 0;
  size_t page = 0;
  const std::map<uint64_t, Inode*> files = Files();
  Names after = durable_names_;
  for (const NameChange& change : changes_) {
    if (keeps(piece++)) Apply(change, after);
  }
  for (const auto& [number, inode] : files) {
    const std::vector<size_t> pages = UnsyncedPagesOf(*inode);
    LosePieces(*inode, keeps, &piece);
    for (const size_t at : pages) {
      if (page++ != garbage || at >= inode->data.size()) continue;
      const size_t size = std::min(kPageBytes, inode->data.size() - at);
      inode->data.replace(at, size, size, '\xa5');
      inode->durable = inode->data;
    }
  }
  changes_.clear();
  names_ = std::move(after);
  DropOrphans();
  durable_names_ = names_;
}

MemoryDisk MemoryDisk::Fork() const {
  MemoryDisk copy(1);
  copy.in_order_ = true;
  copy.capacity_ = capacity_;
  copy.next_inode_ = next_inode_;
  copy.submitted_ = submitted_;
  std::map<const Inode*, std::shared_ptr<Inode>> copies;
  const auto copied = [&copies](const std::shared_ptr<Inode>& inode) {
    if (inode == nullptr) return std::shared_ptr<Inode>();
    std::shared_ptr<Inode>& twin = copies[inode.get()];
    if (twin == nullptr) twin = std::make_shared<Inode>(*inode);
    return twin;
  };
  for (const auto& [name, inode] : names_) copy.names_[name] = copied(inode);
  for (const auto& [name, inode] : durable_names_) {
    copy.durable_names_[name] = copied(inode);
  }
  for (const NameChange& change : changes_) {
    copy.changes_.push_back(
        {change.removed, change.added, copied(change.inode)});
  }
  return copy;
}

}  // namespace orrery
