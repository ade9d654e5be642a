// core/storage/record_queue.h
//
// RecordQueue holds the records that are accepted and not yet durable, in seq
// order without gaps: the overlay of unsynced records, and what is written
// again elsewhere when a sync fails.
//
// Invariant RQ-1: At(seq).seq == seq for every seq in [front, back].
//
// Threading: engine thread.  Cost: O(1); a ring buffer that grows to its
// high-water mark.

#ifndef ORRERY_CORE_STORAGE_RECORD_QUEUE_H_
#define ORRERY_CORE_STORAGE_RECORD_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/fields.h"
#include "core/base/invariant.h"
#include "core/protocol/turn.h"
#include "core/storage/key_index.h"
#include "core/storage/record.h"

namespace orrery {

struct PendingRecord {
  KeyHash hash;
  std::string key;
  Bytes meta;  // Without the digest.
  Bytes value;
  uint64_t digest = 0;
  uint64_t timestamp = 0;
  uint64_t seq = 0;
  Ticket ticket;
  bool deleted = false;
  bool must_sync = false;
  bool was_emitted = false;  // Bytes of it may be on the disk.
  bool is_visible = false;
  bool is_answered = false;
  RecordAddress address;      // Once emitted.
  uint64_t end_position = 0;  // Likewise.
  ORRERY_FIELDS(hash, key, meta, AsStoredValue(meta, value), digest, timestamp,
                seq, ticket, deleted, must_sync, was_emitted, is_visible,
                is_answered, address, end_position)

  RecordFields fields() const {
    return {.timestamp = timestamp,
            .deleted = deleted,
            .seq = seq,
            .digest = digest,
            .meta = meta.view(),
            .key = ViewOf(key),
            .value = value.view()};
  }
  size_t bytes() const {
    return AlignUp(kRecordHeaderBytes + kDigestBytes + meta.size() +
                       key.size() + value.size(),
                   kRecordAlign);
  }
};

class RecordQueue {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Of all records held.
  uint64_t bytes() const { return bytes_; }

  uint64_t front_seq() const { return front_seq_; }
  bool Contains(uint64_t seq) const {
    return front_seq_ <= seq && seq - front_seq_ < size_;
  }
  PendingRecord& operator[](size_t i) {
    return slots_[(first_ + i) & (slots_.size() - 1)];
  }
  const PendingRecord& operator[](size_t i) const {
    return slots_[(first_ + i) & (slots_.size() - 1)];
  }
  // REQUIRES: Contains(seq).
  const PendingRecord& At(uint64_t seq) const {
    return (*this)[static_cast<size_t>(seq - front_seq_)];
  }

  // REQUIRES: record.seq is one above the last, if there is one.
  void Push(PendingRecord record) {
    if (size_ == slots_.size()) Grow();
    if (size_ == 0) front_seq_ = record.seq;
    ORRERY_INVARIANT(record.seq == front_seq_ + size_);  // RQ-1
    bytes_ += record.bytes();
    slots_[(first_ + size_) & (slots_.size() - 1)] = std::move(record);
    ++size_;
  }
  void PopFront() {
    Clear((*this)[0]);
    first_ = (first_ + 1) & (slots_.size() - 1);
    ++front_seq_;
    --size_;
  }
  void PopBack() {
    Clear((*this)[size_ - 1]);
    --size_;
  }

  // The state (base/fields.h).
  template <typename FieldVisitor>
  void Fields(FieldVisitor& visit) {
    static_assert(FieldVisitor::kLoads);
    *this = RecordQueue();
    uint64_t front = 0;
    visit(front);
    const size_t count = visit.Count();
    for (size_t i = 0; i < count && visit.ok(); ++i) {
      PendingRecord record;
      visit(record);
      visit.Require(record.seq == front + i);
      if (visit.ok()) Push(std::move(record));
    }
    front_seq_ = front;
  }
  template <typename FieldVisitor>
  void Fields(FieldVisitor& visit) const {
    visit(front_seq_);
    visit.Count(size_);
    for (size_t i = 0; i < size_; ++i) visit((*this)[i]);
  }

 private:
  void Clear(PendingRecord& record) {
    bytes_ -= record.bytes();
    record.meta = Bytes();
    record.value = Bytes();
  }
  void Grow() {
    std::vector<PendingRecord> grown(slots_.empty() ? 64 : 2 * slots_.size());
    for (size_t i = 0; i < size_; ++i) grown[i] = std::move((*this)[i]);
    slots_ = std::move(grown);
    first_ = 0;
  }

  std::vector<PendingRecord> slots_;  // A power of two, or none.
  size_t first_ = 0;
  size_t size_ = 0;
  uint64_t front_seq_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_RECORD_QUEUE_H_
