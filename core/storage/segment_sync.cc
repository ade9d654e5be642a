// SegmentWriter: syncs, rotation, space, and what happens when they fail.

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"
#include "core/storage/segment_writer.h"

namespace orrery {

namespace {

// Unsynced bytes that a power loss may take (storage section 1, I1).
constexpr uint64_t kUnsyncedBytesMax = uint64_t{8} << 20;
constexpr Duration kWatermarkDelay = 100 * kMillisecond;
constexpr Duration kHandleRetry = 100 * kMillisecond;
constexpr size_t kReleasedPerTurn = 4096;

}  // namespace

Handle SegmentWriter::TimerHandle() const {
  return {static_cast<uint32_t>(context_.options.id), 1};
}

uint64_t SegmentWriter::durable_position() const {
  return is_poisoned_ ? held_durable_ : durable_position_;
}

bool SegmentWriter::IsDurable(uint64_t position) const {
  if (position <= durable_position()) return true;
  // Written again, and synced, while the rest is not yet.
  return is_poisoned_ && position > poison_end_ &&
         position <= durable_position_;
}

// ---- Files ----

bool SegmentWriter::ActivateFile(Turn& turn) {
  if (!maker_.IsReady()) {
    MakeFileIfNeeded(turn);
    return false;
  }
  const MadeFile made = maker_.Take();
  append_.push_back({.made = made,
                     .base = log_end_,
                     .offset = kHeaderBlockBytes,
                     .summary = {},
                     .synced_summary = {},
                     .synced_offset = kHeaderBlockBytes,
                     .break_summary = {}});
  if (durable_position_ == log_end_) {
    durable_place_ = {made.id, kHeaderBlockBytes};
  }
  return true;
}

void SegmentWriter::MakeFileIfNeeded(Turn& turn) {
  if (!maker_.IsIdle() || maker_.IsReady()) return;
  if (is_read_only_ || is_full_ || maker_waits_ || poison_edits_ > 0) return;
  const AppendFile* active = Active();
  const uint64_t max_bytes = context_.space.file_bytes_max();
  const bool is_needed = active == nullptr && emitted_ < queue_.size();
  const bool is_spare = active != nullptr && !is_closing_ &&
                        !context_.space.IsFull() &&
                        active->offset > max_bytes / 2;
  if (!is_needed && !is_spare) return;
  const uint64_t bytes =
      std::max(StepOf({}), kHeaderBlockBytes + 2 * kLogPageBytes);
  maker_.Make({.file_id = context_.next_file_id++,
               .allocate_bytes = bytes,
               .base_seq = next_seq_},
              turn);
  OnMakerStopped(turn);
}

void SegmentWriter::OnMakerDone(const DiskDone& done, Turn& turn) {
  maker_.OnDiskDone(done, turn);
  OnMakerStopped(turn);
}

void SegmentWriter::OnMakerStopped(Turn& turn) {
  switch (maker_.TakeFailure()) {
    case FileMaker::Failure::kNone:
      return;
    case FileMaker::Failure::kError:
      return GoReadOnly(turn);
    case FileMaker::Failure::kNoHandle:
      return AwaitHandle(turn);
    case FileMaker::Failure::kNoSpace:
      break;
  }
  if (Active() == nullptr) return GoFull(turn);
  maker_waits_ = true;  // The active file has some.
  context_.space.OnNoSpace(turn);
}

// One may be free soon.  Meanwhile the active file goes on, if there is one.
void SegmentWriter::AwaitHandle(Turn& turn) {
  maker_waits_ = true;
  if (Active() == nullptr) DropUnemitted(StoreStatus::kBusy);
  turn.timers.Arm(TimerKind::kSpace, TimerHandle(), turn.now() + kHandleRetry);
}

void SegmentWriter::OnHandleTimer(Turn& turn) {
  maker_waits_ = false;
  Pump(turn);
}

// By what the file grows ahead of need: on a full disk not at all.
uint64_t SegmentWriter::StepOf(const AppendFile& file) const {
  if (context_.space.IsFull()) return 0;
  const uint64_t most = AlignUp(context_.space.file_bytes_max(), kLogPageBytes);
  return std::min(context_.options.limits.allocate_step,
                  most - std::min(file.made.allocated, most));
}

bool SegmentWriter::ReserveSpace(AppendFile& file, uint64_t end, Turn& turn) {
  const bool fits = end <= file.made.allocated;
  uint64_t length = StepOf(file);
  const uint64_t ahead =
      std::min(kBatchBytesMax, context_.options.limits.allocate_step / 2);
  const bool is_low = length > 0 && end + ahead > file.made.allocated;
  if ((fits && !is_low) || file.is_allocating) return fits;
  if (!fits) {
    length =
        std::max(length, AlignUp(end - file.made.allocated, kLogPageBytes));
  }
  file.is_allocating = true;
  file.is_ahead = fits;
  file.allocating_bytes = length;
  context_.disk.Emit(
      {.part = StorePart::kWriter, .handle = {file.made.slot, epoch_}},
      {.verb = DiskVerb::kAllocate,
       .file = context_.disk.NumberOfSlot(file.made.slot),
       .offset = file.made.allocated,
       .length = length},
      turn);
  return fits;
}

void SegmentWriter::OnAllocated(const DiskDone& done, Turn& turn) {
  bool was_ahead = false;
  for (AppendFile& file : append_) {
    if (file.made.slot != done.token.handle.slot) continue;
    file.is_allocating = false;
    was_ahead = file.is_ahead;
    if (done.error != DiskError::kNone) continue;
    file.made.allocated += file.allocating_bytes;
    context_.space.OnGrown(file.allocating_bytes, turn);
  }
  if (done.error == DiskError::kReadOnly) return GoReadOnly(turn);
  if (done.error != DiskError::kNone && !was_ahead) return GoFull(turn);
  if (done.error != DiskError::kNone) context_.space.OnNoSpace(turn);
  Pump(turn);
}

std::optional<uint64_t> SegmentWriter::SealWhatIsEmitted(Turn& turn) {
  ORRERY_INVARIANT(CanSeal());
  std::optional<uint64_t> last;
  if (!sealing_.empty()) last = sealing_.back().made.id;
  for (const AppendFile& file : append_) {
    if (file.has_batches) last = file.made.id;
  }
  const AppendFile* active = Active();
  seal_wanted_ = active != nullptr && active->has_batches;
  Pump(turn);
  return last;
}

bool SegmentWriter::CanSeal() const {
  return !is_read_only_ && !is_full_ && !is_poisoned_ && poisoned_.empty();
}

void SegmentWriter::SealActive(Turn& turn) {
  AppendFile& file = *Active();
  file.is_sealing = true;
  seal_wanted_ = false;
  const uint64_t offset = file.next_offset();
  file.summary.data_length = offset;
  const auto payload =
      EncodeSeal({.summary = file.summary,
                  .header_crc = file.made.header_crc,
                  .file_id = file.made.id,
                  .salt = file.made.salt,
                  .padding = static_cast<uint16_t>(offset - file.offset)});
  const uint64_t last_seq =
      emitted_ < queue_.size() ? queue_[emitted_].seq - 1 : next_seq_ - 1;
  EmitWrite(
      file,
      {.file = file.made.id,
       .offset = offset,
       .encoded = EncodeControl({.salt = file.made.salt,
                                 .offset = offset,
                                 .seq = last_seq,
                                 .fill_page = context_.options.sync_writes},
                                payload),
       .first_seq = last_seq + 1},
      turn);
  turn.effects.Mark("storage.file_sealed");
}

// ---- Syncs ----

bool SegmentWriter::WantsSync() const {
  if (written_position_ <= durable_position_) return false;
  if (context_.options.sync_writes || is_closing_ || is_poisoned_) return true;
  if (sync_due_ || syncs_wanted_ > 0) return true;
  if (append_.front().is_sealing) return true;
  return written_position_ - durable_position_ >= kUnsyncedBytesMax;
}

// The next sync covers all that was emitted so far: what comes now begins a
// page.
void SegmentWriter::BreakPage(AppendFile& file) {
  if (file.break_offset > file.synced_offset) return;  // One is to come.
  file.break_offset = file.offset;
  file.break_summary = file.summary;
}

void SegmentWriter::SyncIfWanted(Turn& turn) {
  if (is_syncing_ || is_read_only_ || !WantsSync()) return;
  AppendFile& file = append_.front();
  BreakPage(file);
  const uint64_t target = file.PositionOf(file.break_offset);
  if (target > written_position_) return;  // Comes again when it is written.
  if (target <= durable_position_) return;
  is_syncing_ = true;
  sync_since_ = turn.now();
  sync_target_ = target;  // WRI-2
  sync_offset_ = file.break_offset;
  sync_summary_ = file.break_summary;
  if (target == written_position_) sync_due_ = false;
  WatchDisk(turn);
  context_.disk.Emit({.part = StorePart::kWriter, .handle = {0, epoch_}},
                     {.verb = DiskVerb::kSync,
                      .file = context_.disk.NumberOfSlot(file.made.slot)},
                     turn);
}

void SegmentWriter::OnSynced(const DiskDone& done, Turn& turn) {
  is_syncing_ = false;
  OnDiskAnswer(turn);
  if (done.error == DiskError::kReadOnly) return GoReadOnly(turn);
  if (done.error != DiskError::kNone) {
    turn.effects.Mark("storage.sync_failed");
    return Poison(done.error, turn);
  }
  ++context_.counters.syncs;
  AppendFile& file = append_.front();
  durable_position_ = sync_target_;
  durable_place_ = {file.made.id, sync_offset_};
  file.synced_offset = sync_offset_;
  file.synced_summary = sync_summary_;
  ReleaseSome(turn);
  if (file.is_sealing && durable_position_ == file.end_position()) {
    OnFileDurable(turn);
  }
  if (is_poisoned_ && PoisonIsPast()) ResolvePoison(turn);
  turn.timers.Cancel(TimerKind::kStoreSync, TimerHandle());
  sync_timer_armed_ = false;
  if (written_position_ > durable_position_) ArmSyncTimer(turn);
  if (records_since_watermark_) {
    turn.timers.Arm(TimerKind::kWatermark, TimerHandle(),
                    turn.now() + kWatermarkDelay);
  }
  SyncIfWanted(turn);
  if (HasWork()) turn.effects.more = true;
}

// Of those that are visible at most `max`.  Whoever is not becomes so at once:
// a compaction would take it for dead.
void SegmentWriter::ReleaseDurable(size_t max) {
  for (size_t released = 0; HasDurable(); ++released) {
    PendingRecord& record = queue_[0];
    if (record.is_visible && released >= max) return;
    if (!record.is_visible) {
      PrefetchEntryOf(kRecordsAhead);
      MakeVisible(record);
      ++visible_;
    }
    if (!record.is_answered) {
      AnswerWith(record, StoreStatus::kOk, Durability::kSynced);
    }
    if (record.must_sync) --syncs_wanted_;
    queue_.PopFront();
    --emitted_;
    --visible_;
  }
}

// One sync may cover tens of thousands of records: the others of this turn are
// not to wait for all of them.
void SegmentWriter::ReleaseSome(Turn& turn) {
  ReleaseDurable(kReleasedPerTurn);
  if (HasDurable()) turn.effects.more = true;
}

void SegmentWriter::OnFileDurable(Turn& turn) {
  AppendFile file = std::move(append_.front());
  append_.pop_front();
  manifest_.Append(
      SealEdit{
          .file = file.made.id, .length = file.offset, .summary = file.summary},
      {EditOrigin::Kind::kSeal, file.made.id}, turn);
  sealing_.push_back(std::move(file));
}

void SegmentWriter::OnEditDurable(const EditOrigin& origin, Turn& turn) {
  const auto take = [&origin](std::vector<AppendFile>& from) {
    std::optional<AppendFile> taken;
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i].made.id != origin.file) continue;
      taken = from[i];
      from.erase(from.begin() + static_cast<ptrdiff_t>(i));
      break;
    }
    return taken;
  };
  switch (origin.kind) {
    case EditOrigin::Kind::kAdd:
      maker_.OnAdded(origin.file);
      turn.effects.more = true;
      return;
    case EditOrigin::Kind::kSeal: {
      std::optional<AppendFile> file = take(sealing_);
      const bool was_poisoned = !file.has_value();
      if (was_poisoned) file = take(poisoned_);
      if (!file.has_value()) return;
      DataFile& entry = files_.At(file->made.slot);
      entry.sealed = true;
      entry.length = was_poisoned ? file->synced_offset : file->offset;
      context_.disk.Emit(
          {.part = StorePart::kWriter, .handle = {file->made.slot, epoch_}},
          {.verb = DiskVerb::kTruncate,
           .file = context_.disk.NumberOfSlot(file->made.slot),
           .length = AlignUp(entry.length, kLogPageBytes)},
          turn);
      return;
    }
    case EditOrigin::Kind::kPoison:
      --poison_edits_;
      if (poison_edits_ > 0) return;
      if (PoisonIsPast()) ResolvePoison(turn);
      turn.effects.more = true;
      return;
    case EditOrigin::Kind::kDrop: {
      const std::optional<AppendFile> file = take(poisoned_);
      if (!file.has_value()) return;
      files_.Doom(file->made.slot, turn);
      files_.Unpin(file->made.slot, turn);
      return;
    }
    case EditOrigin::Kind::kNone:
    case EditOrigin::Kind::kSwap:
      return;
  }
}

