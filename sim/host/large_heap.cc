#include "sim/host/large_heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace orrery::sim {
namespace {

constexpr int kHeapBytes = 512 << 20;
constexpr int kNextBytes = 64 << 20;  // By which it grows after that.
constexpr size_t kHugePageBytes = 2 << 20;
// More than any free list holds, less than what is mapped by itself.
constexpr size_t kProbeBytes = 1 << 20;

}  // namespace

void UseLargeHeap() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 2 * kHeapBytes - 1);
  mallopt(M_TOP_PAD, kHeapBytes);
  char* const before = static_cast<char*>(sbrk(0));
  // The heap has to grow for this, and grows by the padding too.  (Asking for
  // its size keeps the compiler from leaving it out.)
  const std::unique_ptr<char[]> probe(new char[kProbeBytes]);
  if (malloc_usable_size(probe.get()) < kProbeBytes) return;
  char* const end = static_cast<char*>(sbrk(0));
  mallopt(M_TOP_PAD, kNextBytes);
  if (end - before < kHeapBytes) return;
  const size_t past = reinterpret_cast<uintptr_t>(before) % kHugePageBytes;
  char* const begin = before + (kHugePageBytes - past) % kHugePageBytes;
  // Refused by kernels without huge pages: then it is as slow as before.
  madvise(begin, static_cast<size_t>(end - begin), MADV_HUGEPAGE);
}

}  // namespace orrery::sim
