// core/storage/segment_writer.h
//
// SegmentWriter appends records to the active data file: one write per turn of
// the event loop for all that gathered, one sync for all that was written.
//
// It decides which file, which place, when to write, when to sync, when to
// rotate, what to do when a sync fails, and when a record is visible and when
// it is durable.  It orders by seq and knows nothing of versions.
//
// Batch k syncs while k + 1 is written and k + 2 fills.  Without sync_writes
// two writes may be in flight, and a sync is wanted within half of
// sync_interval, so that it is done within the whole, or at 8 MiB; it waits for
// the writes in flight.
//
// Invariants:
//   WRI-1  durable_position() <= written_position(); both only rise.
//   WRI-2  A sync covers what was written, without a gap, when it was
//          submitted; nothing else is called durable.  What is synced is not
//          written to again, nor is the rest of its last page, which no trim
//          cuts: power may fail meanwhile and take the whole page.
//   WRI-3  After a failed write or sync nothing more goes to that file: POISON,
//          then all that was not durable is written again to a new file.  A
//          second failure before that is durable ends in read-only.
//   WRI-4  Bytes of a record stay in memory until it is durable.
//
// Threading: engine thread.

#ifndef ORRERY_CORE_STORAGE_SEGMENT_WRITER_H_
#define ORRERY_CORE_STORAGE_SEGMENT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/base/fields.h"
#include "core/base/lookup_map.h"
#include "core/base/time.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/batch.h"
#include "core/storage/file_maker.h"
#include "core/storage/file_table.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest_log.h"
#include "core/storage/record_queue.h"
#include "core/storage/store_context.h"

namespace orrery {

class SegmentWriter {
 public:
  // How long the disk may leave a write or a sync without an answer before the
  // node says so, and before it is not ready (storage section 4).
  static constexpr Duration kDiskSlowAfter = 5 * kSecond;
  static constexpr Duration kDiskDeadAfter = 20 * kSecond;

  SegmentWriter(StoreContext& context, FileTable& files, KeyIndex& index,
                ManifestLog& manifest);

  // REQUIRES: once, before anything else; nothing below `next_seq` is free.
  void Start(uint64_t next_seq) { next_seq_ = next_seq; }

  // Takes a put in, or answers it at once.
  void Put(StorePut put, Turn& turn);
  // The record that `entry` stands for, if it is not durable yet; else null.
  const PendingRecord* Unsynced(const IndexEntry& entry) const;

  // Writes and syncs what may be written and synced now.
  void Pump(Turn& turn);
  void OnDiskDone(const DiskDone& done, Turn& turn);
  void OnMakerDone(const DiskDone& done, Turn& turn);
  void OnEditDurable(const EditOrigin& origin, Turn& turn);
  void OnSyncTimer(Turn& turn);
  void OnDiskWatch(Turn& turn);
  void OnWatermarkTimer(Turn& turn);
  void OnHandleTimer(Turn& turn);
  // Space may be free again.
  void OnSpace(Turn& turn);
  // Seals the active file if so much of it is dead that compacting it would
  // help a full disk.
  void SealForRelief(Turn& turn);
  // The manifest failed, or the file system is read-only.
  void GoReadOnly(Turn& turn);
  // There is no space: nothing more is taken in until OnSpace.
  void GoFull(Turn& turn);

  // Ends the active file behind what was emitted so far.  Says which file is
  // the last that holds any of it, if the SEAL edit of one is not durable yet:
  // once that of this one is, all that was ever answered lies in sealed files,
  // and so does nothing that was emitted later.  REQUIRES: CanSeal().
  std::optional<uint64_t> SealWhatIsEmitted(Turn& turn);
  // No file waits for space, or for what a failed sync left in doubt.
  bool CanSeal() const;

  // Writes what is queued, seals, syncs.
  void Close(Turn& turn);
  bool IsClosed() const;
  // Closed, and everything that was answered is durable, and all doubt.
  bool IsClean() const;

