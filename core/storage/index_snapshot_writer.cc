#include "core/storage/index_snapshot_writer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/storage/record.h"

namespace orrery {

namespace {

constexpr size_t kDataPieceBytes = size_t{256} << 10;
constexpr size_t kIndexPieceBytes = 4 * kSnapshotBlockBytes;
// Sorted in about 100 us.
constexpr uint32_t kRowsPerPart = 2048;

// How many first bits of the token tell the parts apart.
uint32_t PartBitsOf(uint32_t records) {
  return static_cast<uint32_t>(std::bit_width(records / kRowsPerPart));
}

}  // namespace

std::string IndexSnapshotWriter::TmpPath() const {
  return context_.disk.IndexPath(source_.file) + ".tmp";
}

void IndexSnapshotWriter::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  Emit(transfer_.Begin(std::move(effect)), turn);
}

void IndexSnapshotWriter::Emit(DiskEffect effect, Turn& turn) const {
  context_.disk.Emit({.part = StorePart::kIndexSnapshot,
                      .handle = {static_cast<uint32_t>(step_), 1},
                      .priority = DiskPriority::kScrub},
                     std::move(effect), turn);
}

void IndexSnapshotWriter::Pump(Turn& turn) {
  if (!is_awake_ || is_closed_ || !IsIdle()) return;
  if (!manifest_.IsStarted()) return;
  const std::optional<uint64_t> id = FindFile();
  if (id.has_value() && HasRoomFor(manifest_.state().files.at(*id))) {
    return Begin(*id, turn);
  }
  is_awake_ = false;
}

// What space there is is for data.
bool IndexSnapshotWriter::HasRoomFor(const ManifestFile& listed) const {
  const SpaceGovernor& space = context_.space;
  if (manifest_.IsFull() || space.IsFull() || space.IsTight()) return false;
  const uint64_t blocks = SnapshotBlocksOf(listed.summary.record_count);
  return SnapshotBytesOf(blocks) <= space.room_for_job();
}

// The first one behind looked_upto_.
std::optional<uint64_t> IndexSnapshotWriter::FindFile() const {
  const auto& listed = manifest_.state().files;
  for (auto it = listed.upper_bound(looked_upto_); it != listed.end(); ++it) {
    if (MayHaveOne(it->second)) return it->first;
  }
  return std::nullopt;
}

bool IndexSnapshotWriter::MayHaveOne(const ManifestFile& listed) const {
  if (!listed.sealed || !files_.Contains(listed.id)) return false;
  const DataFile& file = files_.At(files_.SlotOf(listed.id));
  if (!file.lacks_index || file.is_doomed || file.has_cells) return false;
  if (listed.summary.record_count > kSnapshotRowsMax) return false;
  const std::vector<DamageRange>& damages = manifest_.state().damages;
  return std::none_of(
      damages.begin(), damages.end(),
      [&listed](const DamageRange& range) { return range.file == listed.id; });
}

void IndexSnapshotWriter::Begin(uint64_t id, Turn& turn) {
  const ManifestFile& listed = manifest_.state().files.at(id);
  looked_upto_ = id;
  slot_ = files_.SlotOf(id);
  source_ = context_.SnapshotSourceOf(listed);
  data_length_ = listed.length;
  files_.Pin(slot_);  // IXW-3
  step_ = Step::kOpenData;
  if (files_.EnsureOpen(slot_, turn)) StartScan(turn);
}

void IndexSnapshotWriter::OnFileOpened(uint16_t slot, Turn& turn) {
  if (step_ == Step::kOpenData && slot == slot_) StartScan(turn);
}

void IndexSnapshotWriter::OnFileFailed(uint16_t slot, Turn& turn) {
  if (step_ == Step::kOpenData && slot == slot_) GiveUp(turn);
}

void IndexSnapshotWriter::StartScan(Turn& turn) {
  scan_.emplace(FileScan::Options{
      .file = context_.disk.NumberOfSlot(slot_),
      .segment = {.salt = source_.salt,
                  .from = kHeaderBlockBytes,
                  .upto = data_length_,
                  .key_bytes_max = context_.options.key_bytes_max,
                  .piece_bytes = kDataPieceBytes}});
  scanned_ = {};
  rows_.resize(size_t{1} << PartBitsOf(source_.summary.record_count));
  Continue(turn);
}

