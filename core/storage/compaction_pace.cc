#include "core/storage/compaction_pace.h"

#include <algorithm>

namespace orrery {

void CompactionPace::NoteRead(Duration took, bool is_compacting) {
  if (is_compacting != in_job_) {  // A window is of one kind.
    in_job_ = is_compacting;
    slowest_ = second_ = {};
    reads_ = 0;
  }
  if (took > slowest_) {
    second_ = slowest_;
    slowest_ = took;
  } else if (took > second_) {
    second_ = took;
  }
  if (++reads_ < kReadsInWindow) return;
  EndWindow();
  slowest_ = second_ = {};
  reads_ = 0;
}

void CompactionPace::EndWindow() {
  if (!in_job_) {
    usual_ = usual_ == Duration{} ? second_ : usual_ + (second_ - usual_) / 8;
    return;
  }
  if (usual_ == Duration{}) return;
  if (second_ * 4 > usual_ * 5) {
    rate_ = std::max(rate_ / 2, limits_.compaction_rate_min);
  } else {
    rate_ = std::min(rate_ + rate_ / 8, limits_.compaction_rate_max);
  }
}

void CompactionPace::Spend(uint64_t bytes, Instant now) {
  // Whole microseconds: a piece at the lowest rate is far from overflow.
  const uint64_t microseconds = bytes * 1000000 / rate_;
  next_ =
      std::max(next_, now) + static_cast<int64_t>(microseconds) * kMicrosecond;
}

}  // namespace orrery
