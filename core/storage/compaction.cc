#include "core/storage/compaction.h"

#include <algorithm>
#include <utility>

#include "core/base/coding.h"
#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/storage/control_record.h"
#include "core/storage/record.h"
#include "core/storage/victim_chooser.h"

namespace orrery {

namespace {

constexpr uint64_t kPieceBytes = uint64_t{256} << 10;
constexpr size_t kMovesPerTick = 4096;
// A job is worth its while that frees this share of what it read.
constexpr uint64_t kWorthwhileShare = 10;

}  // namespace

std::vector<uint16_t> Compaction::ChooseInputs(Turn& turn) const {
  const uint64_t room = context_.space.room_for_job();
  if (!context_.space.IsFull()) {
    return ChooseVictims(
        files_, manifest_.state(),
        {.max_file_bytes = context_.space.file_bytes_max(),
         .live_bytes_max = std::min(kVictimLiveBytesMax, room),
         .drops_tombstones = context_.options.drops_tombstones,
         .thorough_below = thorough_below_,
         .takes_repaired = manifest_.IsIdle(),
         .now = turn.now(),
         .wall_ns = static_cast<uint64_t>(turn.cluster_wall().ns)});
  }
  Relief relief = ChooseRelief(files_, room);
  if (relief.wants_room) context_.space.YieldToJob(turn);  // Comes again then.
  if (relief.copies) turn.effects.Mark("storage.relief_started");
  return std::move(relief.slots);
}

void Compaction::Check(Turn& turn) {
  if (!IsIdle()) return;
  inputs_ = ChooseInputs(turn);
  if (inputs_.empty()) {
    thorough_below_ = 0;
    return;
  }
  turn.effects.Mark("storage.compaction_started");
  next_input_ = 0;
  freed_bytes_ = 0;
  bytes_done_ = 0;
  for (const uint16_t slot : inputs_) files_.Pin(slot);
  drop_below_ = DropBelow();
  clean_below_ = writer_.LeastQueuedSeq();
  OpenNextInput(turn);
}

TaskAnswer Compaction::CheckAll(Turn& turn) {
  const bool was_idle = IsIdle();
  thorough_below_ = context_.next_file_id;
  Check(turn);
  if (IsIdle()) return {};
  StoreCounters job;
  Count(&job);
  return {.state = was_idle ? TaskAnswer::State::kStarted
                            : TaskAnswer::State::kRunning,
          .files = job.compacting_files,
          .bytes = job.compacting_bytes};
}

void Compaction::Count(StoreCounters* counters) const {
  counters->compacting_files = inputs_.size();
  counters->compacting_bytes = 0;
  for (const uint16_t slot : inputs_) {
    counters->compacting_bytes += files_.At(slot).length;
  }
  counters->compacted_bytes = IsIdle() ? 0 : bytes_done_;
}

// CMP-5: a tombstone with a lower seq hides nothing outside of the job.
uint64_t Compaction::DropBelow() const {
  const ManifestState& listed = manifest_.state();
  // Doubt of another kind is about what the files do not hold.
  const bool is_certain = listed.damages.empty() &&
                          listed.suspect.reason != SuspectReason::kManifestLost;
  if (!context_.options.drops_tombstones || !is_certain) return 0;
  uint64_t least = writer_.LeastUnsealedSeq();
  for (const auto& [id, file] : listed.files) {
    if (!file.sealed || file.summary.record_count == 0) continue;
    const bool is_input =
        std::any_of(inputs_.begin(), inputs_.end(),
                    [&](uint16_t slot) { return files_.At(slot).id == id; });
    if (!is_input) least = std::min(least, HidesNothingBelow(file));
  }
  return least;
}

void Compaction::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  Emit(transfer_.Begin(std::move(effect)), turn);
}

void Compaction::Emit(DiskEffect effect, Turn& turn) const {
  context_.disk.Emit({.part = StorePart::kCompaction,
                      .handle = {static_cast<uint32_t>(step_), 1},
                      .priority = DiskPriority::kCompaction},
                     std::move(effect), turn);
}

void Compaction::OpenNextInput(Turn& turn) {
  // Wholly dead files are dropped unread.
  while (next_input_ < inputs_.size() &&
         files_.At(inputs_[next_input_]).live_bytes == 0) {
    bytes_done_ += files_.At(inputs_[next_input_]).length;
    ++next_input_;
  }
  if (next_input_ == inputs_.size()) return AfterInputs(turn);
  step_ = Step::kOpenInput;
  if (files_.EnsureOpen(inputs_[next_input_], turn)) StartScan(turn);
}

