// core/quorum/answer_times.h
//
// AnswerTimes watches how long peers take to answer reads and says when it is
// time to ask somebody else: at three times the moving average, which is near
// the 95th percentile of an exponential distribution (2.996 times the mean).
//
// Invariants:
//   ANS-1  kSpareDelayMin <= SpareDelay() <= kSpareDelayMax.
//
// Threading: engine thread.  Cost: O(1).

#ifndef ORRERY_CORE_QUORUM_ANSWER_TIMES_H_
#define ORRERY_CORE_QUORUM_ANSWER_TIMES_H_

#include "core/base/fields.h"
#include "core/base/time.h"

namespace orrery {

inline constexpr Duration kSpareDelayFirst = 20 * kMillisecond;
// Under this the answer is likelier on its way than lost.
inline constexpr Duration kSpareDelayMin = 2 * kMillisecond;
// No gap over 2 s when a node is gone (CONTRACT section 5).
inline constexpr Duration kSpareDelayMax = 500 * kMillisecond;

class AnswerTimes {
 public:
  void Record(Duration elapsed);
  Duration SpareDelay() const;

  ORRERY_FIELDS(average_)

 private:
  static constexpr int64_t kWeight = 16;  // A new sample counts one in 16.

  Duration average_ = kSpareDelayFirst / 3;
};

}  // namespace orrery

#endif  // ORRERY_CORE_QUORUM_ANSWER_TIMES_H_