void IndexSnapshotWriter::Continue(Turn& turn) {
  // Another job has made it superfluous.
  if (files_.At(slot_).is_doomed) return GiveUp(turn);
  SegmentScan::Item item;
  while (scan_->Next(&item)) {
    if (!TakeItem(item)) return GiveUp(turn);
  }
  if (scan_->IsDone()) return FinishScan(turn);
  step_ = Step::kReadData;
  Emit(scan_->Read(), turn);
}

void IndexSnapshotWriter::OnPieceRead(const DiskDone& part, Turn& turn) {
  if (std::optional<DiskEffect> rest = scan_->Take(part)) {
    return Emit(*std::move(rest), turn);
  }
  if (scan_->HasFailed()) return GiveUp(turn);
  Continue(turn);
}

// False: it can have no snapshot.
bool IndexSnapshotWriter::TakeItem(const SegmentScan::Item& item) {
  if (item.kind != SegmentScan::Item::Kind::kRecord) return true;
  const RecordView view = ViewRecord(item.header, item.record);
  if (item.header.IsControl()) {
    return ControlKindOf(view.value) != ControlKind::kCell;
  }
  if (scanned_.record_count == source_.summary.record_count) return false;
  scanned_.Add(MemberOf(item.header));
  const KeyHash hash = context_.HashOf(TextOf(view.key));
  const auto units = static_cast<uint32_t>(item.header.bytes() / kRecordAlign);
  ORRERY_INVARIANT(units <= SnapshotRow::kLengthUnitsMax);
  const int shift = 64 - std::countr_zero(rows_.size());
  const uint64_t part = shift == 64 ? 0 : hash.token >> shift;
  rows_[static_cast<size_t>(part)].push_back(
      {.hash = hash,
       .seq = item.header.seq,
       .timestamp = item.header.timestamp,
       .digest = view.digest,
       .offset_units = static_cast<uint32_t>(item.from / kRecordAlign),
       .length_units =
           units | (item.header.deleted ? SnapshotRow::kTombstone : 0)});
  return true;
}

void IndexSnapshotWriter::FinishScan(Turn& turn) {
  scan_.reset();
  scanned_.data_length = source_.summary.data_length;
  if (scanned_ != source_.summary) {  // IXW-2
    // Damage: whoever reads, compacts or recovers it tells.
    turn.effects.Mark("storage.index_snapshot_met_damage");
    return GiveUp(turn);
  }
  next_part_ = 0;
  encoder_ = {};
  buffer_.resize(kHeaderBlockBytes);
  written_ = 0;
  Submit(Step::kOpen,
         {.verb = DiskVerb::kOpen,
          .file = context_.disk.NumberOfIndexSnapshot(),
          .create = true,
          .path = TmpPath()},
         turn);
}

void IndexSnapshotWriter::WriteNext(Turn& turn) {
  if (files_.At(slot_).is_doomed) return GiveUp(turn);
  while (next_part_ < rows_.size() && buffer_.size() < kIndexPieceBytes) {
    std::vector<SnapshotRow>& part = rows_[next_part_++];
    Sort(part.begin(), part.end(), IsBefore);
    for (const SnapshotRow& row : part) encoder_.Add(row, buffer_);
    part = std::vector<SnapshotRow>();
  }
  const bool is_last = next_part_ == rows_.size();
  if (is_last) encoder_.Finish(buffer_);
  size_t whole = buffer_.size();
  if (!encoder_.IsBetweenBlocks()) whole -= kSnapshotBlockBytes;
  if (whole == 0) return Extend(turn);
  submitted_ = whole;
  // The zeros behind the last row need no block on the disk.
  if (is_last && encoder_.last_block_bytes() > 0) {
    submitted_ -= kSnapshotBlockBytes - encoder_.last_block_bytes();
  }
  Bytes data =
      Bytes::CopyOf(ByteView(buffer_).first(static_cast<size_t>(submitted_)));
  buffer_.erase(buffer_.begin(),
                buffer_.begin() + static_cast<ptrdiff_t>(whole));
  Submit(Step::kWrite,
         {.verb = DiskVerb::kWrite,
          .file = context_.disk.NumberOfIndexSnapshot(),
          .offset = written_,
          .data = {std::move(data)}},
         turn);
}

void IndexSnapshotWriter::OnWritten(const DiskDone& done, Turn& turn) {
  if (done.count != submitted_) return GiveUp(turn);
  written_ += submitted_;
  context_.counters.bytes_written += submitted_;
  if (next_part_ < rows_.size() || !buffer_.empty()) return WriteNext(turn);
  Extend(turn);
}

