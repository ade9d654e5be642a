// node/flight_ring.h
//
// FlightRing is the memory of a flight recorder: the newest bytes of a stream
// that is cut into segments, the oldest of which go when there is no room.  It
// always begins at the beginning of a segment.
//
// Invariants:
//   FLR-1  What Pieces shows at any moment, also to a signal handler that
//          interrupts the writer, are whole appends from the beginning of a
//          segment: a segment goes before its bytes are written over, and
//          bytes are shown after they are written.
//   FLR-2  size() <= the capacity.
//   FLR-3  Once Freeze and AwaitWriter have said so, nothing changes any more,
//          whatever the writer does.
//
// Threading: one thread writes, and may look at any time.  Another looks after
// Freeze and AwaitWriter only: to be shown consistent bytes is not enough for
// it, as the writer would write over them while it reads.
//
// Cost: a copy, and an exchange of one word.  The memory is taken from the
// system as it is first written.

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
  // One begins every few seconds: of an idle node this is some minutes, of a
  // busy one the memory is full long before.
  static constexpr size_t kSegmentsMax = 64;

  // IsGood() is false if there is no such memory.  REQUIRES: `capacity` > 0.
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
  // REQUIRES: Begin was called.
  [[nodiscard]] bool Append(ByteView bytes);
  // What was appended makes sense as it stands.
  void Commit();
  // Gives the memory back; nothing is held or taken any more.  Not if it is
  // frozen: somebody reads it.
  void Release();

  // Nothing is written any more.  From any thread; safe in a signal handler.
  void Freeze() { frozen_.store(true, std::memory_order_seq_cst); }
  // On another thread than the writer's, after Freeze: waits until the writer
  // has left what it was at.  False: it does not, for a second.  Safe in a
  // signal handler.
  [[nodiscard]] bool AwaitWriter() const;
  // The writer says, after Freeze, that it will never go on.
  void AbandonWriting() { writing_.store(false, std::memory_order_release); }

  const Segment& oldest() const {
    return segments_[first_.load(std::memory_order_acquire) % kSegmentsMax];
  }
  uint64_t size() const {
    return end_.load(std::memory_order_acquire) - oldest().begin;
  }

  enum class Part : uint8_t { kCommitted = 1, kAll = 2 };
  // In order.  Safe in a signal handler.
  std::array<ByteView, 2> Pieces(Part part) const;

 private:
  class Writing;
  void DropOldest();

  size_t capacity_;
  std::byte* memory_ = nullptr;
  std::array<Segment, kSegmentsMax> segments_;
  std::atomic<uint64_t> first_ = 0;  // Of segments_, counted from the start.
  uint64_t next_ = 0;
  std::atomic<uint64_t> end_ = 0;        // Position in the stream.
  std::atomic<uint64_t> committed_ = 0;  // The same, at most end_.
  std::atomic<bool> writing_ = false;    // The writer is at it.
  std::atomic<bool> frozen_ = false;
};

}  // namespace orrery

#endif  // ORRERY_NODE_FLIGHT_RING_H_
