#include "core/storage/snapshot_job.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/hash.h"
#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr FileNumber kSnapshotFile{16};
constexpr std::string_view kSnapshotsDirectory = "snapshots";
constexpr std::string_view kUnfinished = ".tmp";

bool IsNameCharacter(char c) {
  const bool is_letter = ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z');
  const bool is_digit = '0' <= c && c <= '9';
  return is_letter || is_digit || c == '.' || c == '_' || c == '-';
}

}  // namespace

bool IsSnapshotName(std::string_view name) {
  if (name.empty() || name.size() > kSnapshotNameBytesMax) return false;
  if (name.starts_with('.') || name.ends_with(kUnfinished)) return false;
  return std::all_of(name.begin(), name.end(), IsNameCharacter);
}

std::string SnapshotJob::TmpPath(std::string_view inside) const {
  std::string path = report_.path + std::string(kUnfinished);
  if (!inside.empty()) {
    path += '/';
    path += inside;
  }
  return path;
}

void SnapshotJob::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  effect.token = {DiskOwner::kSnapshot, static_cast<uint8_t>(step), {0, 1}};
  turn.effects.disk.push_back(std::move(effect));
}

// ---- What is there ----

void SnapshotJob::OnRecovered(Turn& turn) {
  ORRERY_INVARIANT(IsIdle());
  Submit(Step::kListLeftovers,
         {.verb = DiskVerb::kList, .path = std::string(kSnapshotsDirectory)},
         turn);
}

void SnapshotJob::NoteNames(const DiskDone& done) {
  names_.clear();
  for (const std::string& name : done.names) {
    if (names_.size() == kNamesMax) return;
    if (IsSnapshotName(name)) names_.push_back(name);
  }
}

void SnapshotJob::OnListed(const DiskDone& done, Turn& turn) {
  NoteNames(done);
  for (const std::string& name : done.names) {
    if (name.ends_with(kUnfinished)) leftovers_.push_back(name);
  }
  RemoveNextLeftover(turn);
}

void SnapshotJob::RemoveNextLeftover(Turn& turn) {
  if (leftovers_.empty()) {
    step_ = Step::kIdle;
    return;
  }
  turn.effects.Mark("storage.unfinished_snapshot_removed");
  std::string path = std::string(kSnapshotsDirectory) + "/" + leftovers_.back();
  leftovers_.pop_back();
  Submit(Step::kRemoveLeftover, removal_.Begin(std::move(path)), turn);
}

// ---- One snapshot ----

void SnapshotJob::Take(Handle asker, std::string_view name, Turn& turn) {
  using Outcome = Report::Outcome;
  Report refused{.asker = asker, .name = std::string(name)};
  if (!IsSnapshotName(name)) {
    refused.outcome = Outcome::kBadName;
    reports_.push_back(std::move(refused));
    return;
  }
  if (!IsIdle()) {
    refused.outcome = Outcome::kBusy;
    reports_.push_back(std::move(refused));
    return;
  }
  turn.effects.Mark("storage.snapshot_begun");
  report_ = {.asker = asker, .name = std::string(name)};
  report_.path = std::string(kSnapshotsDirectory) + "/" + report_.name;
  Submit(Step::kLookForName,
         {.verb = DiskVerb::kList, .path = std::string(kSnapshotsDirectory)},
         turn);
}

void SnapshotJob::OnStop() {
  const bool is_made = !report_.name.empty();
  const bool is_named = step_ == Step::kRename || step_ == Step::kSyncSnapshots;
  if (!is_made || is_named) return;
  report_.outcome = Report::Outcome::kStopping;
  Finish();
  step_ = Step::kStopped;  // The next start removes what there is.
}

