// Reading what is there: directories, manifest, every listed file.  Index
// snapshots: recovery_snapshots.cc.  What it means and what is done about it:
// recovery_judgement.cc.

#include "core/storage/recovery.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr size_t kRowsAhead = 8;
// Far above any state: 10,000 files take about 1 MiB.
constexpr uint64_t kManifestBytesMax = uint64_t{256} << 20;

}  // namespace

void Recovery::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  context_.disk.Emit({.part = StorePart::kRecovery,
                      .handle = {static_cast<uint32_t>(step), 1}},
                     transfer_.Begin(std::move(effect)), turn);
}

void Recovery::Start(Turn& turn) {
  ORRERY_INVARIANT(step_ == Step::kNew);
  const std::string& directory = context_.disk.directory();
  std::string parent = ".";
  for (size_t at = directory.find('/'); at != std::string::npos;
       at = directory.find('/', at + 1)) {
    directories_.emplace_back(directory.substr(0, at), parent);
    parent = directory.substr(0, at);
  }
  directories_.emplace_back(directory, parent);
  directories_.emplace_back(context_.disk.PathOf("quarantine"), directory);
  MakeNextDirectory(turn);
}

void Recovery::MakeNextDirectory(Turn& turn) {
  if (next_directory_ == directories_.size()) {
    return Submit(Step::kList,
                  {.verb = DiskVerb::kList, .path = context_.disk.directory()},
                  turn);
  }
  Submit(
      Step::kMakeDir,
      {.verb = DiskVerb::kMakeDir, .path = directories_[next_directory_].first},
      turn);
}

void Recovery::OnDiskDone(const DiskDone& part, Turn& turn) {
  if (step_ == Step::kFailed || step_ == Step::kRefused) return;
  ORRERY_INVARIANT(part.token.handle.slot == static_cast<uint32_t>(step_));
  if (step_ == Step::kReadPiece) return OnPieceRead(part, turn);
  if (step_ == Step::kReadIndex) return OnSnapshotStep(part, turn);
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) {
    std::vector<ByteSpan> values;
    if (step_ == Step::kReadCut) values.push_back({0, transfer_.read().size()});
    transfer_.SetValues(std::move(values));
    return context_.disk.Emit(
        {.part = StorePart::kRecovery, .handle = part.token.handle},
        *std::move(rest), turn);
  }
  const bool has_failed = done.error != DiskError::kNone;
  switch (step_) {
    case Step::kMakeDir:
      if (has_failed && done.error != DiskError::kExists) {
        return FailAt(directories_[next_directory_].first, "cannot be made",
                      done.error, turn);
      }
      // Synced even if it exists: a crash may have come before (B6).
      return Submit(Step::kSyncParent,
                    {.verb = DiskVerb::kSyncDir,
                     .path = directories_[next_directory_].second},
                    turn);
    case Step::kSyncParent:
      if (has_failed) {
        return FailAt(directories_[next_directory_].second, "cannot be synced",
                      done.error, turn);
      }
      ++next_directory_;
      return MakeNextDirectory(turn);
    case Step::kList:
      if (has_failed) {
        return FailAt(context_.disk.directory(), "cannot be listed", done.error,
                      turn);
      }
      return OnListed(done, turn);
    case Step::kListQuarantine:
      quarantined_ = done.names;
      if (manifest_generation_ == 0) {
        RebuildWithoutManifest();
        return ScanNextFile(turn);
      }
      return Submit(Step::kStatManifest,
                    {.verb = DiskVerb::kStat,
                     .path = context_.disk.ManifestPath(manifest_generation_)},
                    turn);
    case Step::kStatManifest:
    case Step::kOpenManifest:
    case Step::kReadManifest:
      return OnManifestStep(done, turn);
    case Step::kCloseManifest:
      return OnManifestRead(turn);
    case Step::kStatFile:
      return OnFileStat(done, turn);
    case Step::kDropCache:
      return ReadHeader(turn);
    case Step::kReadHeader:
      return OnHeaderRead(done, turn);
    case Step::kReadCut:
    case Step::kOpenBad:
    case Step::kWriteBad:
    case Step::kCloseBad:
      return OnCutDone(done, turn);
    case Step::kSyncTail:
      if (has_failed) {
        return FailAt(context_.disk.DataPath(cuts_[next_sync_].file),
                      "cannot be synced", done.error, turn);
      }
      ++next_sync_;
      return SyncNextTail(turn);
    case Step::kCleanup:
    case Step::kLateCleanup:
      ++next_cleanup_;
      return CleanupNext(turn);
    case Step::kNew:
    case Step::kOpenFile:
    case Step::kReadPiece:
    case Step::kReadIndex:
    case Step::kRoll:
    case Step::kDone:
    case Step::kFailed:
    case Step::kRefused:
      ORRERY_UNREACHABLE("an operation nobody asked for");
  }
}

