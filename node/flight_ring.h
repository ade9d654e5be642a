// node/flight_ring.h
//
// FlightRing is the memory of a flight recorder: the newest bytes of a stream
// that is cut into segments, the oldest of which go when there is no room.  It
// always begins at the beginning of a segment.
//
// Invariants:
//   FLR-1  What Pieces shows at any moment, also from a signal handler that
//          interrupts Append, are whole appends from the beginning of a
//          segment: bytes are written into room that nothing shown takes, and
//          shown afterwards; a segment goes before its bytes do.
//   FLR-2  size() <= the capacity less kGapBytes.
//
// Threading: one thread writes.  Pieces may be called by another that has
// stopped it with Freeze: it finishes one append at most, whose bytes are in
// the gap.
//
// Cost: a copy.  The memory is taken from the system as it is first written.

#ifndef ORRERY_NODE_FLIGHT_RING_H_
#define ORRERY_NODE_FLIGHT_RING_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"

namespace orrery {

class FlightRing {
 public:
  // Between the newest byte and the oldest.
  static constexpr size_t kGapBytes = 1 << 20;
  // One begins every few seconds, and takes a good part of the ring by then.
  static constexpr size_t kSegmentsMax = 64;

  // `capacity` above kGapBytes.  IsGood() is false if there is no such memory.
  explicit FlightRing(size_t capacity);
  ~FlightRing();
  FlightRing(const FlightRing&) = delete;
  FlightRing& operator=(const FlightRing&) = delete;
  bool IsGood() const { return memory_ != nullptr; }

  struct Segment {
    uint64_t begin = 0;   // Position in the stream.
    uint64_t events = 0;  // Of the process, before it.
    int64_t wall_ns = 0;  // Of its first event.
  };
  // What is appended from here on is a segment of its own.
  void Begin(uint64_t events, int64_t wall_ns);
  // False: the bytes, or the segment that they belong to, have no room.
  [[nodiscard]] bool Append(ByteView bytes);
  // Nothing is appended any more.
  void Freeze() { frozen_.store(true, std::memory_order_seq_cst); }

  const Segment& oldest() const {
    return segments_[first_.load(std::memory_order_acquire) % kSegmentsMax];
  }
  uint64_t size() const {
    return end_.load(std::memory_order_acquire) - oldest().begin;
  }
  // Of the newest segment.  REQUIRES: Begin was called.
  uint64_t segment_bytes() const {
    return end_.load(std::memory_order_relaxed) -
           segments_[(next_ - 1) % kSegmentsMax].begin;
  }

  // All of it, in order.  Safe in a signal handler.
  std::array<ByteView, 2> Pieces() const;

 private:
  void DropOldest() { first_.store(first_ + 1, std::memory_order_release); }

  size_t capacity_;
  std::byte* memory_ = nullptr;
  std::array<Segment, kSegmentsMax> segments_;
  std::atomic<uint64_t> first_ = 0;  // Of segments_, counted from the start.
  uint64_t next_ = 0;
  std::atomic<uint64_t> end_ = 0;  // Position in the stream.
  std::atomic<bool> frozen_ = false;
};

}  // namespace orrery

#endif  // ORRERY_NODE_FLIGHT_RING_H_