void SegmentWriter::ArmSyncTimer(Turn& turn) {
  if (context_.options.sync_writes || sync_timer_armed_) return;
  sync_timer_armed_ = true;
  turn.timers.Arm(TimerKind::kStoreSync, TimerHandle(),
                  turn.now() + context_.options.sync_interval / 2);
}

void SegmentWriter::OnSyncTimer(Turn& turn) {
  sync_timer_armed_ = false;
  sync_due_ = true;
  SyncIfWanted(turn);
}

// Since when the oldest of what is under way waits for the disk.
std::optional<Instant> SegmentWriter::WaitsSince() const {
  std::optional<Instant> since;
  if (is_syncing_) since = sync_since_;
  for (const Batch& batch : batches_) {
    if (batch.is_done) continue;
    since = std::min(since.value_or(batch.since), batch.since);
  }
  return since;
}

// One timer for all writes and syncs: most end long before, and pay nothing.
void SegmentWriter::WatchDisk(Turn& turn) {
  const std::optional<Instant> since = WaitsSince();
  if (watches_disk_ || is_stalled_ || !since.has_value()) return;
  watches_disk_ = true;
  turn.timers.Arm(TimerKind::kDiskWatch, TimerHandle(),
                  *since + (is_slow_ ? kDiskDeadAfter : kDiskSlowAfter));
}

