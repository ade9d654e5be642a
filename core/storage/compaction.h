// core/storage/compaction.h
//
// Compaction reclaims the space of overwritten records.  One job at a time:
//
//   choose sealed files with much dead space -> read, verify, copy what the
//   index points to into new files -> seal, sync, sync the directory ->
//   SWAP(outputs, inputs) -> relocate entries by compare-and-swap -> unlink
//   the inputs at zero pins
//
// A crash before SWAP leaves the old files, one after it the new ones (I6).
// Nothing of a record changes but its place.  Which files, and when, is said by
// ChooseVictims; how fast, by CompactionPace.
//
// Tombstones of the user's store are kept: dropping one needs the stable floor,
// which this version does not know.  Those of the hints store only hide older
// records of this disk, and go with them (CMP-5).
//
// Invariants:
//   CMP-1  Inputs are sealed, without damage or with repaired damage, and hold
//          no cells; the active file and a running output are never inputs
//          (A17).
//   CMP-2  A record that does not verify is never copied: the job ends, its
//          outputs are removed, the file is reported, and so is each entry
//          that points into what cannot be read (I4): the key is repaired
//          although nobody reads it.
//   CMP-3  An entry moves only if it still points to what was copied (A4).
//   CMP-4  A record is left behind only once what superseded it is synced: the
//          switch waits for the log to be durable up to where it ended when
//          the last input was read (semantics D8).
//
//   CMP-5  A tombstone is dropped only if no file outside of the job, and
//          nothing that is still being written, can hold an older record: all
//          that is there has higher seqs, or was compacted after the tombstone
//          came, nothing is damaged, and the manifest was not lost.  Its entry
//          goes after the switch, if it still points to it (A5).
//
// Threading: engine thread.  Cost: per step one piece of 256 KiB, or 4,096
// relocations, or a look at as many entries for damage; memory 32 bytes per
// copied record, 8 per record of one input.

#ifndef ORRERY_CORE_STORAGE_COMPACTION_H_
#define ORRERY_CORE_STORAGE_COMPACTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/fields.h"
#include "core/base/ready_list.h"
#include "core/base/time.h"
#include "core/protocol/client.h"
#include "core/protocol/counters.h"
#include "core/protocol/disk.h"
#include "core/protocol/turn.h"
#include "core/storage/compaction_pace.h"
#include "core/storage/file_audit.h"
#include "core/storage/file_scan.h"
#include "core/storage/file_table.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest.h"
#include "core/storage/manifest_log.h"
#include "core/storage/segment_scan.h"
#include "core/storage/segment_writer.h"
#include "core/storage/store_context.h"
#include "core/storage/whole_transfer.h"

namespace orrery {

class Compaction {
 public:
  Compaction(StoreContext& context, FileTable& files, KeyIndex& index,
             ManifestLog& manifest, const SegmentWriter& writer)
      : context_(context),
        files_(files),
        index_(index),
        manifest_(manifest),
        writer_(writer),
        pace_(context.options.limits) {}

  // Starts a job if something is worth one and none runs.  While the disk is
  // full that is what frees space: what is wholly dead, else the file with the
  // fewest live bytes, into what the reserve gives up.
  void Check(Turn& turn);
  // As an operator asks: for each file that there is now a little is enough.
  TaskAnswer CheckAll(Turn& turn);
  bool IsIdle() const { return step_ == Step::kIdle; }
  // Fills in what the job that runs does.
  void Count(StoreCounters* counters) const;

  // The state (base/fields.h).
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);

  void OnDiskDone(const DiskDone& part, Turn& turn);
  // Appends where the values are in what was read.
  void FindValues(const DiskDone& done, std::vector<ByteSpan>* spans) const;
  void OnFileOpened(uint16_t slot, Turn& turn);
  void OnFileFailed(uint16_t slot, Turn& turn);
  void OnSwapped(Turn& turn);
  // The log may be durable further than before.
  void OnDurable(Turn& turn);
  void OnTick(Turn& turn);
  // A read of a client's or a peer's took so long.
  void NoteRead(Duration took) { pace_.NoteRead(took, !IsIdle()); }
  void OnPaceTimer(Turn& turn);

  // Entries whose records a job could not read.
  std::vector<DamagedEntry>& TakeDamaged() { return damaged_.Take(); }
  // New damage, all of whose entries were among those.
  std::vector<DamageRange>& TakeLookedInto() { return looked_into_.Take(); }

