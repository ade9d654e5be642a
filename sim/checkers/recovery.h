// sim/checkers/recovery.h
//
// O17, seen from outside: what a node acknowledged as a replica it has after a
// restart, by itself.  Other owners may hide from O1 and O4 that one has lost
// a write; here each disk answers for itself, at the moment its recovery ends
// and before anyone could repair it.  So does the ring that it sent messages
// under: whatever strikes RING itself aside, a node has it for good.
//
// Excused: what a fault that no error tells of took behind all watermarks, a
// wipe since, and with `sync=off` a power loss within
// `Evidence::unsynced` of the acknowledgement, or of the recovery or resumption
// of a process that died or was paused within that time: it synced nothing.

#ifndef ORRERY_SIM_CHECKERS_RECOVERY_H_
#define ORRERY_SIM_CHECKERS_RECOVERY_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckRecovery(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_RECOVERY_H_
