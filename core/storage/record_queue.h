// core/storage/record_queue.h
//
// RecordQueue holds the records that are accepted and not yet durable, in seq
// order without gaps: the overlay of unsynced records, and what is written
// again elsewhere when a sync fails.
//
// Invariant RQ-1: At(seq).seq == seq for every seq in [front, back].
//
// Threading: engine thread.  Cost: O(1), also when it grows; a ring of chunks
// that stays as large as it has been.

#ifndef ORRERY_CORE_STORAGE_RECORD_QUEUE_H_
#define ORRERY_CORE_STORAGE_RECORD_QUEUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
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
  PendingRecord& operator[](size_t i) { return SlotAt(first_ + i); }
  const PendingRecord& operator[](size_t i) const { return SlotAt(first_ + i); }
  // REQUIRES: Contains(seq).
  const PendingRecord& At(uint64_t seq) const {
    return (*this)[static_cast<size_t>(seq - front_seq_)];
  }

  // REQUIRES: record.seq is one above the last, if there is one.
  void Push(PendingRecord record) {
    MakeRoom();
    if (size_ == 0) front_seq_ = record.seq;
    ORRERY_INVARIANT(record.seq == front_seq_ + size_);  // RQ-1
    bytes_ += record.bytes();
    SlotAt(first_ + size_) = std::move(record);
    ++size_;
  }
  void PopFront() {
    Clear((*this)[0]);
    ++first_;
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

  static constexpr uint64_t kChunkRecords = 64;
  using Chunk = std::array<PendingRecord, kChunkRecords>;

  PendingRecord& SlotAt(uint64_t place) const {
    Chunk& chunk = *ring_[(place / kChunkRecords) & (ring_.size() - 1)];
    return chunk[place % kChunkRecords];
  }
  // For one more.
  void MakeRoom() {
    const uint64_t first = first_ / kChunkRecords;
    const uint64_t last = (first_ + size_) / kChunkRecords;
    if (last - first >= ring_.size()) {
      std::vector<std::unique_ptr<Chunk>> grown(
          ring_.empty() ? 1 : 2 * ring_.size());
      for (uint64_t i = first; i < last; ++i) {
        grown[i & (grown.size() - 1)] =
            std::move(ring_[i & (ring_.size() - 1)]);
      }
      ring_ = std::move(grown);
    }
    std::unique_ptr<Chunk>& chunk = ring_[last & (ring_.size() - 1)];
    if (chunk == nullptr) chunk = std::make_unique<Chunk>();
  }

  // Place p is in chunk p / kChunkRecords, which stands at that number modulo
  // the ring's size, a power of two or 0.  Growing moves no record: with so
  // many of them, no put could wait for it.
  std::vector<std::unique_ptr<Chunk>> ring_;
  uint64_t first_ = 0;  // Place of the front; never goes back.
  size_t size_ = 0;
  uint64_t front_seq_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_RECORD_QUEUE_H_