 private:
  template <typename Self, typename FieldVisitor>
  static void FieldsOf(Self& self, FieldVisitor& visit) {
    visit(self.step_, self.inputs_, self.next_input_, self.scan_, self.outputs_,
          self.has_output_, self.is_sealing_, AsValue(self.buffer_),
          self.submitted_, self.moves_, self.next_move_, self.freed_bytes_,
          self.barrier_, self.transfer_, self.damaged_, self.looked_into_,
          self.audit_, self.pace_, self.is_paused_, self.thorough_below_,
          self.drop_below_, self.clean_below_, self.drops_, self.bytes_done_);
  }
  enum class Step : uint8_t {
    kIdle = 0,
    kOpenInput,
    kRead,
    kOpenOutput,
    kWrite,
    kSync,
    kSyncDir,
    kAwaitDurable,
    kSwap,
    kRelocate,
    kMarkDamaged,
  };
  struct Move {
    KeyHash hash;
    RecordAddress from;
    RecordAddress to;
    ORRERY_FIELDS(hash, from, to)
  };
  struct Output {
    uint16_t slot = 0;
    ManifestFile file;
    uint32_t header_crc = 0;
    uint64_t offset = 0;   // Where the next record goes.
    uint64_t written = 0;  // Before the buffer.
    ORRERY_FIELDS(slot, file, header_crc, offset, written)
  };

  std::vector<uint16_t> ChooseInputs(Turn& turn) const;
  uint64_t DropBelow() const;
  bool MustWait(Turn& turn);
  void Submit(Step step, DiskEffect effect, Turn& turn);
  void Emit(DiskEffect effect, Turn& turn) const;
  void OpenNextInput(Turn& turn);
  void StartScan(Turn& turn);
  void Continue(Turn& turn);
  void ReadPiece(Turn& turn);
  void OnPieceRead(const DiskDone& part, Turn& turn);
  bool TakeRecord(Turn& turn);
  bool FinishInput(Turn& turn);
  bool AreRepaired(const std::vector<DamageRange>& gaps) const;
  void MarkDamaged(Turn& turn);
  void RelocateSome(Turn& turn);
  bool PointsHere(const KeyHash& hash, RecordAddress address,
                  uint64_t seq) const;
  void StartOutput(Turn& turn);
  void AddHeader(Turn& turn);
  void SealOutput(Turn& turn);
  void Flush(Turn& turn);
  void AfterInputs(Turn& turn);
  void AwaitDurable(Turn& turn);
  void Swap(Turn& turn);
  void DropTombstones(Turn& turn);
  void FinishJob(Turn& turn);
  void CoolDown(uint16_t slot, Duration before, Turn& turn);
  void Abort(Turn& turn);
  void EndJob();

  StoreContext& context_;
  FileTable& files_;
  KeyIndex& index_;
  ManifestLog& manifest_;
  const SegmentWriter& writer_;

  Step step_ = Step::kIdle;
  WholeTransfer transfer_;
  std::vector<uint16_t> inputs_;
  size_t next_input_ = 0;
  std::optional<FileScan> scan_;
  FileAudit audit_;  // Of the input that is being read.
  std::optional<SegmentScan::Item> pending_;  // Waits for an output.
  std::vector<Output> outputs_;
  bool has_output_ = false;  // outputs_.back() is being written.
  bool is_sealing_ = false;
  ByteBuffer buffer_;
  uint64_t submitted_ = 0;
  std::vector<Move> moves_;
  size_t next_move_ = 0;
  std::vector<Move> drops_;   // Tombstones; `to` is none.
  uint64_t drop_below_ = 0;   // CMP-5: a seq.
  uint64_t clean_below_ = 0;  // ManifestFile::base_seq of the outputs.
  CompactionPace pace_;
  bool is_paused_ = false;
  uint64_t thorough_below_ = 0;  // Of an operator's request: a file id.
  uint64_t bytes_done_ = 0;      // Of the inputs, read or passed over.
  uint64_t freed_bytes_ = 0;
  uint64_t barrier_ = 0;  // CMP-4: a log position.
  ReadyList<DamagedEntry> damaged_;
  ReadyList<DamageRange> looked_into_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_COMPACTION_H_