void Compaction::OnFileOpened(uint16_t slot, Turn& turn) {
  if (step_ == Step::kOpenInput && slot == inputs_[next_input_]) {
    StartScan(turn);
  }
}

void Compaction::OnFileFailed(uint16_t slot, Turn& turn) {
  if (step_ == Step::kOpenInput && slot == inputs_[next_input_]) Abort(turn);
}

void Compaction::StartScan(Turn& turn) {
  const DataFile& file = files_.At(inputs_[next_input_]);
  scan_.emplace(FileScan::Options{
      .file = context_.disk.NumberOfSlot(inputs_[next_input_]),
      .on_error = FileScan::OnError::kPassPage,
      .segment = {.salt = file.salt,
                  .from = kHeaderBlockBytes,
                  .upto = file.length,
                  .key_bytes_max = context_.options.key_bytes_max,
                  .piece_bytes = kPieceBytes}});
  audit_.Begin(file.id, inputs_[next_input_]);
  Continue(turn);
}

// Whether it is too early for more; then a timer will go on.  While the disk is
// full every write waits for the space that the job frees.
bool Compaction::MustWait(Turn& turn) {
  if (context_.space.IsFull() || pace_.MayGoOn(turn.now())) return false;
  is_paused_ = true;
  turn.effects.Mark("storage.compaction_paused");
  turn.timers.Arm(TimerKind::kCompactionPace,
                  {static_cast<uint32_t>(context_.options.id), 1},
                  pace_.next());
  return true;
}

void Compaction::OnPaceTimer(Turn& turn) {
  if (!is_paused_) return;
  is_paused_ = false;
  Continue(turn);
}

// Goes on until an operation is under way.
void Compaction::Continue(Turn& turn) {
  while (true) {
    if (buffer_.size() >= kPieceBytes) {
      if (MustWait(turn)) return;
      return Flush(turn);
    }
    if (!pending_.has_value()) {
      SegmentScan::Item item;
      if (scan_->Next(&item)) {
        pending_ = item;
      } else if (scan_->IsDone()) {
        if (!FinishInput(turn)) {
          step_ = Step::kMarkDamaged;
          turn.effects.more = true;
          return;
        }
        ++next_input_;
        return OpenNextInput(turn);
      } else {
        if (!MustWait(turn)) ReadPiece(turn);
        return;
      }
    }
    const bool is_record = pending_->kind == SegmentScan::Item::Kind::kRecord;
    if (is_record && !TakeRecord(turn)) return;
    audit_.Take(*pending_);
    pending_.reset();
  }
}

void Compaction::ReadPiece(Turn& turn) {
  step_ = Step::kRead;
  DiskEffect read = scan_->Read();
  pace_.Spend(read.length, turn.now());
  bytes_done_ += read.length;
  Emit(std::move(read), turn);
}

void Compaction::OnPieceRead(const DiskDone& part, Turn& turn) {
  if (std::optional<DiskEffect> rest = scan_->Take(part)) {
    return Emit(*std::move(rest), turn);
  }
  Continue(turn);
}

bool Compaction::PointsHere(const KeyHash& hash, RecordAddress address,
                            uint64_t seq) const {
  IndexEntry entry;
  return index_.Find(hash, &entry) && entry.address == address &&
         entry.seq == seq;
}

// False: waits for an output, and comes again.
bool Compaction::TakeRecord(Turn& turn) {
  const SegmentScan::Item& item = *pending_;
  if (item.header.IsControl()) return true;
  const RecordView view = ViewRecord(item.header, item.record);
  const KeyHash hash = context_.HashOf(TextOf(view.key));
  const uint64_t bytes = item.header.bytes();
  const RecordAddress from(inputs_[next_input_], item.from, bytes);
  const bool is_current = PointsHere(hash, from, item.header.seq);
  if (is_current && item.header.deleted && item.header.seq < drop_below_) {
    drops_.push_back({hash, from, {}});
  } else if (is_current) {
    if (!has_output_) {
      StartOutput(turn);
      return false;
    }
    Output& output = outputs_.back();
    const bool is_full =
        output.offset + bytes + kSealBytes > context_.space.file_bytes_max();
    if (is_full && output.file.summary.record_count > 0) {
      SealOutput(turn);
      return false;
    }
    const size_t at = buffer_.size();
    buffer_.resize(at + bytes);
    const RecordFields fields{.timestamp = item.header.timestamp,
                              .deleted = item.header.deleted,
                              .seq = item.header.seq,
                              .digest = view.digest,
                              .meta = view.meta,
                              .key = view.key,
                              .value = view.value};
    EncodeRecord(fields, {output.file.salt, output.offset},
                 buffer_.data() + at);
    moves_.push_back(
        {hash, from, RecordAddress(output.slot, output.offset, bytes)});
    output.offset += bytes;
    output.file.summary.Add({.crc = LoadU32(buffer_.data() + at),
                             .seq = item.header.seq,
                             .timestamp = item.header.timestamp,
                             .tombstone = item.header.deleted});
  }
  return true;
}