void SegmentWriter::OnDiskWatch(Turn& turn) {
  watches_disk_ = false;
  const std::optional<Instant> since = WaitsSince();
  if (!since.has_value()) return;
  const Duration took = turn.now() - *since;
  if (took >= kDiskSlowAfter && !std::exchange(is_slow_, true)) {
    turn.effects.Mark("storage.disk_slow");
    slow_since_ = *since;
    NoteStall(turn);
  }
  if (took >= kDiskDeadAfter && !std::exchange(is_stalled_, true)) {
    turn.effects.Mark("storage.disk_stalled");
  }
  WatchDisk(turn);
}

// Something ended.
void SegmentWriter::OnDiskAnswer(Turn& turn) {
  if (!is_slow_) return;
  const Instant since = WaitsSince().value_or(turn.now());
  is_stalled_ = is_stalled_ && turn.now() - since >= kDiskDeadAfter;
  if (turn.now() - since < kDiskSlowAfter) {
    is_slow_ = false;
    NoteStall(turn);
  }
  WatchDisk(turn);  // What else is under way: while stalled nobody did.
}

void SegmentWriter::NoteStall(Turn& turn) const {
  const Duration took = turn.now() - slow_since_;
  turn.effects.notes.push_back(
      {.kind = Note::Kind::kDiskStall,
       .detail = is_slow_ ? 1U : 0U,
       .number = static_cast<uint64_t>(took.ns / kMillisecond.ns),
       .text = context_.disk.directory()});
}

