#include "node/flight_ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "core/base/invariant.h"

namespace orrery {
namespace {

// A copy of a snapshot takes some tens of milliseconds, if it meets no swap.
constexpr int kAwaitPollsMax = 1000;
constexpr timespec kAwaitPoll = {.tv_sec = 0, .tv_nsec = 1'000'000};

// A handler that interrupts this thread sees what stands before it as done, and
// nothing of what stands behind.
void OrderForHandlers() { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace

// The writer says that it writes and then looks whether it may; who freezes
// says so and then looks whether it writes: one of them sees the other (FLR-3).
class FlightRing::Writing {
 public:
  explicit Writing(FlightRing& ring) : ring_(ring) {
    ring_.writing_.store(true, std::memory_order_seq_cst);
    is_frozen_ = ring_.frozen_.load(std::memory_order_seq_cst);
  }
  ~Writing() { ring_.writing_.store(false, std::memory_order_release); }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;
  bool is_frozen() const { return is_frozen_; }

 private:
  FlightRing& ring_;
  bool is_frozen_;
};

FlightRing::FlightRing(size_t capacity) : capacity_(capacity) {
  ORRERY_INVARIANT(capacity > 0);
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
  const Writing writing(*this);
  if (writing.is_frozen()) return;
  if (next_ - first_ == kSegmentsMax) DropOldest();
  segments_[next_ % kSegmentsMax] = {end_, events, wall_ns};
  ++next_;
}

bool FlightRing::Append(ByteView bytes) {
  const Writing writing(*this);
  if (writing.is_frozen()) return true;
  ORRERY_INVARIANT(next_ > 0);
  if (memory_ == nullptr) return false;
  const uint64_t end = end_.load(std::memory_order_relaxed);
  while (end - oldest().begin + bytes.size() > capacity_) {
    if (first_ + 1 == next_) return false;
    DropOldest();
  }
  const size_t at = static_cast<size_t>(end % capacity_);
  const size_t straight = std::min(bytes.size(), capacity_ - at);
  std::memcpy(memory_ + at, bytes.data(), straight);
  std::memcpy(memory_, bytes.data() + straight, bytes.size() - straight);
  OrderForHandlers();
  end_.store(end + bytes.size(), std::memory_order_release);
  return true;
}

void FlightRing::Commit() {
  const Writing writing(*this);
  if (!writing.is_frozen()) committed_.store(end_, std::memory_order_release);
}

void FlightRing::Release() {
  const Writing writing(*this);
  if (writing.is_frozen() || memory_ == nullptr) return;
  segments_ = {};
  end_ = 0;
  committed_ = 0;
  OrderForHandlers();
  munmap(memory_, capacity_);
  memory_ = nullptr;
}

bool FlightRing::AwaitWriter() const {
  for (int polls = 0; writing_.load(std::memory_order_seq_cst); ++polls) {
    if (polls == kAwaitPollsMax) return false;
    nanosleep(&kAwaitPoll, nullptr);
  }
  return true;
}

void FlightRing::DropOldest() {
  first_.store(first_ + 1, std::memory_order_release);
  OrderForHandlers();
}

std::array<ByteView, 2> FlightRing::Pieces(Part part) const {
  const uint64_t begin = oldest().begin;
  const uint64_t end = (part == Part::kAll ? end_ : committed_).load();
  // While a step is so large that all before it had to go, nothing stands.
  const uint64_t size = end < begin ? 0 : end - begin;
  const size_t at = static_cast<size_t>(begin % capacity_);
  const size_t straight = std::min<size_t>(size, capacity_ - at);
  return {ByteView(memory_ + at, straight),
          ByteView(memory_, static_cast<size_t>(size) - straight)};
}

}  // namespace orrery