  bool IsReadOnly() const { return is_read_only_; }
  // A write or a sync has been under way for kDiskDeadAfter.
  bool IsStalled() const { return is_stalled_; }
  bool IsFull() const { return is_full_; }
  bool IsIdle() const;
  uint64_t written_position() const { return written_position_; }
  // Where the log ends now: all that was ever emitted lies before it.
  uint64_t log_end() const { return log_end_; }
  uint64_t durable_position() const;
  // Whether the record that ends there is: also above durable_position(), while
  // what a failed sync left in doubt is being written again.
  bool IsDurable(uint64_t position) const;
  uint64_t next_seq() const { return next_seq_; }
  // All records with a lower one are durable, or were never taken in.
  uint64_t LeastQueuedSeq() const {
    return queue_.empty() ? next_seq_ : queue_.front_seq();
  }
  // No record that is in no sealed file yet has a lower one.
  uint64_t LeastUnsealedSeq() const;
  const RecordQueue& queue() const { return queue_; }
  uint64_t StateDigest() const;
  void CheckInvariants() const;

  ORRERY_FIELDS(maker_, next_seq_, queue_, emitted_, visible_, syncs_wanted_,
                newest_, append_, sealing_, poisoned_, batches_, first_batch_,
                epoch_, written_position_, durable_position_, log_end_,
                durable_place_, watermark_place_, records_since_watermark_,
                closing_watermark_, is_syncing_, sync_since_, watches_disk_,
                slow_since_, is_slow_, is_stalled_, sync_target_, sync_offset_,
                sync_summary_, sync_due_, sync_timer_armed_, poison_edits_,
                held_durable_, poison_end_, poison_last_seq_, orphans_,
                is_poisoned_, is_read_only_, is_full_, maker_waits_,
                seal_wanted_, is_closing_)

 private:
  static constexpr size_t kRecordsAhead = 8;

  struct AppendFile {
    MadeFile made;
    uint64_t base = 0;    // Position of its offset kHeaderBlockBytes.
    uint64_t offset = 0;  // Where the next batch goes.
    FileSummary summary;  // Of what was emitted, synced.
    FileSummary synced_summary;
    uint64_t synced_offset = 0;
    // What stands before it shares no page with what stands behind it: a sync
    // covers the file up to here.
    uint64_t break_offset = 0;
    FileSummary break_summary;
    bool has_batches = false;
    bool is_allocating = false;
    bool is_ahead = false;  // What is being allocated is not needed yet.
    uint64_t allocating_bytes = 0;
    bool is_sealing = false;
    ORRERY_FIELDS(made, base, offset, summary, synced_summary, synced_offset,
                  break_offset, break_summary, has_batches, is_allocating,
                  is_ahead, allocating_bytes, is_sealing)

    uint64_t PositionOf(uint64_t at) const {
      return base + (at - kHeaderBlockBytes);
    }
    uint64_t end_position() const { return PositionOf(offset); }
    uint64_t next_offset() const {
      if (offset != break_offset) return offset;
      return AlignUp(offset, kLogPageBytes);
    }
  };
  struct Batch {
    uint64_t file = 0;
    uint64_t offset = 0;
    EncodedBatch encoded;  // Pinned until written, for what a short one lacks.
    uint64_t written = 0;
    uint64_t first_seq = 0;  // Of `records` records.
    size_t records = 0;
    uint64_t end_position = 0;
    Instant since;
    bool is_done = false;
    ORRERY_FIELDS(file, offset, encoded, written, first_seq, records,
                  end_position, since, is_done)
  };

  void Answer(const StorePut& put, StoreStatus status, uint64_t seq = 0);
  StoreStatus Refusal(const StorePut& put, const KeyHash& hash,
                      uint64_t* current_seq) const;
  bool IsTooLarge(const StorePut& put) const;
  uint64_t NewestSeq(const KeyHash& hash) const;

  bool MayEmit() const;
  bool HasWork() const;
  bool EmitNext(Turn& turn);
  BatchPlan Plan(const AppendFile& file) const;
  bool ReserveSpace(AppendFile& file, uint64_t end, Turn& turn);
  uint64_t StepOf(const AppendFile& file) const;
  void OnMakerStopped(Turn& turn);
  void AwaitHandle(Turn& turn);
  void EmitWrite(AppendFile& file, Batch batch, Turn& turn);
  void SealActive(Turn& turn);
  bool ActivateFile(Turn& turn);
  void MakeFileIfNeeded(Turn& turn);
  AppendFile* Active();

