#include "core/storage/file_maker.h"

#include <utility>

#include "core/base/bytes.h"
#include "core/base/coding.h"
#include "core/base/invariant.h"
#include "core/storage/header_block.h"

namespace orrery {

void FileMaker::Submit(Step step, DiskEffect effect, Turn& turn) {
  step_ = step;
  context_.disk.Emit(
      {.part = StorePart::kMaker, .handle = {static_cast<uint32_t>(step), 1}},
      transfer_.Begin(std::move(effect)), turn);
}

void FileMaker::Make(const Request& request, Turn& turn) {
  ORRERY_INVARIANT(IsIdle());
  ORRERY_INVARIANT(!IsReady());
  request_ = request;
  file_ = {.id = request.file_id,
           .salt = context_.SaltOf(request.file_id),
           .allocated = request.allocate_bytes};
  const DataFile entry{.id = file_.id,
                       .salt = file_.salt,
                       .state = DataFile::State::kOpening,
                       .length = kHeaderBlockBytes};
  if (!files_.Add(entry, &file_.slot)) {
    failure_ = Failure::kNoHandle;  // Compaction must free one first.
    return;
  }
  files_.Pin(file_.slot);
  number_ = context_.disk.NumberOfSlot(file_.slot);
  Submit(Step::kOpen,
         {.verb = DiskVerb::kOpen,
          .file = number_,
          .create = true,
          .exclusive = true,
          .path = context_.disk.DataPath(file_.id)},
         turn);
}

void FileMaker::WriteHeader(Turn& turn) {
  std::byte* to = nullptr;
  Bytes block = Bytes::Allocate(kHeaderBlockBytes, &to);
  ByteBuffer extra;
  PutU64(extra, request_.base_seq);
  EncodeHeaderBlock(
      {.magic = FileMagic::kData,
       .compatible = context_.options.sync_writes ? kFeatureSyncedAppends : 0,
       .data_kind = DataFileKind::kUser,
       .storage = context_.open.storage,
       .number = file_.id,
       .salt = file_.salt,
       .created = static_cast<uint64_t>(turn.wall().ns),
       .generation = context_.open.generation},
      extra, to);
  file_.header_crc = LoadU32(to + kHeaderCrcAt);
  Submit(
      Step::kHeader,
      {.verb = DiskVerb::kWrite, .file = number_, .data = {std::move(block)}},
      turn);
}

void FileMaker::OnDiskDone(const DiskDone& part, Turn& turn) {
  ORRERY_INVARIANT(part.token.handle.slot == static_cast<uint32_t>(step_));
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) {
    return context_.disk.Emit(
        {.part = StorePart::kMaker, .handle = part.token.handle},
        *std::move(rest), turn);
  }
  if (done.error != DiskError::kNone) return OnError(done.error, turn);
  switch (step_) {
    case Step::kOpen:
      files_.OnMade(file_.slot);
      return WriteHeader(turn);
    case Step::kHeader:
      if (done.count != kHeaderBlockBytes) {
        return OnError(DiskError::kNoSpace, turn);
      }
      return Submit(Step::kAllocate,
                    {.verb = DiskVerb::kAllocate,
                     .file = number_,
                     .length = file_.allocated},
                    turn);
    case Step::kAllocate:
      context_.space.OnGrown(file_.allocated, turn);
      return Submit(Step::kSync, {.verb = DiskVerb::kSync, .file = number_},
                    turn);
    case Step::kSync:
      return Submit(
          Step::kSyncDir,
          {.verb = DiskVerb::kSyncDir, .path = context_.disk.directory()},
          turn);
    case Step::kSyncDir:
      step_ = Step::kAdd;
      return manifest_.Append(AddEdit{{.id = file_.id,
                                       .kind = DataFileKind::kUser,
                                       .salt = file_.salt,
                                       .base_seq = request_.base_seq,
                                       .summary = {},
                                       .poison_offset = {}}},
                              {EditOrigin::Kind::kAdd, file_.id}, turn);
    case Step::kIdle:
    case Step::kAdd:
      ORRERY_UNREACHABLE("a file operation nobody asked for");
  }
}

void FileMaker::OnAdded(uint64_t file_id) {
  ORRERY_INVARIANT(step_ == Step::kAdd);
  ORRERY_INVARIANT(file_id == file_.id);
  step_ = Step::kIdle;
  ready_ = file_;
}

void FileMaker::OnError(DiskError error, Turn& turn) {
  // Nothing refers to it: the file table closes and unlinks it.
  if (step_ == Step::kOpen) files_.OnNotMade(file_.slot);
  step_ = Step::kIdle;
  if (error == DiskError::kNoSpace) {
    failure_ = Failure::kNoSpace;
    turn.effects.Mark("storage.no_space_for_file");
  } else if (error == DiskError::kTooManyFiles) {
    failure_ = Failure::kNoHandle;
    turn.effects.Mark("storage.no_handle_for_file");
    files_.ReleaseHandle(turn);
  } else {
    failure_ = Failure::kError;
    turn.effects.notes.push_back({.kind = Note::Kind::kDiskError,
                                  .detail = static_cast<uint32_t>(error),
                                  .text = context_.disk.DataPath(file_.id)});
  }
  files_.Doom(file_.slot, turn);
  files_.Unpin(file_.slot, turn);
}

MadeFile FileMaker::Take() {
  ORRERY_INVARIANT(ready_.has_value());
  const MadeFile file = *ready_;
  ready_.reset();
  return file;
}

FileMaker::Failure FileMaker::TakeFailure() {
  return std::exchange(failure_, Failure::kNone);
}

}  // namespace orrery