// The manifest, until it is read.
void Recovery::OnManifestStep(const DiskDone& done, Turn& turn) {
  const std::string path = context_.disk.ManifestPath(manifest_generation_);
  // RVR-4: what cannot be read is not lost.
  if (done.error != DiskError::kNone) {
    return FailAt(path, "cannot be read", done.error, turn);
  }
  switch (step_) {
    case Step::kStatManifest:
      manifest_size_ = std::min(done.count, kManifestBytesMax);
      return Submit(Step::kOpenManifest,
                    {.verb = DiskVerb::kOpen,
                     .file = context_.disk.NumberOfScratch(),
                     .path = path},
                    turn);
    case Step::kOpenManifest:
      if (manifest_size_ == 0) break;
      return Submit(Step::kReadManifest,
                    {.verb = DiskVerb::kRead,
                     .file = context_.disk.NumberOfScratch(),
                     .length = manifest_size_},
                    turn);
    case Step::kReadManifest:
      manifest_bytes_.assign(done.data.view().begin(), done.data.view().end());
      break;
    default:
      ORRERY_UNREACHABLE("no step of the manifest");
  }
  Submit(Step::kCloseManifest,
         {.verb = DiskVerb::kClose, .file = context_.disk.NumberOfScratch()},
         turn);
}

void Recovery::OnListed(const DiskDone& done, Turn& turn) {
  names_ = done.names;
  for (const std::string& name : names_) {
    const std::optional<uint64_t> generation =
        StoreDisk::ManifestGenerationOf(name);
    if (generation.has_value()) {
      manifest_generation_ = std::max(manifest_generation_, *generation);
    }
    const std::optional<uint64_t> id = StoreDisk::DataIdOf(name);
    if (id.has_value()) {
      context_.next_file_id = std::max(context_.next_file_id, *id + 1);
    }
    // A file that gets an id anew is not to meet the snapshot of another.
    const std::optional<uint64_t> index = StoreDisk::IndexIdOf(name);
    if (index.has_value()) {
      context_.next_file_id = std::max(context_.next_file_id, *index + 1);
    }
  }
  Submit(Step::kListQuarantine,
         {.verb = DiskVerb::kList, .path = context_.disk.PathOf("quarantine")},
         turn);
}

void Recovery::OnManifestRead(Turn& turn) {
  DecodedManifest decoded = DecodeManifest(manifest_bytes_);
  manifest_bytes_ = ByteBuffer();
  switch (decoded.verdict) {
    case DecodedManifest::Verdict::kNewer:
      return Refuse(context_.disk.ManifestPath(manifest_generation_),
                    decoded.header.format, turn);
    case DecodedManifest::Verdict::kDamaged:
      RebuildWithoutManifest();
      return ScanNextFile(turn);
    case DecodedManifest::Verdict::kValid:
      break;
  }
  // Nobody was writing it, so it rotted, and nobody knows what it said.
  if (decoded.has_unfinished && context_.open.was_clean) {
    turn.effects.Mark("storage.last_edit_rotten");
    RebuildWithoutManifest();
    return ScanNextFile(turn);
  }
  state_ = std::move(decoded.state);
  context_.next_file_id = std::max(context_.next_file_id, state_.next_id);
  for (const auto& [id, file] : state_.files) {
    found_.push_back(
        {.listed = file,
         .has_snapshot = std::binary_search(names_.begin(), names_.end(),
                                            StoreDisk::IndexName(id)),
         .summary = {},
         .rows = {},
         .gaps = {},
         .seal = {},
         .durable = {}});
  }
  ScanNextFile(turn);
}

// No manifest: a store that never was, or suspicious mode, in which every data
// file counts.
void Recovery::RebuildWithoutManifest() {
  for (const std::string& name : names_) {
    const std::optional<uint64_t> id = StoreDisk::DataIdOf(name);
    if (!id.has_value()) continue;
    is_suspicious_ = true;
    found_.push_back({.listed = {.id = *id, .summary = {}, .poison_offset = {}},
                      .summary = {},
                      .rows = {},
                      .gaps = {},
                      .seal = {},
                      .durable = {}});
  }
  if (manifest_generation_ != 0) is_suspicious_ = true;
}

void Recovery::ScanNextFile(Turn& turn) {
  if (next_file_ == found_.size()) return JudgeFiles(turn);
  LookAtFile(turn);
}