  void OnWritten(const DiskDone& done, Turn& turn);
  void ResubmitRest(const Batch& batch, uint32_t ordinal, Turn& turn) const;
  void AdvanceWritten(Turn& turn);
  void PrefetchEntryOf(size_t i) const;
  void MakeVisible(PendingRecord& record);
  void Repoint(PendingRecord& record);
  void AnswerWith(PendingRecord& record, StoreStatus status,
                  Durability durability);

  bool WantsSync() const;
  void SyncIfWanted(Turn& turn);
  static void BreakPage(AppendFile& file);
  void OnSynced(const DiskDone& done, Turn& turn);
  bool HasDurable() const {
    return emitted_ > 0 && queue_[0].end_position <= durable_position_;
  }
  void ReleaseDurable(size_t max);
  void ReleaseAllDurable() { ReleaseDurable(queue_.size()); }
  void ReleaseSome(Turn& turn);
  void OnFileDurable(Turn& turn);
  void ArmSyncTimer(Turn& turn);
  std::optional<Instant> WaitsSince() const;
  void WatchDisk(Turn& turn);
  void OnDiskAnswer(Turn& turn);
  void NoteStall(Turn& turn) const;
  void OnAllocated(const DiskDone& done, Turn& turn);

  void Poison(DiskError error, Turn& turn);
  bool PoisonIsPast() const;
  void ResolvePoison(Turn& turn);
  bool IsOrphan(const DiskDone& done, Turn& turn);
  void DropUnemitted(StoreStatus status);
  void DropInvisible(StoreStatus status);
  void RebuildNewest();
  Handle TimerHandle() const;

  StoreContext& context_;
  FileTable& files_;
  KeyIndex& index_;
  ManifestLog& manifest_;
  FileMaker maker_;

  uint64_t next_seq_ = 1;
  RecordQueue queue_;
  size_t emitted_ = 0;       // Of the queue, from the front.
  size_t visible_ = 0;       // Likewise; <= emitted_ unless writing again.
  size_t syncs_wanted_ = 0;  // must_sync records in the queue.
  LookupMap<KeyHash, uint64_t> newest_;  // Accepted and not visible.

  std::deque<AppendFile> append_;    // In log order; the last may be active.
  std::vector<AppendFile> sealing_;  // Durable; their SEAL edit is under way.
  std::vector<AppendFile> poisoned_;
  std::vector<Batch> batches_;  // In flight, at most two, in log order.
  uint32_t first_batch_ = 0;    // Ordinal of batches_.front().
  uint32_t epoch_ = 1;          // Completions of an abandoned file find nobody.

  uint64_t written_position_ = 0;
  uint64_t durable_position_ = 0;
  uint64_t log_end_ = 0;
  LogPlace durable_place_;
  LogPlace watermark_place_;  // What the last watermark named.
  bool records_since_watermark_ = false;
  bool closing_watermark_ = false;  // One is due.

  bool is_syncing_ = false;
  Instant sync_since_;
  bool watches_disk_ = false;  // kDiskWatch is armed.
  bool is_slow_ = false;       // And the node has said so.
  Instant slow_since_;
  bool is_stalled_ = false;
  uint64_t sync_target_ = 0;
  uint64_t sync_offset_ = 0;
  FileSummary sync_summary_;
  bool sync_due_ = false;
  bool sync_timer_armed_ = false;

  uint32_t poison_edits_ = 0;  // Not durable yet.
  uint64_t held_durable_ = 0;  // What was durable before the poison.
  uint64_t poison_end_ = 0;    // Where the log was then.
  uint64_t poison_last_seq_ = 0;
  uint32_t orphans_ = 0;  // Operations of poisoned files still in flight.
  bool is_poisoned_ = false;
  bool is_read_only_ = false;
  bool is_full_ = false;
  bool maker_waits_ = false;  // For space, while the active file has some.
  bool seal_wanted_ = false;  // Of the active file, before another batch.
  bool is_closing_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_SEGMENT_WRITER_H_
