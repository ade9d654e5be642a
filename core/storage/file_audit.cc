#include "core/storage/file_audit.h"

#include <algorithm>
#include <limits>

#include "core/storage/header_block.h"

namespace orrery {

namespace {

constexpr size_t kEntriesPerLook = 4096;

}  // namespace

void FileAudit::Begin(uint64_t file, uint16_t slot) {
  file_ = file;
  slot_ = slot;
  scanned_ = {};
  gaps_.clear();
  new_gaps_.clear();
  seen_.clear();
  looked_upto_ = 0;
}

void FileAudit::Take(const SegmentScan::Item& item) {
  if (item.kind != SegmentScan::Item::Kind::kRecord) {
    gaps_.push_back({.file = file_, .from = item.from, .upto = item.upto});
    return;
  }
  if (item.header.IsControl()) return;
  seen_.push_back(item.from);
  scanned_.Add(MemberOf(item.header));
}

FileAudit::Verdict FileAudit::Finish(const ManifestState& listed,
                                     uint64_t upto) {
  const auto found = listed.files.find(file_);
  const bool is_whole = found != listed.files.end() &&
                        found->second.summary.HasRecordsOf(scanned_);
  if (is_whole) return gaps_.empty() ? Verdict::kWhole : Verdict::kWorn;
  // A write that is not there may leave no gap that a scan sees.
  if (gaps_.empty()) {
    gaps_.push_back({.file = file_, .from = kHeaderBlockBytes, .upto = upto});
  }
  for (const DamageRange& gap : gaps_) {
    const bool is_known =
        std::any_of(listed.damages.begin(), listed.damages.end(),
                    [&gap](const DamageRange& range) { return range.Is(gap); });
    if (!is_known) new_gaps_.push_back(gap);
  }
  return Verdict::kDamaged;
}

bool FileAudit::FindWanting(const KeyIndex& index,
                            ReadyList<DamagedEntry>* wanting) {
  constexpr uint64_t kLast = std::numeric_limits<uint64_t>::max();
  std::vector<IndexEntry> entries;
  uint64_t reached = 0;
  const bool is_done =
      index.Walk(looked_upto_, kLast, kEntriesPerLook, &entries, &reached);
  for (const IndexEntry& entry : entries) {
    if (entry.address.file_slot() != slot_) continue;
    const bool is_there = HasRecordAt(entry.address.offset());
    if (!is_there) wanting->push_back({entry, file_});
  }
  if (is_done || reached == kLast) return true;
  looked_upto_ = reached + 1;
  return false;
}

void FileAudit::Clear() {
  gaps_.clear();
  new_gaps_.clear();
  seen_ = std::vector<uint64_t>();
}

}  // namespace orrery
