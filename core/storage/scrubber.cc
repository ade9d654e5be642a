#include "core/storage/scrubber.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"
#include "core/storage/header_block.h"

namespace orrery {

namespace {

constexpr uint64_t kScrubPieceBytes = uint64_t{256} << 10;
constexpr Duration kEditWait = 50 * kMillisecond;

}  // namespace

FileNumber Scrubber::file_number() const {
  return context_.disk.NumberOfSlot(slot_);
}

void Scrubber::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  Emit(transfer_.Begin(std::move(effect)), turn);
}

void Scrubber::Emit(DiskEffect effect, Turn& turn) const {
  context_.disk.Emit({.part = StorePart::kScrub,
                      .handle = {static_cast<uint32_t>(step_), 1},
                      .priority = DiskPriority::kScrub},
                     std::move(effect), turn);
}

// ---- Which file, and when ----

void Scrubber::Start(Turn& turn) {
  ArmNext(std::min(Spacing(), kAfterStart), turn);
}

// SCR-3
Duration Scrubber::Spacing() const {
  const auto files = static_cast<int64_t>(files_.size());
  return context_.options.scrub_pass / std::max<int64_t>(files, 1);
}

void Scrubber::ArmNext(Duration after, Turn& turn) const {
  turn.timers.Arm(TimerKind::kScrub,
                  {static_cast<uint32_t>(context_.options.id), 1},
                  turn.now() + after);
}

std::optional<uint16_t> Scrubber::NextFile() const {
  const uint64_t upto = manifest_.state().scrubbed_upto;
  for (auto at = files_.by_id().upper_bound(upto); at != files_.by_id().end();
       ++at) {
    const DataFile& file = files_.At(at->second);
    const bool is_there =
        file.sealed && !file.is_doomed && file.state != DataFile::State::kGone;
    if (is_there && manifest_.state().files.contains(file.id)) {
      return at->second;
    }
  }
  return std::nullopt;
}

TaskAnswer Scrubber::CheckAll(Turn& turn) {
  const bool was_pressed = is_pressed_;
  TaskAnswer answer{.state = was_pressed ? TaskAnswer::State::kRunning
                                         : TaskAnswer::State::kStarted};
  for (const auto& [id, slot] : files_.by_id()) {
    const DataFile& file = files_.At(slot);
    if (!file.sealed || file.is_doomed) continue;
    ++answer.files;
    answer.bytes += file.length;
  }
  if (answer.files == 0) return {};
  if (was_pressed) return answer;
  is_pressed_ = true;
  if (!IsIdle()) {
    begins_anew_ = true;
    return answer;
  }
  manifest_.Append(ScrubEdit{0}, {}, turn);
  ArmNext(Duration{}, turn);
  return answer;
}

void Scrubber::Count(StoreCounters* counters) const {
  counters->scrub_files_left = 0;
  if (!is_pressed_) return;
  for (const auto& [id, slot] : files_.by_id()) {
    const bool is_done = !begins_anew_ && id <= manifest_.state().scrubbed_upto;
    if (!is_done && files_.At(slot).sealed) ++counters->scrub_files_left;
  }
}

void Scrubber::OnTimer(Turn& turn) {
  if (step_ == Step::kPause && snapshot_.has_value()) {
    step_ = Step::kReadIndex;
    return Emit(snapshot_->Go(), turn);
  }
  if (step_ == Step::kPause) return ReadPiece(turn);
  if (!IsIdle() || is_stopped_ || manifest_.IsFailed()) return;
  // How far it is says the manifest, and an edit of it may be under way.
  if (!manifest_.IsIdle()) return ArmNext(kEditWait, turn);
  const std::optional<uint16_t> slot = NextFile();
  if (slot.has_value()) return Begin(*slot, turn);
  if (is_pressed_ || manifest_.state().scrubbed_upto != 0) {
    turn.effects.Mark("storage.scrub_pass_done");
    ++context_.counters.scrub_passes;
    is_pressed_ = false;
    manifest_.Append(ScrubEdit{0}, {}, turn);
  }
  ArmNext(Spacing(), turn);
}

// ---- One file ----

