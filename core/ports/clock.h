// core/ports/clock.h
//
// The shell's clocks and its one timer per engine.

#ifndef ORRERY_CORE_PORTS_CLOCK_H_
#define ORRERY_CORE_PORTS_CLOCK_H_

#include <optional>

#include "core/base/time.h"

namespace orrery {

class ClockPort {
 public:
  virtual ~ClockPort() = default;
  virtual Stamp Now() = 0;
  // Deliver a TickEvent at `deadline`; replaces any earlier request.  Nothing:
  // no tick is wanted.
  virtual void ArmTick(std::optional<Instant> deadline) = 0;
  // Deliver a TickEvent at the end of this turn of the event loop, after what
  // is ready now has been delivered: what gathered meanwhile becomes one batch.
  virtual void TickSoon() = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PORTS_CLOCK_H_
