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
  const auto before = reinterpret_cast<uintptr_t>(sbrk(0));
  // The heap has to grow for this, and grows by the padding too.  (Asking for
  // its size keeps the compiler from leaving it out.)
  const std::unique_ptr<char[]> probe(new char[kProbeBytes]);
  if (malloc_usable_size(probe.get()) < kProbeBytes) return;
  const auto end = reinterpret_cast<uintptr_t>(sbrk(0));
  mallopt(M_TOP_PAD, kNextBytes);
  if (end - before < kHeapBytes) return;
  const uintptr_t begin =
      (before + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  // Refused by kernels without huge pages: then it is as slow as before.
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace orrery::sim
