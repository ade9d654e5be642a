// sim/host/interrupt.h
//
// Ctrl-C ends long work with what it has found so far.

#ifndef ORRERY_SIM_HOST_INTERRUPT_H_
#define ORRERY_SIM_HOST_INTERRUPT_H_

namespace orrery::sim {

// From here on Ctrl-C is noted, and does nothing by itself.
void CatchInterrupt();
// Since the last CatchInterrupt.
bool Interrupted();

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_INTERRUPT_H_
