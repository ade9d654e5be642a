// Puts come in, batches go out, what is written becomes visible.  Syncs,
// rotation and what happens when they fail: segment_sync.cc.

#include "core/storage/segment_writer.h"

#include <algorithm>
#include <utility>

#include "core/base/hash.h"
#include "core/base/invariant.h"

namespace orrery {

SegmentWriter::SegmentWriter(StoreContext& context, FileTable& files,
                             KeyIndex& index, ManifestLog& manifest)
    : context_(context),
      files_(files),
      index_(index),
      manifest_(manifest),
      maker_(context, files, manifest) {}

void SegmentWriter::Answer(const StorePut& put, StoreStatus status,
                           uint64_t seq) {
  context_.replies.push_back({.ticket = put.ticket,
                              .status = status,
                              .seq = seq,
                              .meta = {},
                              .value = {},
                              .key = {},
                              .position = {}});
}

void SegmentWriter::Put(StorePut put, Turn& turn) {
  ORRERY_INVARIANT(!put.deleted || put.value.empty());
  const KeyHash hash = context_.HashOf(put.key);
  uint64_t current_seq = 0;
  const StoreStatus refusal = Refusal(put, hash, &current_seq);
  if (refusal != StoreStatus::kOk) return Answer(put, refusal, current_seq);
  const uint64_t seq = next_seq_++;
  newest_.InsertOrAssign(hash, seq);
  if (put.must_sync) ++syncs_wanted_;
  queue_.Push({.hash = hash,
               .key = std::move(put.key),
               .meta = std::move(put.meta),
               .value = std::move(put.value),
               .digest = put.digest,
               .timestamp = put.timestamp,
               .seq = seq,
               .ticket = put.ticket,
               .deleted = put.deleted,
               .must_sync = put.must_sync,
               .address = {}});
  turn.effects.more = true;
}

StoreStatus SegmentWriter::Refusal(const StorePut& put, const KeyHash& hash,
                                   uint64_t* current_seq) const {
  if (is_closing_) return StoreStatus::kClosed;
  if (is_read_only_) return StoreStatus::kReadOnly;
  if (IsTooLarge(put)) return StoreStatus::kTooLarge;
  if (is_full_ || manifest_.IsFull()) return StoreStatus::kFull;
  const uint64_t pinned =
      queue_.bytes() + put.key.size() + put.meta.size() + put.value.size();
  if (!context_.space.MayTake(put.deleted, pinned)) return StoreStatus::kFull;
  // A record above the cap is admitted alone.
  if (!queue_.empty() && pinned > context_.options.limits.pinned_bytes_max) {
    return StoreStatus::kBusy;
  }
  if (put.if_seq.has_value()) {
    *current_seq = NewestSeq(hash);
    if (*current_seq != *put.if_seq) return StoreStatus::kConflict;
    *current_seq = 0;
  }
  return StoreStatus::kOk;
}

bool SegmentWriter::IsTooLarge(const StorePut& put) const {
  if (put.key.empty()) return true;
  if (put.key.size() > context_.options.key_bytes_max) return true;
  if (put.meta.size() + kDigestBytes > kMetaBytesMax) return true;
  return put.value.size() > kStoredValueBytesMax;
}

uint64_t SegmentWriter::NewestSeq(const KeyHash& hash) const {
  if (const uint64_t* seq = newest_.Find(hash)) return *seq;
  IndexEntry entry;
  return index_.Find(hash, &entry) ? entry.seq : 0;
}

const PendingRecord* SegmentWriter::Unsynced(const IndexEntry& entry) const {
  if (!queue_.Contains(entry.seq)) return nullptr;
  const PendingRecord& record = queue_.At(entry.seq);
  return record.hash == entry.hash ? &record : nullptr;
}

void SegmentWriter::Pump(Turn& turn) {
  if (HasDurable()) {
    ReleaseSome(turn);
    if (is_poisoned_ && PoisonIsPast()) ResolvePoison(turn);
  }
  while (MayEmit() && HasWork()) {
    if (!EmitNext(turn)) break;
  }
  SyncIfWanted(turn);
  MakeFileIfNeeded(turn);
}

bool SegmentWriter::MayEmit() const {
  if (is_read_only_ || is_full_ || poison_edits_ > 0) return false;
  if (!context_.options.sync_writes) return batches_.size() < 2;
  // Batch k syncs, k + 1 is written, k + 2 fills.
  return batches_.empty() &&
         (!is_syncing_ || written_position_ == sync_target_);
}

bool SegmentWriter::HasWork() const {
  if (emitted_ < queue_.size()) return true;
  const bool has_active = !append_.empty() && !append_.back().is_sealing &&
                          append_.back().has_batches;
  return has_active && (closing_watermark_ || is_closing_ || seal_wanted_);
}

SegmentWriter::AppendFile* SegmentWriter::Active() {
  if (append_.empty() || append_.back().is_sealing) return nullptr;
  return &append_.back();
}

// Whether something was emitted; if not, an operation that will let it is
// under way.
bool SegmentWriter::EmitNext(Turn& turn) {
  if (Active() == nullptr && !ActivateFile(turn)) return false;
  AppendFile& file = *Active();
  const bool has_records = emitted_ < queue_.size();
  if (seal_wanted_ || (!has_records && is_closing_)) {
    SealActive(turn);
    return true;
  }
  const BatchPlan plan = Plan(file);
  if (has_records && plan.count == 0) {
    SealActive(turn);
    return true;
  }
  if (plan.count == 0 && !plan.watermark.has_value()) {
    closing_watermark_ = false;  // Said already.
    return true;
  }
  const uint64_t room = kWatermarkBytes + plan.record_bytes + kLogPageBytes;
  // The SEAL record's page is always there too.
  if (!ReserveSpace(file, plan.offset + room + kLogPageBytes, turn)) {
    return false;
  }
  Batch batch{.file = file.made.id,
              .offset = plan.offset,
              .encoded = EncodeBatch(plan, queue_, &file.summary),
              .first_seq = plan.watermark_seq + 1,
              .records = plan.count};
  if (plan.watermark.has_value()) {
    watermark_place_ = plan.watermark->durable;
    records_since_watermark_ = false;
  }
  if (plan.count > 0) records_since_watermark_ = true;
  closing_watermark_ = false;
  emitted_ += plan.count;
  EmitWrite(file, std::move(batch), turn);
  return true;
}

BatchPlan SegmentWriter::Plan(const AppendFile& file) const {
  const uint64_t offset = file.next_offset();
  const uint64_t padding = offset - file.offset;
  const bool has_records = emitted_ < queue_.size();
  BatchPlan plan{
      .salt = file.made.salt,
      .slot = file.made.slot,
      .offset = offset,
      .position = file.PositionOf(offset),
      .watermark = {},
      .watermark_seq = has_records ? queue_[emitted_].seq - 1 : next_seq_ - 1,
      .first = emitted_,
      .fill_page = context_.options.sync_writes};
  const bool tells_padding = padding > 0 && has_records;
  if (!file.has_batches || durable_place_ != watermark_place_ ||
      tells_padding) {
    plan.watermark =
        Watermark{.acknowledged_after_sync = context_.options.sync_writes,
                  .padding = static_cast<uint16_t>(padding),
                  .durable = durable_place_};
  }
  const uint64_t start =
      offset + (plan.watermark.has_value() ? kWatermarkBytes : 0);
  const bool is_empty = file.summary.record_count == 0;
  for (size_t i = emitted_; i < queue_.size(); ++i) {
    const uint64_t bytes = plan.record_bytes + queue_[i].bytes();
    const bool is_first = plan.count == 0;
    if (!is_first && bytes > kBatchBytesMax) break;
    // Any file takes at least one record.
    const bool fits =
        start + bytes + kSealBytes <= context_.space.file_bytes_max();
    if (!fits && !(is_first && is_empty)) break;
    plan.record_bytes = bytes;
    ++plan.count;
  }
  return plan;
}

void SegmentWriter::EmitWrite(AppendFile& file, Batch batch, Turn& turn) {
  // WRI-2
  ORRERY_INVARIANT(batch.offset >= AlignUp(file.synced_offset, kLogPageBytes));
  file.has_batches = true;
  file.offset = batch.offset + batch.encoded.bytes;
  files_.At(file.made.slot).length = file.offset;
  batch.end_position = file.end_position();
  log_end_ = batch.end_position;
  context_.counters.bytes_written += batch.encoded.bytes;
  if (context_.space.IsFull()) {
    context_.space.OnDeletesWritten(batch.encoded.bytes);
  }
  const uint32_t ordinal =
      first_batch_ + static_cast<uint32_t>(batches_.size());
  batch.since = turn.now();
  batches_.push_back(std::move(batch));
  WatchDisk(turn);
  ResubmitRest(batches_.back(), ordinal, turn);
}

// Submits what is not written yet of a batch: at first all of it.
void SegmentWriter::ResubmitRest(const Batch& batch, uint32_t ordinal,
                                 Turn& turn) const {
  const uint16_t slot = files_.SlotOf(batch.file);
  context_.disk.Emit({.part = StorePart::kWriter, .handle = {ordinal, epoch_}},
                     {.verb = DiskVerb::kWrite,
                      .file = context_.disk.NumberOfSlot(slot),
                      .offset = batch.offset + batch.written,
                      .data = After(batch.encoded.data, batch.written)},
                     turn);
}

void SegmentWriter::OnDiskDone(const DiskDone& done, Turn& turn) {
  if (done.verb == DiskVerb::kTruncate) {  // The trim of a sealed file.
    return files_.Unpin(static_cast<uint16_t>(done.token.handle.slot), turn);
  }
  if (IsOrphan(done, turn)) return;
  switch (done.verb) {
    case DiskVerb::kWrite:
      return OnWritten(done, turn);
    case DiskVerb::kSync:
      return OnSynced(done, turn);
    case DiskVerb::kAllocate:
      return OnAllocated(done, turn);
    default:
      ORRERY_UNREACHABLE("an operation nobody asked for");
  }
}

void SegmentWriter::OnWritten(const DiskDone& done, Turn& turn) {
  const uint32_t ordinal = done.token.handle.slot;
  Batch& batch = batches_[ordinal - first_batch_];
  if (done.error == DiskError::kReadOnly) return GoReadOnly(turn);
  if (done.error != DiskError::kNone || done.count == 0) {
    turn.effects.Mark("storage.write_failed");
    batch.is_done = true;  // No completion of it is to come.
    return Poison(done.error, turn);
  }
  batch.written += done.count;
  if (batch.written < batch.encoded.bytes) {
    turn.effects.Mark("storage.short_write");
    return ResubmitRest(batch, ordinal, turn);
  }
  batch.is_done = true;
  OnDiskAnswer(turn);
  AdvanceWritten(turn);
  SyncIfWanted(turn);
  if (HasWork()) turn.effects.more = true;
}

void SegmentWriter::AdvanceWritten(Turn& turn) {
  while (!batches_.empty() && batches_.front().is_done) {
    const Batch& batch = batches_.front();
    written_position_ = batch.end_position;
    if (!context_.options.sync_writes) {
      const auto first =
          static_cast<size_t>(batch.first_seq - queue_.front_seq());
      for (size_t i = first; i < first + batch.records; ++i) {
        PrefetchEntryOf(i + kRecordsAhead);
        PendingRecord& record = queue_[i];
        if (record.is_visible) {
          Repoint(record);
          continue;
        }
        MakeVisible(record);
        ++visible_;
        if (!record.must_sync) {
          AnswerWith(record, StoreStatus::kOk, Durability::kWritten);
        }
      }
    }
    batches_.erase(batches_.begin());
    ++first_batch_;
  }
  if (written_position_ > durable_position_) ArmSyncTimer(turn);
}

// The index's place of a record that comes soon.
void SegmentWriter::PrefetchEntryOf(size_t i) const {
  if (i < emitted_) index_.Prefetch(queue_[i].hash);
}

// STO-1: visible and answered in one step.
void SegmentWriter::MakeVisible(PendingRecord& record) {
  IndexEntry old;
  IndexEntry entry{.hash = record.hash,
                   .digest = record.digest,
                   .timestamp = record.timestamp,
                   .seq = record.seq,
                   .address = record.address,
                   .tombstone = record.deleted};
  const uint64_t lost = context_.LostStampOf(record.hash);
  if (lost != 0) {
    entry.doubted =
        context_.options.id == StoreId::kUser || lost > record.timestamp;
    if (!entry.doubted) {
      context_.lost.erase(record.hash);
      context_.repaired.push_back(record.hash);
    }
  }
  const bool had = index_.Set(entry, &old);
  // Given up by all owners, and written again.
  if (had && old.damaged && lost == 0) context_.repaired.push_back(record.hash);
  files_.At(record.address.file_slot()).live_bytes += record.address.bytes();
  Store::Change change{.token = record.hash.token,
                       .old_digest = {},
                       .new_digest = record.digest};
  if (had) {
    files_.At(old.address.file_slot()).live_bytes -= old.address.bytes();
    if (!old.damaged) change.old_digest = old.digest;
  }
  context_.changes.push_back(change);
  record.is_visible = true;
  const uint64_t* newest = newest_.Find(record.hash);
  if (newest != nullptr && *newest == record.seq) newest_.Erase(record.hash);
  ++context_.counters.total_writes;
}

// A visible record stands at a new place: its file's sync failed.
void SegmentWriter::Repoint(PendingRecord& record) {
  IndexEntry entry;
  if (!index_.Find(record.hash, &entry) || entry.seq != record.seq) return;
  const RecordAddress from = entry.address;
  if (!index_.Relocate(record.hash, from, record.address)) return;
  files_.At(from.file_slot()).live_bytes -= from.bytes();
  files_.At(record.address.file_slot()).live_bytes += record.address.bytes();
}

void SegmentWriter::AnswerWith(PendingRecord& record, StoreStatus status,
                               Durability durability) {
  context_.replies.push_back({.ticket = record.ticket,
                              .status = status,
                              .seq = record.seq,
                              .timestamp = record.timestamp,
                              .digest = record.digest,
                              .deleted = record.deleted,
                              .meta = {},
                              .value = {},
                              .key = {},
                              .position = {record.end_position},
                              .durability = durability});
  record.is_answered = true;
}

uint64_t SegmentWriter::LeastUnsealedSeq() const {
  uint64_t least = LeastQueuedSeq();
  const auto look = [&least](const AppendFile& file) {
    if (file.summary.record_count > 0) {
      least = std::min(least, file.summary.min_seq);
    }
  };
  for (const AppendFile& file : append_) look(file);
  for (const AppendFile& file : sealing_) look(file);
  for (const AppendFile& file : poisoned_) look(file);
  return least;
}

bool SegmentWriter::IsIdle() const {
  return queue_.empty() && batches_.empty() && !is_syncing_ &&
         sealing_.empty() && poisoned_.empty() && maker_.IsIdle();
}

uint64_t SegmentWriter::StateDigest() const {
  Hasher hasher;
  hasher.Add(next_seq_);
  hasher.Add(uint64_t{queue_.size()});
  hasher.Add(uint64_t{emitted_});
  hasher.Add(uint64_t{visible_});
  hasher.Add(uint64_t{batches_.size()});
  hasher.Add(written_position_);
  hasher.Add(durable_position_);
  hasher.Add(log_end_);
  hasher.Add(uint64_t{epoch_});
  hasher.Add(is_syncing_);
  hasher.Add(is_read_only_);
  hasher.Add(is_full_);
  return hasher.Value();
}

void SegmentWriter::CheckInvariants() const {
  ORRERY_INVARIANT(durable_position_ <= written_position_);  // WRI-1
  ORRERY_INVARIANT(written_position_ <= log_end_);
  ORRERY_INVARIANT(emitted_ <= queue_.size());
  ORRERY_INVARIANT(visible_ <= queue_.size());
  ORRERY_INVARIANT(batches_.size() <= 2);
}

}  // namespace orrery
