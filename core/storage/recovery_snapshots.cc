// Recovery: index snapshots, instead of the data, or to name what in it could
// not be read.

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/storage/recovery.h"

namespace orrery {

namespace {

// Beyond that many keys in one start a note for the file has to do.
constexpr size_t kNamesNotedMax = 1000;

// Ranges of one file as few as they can be, in order.
std::vector<DamageRange> Merged(std::vector<DamageRange> ranges) {
  Sort(ranges.begin(), ranges.end(),
       [](const DamageRange& a, const DamageRange& b) {
         return a.from != b.from ? a.from < b.from : a.upto < b.upto;
       });
  std::vector<DamageRange> merged;
  for (const DamageRange& range : ranges) {
    if (merged.empty() || range.from > merged.back().upto) {
      merged.push_back(range);
    } else {
      merged.back().upto = std::max(merged.back().upto, range.upto);
    }
  }
  return merged;
}

}  // namespace

bool Recovery::IsListedDamaged(uint64_t id) const {
  return std::any_of(
      state_.damages.begin(), state_.damages.end(),
      [id](const DamageRange& range) { return range.file == id; });
}

bool Recovery::StandsForData(const RecoveredFile& file) const {
  return file.listed.sealed && file.has_snapshot && !file.has_bad_header &&
         file.size >= file.listed.length && !IsListedDamaged(file.listed.id);
}

// The log of hints tells its doubt by store, not by key.
bool Recovery::WantsNames(const RecoveredFile& file) const {
  if (context_.options.id != StoreId::kUser) return false;
  if (!file.listed.sealed || !file.has_snapshot) return false;
  return !file.IsWhole() || IsListedDamaged(file.listed.id);
}

void Recovery::OpenSnapshot(Turn& turn) {
  const ManifestFile& listed = found_[next_file_].listed;
  snapshot_.emplace(context_.SnapshotSourceOf(listed),
                    IndexSnapshotReader::Options{
                        .file = context_.disk.NumberOfIndexSnapshot(),
                        .path = context_.disk.IndexPath(listed.id)});
  snapshot_rows_ = 0;
  EmitSnapshotStep(snapshot_->Open(), turn);
}

void Recovery::EmitSnapshotStep(DiskEffect effect, Turn& turn) {
  step_ = Step::kReadIndex;
  context_.disk.Emit({.part = StorePart::kRecovery,
                      .handle = {static_cast<uint32_t>(step_), 1}},
                     std::move(effect), turn);
}

// Not RVR-4: what cannot be read is made again from the data.
void Recovery::OnSnapshotStep(const DiskDone& part, Turn& turn) {
  if (std::optional<DiskEffect> next = snapshot_->Take(part)) {
    return EmitSnapshotStep(*std::move(next), turn);
  }
  SnapshotRow row;
  while (snapshot_->Next(&row)) TakeSnapshotRow(row);
  if (snapshot_->IsEnded()) return EndSnapshot(turn);
  EmitSnapshotStep(snapshot_->Go(), turn);
}

void Recovery::TakeSnapshotRow(const SnapshotRow& row) {
  const RecoveredFile& file = found_[next_file_];
  const RecoveredRow taken{.hash = row.hash,
                           .digest = row.digest,
                           .timestamp = row.timestamp,
                           .seq = row.seq,
                           .offset = row.offset(),
                           .bytes = row.bytes(),
                           .tombstone = row.tombstone(),
                           .damaged = is_naming_,
                           .met_before = is_naming_ && WasMetBefore(row)};
  if (!is_naming_) {
    ++snapshot_rows_;
    return Resolve(taken, file.slot);
  }
  if (std::binary_search(seen_.begin(), seen_.end(), row.offset())) return;
  if (WasRepaired(row)) return;
  Resolve(taken, file.slot);
  named_.push_back({.hash = row.hash,
                    .timestamp = row.timestamp,
                    .range = {.file = file.listed.id,
                              .from = row.offset(),
                              .upto = row.offset() + row.bytes()}});
}

void Recovery::EndSnapshot(Turn& turn) {
  RecoveredFile& file = found_[next_file_];
  const bool is_good = snapshot_->IsGood();
  snapshot_.reset();
  repaired_gaps_.clear();
  if (!is_good) {
    turn.effects.Mark("storage.index_snapshot_bad");
    turn.effects.notes.push_back(
        {.kind = Note::Kind::kIndexSnapshotBad,
         .text = context_.disk.IndexPath(file.listed.id)});
    file.has_snapshot = false;
    if (is_naming_) return FinishFile(turn);
    records_ -= snapshot_rows_;  // They come again.
    return StartScan(turn);
  }
  files_.At(file.slot).lacks_index = false;
  if (is_naming_) {
    file.are_keys_known = true;
  } else {
    turn.effects.Mark("storage.index_snapshot_used");
    file.summary = file.listed.summary;
  }
  FinishFile(turn);
}

// ---- Keys of records that cannot be read ----

// What the manifest calls repaired was compared with other owners since: what
// they did not have either is given up.
void Recovery::FindRepairedGaps() {
  for (const DamageRange& gap : found_[next_file_].gaps) {
    const bool is_repaired = std::any_of(
        state_.damages.begin(), state_.damages.end(),
        [&gap](const DamageRange& range) {
          return range.Is(gap) && range.state == DamageRange::State::kRepaired;
        });
    if (is_repaired) repaired_gaps_.push_back(gap);
  }
}

bool Recovery::WasRepaired(const SnapshotRow& row) const {
  const auto gap = std::partition_point(
      repaired_gaps_.begin(), repaired_gaps_.end(),
      [&row](const DamageRange& one) { return one.upto <= row.offset(); });
  return gap != repaired_gaps_.end() && gap->from < row.offset() + row.bytes();
}

// REQUIRES: only what the manifest lists is in `state_.damages` yet.
bool Recovery::WasMetBefore(const SnapshotRow& row) const {
  return std::any_of(state_.damages.begin(), state_.damages.end(),
                     [&](const DamageRange& range) {
                       return range.file == found_[next_file_].listed.id &&
                              range.state == DamageRange::State::kOpen &&
                              range.from < row.offset() + row.bytes() &&
                              row.offset() < range.upto;
                     });
}

bool Recovery::AreKeysKnown(uint64_t file) const {
  const auto found = std::partition_point(
      found_.begin(), found_.end(),
      [file](const RecoveredFile& one) { return one.listed.id < file; });
  return found != found_.end() && found->listed.id == file &&
         found->are_keys_known;
}

// Whether the key is in doubt for it.
bool Recovery::IsAwaited(const Named& record) const {
  const uint64_t lost = context_.LostStampOf(record.hash);
  if (lost == 0 || lost < record.timestamp) return false;
  IndexEntry entry;
  if (!index_.Find(record.hash, &entry)) return false;
  return entry.damaged || entry.doubted;
}

void Recovery::SettleNames(Turn& turn) {
  size_t next = 0;
  for (const RecoveredFile& file : found_) {
    if (file.are_keys_known) SettleNamesOf(file, &next, turn);
    while (next < named_.size() && named_[next].range.file <= file.listed.id) {
      ++next;  // Not all of them are known, so that none is awaited.
    }
  }
  named_ = {};
}

// Its open damage waits for the keys that died in it, and for nothing else.
void Recovery::SettleNamesOf(const RecoveredFile& file, size_t* next,
                             Turn& turn) {
  const uint64_t id = file.listed.id;
  std::vector<DamageRange> open;
  std::erase_if(state_.damages, [&](const DamageRange& range) {
    const bool is_it =
        range.file == id && range.state == DamageRange::State::kOpen;
    if (is_it) open.push_back(range);
    return is_it;
  });
  std::vector<Named> awaited;
  for (; *next < named_.size() && named_[*next].range.file == id; ++*next) {
    if (!IsAwaited(named_[*next])) continue;
    awaited.push_back(named_[*next]);
    open.push_back(named_[*next].range);
  }
  open = Merged(std::move(open));
  for (const Named& record : awaited) {
    const auto behind = std::partition_point(
        open.begin(), open.end(), [&record](const DamageRange& range) {
          return range.from <= record.range.from;
        });
    awaited_.Add(record.hash, *(behind - 1));
    turn.effects.Mark("storage.damaged_key_named");
    if (&record - awaited.data() >= static_cast<ptrdiff_t>(kNamesNotedMax)) {
      continue;
    }
    turn.effects.notes.push_back({.kind = Note::Kind::kDamage,
                                  .number = record.range.from,
                                  .token = record.hash.token,
                                  .text = context_.disk.DataPath(id)});
  }
  for (DamageRange& range : open) {
    if (!awaited_.Awaits(range)) range.state = DamageRange::State::kRepaired;
    state_.damages.push_back(range);
  }
}

}  // namespace orrery
