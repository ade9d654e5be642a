// sim/event_queue.h
//
// EventQueue is virtual time: what happens next in the simulated world, in
// order of (time, order of scheduling).  Nothing sleeps; an idle hour costs
// its timers.
//
// Invariants:
//   EVQ-1  now() never goes back.
//   EVQ-2  Nothing is scheduled in the past.
//
// Cost: O(log n), four children a level; 32 bytes an event.  The patience of
// clients is O(1): nearly all of it is of one length, so those occasions are
// scheduled in the order in which they come, and would else be most of the
// heap.

#ifndef ORRERY_SIM_EVENT_QUEUE_H_
#define ORRERY_SIM_EVENT_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "core/base/invariant.h"
#include "core/base/time.h"

namespace orrery::sim {

enum class Happening : uint8_t {
  kTick = 1,          // node, process: its timer; payload: arming number
  kTickSoon = 2,      // node, process: the end of its loop turn
  kFrame = 3,         // payload: message in flight
  kDatagram = 4,      // payload: message in flight
  kDialled = 5,       // payload: link; process: its dialling number
  kRedial = 6,        // payload: link; process: its dialling number
  kLinkTimeout = 7,   // payload: link; process: its connection number
  kLinkLost = 8,      // payload: link; process: its connection number
  kLinkNotice = 9,    // node, process; payload: peer * 2 + connected
  kDiskDone = 10,     // node, process; payload: operation in flight
  kOpTimeout = 11,    // payload: client operation
  kStart = 12,        // node, process: begins to run
  kStopTimeout = 13,  // node, process: its stop has taken too long
};

struct Occasion {
  int64_t at_ns = 0;
  uint64_t seq = 0;
  uint32_t process = 0;  // 0: none.
  uint32_t payload = 0;
  uint16_t node = 0;
  Happening what = Happening::kTick;
};

class EventQueue {
 public:
  Instant now() const { return {now_ns_}; }
  bool empty() const { return heap_.empty() && lane_.empty(); }
  size_t size() const { return heap_.size() + lane_.size(); }
  // REQUIRES: !empty().
  Instant next_time() const {
    return {LaneIsFirst() ? lane_.front().at_ns : heap_.front().at_ns};
  }

  // `occasion.at_ns` and `seq` are set here.  REQUIRES: at >= now().
  void Schedule(Instant at, Occasion occasion) {
    ORRERY_INVARIANT(at.ns >= now_ns_);  // EVQ-2
    occasion.at_ns = at.ns;
    occasion.seq = next_seq_++;
    if (occasion.what == Happening::kOpTimeout &&
        (lane_.empty() || lane_.back().at_ns <= at.ns)) {
      lane_.push_back(occasion);
      return;
    }
    heap_.push_back(occasion);
    SiftUp(heap_.size() - 1);
  }

  // Moves time on.  REQUIRES: now() <= at, and nothing is due before it.
  void AdvanceTo(Instant at) {
    ORRERY_INVARIANT(now_ns_ <= at.ns);  // EVQ-1
    now_ns_ = at.ns;
  }

  // Removes the next occasion and moves time to it.  REQUIRES: !empty().
  Occasion Pop();

 private:
  static bool Before(const Occasion& a, const Occasion& b) {
    // Bit by bit, not case by case: which comes first nobody can predict, and
    // a processor that guesses wrong has lost more than the comparison costs.
    return (static_cast<unsigned>(a.at_ns < b.at_ns) |
            (static_cast<unsigned>(a.at_ns == b.at_ns) &
             static_cast<unsigned>(a.seq < b.seq))) != 0;
  }
  bool LaneIsFirst() const {
    if (lane_.empty()) return false;
    return heap_.empty() || Before(lane_.front(), heap_.front());
  }
  void SiftUp(size_t index);
  size_t LeastChild(size_t parent) const;

  int64_t now_ns_ = 0;
  uint64_t next_seq_ = 0;
  std::vector<Occasion> heap_;
  std::deque<Occasion> lane_;  // In order.
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_EVENT_QUEUE_H_