void Scrubber::Begin(uint16_t slot, Turn& turn) {
  slot_ = slot;
  is_second_ = false;
  files_.Pin(slot);
  step_ = Step::kOpen;
  if (files_.EnsureOpen(slot, turn)) DropCache(turn);
}

void Scrubber::OnFileOpened(uint16_t slot, Turn& turn) {
  if (step_ == Step::kOpen && slot == slot_) DropCache(turn);
}

// Whoever needs the file will say that it cannot be opened.
void Scrubber::OnFileFailed(uint16_t slot, Turn& turn) {
  if (step_ != Step::kOpen || slot != slot_) return;
  turn.effects.Mark("storage.scrub_could_not_open");
  FinishFile(turn);
}

void Scrubber::DropCache(Turn& turn) {
  Submit(Step::kDropCache,
         {.verb = DiskVerb::kDropCache, .file = file_number()}, turn);
}

void Scrubber::ReadHeader(Turn& turn) {
  Submit(Step::kReadHeader,
         {.verb = DiskVerb::kRead,
          .file = file_number(),
          .length = kHeaderBlockBytes},
         turn);
}

void Scrubber::OnHeaderRead(const DiskDone& done, Turn& turn) {
  const DataFile& file = files_.At(slot_);
  HeaderBlock header;
  is_header_bad_ = done.error != DiskError::kNone ||
                   DecodeHeaderBlock(done.data.view(), FileMagic::kData,
                                     &header) != HeaderCheck::kValid ||
                   header.number != file.id || header.salt != file.salt;
  scan_.emplace(FileScan::Options{
      .file = file_number(),
      .on_error = FileScan::OnError::kPassPage,
      .segment = {.salt = file.salt,
                  .from = kHeaderBlockBytes,
                  .upto = file.length,
                  .key_bytes_max = context_.options.key_bytes_max,
                  .piece_bytes = kScrubPieceBytes}});
  audit_.Begin(file.id, slot_);
  ReadPiece(turn);
}

void Scrubber::ReadPiece(Turn& turn) {
  if (scan_->IsDone()) return FinishScan(turn);
  step_ = Step::kRead;
  Emit(scan_->Read(), turn);
}

void Scrubber::OnPieceRead(const DiskDone& part, Turn& turn) {
  if (std::optional<DiskEffect> rest = scan_->Take(part)) {
    return Emit(*std::move(rest), turn);
  }
  SegmentScan::Item item;
  while (scan_->Next(&item)) audit_.Take(item);
  PauseFor(scan_->read_bytes(), turn);
}

void Scrubber::PauseFor(uint64_t bytes, Turn& turn) {
  context_.counters.scrubbed_bytes += bytes;
  const auto microseconds = static_cast<int64_t>(
      bytes * 1000000 / context_.options.limits.scrub_rate);
  step_ = Step::kPause;
  ArmNext(microseconds * kMicrosecond, turn);
}

void Scrubber::FinishScan(Turn& turn) {
  scan_.reset();
  DataFile& file = files_.At(slot_);
  // Compacted meanwhile: nobody needs it.
  if (!manifest_.state().files.contains(file.id)) return FinishFile(turn);
  const FileAudit::Verdict verdict =
      audit_.Finish(manifest_.state(), file.length);
  if (verdict == FileAudit::Verdict::kWhole && !is_header_bad_) {
    return CheckIndex(turn);
  }
  if (!is_second_) {  // SCR-2
    turn.effects.Mark("storage.scrub_reads_again");
    is_second_ = true;
    return DropCache(turn);
  }
  if (verdict == FileAudit::Verdict::kDamaged) return SayDamage(turn);
  turn.effects.Mark("storage.scrub_found_wear");
  // One that compaction may not take is found again in each pass.
  if (std::exchange(file.is_worn, true)) return CheckIndex(turn);
  turn.effects.notes.push_back(
      {.kind = Note::Kind::kDamage,
       .number = is_header_bad_ ? 0 : audit_.gaps().front().from,
       .text = context_.disk.DataPath(file.id)});
  CheckIndex(turn);
}

// ---- Its index snapshot ----