// Whatever stood there was replaced since, or is given up.
bool Compaction::AreRepaired(const std::vector<DamageRange>& gaps) const {
  const std::vector<DamageRange>& known = manifest_.state().damages;
  return std::all_of(
      gaps.begin(), gaps.end(), [&known](const DamageRange& gap) {
        return std::any_of(
            known.begin(), known.end(), [&gap](const DamageRange& range) {
              return range.Is(gap) &&
                     range.state == DamageRange::State::kRepaired;
            });
      });
}

// Whether all that the file must hold was there (CMP-2).
bool Compaction::FinishInput(Turn& turn) {
  scan_.reset();
  DataFile& file = files_.At(inputs_[next_input_]);
  const FileAudit::Verdict verdict =
      audit_.Finish(manifest_.state(), file.length);
  if (verdict != FileAudit::Verdict::kDamaged) return true;
  if (AreRepaired(audit_.gaps())) {
    turn.effects.Mark("storage.compaction_passed_repaired");
    return true;
  }
  file.damaged = true;
  turn.effects.Mark("storage.compaction_met_damage");
  for (const DamageRange& gap : audit_.new_gaps()) {
    manifest_.Append(DamageEdit{gap}, {}, turn);
    turn.effects.notes.push_back({.kind = Note::Kind::kDamage,
                                  .number = gap.from,
                                  .text = context_.disk.DataPath(file.id)});
  }
  return false;
}

// ---- Outputs ----

void Compaction::StartOutput(Turn& turn) {
  Output output;
  output.file.id = context_.next_file_id++;
  output.file.kind = DataFileKind::kCompacted;
  output.file.salt = context_.SaltOf(output.file.id);
  output.file.base_seq = clean_below_;
  output.offset = kHeaderBlockBytes;
  const DataFile entry{.id = output.file.id,
                       .kind = DataFileKind::kCompacted,
                       .salt = output.file.salt,
                       .state = DataFile::State::kOpening,
                       .length = kHeaderBlockBytes};
  if (!files_.Add(entry, &output.slot)) return Abort(turn);
  files_.Pin(output.slot);
  outputs_.push_back(output);
  has_output_ = true;
  Submit(Step::kOpenOutput,
         {.verb = DiskVerb::kOpen,
          .file = context_.disk.NumberOfSlot(output.slot),
          .create = true,
          .exclusive = true,
          .path = context_.disk.DataPath(output.file.id)},
         turn);
}

void Compaction::AddHeader(Turn& turn) {
  Output& output = outputs_.back();
  buffer_.assign(kHeaderBlockBytes, std::byte{0});
  EncodeHeaderBlock({.magic = FileMagic::kData,
                     .data_kind = DataFileKind::kCompacted,
                     .storage = context_.open.storage,
                     .number = output.file.id,
                     .salt = output.file.salt,
                     .created = static_cast<uint64_t>(turn.wall().ns),
                     .generation = context_.open.generation},
                    {}, buffer_.data());
  output.header_crc = LoadU32(buffer_.data() + kHeaderCrcAt);
}

void Compaction::SealOutput(Turn& turn) {
  Output& output = outputs_.back();
  output.file.summary.data_length = output.offset;
  const auto payload = EncodeSeal({.summary = output.file.summary,
                                   .header_crc = output.header_crc,
                                   .file_id = output.file.id,
                                   .salt = output.file.salt});
  const size_t at = buffer_.size();
  buffer_.resize(at + kSealBytes);
  EncodeRecord({.seq = output.file.summary.max_seq,
                .meta = {},
                .key = {},
                .value = payload},
               {output.file.salt, output.offset}, buffer_.data() + at);
  output.offset += kSealBytes;
  output.file.sealed = true;
  output.file.length = output.offset;
  is_sealing_ = true;
  Flush(turn);
}