void SnapshotJob::LookForName(const DiskDone& done, Turn& turn) {
  const bool is_missing = done.error == DiskError::kNoEntry;
  if (done.error != DiskError::kNone && !is_missing) {
    return OnError(done.error, turn);
  }
  NoteNames(done);
  const bool is_taken = std::find(done.names.begin(), done.names.end(),
                                  report_.name) != done.names.end();
  if (is_taken) {  // SNP-2
    report_.outcome = Report::Outcome::kExists;
    return Finish();
  }
  Submit(Step::kMakeSnapshots,
         {.verb = DiskVerb::kMakeDir, .path = std::string(kSnapshotsDirectory)},
         turn);
}

void SnapshotJob::OnDiskDone(const DiskDone& done, Turn& turn) {
  if (step_ == Step::kStopped) return;
  ORRERY_INVARIANT(done.token.part == static_cast<uint8_t>(step_));
  switch (step_) {
    case Step::kListLeftovers:
      return OnListed(done, turn);
    case Step::kRemoveLeftover:
    case Step::kClearTmp:
    case Step::kRemoveFailed:
      return OnRemovalStep(done, turn);
    case Step::kLookForName:
      return LookForName(done, turn);
    case Step::kMakeSnapshots:
    case Step::kSyncTop:
    case Step::kMakeTmp:
    case Step::kMakeShard:
    case Step::kMakeHints:
      return OnPrepared(done, turn);
    case Step::kRing:
    case Step::kIdentity:
      return OnFileStep(done, turn);
    case Step::kSyncShard:
    case Step::kSyncTmp:
    case Step::kRename:
    case Step::kSyncSnapshots:
      return OnFinishing(done, turn);
    case Step::kIdle:
    case Step::kUserStore:
    case Step::kHintStore:
    case Step::kStopped:
      break;
  }
  ORRERY_UNREACHABLE("an operation nobody asked for");
}

void SnapshotJob::OnRemovalStep(const DiskDone& done, Turn& turn) {
  if (std::optional<DiskEffect> next = removal_.Continue(done)) {
    return Submit(step_, *std::move(next), turn);
  }
  switch (step_) {
    case Step::kRemoveLeftover:
      return RemoveNextLeftover(turn);
    case Step::kClearTmp:
      return Submit(Step::kMakeTmp,
                    {.verb = DiskVerb::kMakeDir, .path = TmpPath()}, turn);
    case Step::kRemoveFailed:
      return Finish();
    default:
      ORRERY_UNREACHABLE("no step of a removal");
  }
}

// Directories, from the outermost.
void SnapshotJob::OnPrepared(const DiskDone& done, Turn& turn) {
  const auto make = [&](Step step, std::string path) {
    Submit(step, {.verb = DiskVerb::kMakeDir, .path = std::move(path)}, turn);
  };
  const bool has_failed = done.error != DiskError::kNone;
  switch (step_) {
    case Step::kMakeSnapshots:
      if (has_failed && done.error != DiskError::kExists) {
        return OnError(done.error, turn);
      }
      // Also if it exists: whoever made it may not have come so far.
      return Submit(Step::kSyncTop, {.verb = DiskVerb::kSyncDir, .path = "."},
                    turn);
    case Step::kSyncTop:
      if (has_failed) return OnError(done.error, turn);
      // What a removal that failed has left.
      return Submit(Step::kClearTmp, removal_.Begin(TmpPath()), turn);
    case Step::kMakeTmp:
      if (has_failed) return OnError(done.error, turn);
      return make(Step::kMakeShard, TmpPath(user_store_.directory()));
    case Step::kMakeShard:
      if (has_failed) return OnError(done.error, turn);
      return make(Step::kMakeHints, TmpPath(hint_store_.directory()));
    case Step::kMakeHints:
      if (has_failed) return OnError(done.error, turn);
      step_ = Step::kUserStore;
      return user_store_.MakeSnapshot(TmpPath(user_store_.directory()), turn);
    default:
      ORRERY_UNREACHABLE("no step of the directories");
  }
}