void Recovery::LookAtFile(Turn& turn) {
  const uint64_t id = found_[next_file_].listed.id;
  Submit(Step::kStatFile,
         {.verb = DiskVerb::kStat, .path = context_.disk.DataPath(id)}, turn);
}

void Recovery::FindValues(const DiskDone& done,
                          std::vector<ByteSpan>* spans) const {
  const ByteView data = done.data.view();
  if (step_ == Step::kReadPiece) scan_->FindValues(done, spans);
  // What is set aside is copied, and nobody looks into it.
  if (step_ == Step::kReadCut && !data.empty()) {
    spans->push_back({0, data.size()});
  }
}

void Recovery::OnFileStat(const DiskDone& done, Turn& turn) {
  RecoveredFile& file = found_[next_file_];
  // Its header was durable before the manifest listed it, if one did.
  const bool is_emptied = done.error == DiskError::kNone &&
                          done.count < kHeaderBlockBytes && !is_suspicious_;
  const bool failed_to_open = files_.Contains(file.listed.id);
  if (done.error == DiskError::kNoEntry || (is_emptied && !failed_to_open)) {
    if (failed_to_open) {
      files_.Doom(file.slot, turn);
      files_.Unpin(file.slot, turn);
    }
    file.is_missing = true;
    ++next_file_;
    return ScanNextFile(turn);
  }
  if (done.error != DiskError::kNone) {
    return FailAt(context_.disk.DataPath(file.listed.id), "cannot be looked at",
                  done.error, turn);
  }
  if (failed_to_open) {
    return FailAt(context_.disk.DataPath(file.listed.id), "cannot be opened",
                  files_.At(file.slot).open_error, turn);
  }
  file.size = done.count;
  const DataFile entry{.id = file.listed.id,
                       .kind = file.listed.kind,
                       .salt = file.listed.salt,
                       .state = DataFile::State::kClosed,
                       .sealed = true,
                       .has_index = file.has_snapshot,
                       .length = file.listed.length};
  if (!files_.Add(entry, &file.slot)) {
    return Fail("there are more data files than this program can hold", turn);
  }
  files_.Pin(file.slot);
  step_ = Step::kOpenFile;
  if (files_.EnsureOpen(file.slot, turn)) OnFileReady(turn);
}

void Recovery::OnFileOpened(uint16_t slot, Turn& turn) {
  if (step_ != Step::kOpenFile) return;
  ORRERY_INVARIANT(slot == found_[next_file_].slot);
  OnFileReady(turn);
}

void Recovery::OnFileFailed(uint16_t slot, Turn& turn) {
  if (step_ != Step::kOpenFile) return;
  ORRERY_INVARIANT(slot == found_[next_file_].slot);
  // Was it taken away since it was looked at?  Then it is missing, as one that
  // was taken a moment earlier.
  LookAtFile(turn);
}

void Recovery::OnFileReady(Turn& turn) {
  const RecoveredFile& file = found_[next_file_];
  if (!file.listed.poison_offset.has_value()) return ReadHeader(turn);
  // What the cache says of a poisoned file may never have reached the disk.
  Submit(Step::kDropCache,
         {.verb = DiskVerb::kDropCache,
          .file = context_.disk.NumberOfSlot(file.slot)},
         turn);
}

void Recovery::ReadHeader(Turn& turn) {
  Submit(Step::kReadHeader,
         {.verb = DiskVerb::kRead,
          .file = context_.disk.NumberOfSlot(found_[next_file_].slot),
          .length = kHeaderBlockBytes},
         turn);
}

void Recovery::OnHeaderRead(const DiskDone& done, Turn& turn) {
  RecoveredFile& file = found_[next_file_];
  if (done.error != DiskError::kNone && !file.listed.sealed) {
    return FailUnread(0, done.error, turn);
  }
  HeaderBlock header;
  const HeaderCheck check =
      done.error == DiskError::kNone
          ? DecodeHeaderBlock(done.data.view(), FileMagic::kData, &header)
          : HeaderCheck::kDamaged;
  if (check == HeaderCheck::kNewer) {
    return Refuse(context_.disk.DataPath(file.listed.id), header.format, turn);
  }
  file.has_bad_header = check != HeaderCheck::kValid ||
                        header.number != file.listed.id ||
                        header.storage != context_.open.storage;
  file.is_synced_mode = context_.options.sync_writes;
  if (!file.has_bad_header) {
    file.is_synced_mode = (header.compatible & kFeatureSyncedAppends) != 0;
    if (is_suspicious_) {
      file.listed.salt = header.salt;
      file.listed.kind = header.data_kind;
      files_.At(file.slot).salt = header.salt;
      files_.At(file.slot).kind = header.data_kind;
    }
  }
  if (StandsForData(file)) {
    is_naming_ = false;
    return OpenSnapshot(turn);
  }
  StartScan(turn);
}