void Compaction::Flush(Turn& turn) {
  const Output& output = outputs_.back();
  submitted_ = buffer_.size();
  Bytes data = Bytes::CopyOf(buffer_);
  buffer_.clear();
  context_.counters.bytes_written += submitted_;
  pace_.Spend(submitted_, turn.now());
  context_.space.OnGrown(submitted_, turn);
  Submit(Step::kWrite,
         {.verb = DiskVerb::kWrite,
          .file = context_.disk.NumberOfSlot(output.slot),
          .offset = output.written,
          .data = {std::move(data)}},
         turn);
}

void Compaction::Fields(FieldSaver& save) const {
  FieldsOf(*this, save);
  save(pending_.has_value());
  if (!pending_.has_value()) return;
  save(pending_->kind, pending_->from, pending_->upto, pending_->header);
}

// The record that waits for an output stands in what the scan holds.
void Compaction::Fields(FieldLoader& load) {
  FieldsOf(*this, load);
  bool has_pending = false;
  load(has_pending);
  pending_.reset();
  if (!has_pending) return;
  pending_.emplace();
  load(pending_->kind, pending_->from, pending_->upto, pending_->header);
  load.Require(scan_.has_value());
  if (!load.ok()) return;
  pending_->record = scan_->Held(pending_->from, pending_->header.body_bytes());
  load.Require(!pending_->record.empty());
}

void Compaction::FindValues(const DiskDone& done,
                            std::vector<ByteSpan>* spans) const {
  if (step_ == Step::kRead) scan_->FindValues(done, spans);
}

void Compaction::AfterInputs(Turn& turn) {
  if (has_output_) return SealOutput(turn);
  if (outputs_.empty()) return AwaitDurable(turn);
  Submit(Step::kSyncDir,
         {.verb = DiskVerb::kSyncDir, .path = context_.disk.directory()}, turn);
}

void Compaction::OnDiskDone(const DiskDone& part, Turn& turn) {
  if (step_ == Step::kRead) return OnPieceRead(part, turn);
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) {
    return Emit(*std::move(rest), turn);
  }
  if (done.error == DiskError::kNoSpace) context_.space.OnNoSpace(turn);
  if (step_ == Step::kOpenOutput) {
    if (done.error != DiskError::kNone) {
      files_.OnNotMade(outputs_.back().slot);
      return Abort(turn);
    }
    files_.OnMade(outputs_.back().slot);
    AddHeader(turn);
    return Continue(turn);
  }
  if (done.error != DiskError::kNone) return Abort(turn);
  switch (step_) {
    case Step::kWrite: {
      if (done.count != submitted_) return Abort(turn);
      Output& output = outputs_.back();
      output.written += submitted_;
      if (!is_sealing_) return Continue(turn);
      return Submit(Step::kSync,
                    {.verb = DiskVerb::kSync,
                     .file = context_.disk.NumberOfSlot(output.slot)},
                    turn);
    }
    case Step::kSync: {
      Output& output = outputs_.back();
      DataFile& entry = files_.At(output.slot);
      entry.length = output.file.length;
      has_output_ = false;
      is_sealing_ = false;
      if (next_input_ == inputs_.size()) return AfterInputs(turn);
      return Continue(turn);
    }
    case Step::kSyncDir:
      return AwaitDurable(turn);
    case Step::kAwaitDurable:
    case Step::kIdle:
    case Step::kOpenInput:
    case Step::kRead:
    case Step::kOpenOutput:
    case Step::kSwap:
    case Step::kRelocate:
    case Step::kMarkDamaged:
      ORRERY_UNREACHABLE("an operation nobody asked for");
  }
}

// ---- The switch ----

// What an input's record was superseded by may be unsynced yet: a power loss
// would then take the new record, and the switch the old one.
void Compaction::AwaitDurable(Turn& turn) {
  step_ = Step::kAwaitDurable;
  barrier_ = writer_.log_end();
  OnDurable(turn);
}

void Compaction::OnDurable(Turn& turn) {
  if (step_ != Step::kAwaitDurable) return;
  if (writer_.durable_position() >= barrier_) return Swap(turn);
  if (writer_.IsReadOnly()) return Abort(turn);  // It never will be.
  turn.effects.Mark("storage.compaction_awaits_sync");
}

void Compaction::Swap(Turn& turn) {
  step_ = Step::kSwap;
  SwapEdit edit;
  for (const Output& output : outputs_) edit.outputs.push_back(output.file);
  for (const uint16_t slot : inputs_) {
    edit.inputs.push_back(files_.At(slot).id);
    freed_bytes_ += files_.At(slot).length;
  }
  manifest_.Append(std::move(edit), {EditOrigin::Kind::kSwap, 0}, turn);
}

