// Recovery: what the files mean, and what is done about it.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/invariant.h"
#include "core/storage/recovery.h"

namespace orrery {

namespace {

constexpr uint64_t kSeqBlock = uint64_t{1} << 32;
constexpr uint64_t kQuarantineBytesMax = uint64_t{1} << 20;  // Of one cut.
// Together at most 1 GiB (storage section 3).
constexpr size_t kQuarantineFilesMax = 1000;

// Where valid records are kept behind a gap, only the gaps are lost.
uint64_t BytesCut(const RecoveredFile& file, const FileVerdict& verdict,
                  uint64_t seen) {
  const uint64_t from = *verdict.cut_at;
  if (verdict.length <= from) return seen - std::min(seen, from);
  uint64_t bytes = 0;
  for (const auto& gap : file.gaps) {
    if (gap.from >= from) bytes += gap.upto - gap.from;
  }
  return bytes;
}

bool IsInside(const TokenInterval& interval, uint64_t token) {
  if (interval.after == interval.upto) return true;
  const uint64_t from_after = token - interval.after;
  return from_after != 0 && from_after <= interval.upto - interval.after;
}

}  // namespace

uint64_t Recovery::next_seq() const {
  ORRERY_INVARIANT(step_ == Step::kDone);
  if (max_seq_ < context_.open.first_seq) return context_.open.first_seq;
  return AlignUp(max_seq_ + 1, kSeqBlock);
}

// Equal seqs are copies of one record.
bool Recovery::Wins(const RecoveredRow& row, const IndexEntry& indexed) {
  if (row.seq != indexed.seq) return row.seq > indexed.seq;
  return indexed.damaged && !row.damaged;
}

// A key's records rank ever higher, but for one that took the place of a record
// that could not be read: then the key is in doubt, whether or not that was
// noted in the manifest in time (StoreContext::lost; light seed 1544).  What
// only a snapshot tells of is lost itself; and if an earlier process met it, so
// is the vote of what stands in its place, however high.
void Recovery::NoteLost(const IndexEntry& indexed, const RecoveredRow& row,
                        uint16_t slot) {
  if (context_.options.id != StoreId::kUser) return;
  const uint64_t before = context_.LostStampOf(row.hash);
  const uint64_t highest = std::max({before, indexed.timestamp, row.timestamp});
  const bool wins = Wins(row, indexed);
  const uint64_t newest = wins ? row.timestamp : indexed.timestamp;
  const bool is_lost = wins ? row.damaged : indexed.damaged;
  const bool was_replaced = met_before_.contains(row.hash);
  if (highest > newest || is_lost || was_replaced) {
    context_.NoteLost(row.hash, highest);
  } else if (before != 0) {
    context_.lost.erase(row.hash);
  }
  if (highest > newest || is_lost) {
    if (row.timestamp == highest) {
      outranking_.push_back({row.hash, highest, slot});
    }
    if (indexed.timestamp == highest) {
      outranking_.push_back({row.hash, highest, indexed.address.file_slot()});
    }
  }
  const bool doubted = highest > newest || was_replaced;
  if (wins || indexed.doubted == doubted) return;
  IndexEntry entry = indexed;
  entry.doubted = doubted;
  IndexEntry old;
  index_.Set(entry, &old);
}

// The next recovery is to see the doubt too, so no compaction may drop what
// shows it.  Known only after the last record: a later one may have ended it.
void Recovery::KeepWhatOutranks() {
  for (const Outranking& record : outranking_) {
    if (context_.LostStampOf(record.hash) == record.timestamp) {
      files_.At(record.slot).shows_doubt = true;
    }
  }
  outranking_ = {};
}

// RVR-1.
void Recovery::Resolve(const RecoveredRow& row, uint16_t slot) {
  max_seq_ = std::max(max_seq_, row.seq);
  if (!row.damaged) ++records_;
  for (const DroppedRange& dropped : state_.dropped) {
    if (row.seq <= dropped.seq && IsInside(dropped.interval, row.hash.token)) {
      return;
    }
  }
  if (row.met_before) met_before_.insert(row.hash);
  IndexEntry old;
  if (index_.Find(row.hash, &old)) {
    NoteLost(old, row, slot);
    if (!Wins(row, old)) return;
  } else if (row.damaged) {
    context_.NoteLost(row.hash, row.timestamp);
  }
  const bool doubted = context_.LostStampOf(row.hash) > row.timestamp ||
                       (!row.damaged && met_before_.contains(row.hash));
  const RecordAddress address(slot, row.offset, row.bytes);
  const bool had = index_.Set({.hash = row.hash,
                               .digest = row.digest,
                               .timestamp = row.timestamp,
                               .seq = row.seq,
                               .address = address,
                               .tombstone = row.tombstone,
                               .damaged = row.damaged,
                               .doubted = doubted},
                              &old);
  files_.At(slot).live_bytes += address.bytes();
  if (had) {
    files_.At(old.address.file_slot()).live_bytes -= old.address.bytes();
  }
}

void Recovery::JudgeFiles(Turn& turn) {
  LogPlace durable;
  for (const RecoveredFile& file : found_) {
    durable = std::max(durable, file.durable.value_or(LogPlace{}));
    // A file is sealed only when all of it is synced: its watermarks, which a
    // snapshot does not have, name nothing behind that.
    if (file.listed.sealed && file.listed.kind == DataFileKind::kUser) {
      durable = std::max(durable, LogPlace{file.listed.id, file.listed.length});
    }
  }
  if (is_suspicious_) durable = {};  // Nothing is cut, all is suspect anyway.
  TailJudge tails(durable);
  for (RecoveredFile& file : found_) {
    if (file.has_bad_header) {
      turn.effects.notes.push_back(
          {.kind = Note::Kind::kDamage,
           .text = context_.disk.DataPath(file.listed.id)});
    }
    if (file.listed.sealed) {
      ApplyVerdict(file, JudgeSealed(file, state_.damages), turn);
      continue;
    }
    if (is_suspicious_) file.is_synced_mode = false;  // Keep all that holds.
    if (!file.is_synced_mode) was_tail_unsynced_ = true;
    const FileVerdict verdict = tails.Judge(file);
    if (verdict.cut_at.has_value()) was_tail_cut_ = true;
    if (file.listed.poison_offset.has_value()) {
      AddSuspicion(SuspectReason::kPoison);
    }
    for (size_t i = 0; i < verdict.kept_rows; ++i) {
      Resolve(file.rows[i], file.slot);
    }
    // Also of those that are cut: no seq is given twice (I8).
    for (const RecoveredRow& row : file.rows) {
      max_seq_ = std::max(max_seq_, row.seq);
    }
    ApplyVerdict(file, verdict, turn);
    file.rows = {};
  }
  KeepWhatOutranks();
  SettleNames(turn);
  DecideSuspicion(turn);
  QuarantineNext(turn);
}

void Recovery::ApplyVerdict(RecoveredFile& file, const FileVerdict& verdict,
                            Turn& turn) {
  const uint64_t id = file.listed.id;
  for (const DamageRange& range : verdict.damages) {
    const auto known = std::find_if(
        state_.damages.begin(), state_.damages.end(),
        [&range](const DamageRange& one) { return one.Is(range); });
    if (known == state_.damages.end()) {
      state_.damages.push_back(range);
    } else if (known->state != DamageRange::State::kOpen) {
      continue;  // Repaired since.
    }
    turn.effects.Mark("storage.damage_found");
    turn.effects.notes.push_back({.kind = Note::Kind::kDamage,
                                  .detail = file.are_keys_known ? 1u : 0u,
                                  .number = range.from,
                                  .text = context_.disk.DataPath(id)});
    if (file.are_keys_known) continue;  // SettleNames tells of each.
    AddSuspicion(SuspectReason::kDamage);
  }
  const bool is_damaged =
      std::any_of(state_.damages.begin(), state_.damages.end(),
                  [id](const DamageRange& range) { return range.file == id; });
  if (!file.is_missing) {
    DataFile& entry = files_.At(file.slot);
    entry.length = verdict.length;
    entry.damaged = is_damaged;
    entry.has_cells = file.has_cells;
  }
  if (file.listed.sealed) return;

  const uint64_t cut_from = verdict.cut_at.value_or(verdict.length);
  if (verdict.cut_at.has_value()) {
    const uint64_t seen =
        std::max(file.last_end, file.gaps.empty() ? 0 : file.gaps.back().upto);
    turn.effects.Mark("storage.torn_tail_cut");
    turn.effects.notes.push_back({.kind = Note::Kind::kTornTail,
                                  .number = BytesCut(file, verdict, seen),
                                  .text = context_.disk.DataPath(id)});
    cuts_.push_back({.slot = file.slot,
                     .file = id,
                     .from = cut_from,
                     .upto = std::min(seen, cut_from + kQuarantineBytesMax),
                     .length = verdict.length,
                     .is_dropped = verdict.is_dropped});
  } else if (!file.is_missing) {
    cuts_.push_back({.slot = file.slot,
                     .file = id,
                     .length = verdict.length,
                     .is_dropped = verdict.is_dropped});
  }
  if (verdict.is_dropped && !is_suspicious_) {
    state_.files.erase(id);
    return;
  }
  ManifestFile& listed = state_.files[id];
  listed = file.listed;
  listed.sealed = true;
  listed.length = verdict.length;
  listed.summary = verdict.summary;
  listed.poison_offset.reset();
}

void Recovery::AddSuspicion(SuspectReason reason) {
  if (state_.suspect.intervals.empty()) {
    state_.suspect.reason = reason;
    state_.suspect.intervals = {TokenInterval{}};
  }
}

void Recovery::DecideSuspicion(Turn& turn) {
  if (is_suspicious_) AddSuspicion(SuspectReason::kManifestLost);
  // What an earlier process met and did not see repaired: which key it was is
  // lost with that process, unless a snapshot tells.
  const bool has_open_damage =
      std::any_of(state_.damages.begin(), state_.damages.end(),
                  [this](const DamageRange& range) {
                    return range.state == DamageRange::State::kOpen &&
                           !AreKeysKnown(range.file);
                  });
  if (has_open_damage) AddSuspicion(SuspectReason::kDamage);
  if (context_.open.machine_restarted &&
      (was_tail_unsynced_ || was_tail_cut_)) {
    AddSuspicion(SuspectReason::kPowerLoss);
  }
  // Also if it holds nothing: what it lacks came later.
  if (context_.open.moved) AddSuspicion(SuspectReason::kMoved);
  if (state_.suspect.intervals.empty()) return;
  turn.effects.Mark("storage.suspect");
  turn.effects.notes.push_back(
      {.kind = Note::Kind::kSuspect,
       .detail = 1,
       .number = static_cast<uint64_t>(state_.suspect.reason),
       .text = context_.disk.directory()});
}

// Copies what will be cut, as evidence.
void Recovery::QuarantineNext(Turn& turn) {
  cut_bytes_ = Bytes();
  while (next_cut_ < cuts_.size() &&
         cuts_[next_cut_].upto <= cuts_[next_cut_].from) {
    ++next_cut_;
  }
  if (next_cut_ == cuts_.size()) return SyncNextTail(turn);
  const Cut& cut = cuts_[next_cut_];
  Submit(Step::kReadCut,
         {.verb = DiskVerb::kRead,
          .file = context_.disk.NumberOfSlot(cut.slot),
          .offset = cut.from,
          .length = cut.upto - cut.from},
         turn);
}

void Recovery::OnCutDone(const DiskDone& done, Turn& turn) {
  switch (step_) {
    case Step::kReadCut:
      cut_bytes_ = done.data;
      return Submit(Step::kOpenBad,
                    {.verb = DiskVerb::kOpen,
                     .file = context_.disk.NumberOfScratch(),
                     .create = true,
                     .path = context_.disk.PathOf(
                         "quarantine/" + StoreDisk::Hex(cuts_[next_cut_].file) +
                         "-" + StoreDisk::Hex(cuts_[next_cut_].from) + ".bad")},
                    turn);
    case Step::kOpenBad:
      // Evidence is worth no failed start.
      if (done.error != DiskError::kNone) {
        ++next_cut_;
        return QuarantineNext(turn);
      }
      return Submit(Step::kWriteBad,
                    {.verb = DiskVerb::kWrite,
                     .file = context_.disk.NumberOfScratch(),
                     .data = {cut_bytes_}},
                    turn);
    case Step::kWriteBad:
      return Submit(
          Step::kCloseBad,
          {.verb = DiskVerb::kClose, .file = context_.disk.NumberOfScratch()},
          turn);
    case Step::kCloseBad:
      ++next_cut_;
      return QuarantineNext(turn);
    default:
      ORRERY_UNREACHABLE("no step of the quarantine");
  }
}

// Written before a process crash is not yet synced.
void Recovery::SyncNextTail(Turn& turn) {
  while (next_sync_ < cuts_.size() && cuts_[next_sync_].is_dropped) {
    ++next_sync_;
  }
  if (next_sync_ == cuts_.size()) return Roll(turn);
  Submit(Step::kSyncTail,
         {.verb = DiskVerb::kSync,
          .file = context_.disk.NumberOfSlot(cuts_[next_sync_].slot)},
         turn);
}

void Recovery::Roll(Turn& turn) {
  step_ = Step::kRoll;
  state_.next_id = std::max(state_.next_id, context_.next_file_id);
  manifest_.StartFrom({.storage = context_.open.storage,
                       .generation = context_.open.generation,
                       .salt_seed = context_.open.index_seed.lo,
                       .manifest_generation = manifest_generation_ + 1,
                       .state = state_},
                      turn);
}

void Recovery::OnManifestChanged(Turn& turn) {
  if (step_ == Step::kDone && is_late_ && manifest_.IsStarted()) {
    is_late_ = false;
    PlanCleanup();
    return CleanupNext(turn);
  }
  if (step_ != Step::kRoll) return;
  if (manifest_.IsFailed()) {
    return FailAt(context_.disk.PathOf("MANIFEST"), "cannot be written",
                  manifest_.error(), turn);
  }
  // Without space for it the old manifest still says the same: serves reads,
  // and what is to be removed waits.
  if (manifest_.IsFull()) {
    is_late_ = true;
    return Finish(turn);
  }
  if (!manifest_.IsStarted()) return;
  PlanCleanup();
  CleanupNext(turn);
}

void Recovery::PlanCleanup() {
  for (const Cut& cut : cuts_) {
    if (cut.is_dropped) continue;
    cleanup_.push_back({.verb = DiskVerb::kTruncate,
                        .file = context_.disk.NumberOfSlot(cut.slot),
                        .length = AlignUp(cut.length, kLogPageBytes)});
  }
  for (const std::string& name : names_) {
    const std::optional<uint64_t> id = StoreDisk::DataIdOf(name);
    const bool is_unlisted =
        id.has_value() && !is_suspicious_ && !files_.Contains(*id);
    const bool is_old_manifest =
        StoreDisk::ManifestGenerationOf(name).has_value();
    const std::optional<uint64_t> index = StoreDisk::IndexIdOf(name);
    const bool is_index_of_nothing =
        index.has_value() && !is_suspicious_ && !state_.files.contains(*index);
    if (is_unlisted || is_index_of_nothing || is_old_manifest ||
        name.ends_with(".tmp")) {
      cleanup_.push_back(
          {.verb = DiskVerb::kUnlink, .path = context_.disk.PathOf(name)});
    }
  }
  for (size_t i = 0; i + kQuarantineFilesMax < quarantined_.size(); ++i) {
    cleanup_.push_back(
        {.verb = DiskVerb::kUnlink,
         .path = context_.disk.PathOf("quarantine/" + quarantined_[i])});
  }
}

void Recovery::CleanupNext(Turn& turn) {
  const bool was_late = IsDone();
  if (next_cleanup_ < cleanup_.size()) {
    return Submit(was_late ? Step::kLateCleanup : Step::kCleanup,
                  cleanup_[next_cleanup_], turn);
  }
  if (!was_late) return Finish(turn);
  step_ = Step::kDone;
  ReleaseCuts(turn);
}

void Recovery::ReleaseCuts(Turn& turn) {
  for (const Cut& cut : cuts_) {
    if (cut.is_dropped && !is_suspicious_) files_.Doom(cut.slot, turn);
    files_.Unpin(cut.slot, turn);
  }
  cuts_.clear();
}

void Recovery::Finish(Turn& turn) {
  step_ = Step::kDone;
  if (!is_late_) ReleaseCuts(turn);
  turn.effects.notes.push_back(
      {.kind = Note::Kind::kRecovered,
       .number = records_,
       .text = context_.disk.directory() + ": " +
               std::to_string(found_.size()) + " files, " +
               std::to_string(records_) + " records, " +
               std::to_string(index_.live()) + " keys, " +
               std::to_string(index_.tombstones()) + " tombstones, " +
               std::to_string(state_.damages.size()) + " damaged ranges"});
  found_.clear();
}

void Recovery::FailAt(const std::string& path, std::string_view what,
                      DiskError error, Turn& turn) {
  Fail(path + " " + std::string(what) + ": " + std::string(WordsOf(error)),
       turn);
}

void Recovery::Fail(const std::string& why, Turn& turn) {
  step_ = Step::kFailed;
  failure_ = context_.disk.directory() + ": " + why;
  turn.effects.Mark("storage.recovery_failed");
}

void Recovery::Refuse(std::string_view path, const FileFormat& format,
                      Turn& turn) {
  Fail(NewerFormatText(path, format), turn);
  step_ = Step::kRefused;
}

}  // namespace orrery
