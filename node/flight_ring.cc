#include "node/flight_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "core/base/invariant.h"

namespace orrery {

FlightRing::FlightRing(size_t capacity) : capacity_(capacity) {
  ORRERY_INVARIANT(capacity > kGapBytes);
  void* memory = mmap(nullptr, capacity, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  memory_ = static_cast<std::byte*>(memory);
  // Large pages are a fault per 2 MiB instead of one per 4 KiB; without them it
  // is only slower.
  static_cast<void>(madvise(memory, capacity, MADV_HUGEPAGE));
}

FlightRing::~FlightRing() {
  if (memory_ != nullptr) munmap(memory_, capacity_);
}

void FlightRing::Begin(uint64_t events, int64_t wall_ns) {
  if (frozen_.load(std::memory_order_relaxed)) return;
  if (next_ - first_ == kSegmentsMax) DropOldest();
  segments_[next_ % kSegmentsMax] = {end_, events, wall_ns};
  ++next_;
}

bool FlightRing::Append(ByteView bytes) {
  if (frozen_.load(std::memory_order_seq_cst)) return true;
  const uint64_t end = end_.load(std::memory_order_relaxed);
  while (end - oldest().begin + bytes.size() > capacity_ - kGapBytes) {
    if (first_ + 1 == next_) return false;
    DropOldest();
  }
  const size_t at = static_cast<size_t>(end % capacity_);
  const size_t straight = std::min(bytes.size(), capacity_ - at);
  std::memcpy(memory_ + at, bytes.data(), straight);
  std::memcpy(memory_, bytes.data() + straight, bytes.size() - straight);
  end_.store(end + bytes.size(), std::memory_order_release);  // FLR-1
  return true;
}

std::array<ByteView, 2> FlightRing::Pieces() const {
  const uint64_t begin = oldest().begin;
  const uint64_t size = end_.load(std::memory_order_acquire) - begin;
  const size_t at = static_cast<size_t>(begin % capacity_);
  const size_t straight = std::min<size_t>(size, capacity_ - at);
  return {ByteView(memory_ + at, straight),
          ByteView(memory_, static_cast<size_t>(size) - straight)};
}

}  // namespace orrery