void Recovery::StartScan(Turn& turn) {
  const RecoveredFile& file = found_[next_file_];
  uint64_t upto = file.size;
  if (file.listed.sealed) upto = std::min(upto, file.listed.length);
  if (file.listed.poison_offset.has_value()) {
    upto = std::min(upto, *file.listed.poison_offset);
  }
  // RVR-4.  Where a file still grew, bytes that the disk does not give look
  // like a torn tail, and a torn tail is cut.
  const auto on_error = file.listed.sealed ? FileScan::OnError::kPassPage
                                           : FileScan::OnError::kFailAtPage;
  scan_.emplace(FileScan::Options{
      .file = context_.disk.NumberOfSlot(file.slot),
      .on_error = on_error,
      .segment = {.salt = file.listed.salt,
                  .from = kHeaderBlockBytes,
                  .upto = upto,
                  .key_bytes_max = context_.options.key_bytes_max,
                  .piece_bytes = kPieceBytes}});
  if (scan_->IsDone()) return FinishScan(turn);
  ReadPiece(turn);
}

void Recovery::ReadPiece(Turn& turn) {
  step_ = Step::kReadPiece;
  context_.disk.Emit({.part = StorePart::kRecovery,
                      .handle = {static_cast<uint32_t>(step_), 1}},
                     scan_->Read(), turn);
}

void Recovery::OnPieceRead(const DiskDone& part, Turn& turn) {
  TakeItems();  // Of the piece before, if no turn ended since.
  if (std::optional<DiskEffect> rest = scan_->Take(part)) {
    return context_.disk.Emit(
        {.part = StorePart::kRecovery, .handle = part.token.handle},
        *std::move(rest), turn);
  }
  if (scan_->HasFailed()) {
    return FailUnread(scan_->failed_at(), scan_->error(), turn);
  }
  // The disk is to work while what came is looked at.
  if (scan_->WantsMore()) ReadPiece(turn);
  turn.effects.more = true;
}

void Recovery::OnTick(Turn& turn) {
  if (step_ != Step::kReadPiece) return;
  TakeItems();
  if (scan_->IsDone()) FinishScan(turn);
}

void Recovery::FailUnread(uint64_t offset, DiskError error, Turn& turn) {
  Fail(context_.disk.DataPath(found_[next_file_].listed.id) +
           " cannot be read at " + std::to_string(offset) + ": " +
           std::string(WordsOf(error)) + ", and what is there may be whole",
       turn);
}

void Recovery::TakeItems() {
  RecoveredFile& file = found_[next_file_];
  // Each waits for a few others, so that its place in the index is in the
  // processor's cache by then.
  std::array<RecoveredRow, kRowsAhead> ahead;
  size_t taken = 0;
  size_t resolved = 0;
  const auto resolve_one = [&] {
    Resolve(ahead[resolved++ % kRowsAhead], file.slot);
  };
  SegmentScan::Item item;
  while (scan_->Next(&item)) {
    if (item.kind != SegmentScan::Item::Kind::kRecord) {
      file.TakeGap(item.from, item.upto);
      continue;
    }
    const RecordView view = ViewRecord(item.header, item.record);
    if (item.header.IsControl()) {
      file.TakeControl(item, view.value);
      continue;
    }
    const RecoveredRow row =
        RecoveredRow::Of(item, view, context_.HashOf(TextOf(view.key)));
    file.TakeRow(row);
    if (!file.listed.sealed) continue;
    index_.Prefetch(row.hash);
    if (taken - resolved == kRowsAhead) resolve_one();
    ahead[taken++ % kRowsAhead] = row;
    if (file.has_snapshot) seen_.push_back(row.offset);
  }
  while (resolved < taken) resolve_one();
}

void Recovery::FinishScan(Turn& turn) {
  scan_.reset();
  if (!WantsNames(found_[next_file_])) return FinishFile(turn);
  is_naming_ = true;
  FindRepairedGaps();
  OpenSnapshot(turn);
}

void Recovery::FinishFile(Turn& turn) {
  const RecoveredFile& file = found_[next_file_];
  seen_ = std::vector<uint64_t>();
  // Unsealed ones stay open: they may have to be cut.
  if (file.listed.sealed) files_.Unpin(file.slot, turn);
  ++next_file_;
  ScanNextFile(turn);
}

}  // namespace orrery