void SegmentWriter::OnWatermarkTimer(Turn& turn) {
  if (emitted_ < queue_.size()) return;  // The next batch has one.
  if (!records_since_watermark_ || durable_place_ == watermark_place_) return;
  closing_watermark_ = Active() != nullptr;
  Pump(turn);
}

// ---- Failure ----

void SegmentWriter::Poison(DiskError error, Turn& turn) {
  if (is_poisoned_) return GoReadOnly(turn);
  ReleaseAllDurable();
  turn.effects.Mark("storage.file_poisoned");
  if (error == DiskError::kNoSpace) context_.space.OnNoSpace(turn);
  is_poisoned_ = true;
  held_durable_ = durable_position_;
  poison_end_ = log_end_;
  poison_last_seq_ =
      emitted_ > 0 ? queue_[emitted_ - 1].seq : next_seq_ - 1 - queue_.size();
  for (const Batch& batch : batches_) orphans_ += batch.is_done ? 0 : 1;
  if (is_syncing_) ++orphans_;
  ++epoch_;
  first_batch_ = 0;
  batches_.clear();
  is_syncing_ = false;
  OnDiskAnswer(turn);
  emitted_ = 0;
  for (AppendFile& file : append_) {
    if (file.is_allocating) ++orphans_;
    ++poison_edits_;
    manifest_.Append(PoisonEdit{file.made.id, file.synced_offset},
                     {EditOrigin::Kind::kPoison, file.made.id}, turn);
    turn.effects.notes.push_back(
        {.kind = Note::Kind::kDiskError,
         .detail = static_cast<uint32_t>(error),
         .number = file.synced_offset,
         .text = context_.disk.DataPath(file.made.id)});
    poisoned_.push_back(std::move(file));
  }
  append_.clear();
  seal_wanted_ = false;
  written_position_ = log_end_;
  durable_position_ = log_end_;
}