// One that is to be written is not there yet.  Where data is damaged it is what
// names the keys at the next start, and nothing could be put in its place.
void Scrubber::CheckIndex(Turn& turn) {
  const DataFile& file = files_.At(slot_);
  if (!file.has_index || file.lacks_index) return FinishFile(turn);
  has_strange_row_ = false;
  snapshot_.emplace(
      context_.SnapshotSourceOf(manifest_.state().files.at(file.id)),
      IndexSnapshotReader::Options{
          .file = context_.disk.NumberOfScrubbedIndex(),
          .path = context_.disk.IndexPath(file.id),
          .drops_cache = true});
  step_ = Step::kReadIndex;
  Emit(snapshot_->Open(), turn);
}

void Scrubber::OnIndexStep(const DiskDone& part, Turn& turn) {
  if (std::optional<DiskEffect> next = snapshot_->Take(part)) {
    return Emit(*std::move(next), turn);
  }
  if (snapshot_->IsEnded()) return EndIndex(turn);
  SnapshotRow row;
  while (snapshot_->Next(&row)) {
    if (!audit_.HasRecordAt(row.offset())) has_strange_row_ = true;
  }
  PauseFor(snapshot_->read_bytes(), turn);
}

void Scrubber::EndIndex(Turn& turn) {
  DataFile& file = files_.At(slot_);
  const bool is_good = snapshot_->IsGood() && !has_strange_row_;
  const bool is_out_of_reach = snapshot_->IsOutOfReach();
  snapshot_.reset();
  if (is_out_of_reach) {
    turn.effects.Mark("storage.scrub_could_not_open");
  } else if (!is_good) {
    turn.effects.Mark("storage.scrub_found_bad_index");
    turn.effects.notes.push_back({.kind = Note::Kind::kIndexSnapshotBad,
                                  .text = context_.disk.IndexPath(file.id)});
    file.lacks_index = true;
    found_bad_index_ = true;
  }
  FinishFile(turn);
}

void Scrubber::SayDamage(Turn& turn) {
  DataFile& file = files_.At(slot_);
  file.damaged = true;
  for (const DamageRange& gap : audit_.new_gaps()) {
    turn.effects.Mark("storage.scrub_found_damage");
    manifest_.Append(DamageEdit{gap}, {}, turn);
    turn.effects.notes.push_back({.kind = Note::Kind::kDamage,
                                  .number = gap.from,
                                  .text = context_.disk.DataPath(file.id)});
  }
  step_ = Step::kMarkDamaged;
  turn.effects.more = true;
}

void Scrubber::OnTick(Turn& turn) {
  if (step_ != Step::kMarkDamaged) return;
  if (!audit_.FindWanting(index_, &damaged_)) {
    turn.effects.more = true;
    return;
  }
  for (const DamageRange& gap : audit_.new_gaps()) looked_into_.push_back(gap);
  FinishFile(turn);
}

void Scrubber::FinishFile(Turn& turn) {
  const uint64_t id = files_.At(slot_).id;
  step_ = Step::kIdle;
  scan_.reset();
  audit_.Clear();
  ++context_.counters.scrubbed_files;
  manifest_.Append(ScrubEdit{begins_anew_ ? 0 : id}, {}, turn);
  begins_anew_ = false;
  files_.Unpin(slot_, turn);
  if (!is_stopped_) ArmNext(is_pressed_ ? Duration{} : Spacing(), turn);
}

void Scrubber::FindValues(const DiskDone& done,
                          std::vector<ByteSpan>* spans) const {
  if (step_ == Step::kRead) scan_->FindValues(done, spans);
}

void Scrubber::OnDiskDone(const DiskDone& part, Turn& turn) {
  if (step_ == Step::kRead) return OnPieceRead(part, turn);
  if (step_ == Step::kReadIndex) return OnIndexStep(part, turn);
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) {
    return Emit(*std::move(rest), turn);
  }
  switch (step_) {
    case Step::kDropCache:
      return ReadHeader(turn);
    case Step::kReadHeader:
      return OnHeaderRead(done, turn);
    case Step::kIdle:
    case Step::kOpen:
    case Step::kRead:
    case Step::kPause:
    case Step::kMarkDamaged:
    case Step::kReadIndex:
      ORRERY_UNREACHABLE("an operation nobody asked for");
  }
}

}  // namespace orrery
