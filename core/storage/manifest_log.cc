#include "core/storage/manifest_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/storage/record.h"

namespace orrery {

namespace {

constexpr uint64_t kGrowBytes = uint64_t{64} << 10;
constexpr uint64_t kRollBytes = uint64_t{1} << 20;

// That there is doubt, and not that it has ended.
bool TellsDoubt(const Edit& edit) {
  if (std::holds_alternative<PoisonEdit>(edit)) return true;
  const auto* damage = std::get_if<DamageEdit>(&edit);
  return damage != nullptr && damage->range.state == DamageRange::State::kOpen;
}

}  // namespace

void ManifestLog::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  disk_.Emit({.part = StorePart::kManifest,
              .handle = {static_cast<uint32_t>(step), 1}},
             transfer_.Begin(std::move(effect)), turn);
}

void ManifestLog::StartFrom(Start start, Turn& turn) {
  ORRERY_INVARIANT(step_ == Step::kIdle);
  storage_ = start.storage;
  process_generation_ = start.generation;
  salt_seed_ = start.salt_seed;
  state_ = std::move(start.state);
  next_generation_ = start.manifest_generation;
  roll_wanted_ = true;
  Continue(turn);
}

void ManifestLog::Append(Edit edit, EditOrigin origin, Turn& turn) {
  if (is_failed_) {  // LOG-3; the store is read-only.
    hides_doubt_ |= TellsDoubt(edit);
    return;
  }
  queue_.push_back({std::move(edit), origin});
  if (is_full_) LookForDoubt();
  Continue(turn);
}

void ManifestLog::LookForDoubt() {
  const bool is_in_base =
      !state_.suspect.intervals.empty() ||
      std::any_of(state_.damages.begin(), state_.damages.end(),
                  [](const DamageRange& range) {
                    return range.state == DamageRange::State::kOpen;
                  });
  hides_doubt_ =
      (!is_started_ && is_in_base) ||
      std::any_of(queue_.begin(), queue_.end(),
                  [](const Queued& queued) { return TellsDoubt(queued.edit); });
}

void ManifestLog::Retry(Turn& turn) {
  is_full_ = false;
  grows_little_ = false;
  Continue(turn);
}

void ManifestLog::RollForRelief(uint64_t room, Turn& turn) {
  if (!IsIdle() || !is_started_ || is_full_) return;
  // The new one may be longer than the last was, if there are more files.
  const bool is_worth_it =
      allocated_ >= base_end_ + 2 * kGrowBytes && allocated_ >= 4 * base_end_;
  if (!is_worth_it || room < 2 * base_end_) return;
  roll_wanted_ = true;
  Continue(turn);
}

void ManifestLog::Continue(Turn& turn) {
  if (step_ != Step::kIdle || is_failed_ || is_full_) return;
  if (roll_wanted_) return StartRoll(turn);
  if (!queue_.empty()) WriteEdit(turn);
}

uint64_t ManifestLog::SaltOf(uint64_t generation) const {
  Hasher hasher;
  hasher.Add(salt_seed_);
  hasher.Add(uint64_t{process_generation_});
  hasher.Add(generation);
  hasher.AddText(disk_.directory());
  return hasher.Value();
}

std::string ManifestLog::TmpPath() const {
  return disk_.ManifestPath(next_generation_) + ".tmp";
}

void ManifestLog::StartRoll(Turn& turn) {
  turn.effects.Mark("storage.manifest_rolled");
  Submit(Step::kOpenTmp,
         {.verb = DiskVerb::kOpen,
          .file = disk_.NumberOfManifest(next_generation_),
          .create = true,
          .path = TmpPath()},
         turn);
}

void ManifestLog::WriteBase(Turn& turn) {
  BytesList whole =
      EncodeManifest({.storage = storage_,
                      .generation = next_generation_,
                      .salt = SaltOf(next_generation_),
                      .created = static_cast<uint64_t>(turn.wall().ns),
                      .process_generation = process_generation_,
                      .first_edit = next_edit_},
                     state_);
  submitted_bytes_ = 0;
  for (const Bytes& part : whole) submitted_bytes_ += part.size();
  Submit(Step::kWriteTmp,
         {.verb = DiskVerb::kWrite,
          .file = disk_.NumberOfManifest(next_generation_),
          .data = std::move(whole)},
         turn);
}

void ManifestLog::OnRolled(Turn& turn) {
  const uint64_t old_generation = generation_;
  generation_ = next_generation_;
  next_generation_ = generation_ + 1;
  salt_ = SaltOf(generation_);
  offset_ = submitted_bytes_;
  allocated_ = offset_;
  roll_at_ = std::max(kRollBytes, 2 * offset_);
  base_end_ = offset_;
  ++next_edit_;
  roll_wanted_ = false;
  is_started_ = true;
  if (hides_doubt_) LookForDoubt();
  step_ = Step::kIdle;
  if (old_generation == 0) return Continue(turn);
  Submit(Step::kCloseOld,
         {.verb = DiskVerb::kClose,
          .file = disk_.NumberOfManifest(old_generation)},
         turn);
}

