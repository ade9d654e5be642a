#include "core/storage/whole_file.h"

#include <utility>

#include "core/base/invariant.h"

namespace orrery {

DiskEffect WholeFile::Submit(Step step, DiskEffect effect) {
  step_ = step;
  return transfer_.Begin(std::move(effect));
}

DiskEffect WholeFile::Begin(Content content) {
  ORRERY_INVARIANT(step_ == Step::kIdle);
  content_ = std::move(content);
  error_ = DiskError::kNone;
  return Submit(Step::kOpen, {.verb = DiskVerb::kOpen,
                              .file = content_.number,
                              .create = true,
                              .exclusive = true,
                              .path = content_.path});
}

std::optional<DiskEffect> WholeFile::Continue(const DiskDone& part) {
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) return rest;
  if (error_ == DiskError::kNone) error_ = done.error;
  switch (step_) {
    case Step::kOpen:
      if (error_ != DiskError::kNone) return Finish();
      return Submit(Step::kWrite, {.verb = DiskVerb::kWrite,
                                   .file = content_.number,
                                   .data = content_.data});
    case Step::kWrite:
      // A disk that takes a part and then no more has no space.
      if (error_ == DiskError::kNone && done.count != bytes()) {
        error_ = DiskError::kNoSpace;
      }
      if (error_ != DiskError::kNone) return Close();
      return Submit(Step::kSync,
                    {.verb = DiskVerb::kSync, .file = content_.number});
    case Step::kSync:
      return Close();
    case Step::kClose:
      return Finish();
    case Step::kIdle:
      break;
  }
  ORRERY_UNREACHABLE("an operation nobody asked for");
}

uint64_t WholeFile::bytes() const {
  uint64_t bytes = 0;
  for (const Bytes& part : content_.data) bytes += part.size();
  return bytes;
}

std::optional<DiskEffect> WholeFile::Close() {
  return Submit(Step::kClose,
                {.verb = DiskVerb::kClose, .file = content_.number});
}

std::optional<DiskEffect> WholeFile::Finish() {
  step_ = Step::kIdle;
  content_.data.clear();
  return std::nullopt;
}

}  // namespace orrery
