#include "core/storage/whole_transfer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace orrery {

DiskEffect WholeTransfer::Begin(DiskEffect effect) {
  Clear();
  if (effect.verb == DiskVerb::kRead) {
    effect_ = effect;
    bytes_ = effect.length;
  } else if (effect.verb == DiskVerb::kWrite) {
    effect_ = effect;
    for (const Bytes& part : effect.data) bytes_ += part.size();
  }
  return effect;
}

std::optional<DiskEffect> WholeTransfer::Continue(DiskDone* done) {
  const bool moves =
      done->verb == DiskVerb::kRead || done->verb == DiskVerb::kWrite;
  if (!moves) return std::nullopt;
  if (done->error != DiskError::kNone) {
    if (moved_ != 0) GiveParts(done);
    Clear();
    return std::nullopt;
  }
  moved_ += done->count;
  const bool is_done = moved_ >= bytes_ || done->count == 0;  // WHT-2
  const bool is_in_parts = moved_ != done->count || !is_done;
  if (!is_in_parts) {
    Clear();
    return std::nullopt;
  }
  read_.insert(read_.end(), done->data.view().begin(), done->data.view().end());
  if (!is_done) return Rest();
  GiveParts(done);
  Clear();
  return std::nullopt;
}

void WholeTransfer::GiveParts(DiskDone* done) const {
  done->count = moved_;
  if (done->verb == DiskVerb::kRead) done->data = Bytes::CopyOf(read_);
}

void WholeTransfer::Clear() {
  effect_ = {};
  bytes_ = 0;
  moved_ = 0;
  read_ = {};
  values_.clear();
}

void WholeTransfer::Fields(FieldSaver& save) const {
  FieldsOf(*this, save);
  save.Count(values_.size());
  for (const ByteSpan& value : values_) save(value.from, value.size);
  save.SaveMixed(read_, values_);
}

void WholeTransfer::Fields(FieldLoader& load) {
  FieldsOf(*this, load);
  values_.clear();
  const size_t count = load.Count();
  size_t end = 0;
  for (size_t i = 0; i < count && load.ok(); ++i) {
    ByteSpan& value = values_.emplace_back();
    load(value.from, value.size);
    load.Require(end <= value.from && value.size <= SIZE_MAX - value.from);
    end = value.from + value.size;
  }
  const Bytes read = load.LoadMixed();
  read_.assign(read.view().begin(), read.view().end());
  load.Require(end <= read_.size());
}

std::optional<DiskEffect> WholeTransfer::Rest() const {
  DiskEffect rest = effect_;
  rest.offset += moved_;
  if (rest.verb == DiskVerb::kRead) {
    rest.length -= moved_;
    return rest;
  }
  rest.data = After(effect_.data, moved_);
  return rest;
}

}  // namespace orrery
