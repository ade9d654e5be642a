// core/storage/compaction_pace.h
//
// CompactionPace says how fast a store may compact, so that reads stay fast
// (storage section 7): bytes read and written flow at a rate that is halved
// when the slow reads of clients and peers take more than 1.25 times what they
// take while nothing is compacted, and rises by an eighth when they do not.
//
// The slow ones: of each kReadsInWindow disk reads the slowest but one, which
// is about the 98th percentile.  What is usual while nothing is compacted is
// the mean of such windows, the newest weighing an eighth.
//
// Invariants:
//   PAC-1  rate() is within [compaction_rate_min, compaction_rate_max].
//   PAC-2  However slow, compaction goes on.
//
// Threading: engine thread.  Cost: O(1).

#ifndef ORRERY_CORE_STORAGE_COMPACTION_PACE_H_
#define ORRERY_CORE_STORAGE_COMPACTION_PACE_H_

#include <cstdint>

#include "core/base/fields.h"
#include "core/base/time.h"
#include "core/protocol/options.h"

namespace orrery {

class CompactionPace {
 public:
  static constexpr uint32_t kReadsInWindow = 64;
  static constexpr Duration kOwedMax = 10 * kMillisecond;

  explicit CompactionPace(const Limits& limits)
      : limits_(limits), rate_(limits.compaction_rate_max) {}

  // A read of the disk took so long, while a job ran or not.
  void NoteRead(Duration took, bool is_compacting);
  // A job's operation on so many bytes begins.
  void Spend(uint64_t bytes, Instant now);
  // Whether the next may begin at once.  A little may be owed: whoever waits
  // waits until nothing is, so that not each piece waits for itself.
  bool MayGoOn(Instant now) const { return next_ - now <= kOwedMax; }
  Instant next() const { return next_; }
  uint64_t rate() const { return rate_; }  // Bytes a second.

  ORRERY_FIELDS(rate_, next_, usual_, slowest_, second_, reads_, in_job_)

 private:
  void EndWindow();

  const Limits& limits_;
  uint64_t rate_;
  Instant next_;    // When nothing is owed.
  Duration usual_;  // 0: not known yet.
  // Of the window.
  Duration slowest_;
  Duration second_;
  uint32_t reads_ = 0;
  bool in_job_ = false;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_COMPACTION_PACE_H_
