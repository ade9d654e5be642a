// tests/support/passing_time.h
//
// PassTime lets virtual time pass over one timer heap, as an engine and its
// shell do: at rest first, then each timer at its deadline and at rest again.

#ifndef ORRERY_TESTS_SUPPORT_PASSING_TIME_H_
#define ORRERY_TESTS_SUPPORT_PASSING_TIME_H_

#include <algorithm>

#include "core/base/time.h"
#include "core/protocol/timers.h"

namespace orrery {

// `fire` takes a TimerHeap::Due; `settle` runs everything else to rest.
template <typename Fire, typename Settle>
void PassTime(TimerHeap& timers, Instant& now, Duration by, const Fire& fire,
              const Settle& settle) {
  const Instant end = now + by;
  settle();
  while (timers.NextDeadline().has_value() && *timers.NextDeadline() <= end) {
    now = std::max(now, *timers.NextDeadline());
    fire(*timers.PopDue(now));
    settle();
  }
  now = end;
}

}  // namespace orrery

#endif  // ORRERY_TESTS_SUPPORT_PASSING_TIME_H_