// A completion of an operation on a poisoned file.
bool SegmentWriter::IsOrphan(const DiskDone& done, Turn& turn) {
  if (done.token.handle.gen == epoch_) return false;
  if (orphans_ > 0) --orphans_;
  if (is_poisoned_ && PoisonIsPast()) ResolvePoison(turn);
  return true;
}

bool SegmentWriter::PoisonIsPast() const {
  if (poison_edits_ > 0 || orphans_ > 0) return false;
  return queue_.empty() || queue_.front_seq() > poison_last_seq_;
}

// What was not durable is durable elsewhere: the poisoned files end where they
// were synced.
void SegmentWriter::ResolvePoison(Turn& turn) {
  is_poisoned_ = false;
  for (AppendFile& file : poisoned_) {
    file.synced_summary.data_length = file.synced_offset;
    const uint64_t id = file.made.id;
    if (file.synced_summary.record_count == 0) {
      manifest_.Append(DropEdit{{id}}, {EditOrigin::Kind::kDrop, id}, turn);
    } else {
      manifest_.Append(SealEdit{.file = id,
                                .length = file.synced_offset,
                                .summary = file.synced_summary},
                       {EditOrigin::Kind::kSeal, id}, turn);
    }
  }
}

void SegmentWriter::GoReadOnly(Turn& turn) {
  if (is_read_only_) return;
  turn.effects.Mark("storage.read_only");
  ReleaseAllDurable();
  is_read_only_ = true;
  if (!is_poisoned_) held_durable_ = durable_position_;
  ++epoch_;
  first_batch_ = 0;
  batches_.clear();
  is_syncing_ = false;
  OnDiskAnswer(turn);
  DropUnemitted(StoreStatus::kReadOnly);
  DropInvisible(StoreStatus::kUnknown);
  emitted_ = std::min(emitted_, queue_.size());
}

