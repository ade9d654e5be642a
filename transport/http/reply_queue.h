// transport/http/reply_queue.h
//
// The unanswered requests of one connection, oldest first, each with what its
// answer depends on.  A ring that grows to kPipelinedMax and is then reused.

#ifndef ORRERY_TRANSPORT_HTTP_REPLY_QUEUE_H_
#define ORRERY_TRANSPORT_HTTP_REPLY_QUEUE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "transport/http/answer.h"
#include "transport/http/client_answer.h"

namespace orrery {

struct PendingReply {
  ReplyPlan plan;
  bool head_only = false;
  AfterAnswer after = AfterAnswer::kKeep;
  Handle handle;      // None: the answer did not need the core.
  bool done = false;  // `bytes` waits for earlier answers.
  std::string bytes;
};

class ReplyQueue {
 public:
  bool empty() const { return size_ == 0; }
  uint32_t size() const { return size_; }
  uint32_t first_sequence() const { return first_; }

  // A cleared entry at the end; its sequence number.
  uint32_t Push() {
    if (size_ == ring_.size()) Grow();
    const uint32_t sequence = first_ + size_++;
    PendingReply& entry = At(sequence);
    entry.head_only = false;
    entry.after = AfterAnswer::kKeep;
    entry.handle = {};
    entry.done = false;
    entry.bytes.clear();
    return sequence;
  }

  // Null if it is not in the queue.
  PendingReply* Find(uint32_t sequence) {
    return sequence - first_ < size_ ? &At(sequence) : nullptr;
  }

  // REQUIRES: !empty().
  PendingReply& Front() { return At(first_); }
  void PopFront() {
    ++first_;
    --size_;
  }

  template <typename Visitor>
  void ForEach(Visitor&& visitor) const {
    for (uint32_t i = 0; i < size_; ++i) {
      visitor(ring_[(first_ + i) & (ring_.size() - 1)]);
    }
  }

  // Frees what waits; the requests stay unanswered.
  void DropBytes() {
    for (PendingReply& entry : ring_) std::string().swap(entry.bytes);
  }

 private:
  PendingReply& At(uint32_t sequence) {
    return ring_[sequence & (ring_.size() - 1)];
  }

  void Grow() {
    std::vector<PendingReply> bigger(ring_.empty() ? 1 : ring_.size() * 2);
    for (uint32_t i = 0; i < size_; ++i) {
      const uint32_t sequence = first_ + i;
      bigger[sequence & (bigger.size() - 1)] = std::move(At(sequence));
    }
    ring_ = std::move(bigger);
  }

  std::vector<PendingReply> ring_;  // A power of two.
  uint32_t first_ = 0;
  uint32_t size_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_HTTP_REPLY_QUEUE_H_
