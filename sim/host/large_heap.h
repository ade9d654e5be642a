// sim/host/large_heap.h
//
// A run of a scenario touches a hundred megabytes of fresh memory and gives it
// back at its end; a campaign does so for every seed.  In pages of 4 KiB that
// costs a fifth of the processor's time.
//
// Cost: 512 MiB of addresses, of which only what is used becomes memory.
// Affects speed and nothing else: no digest depends on an address.  Where the
// allocator is not glibc's (under the sanitizers) it does nothing.

#ifndef ORRERY_SIM_HOST_LARGE_HEAP_H_
#define ORRERY_SIM_HOST_LARGE_HEAP_H_

namespace orrery::sim {

// Lets the heap of this process lie in huge pages and keeps what is freed for
// the next run.  Call it once, before threads and workers are started.
void UseLargeHeap();

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_LARGE_HEAP_H_
