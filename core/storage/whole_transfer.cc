#include "core/storage/whole_transfer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace orrery {

const DiskEffect& WholeTransfer::Begin(const DiskEffect& effect) {
  moved_ = 0;
  read_.clear();
  values_.clear();
  bytes_ = 0;
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
  if (!moves || done->error != DiskError::kNone) return std::nullopt;
  moved_ += done->count;
  const bool is_done = moved_ >= bytes_ || done->count == 0;  // WHT-2
  const bool is_in_parts = moved_ != done->count || !is_done;
  if (!is_in_parts) {
    effect_ = {};
    return std::nullopt;
  }
  read_.insert(read_.end(), done->data.view().begin(), done->data.view().end());
  if (!is_done) return Rest();
  done->count = moved_;
  if (done->verb == DiskVerb::kRead) done->data = Bytes::CopyOf(read_);
  effect_ = {};
  read_ = {};
  values_.clear();
  return std::nullopt;
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
  rest.data.clear();
  uint64_t skip = moved_;
  for (const Bytes& part : effect_.data) {
    const uint64_t skipped = std::min<uint64_t>(skip, part.size());
    skip -= skipped;
    if (skipped == part.size()) continue;
    const auto from = static_cast<size_t>(skipped);
    rest.data.push_back(part.Slice(from, part.size() - from));
  }
  return rest;
}

}  // namespace orrery