void Compaction::OnSwapped(Turn& turn) {
  ORRERY_INVARIANT(step_ == Step::kSwap);
  step_ = Step::kRelocate;
  next_move_ = 0;
  turn.effects.more = true;
}

void Compaction::OnTick(Turn& turn) {
  if (step_ == Step::kRelocate) return RelocateSome(turn);
  if (step_ == Step::kMarkDamaged) return MarkDamaged(turn);
}

// Which keys are wanting only the index can say.
void Compaction::MarkDamaged(Turn& turn) {
  if (!audit_.FindWanting(index_, &damaged_)) {
    turn.effects.more = true;
    return;
  }
  for (const DamageRange& gap : audit_.new_gaps()) looked_into_.push_back(gap);
  Abort(turn);
}

void Compaction::RelocateSome(Turn& turn) {
  const size_t end = std::min(moves_.size(), next_move_ + kMovesPerTick);
  for (; next_move_ < end; ++next_move_) {
    const Move& move = moves_[next_move_];
    if (!index_.Relocate(move.hash, move.from, move.to)) {  // CMP-3
      turn.effects.Mark("storage.relocation_lost");
      continue;
    }
    files_.At(move.from.file_slot()).live_bytes -= move.from.bytes();
    files_.At(move.to.file_slot()).live_bytes += move.to.bytes();
  }
  if (next_move_ < moves_.size()) {
    turn.effects.more = true;
    return;
  }
  DropTombstones(turn);
  FinishJob(turn);
}

void Compaction::DropTombstones(Turn& turn) {
  for (const Move& drop : drops_) {
    IndexEntry old;
    if (!index_.Erase(drop.hash, drop.from, &old)) continue;
    turn.effects.Mark("storage.tombstone_dropped");
    files_.At(drop.from.file_slot()).live_bytes -= drop.from.bytes();
    context_.changes.push_back(
        {.token = drop.hash.token, .old_digest = old.digest, .new_digest = {}});
  }
}

void Compaction::FinishJob(Turn& turn) {
  const uint64_t read_bytes = freed_bytes_;
  Duration cooled;
  for (const uint16_t slot : inputs_) {
    cooled = std::max(cooled, files_.At(slot).cool_down);
  }
  for (const Output& output : outputs_) {
    freed_bytes_ -= std::min(freed_bytes_, output.file.length);
  }
  const bool freed_little = freed_bytes_ < read_bytes / kWorthwhileShare;
  for (const Output& output : outputs_) {
    files_.At(output.slot).sealed = true;
    if (freed_little) CoolDown(output.slot, cooled, turn);
    files_.Unpin(output.slot, turn);
  }
  for (const uint16_t slot : inputs_) {
    ORRERY_INVARIANT(files_.At(slot).live_bytes == 0);
    files_.Doom(slot, turn);
    files_.Unpin(slot, turn);
  }
  ++context_.counters.compactions;
  context_.counters.reclaimed_bytes += freed_bytes_;
  turn.effects.Mark("storage.compaction_done");
  turn.effects.notes.push_back(
      {.kind = Note::Kind::kCompaction, .number = freed_bytes_});
  EndJob();
  Check(turn);
}

void Compaction::CoolDown(uint16_t slot, Duration before, Turn& turn) {
  turn.effects.Mark("storage.compaction_cools_down");
  DataFile& file = files_.At(slot);
  file.cool_down = LongerCoolDown(before, context_.options.compact_interval);
  file.cools_until = turn.now() + file.cool_down;
}

// Whatever was copied is unlisted: its files are removed.
void Compaction::Abort(Turn& turn) {
  turn.effects.Mark("storage.compaction_aborted");
  for (const Output& output : outputs_) {
    files_.Doom(output.slot, turn);
    files_.Unpin(output.slot, turn);
  }
  for (const uint16_t slot : inputs_) files_.Unpin(slot, turn);
  EndJob();
}

void Compaction::EndJob() {
  step_ = Step::kIdle;
  is_paused_ = false;
  drops_.clear();
  drops_.shrink_to_fit();
  inputs_.clear();
  outputs_.clear();
  moves_.clear();
  moves_.shrink_to_fit();
  scan_.reset();
  pending_.reset();
  buffer_.clear();
  audit_.Clear();
  has_output_ = false;
  is_sealing_ = false;
}

}  // namespace orrery
