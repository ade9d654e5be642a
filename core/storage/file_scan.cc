#include "core/storage/file_scan.h"

#include <algorithm>
#include <utility>

#include "core/base/invariant.h"

namespace orrery {

namespace {

constexpr uint64_t kCarefulBytes = 4096;

}  // namespace

bool FileScan::WantsMore() const {
  return !is_reading_ && !HasFailed() && !scan_.HasAll();
}

DiskEffect FileScan::Read() {
  ORRERY_INVARIANT(WantsMore());
  const SegmentScan::Piece piece = scan_.wanted();
  offset_ = piece.offset;
  length_ = piece.length;
  if (offset_ < careful_upto_) length_ = std::min(length_, kCarefulBytes);
  is_reading_ = true;
  return transfer_.Begin({.verb = DiskVerb::kRead,
                          .file = options_.file,
                          .offset = offset_,
                          .length = length_});
}

std::optional<DiskEffect> FileScan::Take(const DiskDone& part) {
  ORRERY_INVARIANT(is_reading_);
  DiskDone done = part;
  if (std::optional<DiskEffect> rest = transfer_.Continue(&done)) {
    std::vector<ByteSpan> values;
    scan_.FindValues({}, transfer_.read(), &values);
    transfer_.SetValues(std::move(values));
    return rest;
  }
  is_reading_ = false;
  if (done.error == DiskError::kNone) {
    scan_.Feed(done.data.view());
  } else {
    TakeError(done);
  }
  return std::nullopt;
}

void FileScan::TakeError(const DiskDone& done) {
  error_ = done.error;
  if (options_.on_error == OnError::kFail) {
    failed_at_ = offset_;
  } else if (length_ > kCarefulBytes) {
    careful_upto_ = offset_ + length_;
  } else if (options_.on_error == OnError::kFailAtPage) {
    failed_at_ = offset_;
  } else {
    // What came before the error is as it was read.
    ByteBuffer bytes(static_cast<size_t>(length_), std::byte{0xff});
    std::copy(done.data.view().begin(), done.data.view().end(), bytes.begin());
    scan_.Feed(bytes);
  }
}

void FileScan::FindValues(const DiskDone& done,
                          std::vector<ByteSpan>* spans) const {
  scan_.FindValues(transfer_.read(), done.data.view(), spans);
}

}  // namespace orrery
