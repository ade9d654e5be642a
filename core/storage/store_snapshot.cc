#include "core/storage/store_snapshot.h"

#include <utility>

#include "core/base/invariant.h"

namespace orrery {

namespace {

// A start goes on with the highest there is, above it.
constexpr uint64_t kManifestGeneration = 1;

}  // namespace

void StoreSnapshot::Emit(DiskEffect effect, Turn& turn) const {
  context_.disk.Emit({.part = StorePart::kSnapshot,
                      .handle = {static_cast<uint32_t>(step_), 1},
                      .priority = DiskPriority::kCompaction},
                     std::move(effect), turn);
}

void StoreSnapshot::Begin(std::string directory, Turn& turn) {
  ORRERY_INVARIANT(IsIdle());
  ORRERY_INVARIANT(!result_.has_value());
  step_ = Step::kAwaitSeal;
  directory_ = std::move(directory);
  OnWriterChanged(turn);
  if (step_ == Step::kIdle) return;
  const std::optional<uint64_t> last = writer_.SealWhatIsEmitted(turn);
  if (!last.has_value()) return FixState(turn);
  awaited_ = *last;
}

// What a failed sync left in doubt is being written to another file, and what
// finds no space is not written at all: there is no end to wait for.
void StoreSnapshot::OnWriterChanged(Turn& turn) {
  if (step_ != Step::kAwaitSeal || writer_.CanSeal()) return;
  Finish(writer_.IsFull() ? DiskError::kNoSpace : DiskError::kIo, turn);
}

void StoreSnapshot::OnSealed(uint64_t file, Turn& turn) {
  if (step_ == Step::kAwaitSeal && file == awaited_) FixState(turn);
}

// SSN-1: nothing that was emitted later is sealed yet.
void StoreSnapshot::FixState(Turn& turn) {
  state_ = manifest_.state();
  absl::erase_if(state_.files,
                 [](const auto& entry) { return !entry.second.sealed; });
  for (const auto& [id, file] : state_.files) {
    // One that is missing is damage, there as here.
    if (!files_.Contains(id)) continue;
    const uint16_t slot = files_.SlotOf(id);
    files_.Pin(slot);  // SSN-2
    links_.push_back({id, slot});
    bytes_ += file.length;
  }
  LinkNext(turn);
}

void StoreSnapshot::LinkNext(Turn& turn) {
  if (next_link_ == links_.size()) return WriteManifest(turn);
  step_ = Step::kLink;
  const uint64_t file = links_[next_link_].file;
  Emit({.verb = DiskVerb::kLink,
        .path = context_.disk.DataPath(file),
        .path2 = directory_ + "/" + StoreDisk::DataName(file)},
       turn);
}

void StoreSnapshot::WriteManifest(Turn& turn) {
  step_ = Step::kManifest;
  // The id is a salt's alone.
  const uint64_t salt = context_.SaltOf(context_.next_file_id++);
  Emit(manifest_file_.Begin(
           {.number = context_.disk.NumberOfScratch(),
            .path =
                directory_ + "/" + StoreDisk::ManifestName(kManifestGeneration),
            .data = EncodeManifest(
                {.storage = context_.open.storage,
                 .generation = kManifestGeneration,
                 .salt = salt,
                 .created = static_cast<uint64_t>(turn.wall().ns),
                 .process_generation = context_.open.generation},
                state_)}),
       turn);
}

void StoreSnapshot::OnDiskDone(const DiskDone& done, Turn& turn) {
  switch (step_) {
    case Step::kLink:
      if (done.error != DiskError::kNone) {
        return Fail(done.error, context_.disk.DataPath(links_[next_link_].file),
                    turn);
      }
      files_.Unpin(links_[next_link_].slot, turn);
      ++next_link_;
      return LinkNext(turn);
    case Step::kManifest:
      if (std::optional<DiskEffect> next = manifest_file_.Continue(done)) {
        return Emit(*std::move(next), turn);
      }
      if (manifest_file_.error() != DiskError::kNone) {
        return Fail(manifest_file_.error(), manifest_file_.path(), turn);
      }
      step_ = Step::kSyncDir;
      return Emit({.verb = DiskVerb::kSyncDir, .path = directory_}, turn);
    case Step::kSyncDir:
      if (done.error != DiskError::kNone) {
        return Fail(done.error, directory_, turn);
      }
      return Finish(DiskError::kNone, turn);
    case Step::kIdle:
    case Step::kAwaitSeal:
      break;
  }
  ORRERY_UNREACHABLE("an operation nobody asked for");
}

void StoreSnapshot::Fail(DiskError error, const std::string& path, Turn& turn) {
  turn.effects.notes.push_back({.kind = Note::Kind::kDiskError,
                                .detail = static_cast<uint32_t>(error),
                                .text = path});
  Finish(error, turn);
}

void StoreSnapshot::Finish(DiskError error, Turn& turn) {
  for (; next_link_ < links_.size(); ++next_link_) {
    files_.Unpin(links_[next_link_].slot, turn);
  }
  result_ = {.error = error, .files = links_.size(), .bytes = bytes_};
  step_ = Step::kIdle;
  state_ = {};
  links_ = {};
  next_link_ = 0;
  bytes_ = 0;
}

std::optional<StoreSnapshotResult> StoreSnapshot::TakeResult() {
  return std::exchange(result_, std::nullopt);
}

}  // namespace orrery