void IndexSnapshotWriter::Extend(Turn& turn) {
  Submit(Step::kExtend,
         {.verb = DiskVerb::kTruncate,
          .file = context_.disk.NumberOfIndexSnapshot(),
          .length =
              SnapshotBytesOf(SnapshotBlocksOf(source_.summary.record_count))},
         turn);
}

void IndexSnapshotWriter::FindValues(const DiskDone& done,
                                     std::vector<ByteSpan>* spans) const {
  if (step_ == Step::kReadData) scan_->FindValues(done, spans);
}

void IndexSnapshotWriter::OnDiskDone(const DiskDone& part, Turn& turn) {
  ORRERY_INVARIANT(part.token.handle.slot == static_cast<uint32_t>(step_));
  if (step_ == Step::kReadData) return OnPieceRead(part, turn);
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) {
    return Emit(*std::move(rest), turn);
  }
  const bool has_failed = done.error != DiskError::kNone;
  const bool may_fail = step_ == Step::kClose || step_ == Step::kGiveUpClose ||
                        step_ == Step::kGiveUpUnlink;
  if (has_failed && !may_fail) return GiveUp(turn);
  const FileNumber file = context_.disk.NumberOfIndexSnapshot();
  switch (step_) {
    case Step::kOpen:  // What an earlier attempt left goes.
      return Submit(Step::kClear, {.verb = DiskVerb::kTruncate, .file = file},
                    turn);
    case Step::kClear:
      EncodeSnapshotHeader(source_,
                           {.created = static_cast<uint64_t>(turn.wall().ns),
                            .generation = context_.open.generation},
                           buffer_.data());
      return WriteNext(turn);
    case Step::kWrite:
      return OnWritten(done, turn);
    case Step::kExtend:
      return Submit(Step::kSync, {.verb = DiskVerb::kSync, .file = file}, turn);
    case Step::kSync:
      return Submit(Step::kClose, {.verb = DiskVerb::kClose, .file = file},
                    turn);
    case Step::kClose:
      files_.At(slot_).has_index = true;  // Whatever becomes of the rename.
      return Submit(Step::kRename,        // IXW-1
                    {.verb = DiskVerb::kRename,
                     .path = TmpPath(),
                     .path2 = context_.disk.IndexPath(source_.file)},
                    turn);
    case Step::kRename:
      return Submit(
          Step::kSyncDir,
          {.verb = DiskVerb::kSyncDir, .path = context_.disk.directory()},
          turn);
    case Step::kSyncDir:
      turn.effects.Mark("storage.index_snapshot_written");
      ++context_.counters.index_snapshots;
      return EndFile(turn);
    case Step::kGiveUpClose:
      return Submit(Step::kGiveUpUnlink,
                    {.verb = DiskVerb::kUnlink, .path = TmpPath()}, turn);
    case Step::kGiveUpUnlink:
      return EndFile(turn);
    case Step::kIdle:
    case Step::kOpenData:
    case Step::kReadData:
      ORRERY_UNREACHABLE("an operation nobody asked for");
  }
}

// Until the next start it is done without.
void IndexSnapshotWriter::GiveUp(Turn& turn) {
  if (!files_.At(slot_).is_doomed) {
    turn.effects.Mark("storage.index_snapshot_given_up");
    ++context_.counters.index_snapshots_given_up;
  }
  switch (step_) {
    case Step::kOpenData:
    case Step::kReadData:
    case Step::kOpen:
      return EndFile(turn);
    case Step::kClear:
    case Step::kWrite:
    case Step::kExtend:
    case Step::kSync:
      return Submit(Step::kGiveUpClose,
                    {.verb = DiskVerb::kClose,
                     .file = context_.disk.NumberOfIndexSnapshot()},
                    turn);
    case Step::kRename:
    case Step::kSyncDir:
      return Submit(Step::kGiveUpUnlink,
                    {.verb = DiskVerb::kUnlink, .path = TmpPath()}, turn);
    case Step::kIdle:
    case Step::kClose:
    case Step::kGiveUpClose:
    case Step::kGiveUpUnlink:
      ORRERY_UNREACHABLE("nothing to give up");
  }
}

void IndexSnapshotWriter::EndFile(Turn& turn) {
  step_ = Step::kIdle;
  scan_.reset();
  rows_ = {};
  buffer_ = ByteBuffer();
  files_.At(slot_).lacks_index = false;
  files_.Unpin(slot_, turn);
  Pump(turn);
}

}  // namespace orrery