void SegmentWriter::GoFull(Turn& turn) {
  turn.effects.Mark("storage.full");
  is_full_ = true;
  DropUnemitted(StoreStatus::kFull);
  context_.space.OnNoSpace(turn);
}

void SegmentWriter::OnSpace(Turn& turn) {
  is_full_ = false;
  maker_waits_ = false;
  Pump(turn);
}

void SegmentWriter::SealForRelief(Turn& turn) {
  const AppendFile* active = Active();
  if (active == nullptr || !active->has_batches || is_full_) return;
  const DataFile& file = files_.At(active->made.slot);
  const uint64_t dead = file.dead_bytes();
  const bool is_worth_it = dead * 2 >= file.used_bytes() &&
                           dead >= context_.space.file_bytes_max() / 8;
  if (!is_worth_it) return;
  turn.effects.Mark("storage.sealed_for_relief");
  seal_wanted_ = true;
  Pump(turn);
}

// Nothing of these was ever written: their seqs are free again.
void SegmentWriter::DropUnemitted(StoreStatus status) {
  const size_t before = queue_.size();
  while (queue_.size() > emitted_ && !queue_[queue_.size() - 1].was_emitted) {
    PendingRecord& record = queue_[queue_.size() - 1];
    AnswerWith(record, status, Durability::kNone);
    if (record.must_sync) --syncs_wanted_;
    queue_.PopBack();
    --next_seq_;
  }
  if (queue_.size() != before) RebuildNewest();
}

void SegmentWriter::DropInvisible(StoreStatus status) {
  while (!queue_.empty() && !queue_[queue_.size() - 1].is_visible) {
    AnswerWith(queue_[queue_.size() - 1], status, Durability::kNone);
    queue_.PopBack();
  }
  for (size_t i = 0; i < queue_.size(); ++i) {
    if (!queue_[i].is_answered) {
      AnswerWith(queue_[i], status, Durability::kNone);
    }
  }
  syncs_wanted_ = 0;
  RebuildNewest();
}

void SegmentWriter::RebuildNewest() {
  newest_.clear();
  for (size_t i = 0; i < queue_.size(); ++i) {
    if (!queue_[i].is_visible) {
      newest_.InsertOrAssign(queue_[i].hash, queue_[i].seq);
    }
  }
}

void SegmentWriter::Close(Turn& turn) {
  is_closing_ = true;
  Pump(turn);
}

bool SegmentWriter::IsClosed() const {
  if (!is_closing_) return false;
  if (is_read_only_) return true;
  if (!queue_.empty() || !batches_.empty() || is_syncing_) return false;
  if (written_position_ != durable_position_ || HasWork()) return false;
  // Without space for the edit the file stays unsealed, and nothing is lost.
  return manifest_.IsIdle() || manifest_.IsFull();
}

bool SegmentWriter::IsClean() const {
  return IsClosed() && !is_read_only_ && !is_poisoned_ &&
         !manifest_.HidesDoubt();
}

}  // namespace orrery