void ManifestLog::WriteEdit(Turn& turn) {
  Bytes edit =
      EncodeEdit(queue_.front().edit,
                 {.salt = salt_, .offset = offset_, .number = next_edit_});
  const uint64_t end = offset_ + edit.size();
  const FileNumber file = disk_.NumberOfManifest(generation_);
  if (end > allocated_) {
    submitted_bytes_ = end - allocated_;
    if (!grows_little_)
      submitted_bytes_ = AlignUp(submitted_bytes_, kGrowBytes);
    return Submit(Step::kAllocate,
                  {.verb = DiskVerb::kAllocate,
                   .file = file,
                   .offset = allocated_,
                   .length = submitted_bytes_},
                  turn);
  }
  submitted_bytes_ = edit.size();
  Submit(Step::kWrite,
         {.verb = DiskVerb::kWrite,
          .file = file,
          .offset = offset_,
          .data = {std::move(edit)}},
         turn);
}

void ManifestLog::OnDiskDone(const DiskDone& part, Turn& turn) {
  ORRERY_INVARIANT(part.token.handle.slot == static_cast<uint32_t>(step_));
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) {
    return disk_.Emit(
        {.part = StorePart::kManifest, .handle = part.token.handle},
        *std::move(rest), turn);
  }
  const bool is_short =
      done.verb == DiskVerb::kWrite && done.count != submitted_bytes_;
  const bool may_fail = step_ == Step::kCloseTmp || step_ == Step::kUnlinkOld ||
                        step_ == Step::kCloseOld;
  if (!may_fail && (done.error != DiskError::kNone || is_short)) {
    return OnError(done, turn);
  }
  const FileNumber next = disk_.NumberOfManifest(next_generation_);
  switch (step_) {
    case Step::kOpenTmp:
      return Submit(Step::kTruncateTmp,
                    {.verb = DiskVerb::kTruncate, .file = next}, turn);
    case Step::kTruncateTmp:
      return WriteBase(turn);
    case Step::kWriteTmp:
      return Submit(Step::kSyncTmp, {.verb = DiskVerb::kSync, .file = next},
                    turn);
    case Step::kSyncTmp:
      return Submit(Step::kRename,
                    {.verb = DiskVerb::kRename,
                     .path = TmpPath(),
                     .path2 = disk_.ManifestPath(next_generation_)},
                    turn);
    case Step::kRename:
      return Submit(Step::kSyncDir,
                    {.verb = DiskVerb::kSyncDir, .path = disk_.directory()},
                    turn);
    case Step::kSyncDir:
      return OnRolled(turn);
    case Step::kCloseOld:
      return Submit(Step::kUnlinkOld,
                    {.verb = DiskVerb::kUnlink,
                     .path = disk_.ManifestPath(generation_ - 1)},
                    turn);
    case Step::kUnlinkOld:
    case Step::kCloseTmp:
      step_ = Step::kIdle;
      return Continue(turn);
    case Step::kAllocate:
      allocated_ += submitted_bytes_;
      step_ = Step::kIdle;
      return Continue(turn);
    case Step::kWrite:
      return Submit(Step::kSync,
                    {.verb = DiskVerb::kSync,
                     .file = disk_.NumberOfManifest(generation_)},
                    turn);
    case Step::kSync:
      Apply(queue_.front().edit, &state_);
      durable_.push_back(queue_.front().origin);
      queue_.pop_front();
      if (hides_doubt_) LookForDoubt();
      offset_ += submitted_bytes_;
      ++next_edit_;
      roll_wanted_ = offset_ >= roll_at_;
      step_ = Step::kIdle;
      return Continue(turn);
    case Step::kIdle:
      ORRERY_UNREACHABLE("a manifest operation nobody asked for");
  }
}

void ManifestLog::OnError(const DiskDone& done, Turn& turn) {
  const bool is_short = done.error == DiskError::kNone;
  const bool no_space = done.error == DiskError::kNoSpace || is_short;
  const Step failed = step_;
  step_ = Step::kIdle;
  // A failed sync leaves it open what is on the disk, whatever the error.
  const bool is_sync = failed == Step::kSync || failed == Step::kSyncTmp ||
                       failed == Step::kSyncDir;
  if (!no_space || is_sync) {
    is_failed_ = true;
    error_ = done.error;
    LookForDoubt();
    turn.effects.Mark("storage.manifest_failed");
    turn.effects.notes.push_back({.kind = Note::Kind::kDiskError,
                                  .detail = static_cast<uint32_t>(done.error),
                                  .text = disk_.PathOf("MANIFEST")});
    return;
  }
  if (failed == Step::kAllocate && !grows_little_) {
    grows_little_ = true;
    return Continue(turn);
  }
  is_full_ = true;
  LookForDoubt();
  turn.effects.Mark("storage.manifest_full");
  const bool is_open = failed == Step::kTruncateTmp ||
                       failed == Step::kWriteTmp || failed == Step::kRename;
  if (is_open) {
    Submit(Step::kCloseTmp,
           {.verb = DiskVerb::kClose,
            .file = disk_.NumberOfManifest(next_generation_)},
           turn);
  }
}

}  // namespace orrery
