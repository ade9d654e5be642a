#include "core/storage/index_snapshot_reader.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr uint64_t kIndexReadBytes = uint64_t{1} << 20;  // Whole blocks.
static_assert(kIndexReadBytes % kSnapshotBlockBytes == 0);

}  // namespace

DiskEffect IndexSnapshotReader::Open() const {
  return {
      .verb = DiskVerb::kOpen, .file = options_.file, .path = options_.path};
}

std::optional<DiskEffect> IndexSnapshotReader::Take(const DiskDone& part) {
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) return rest;
  const bool has_failed = done.error != DiskError::kNone;
  switch (step_) {
    case Step::kOpen:
      if (has_failed) {
        is_out_of_reach_ = done.error != DiskError::kNoEntry;
        step_ = Step::kEnded;
        return std::nullopt;
      }
      if (!options_.drops_cache) return Read();
      step_ = Step::kDropCache;
      return DiskEffect{.verb = DiskVerb::kDropCache, .file = options_.file};
    case Step::kDropCache:
      return Read();
    case Step::kRead:
      TakePiece(done);
      return std::nullopt;
    case Step::kClose:
      step_ = Step::kEnded;
      return std::nullopt;
    case Step::kEnded:
      ORRERY_UNREACHABLE("an operation nobody asked for");
  }
  return std::nullopt;
}

DiskEffect IndexSnapshotReader::Read() {
  step_ = Step::kRead;
  const uint64_t blocks = offset_ == 0 ? blocks_ : decoder_.blocks_left();
  length_ = std::min(kIndexReadBytes, blocks * kSnapshotBlockBytes);
  if (offset_ == 0) length_ += kHeaderBlockBytes;
  return transfer_.Begin({.verb = DiskVerb::kRead,
                          .file = options_.file,
                          .offset = offset_,
                          .length = length_});
}

void IndexSnapshotReader::TakePiece(const DiskDone& done) {
  if (done.error != DiskError::kNone) {
    is_bad_ = true;
    return;
  }
  piece_ = done.data;
  rest_ = piece_.view();
  if (offset_ == 0) {
    is_bad_ = rest_.size() < kHeaderBlockBytes ||
              !decoder_.TakeHeader(rest_.first(kHeaderBlockBytes));
    if (is_bad_) return;
    rest_ = rest_.subspan(kHeaderBlockBytes);
    offset_ = kHeaderBlockBytes;
  }
  // Less than a block would be read for ever.
  if (decoder_.blocks_left() > 0 && rest_.size() < kSnapshotBlockBytes) {
    is_bad_ = true;
  }
}

bool IndexSnapshotReader::Next(SnapshotRow* row) {
  while (!is_bad_) {
    if (decoder_.Next(row)) return true;
    if (decoder_.IsBad()) break;
    const bool has_block =
        decoder_.blocks_left() > 0 && rest_.size() >= kSnapshotBlockBytes;
    if (!has_block) return false;
    if (!decoder_.TakeBlock(rest_)) break;
    rest_ = rest_.subspan(kSnapshotBlockBytes);
    offset_ += kSnapshotBlockBytes;
  }
  is_bad_ = true;
  return false;
}

DiskEffect IndexSnapshotReader::Go() {
  rest_ = {};
  piece_ = Bytes();
  if (!is_bad_ && decoder_.blocks_left() > 0) return Read();
  is_good_ = !is_bad_ && decoder_.IsWhole();
  step_ = Step::kClose;
  return {.verb = DiskVerb::kClose, .file = options_.file};
}

}  // namespace orrery