void SnapshotJob::Advance(Turn& turn) {
  if (step_ != Step::kUserStore && step_ != Step::kHintStore) return;
  Store& store = step_ == Step::kUserStore ? user_store_ : hint_store_;
  const std::optional<StoreSnapshotResult> part = store.TakeSnapshotResult();
  if (!part.has_value()) return;
  if (part->error != DiskError::kNone) return OnError(part->error, turn);
  report_.files += part->files;
  report_.bytes += part->bytes;
  if (step_ == Step::kHintStore) return WriteRing(turn);
  step_ = Step::kHintStore;
  hint_store_.MakeSnapshot(TmpPath(hint_store_.directory()), turn);
  Advance(turn);  // It may have failed at once.
}

void SnapshotJob::WriteRing(Turn& turn) {
  std::optional<Bytes> ring = directory_.RingOfSnapshot();
  if (!ring.has_value()) return WriteIdentity(turn);
  Submit(Step::kRing,
         file_.Begin({.number = kSnapshotFile,
                      .path = TmpPath("RING"),
                      .data = {*std::move(ring)}}),
         turn);
}

void SnapshotJob::WriteIdentity(Turn& turn) {
  Submit(Step::kIdentity,
         file_.Begin({.number = kSnapshotFile,
                      .path = TmpPath("IDENTITY"),
                      .data = {directory_.IdentityOfSnapshot()}}),
         turn);
}

void SnapshotJob::OnFileStep(const DiskDone& done, Turn& turn) {
  if (std::optional<DiskEffect> next = file_.Continue(done)) {
    return Submit(step_, *std::move(next), turn);
  }
  if (file_.error() != DiskError::kNone) return OnError(file_.error(), turn);
  if (step_ == Step::kRing) return WriteIdentity(turn);
  Submit(Step::kSyncShard,
         {.verb = DiskVerb::kSyncDir, .path = TmpPath(user_store_.directory())},
         turn);
}

void SnapshotJob::OnFinishing(const DiskDone& done, Turn& turn) {
  if (done.error != DiskError::kNone) return OnError(done.error, turn);
  switch (step_) {
    case Step::kSyncShard:
      return Submit(Step::kSyncTmp,
                    {.verb = DiskVerb::kSyncDir, .path = TmpPath()}, turn);
    case Step::kSyncTmp:
      return Submit(
          Step::kRename,
          {.verb = DiskVerb::kRename, .path = TmpPath(), .path2 = report_.path},
          turn);
    case Step::kRename:
      return Submit(Step::kSyncSnapshots,
                    {.verb = DiskVerb::kSyncDir,
                     .path = std::string(kSnapshotsDirectory)},
                    turn);
    case Step::kSyncSnapshots: {
      turn.effects.Mark("storage.snapshot_made");
      const auto at =
          std::lower_bound(names_.begin(), names_.end(), report_.name);
      const bool is_known = at != names_.end() && *at == report_.name;
      if (!is_known) names_.insert(at, report_.name);
      if (names_.size() > kNamesMax) names_.pop_back();
      return Finish();
    }
    default:
      ORRERY_UNREACHABLE("no step of the end");
  }
}

// SNP-3.  After the rename it is complete, and may be durable: it is left.
void SnapshotJob::OnError(DiskError error, Turn& turn) {
  using Outcome = Report::Outcome;
  turn.effects.Mark("storage.snapshot_failed");
  turn.effects.notes.push_back({.kind = Note::Kind::kDiskError,
                                .detail = static_cast<uint32_t>(error),
                                .text = TmpPath()});
  report_.outcome =
      error == DiskError::kNoSpace ? Outcome::kFull : Outcome::kFailed;
  report_.files = 0;
  report_.bytes = 0;
  if (step_ == Step::kSyncSnapshots) return Finish();
  Submit(Step::kRemoveFailed, removal_.Begin(TmpPath()), turn);
}

void SnapshotJob::Finish() {
  step_ = Step::kIdle;
  reports_.push_back(std::exchange(report_, {}));
}

uint64_t SnapshotJob::StateDigest() const {
  Hasher hasher;
  hasher.Add(uint64_t{static_cast<uint8_t>(step_)});
  hasher.AddText(report_.name);
  hasher.Add(uint64_t{names_.size()});
  return hasher.Value();
}

}  // namespace orrery
