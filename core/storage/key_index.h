// core/storage/key_index.h
//
// KeyIndex maps the hash of a key to its newest visible record.  It never sees
// key bytes: whoever reads the record proves the key.
//
// Segments by the top bits of the token, each an open-addressing table on the
// keyed hash; each grows alone, so that no put waits for all of it.
//
// Invariants:
//   IDX-1  At most one entry per KeyHash.
//   IDX-2  No path moves or removes an entry unconditionally: Relocate and
//          Erase compare.
//   IDX-3  Walk is in (token, digest) order, whatever the tables' order.
//
// Threading: engine thread.  Memory: 48 bytes per entry at 0.68 to 0.85 load.
// Cost: Find and Set O(1); growth copies one segment; Walk sorts one segment
// if it has changed since it was last sorted.

#ifndef ORRERY_CORE_STORAGE_KEY_INDEX_H_
#define ORRERY_CORE_STORAGE_KEY_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/field_loader.h"
#include "core/base/field_saver.h"
#include "core/base/fields.h"
#include "core/base/siphash.h"

namespace orrery {

struct KeyHash {
  uint64_t token = 0;  // MurmurHash3 of the key: its place on the ring.
  uint64_t keyed = 0;  // SipHash-1-3 of the key under the index seed.
  ORRERY_FIELDS(token, keyed)
  friend constexpr auto operator<=>(const KeyHash&, const KeyHash&) = default;
};
KeyHash HashKey(SipKey seed, std::string_view key);

// Where a record stands: the slot of its file in the file table, its offset,
// and its length rounded up to within 1/128 (a reader takes that much and the
// header tells), in 64 bits with four flags.
class RecordAddress {
 public:
  RecordAddress() = default;
  // REQUIRES: offset is a multiple of 8 below 32 GiB; bytes below 256 MiB.
  RecordAddress(uint16_t file_slot, uint64_t offset, uint64_t bytes);

  uint16_t file_slot() const { return static_cast<uint16_t>(bits_ >> 48); }
  uint64_t offset() const { return ((bits_ >> 16) & 0xffffffff) * 8; }
  uint64_t bytes() const;  // At least the record's.
  friend bool operator==(const RecordAddress&, const RecordAddress&) = default;

  uint64_t bits() const { return bits_; }
  ORRERY_FIELDS(bits_)
  static RecordAddress FromBits(uint64_t bits) {
    RecordAddress address;
    address.bits_ = bits;
    return address;
  }

 private:
  uint64_t bits_ = 0;  // slot 16, offset/8 32, length class 12, zero 4.
};

struct IndexEntry {
  KeyHash hash;
  uint64_t digest = 0;
  uint64_t timestamp = 0;
  uint64_t seq = 0;
  RecordAddress address;
  bool tombstone = false;
  bool damaged = false;  // The record cannot be read.
  bool doubted = false;  // Replaced a damaged one by a plain put: no vote.
  ORRERY_FIELDS(hash, digest, timestamp, seq, address, tombstone, damaged,
                doubted)
};

// An entry whose record cannot be read, and the id of its file.
struct DamagedEntry {
  IndexEntry entry;
  uint64_t file = 0;
  ORRERY_FIELDS(entry, file)
};

class KeyIndex {
 public:
  // REQUIRES: `segments` is a power of two, at least 1.
  explicit KeyIndex(uint32_t segments);

  // Asks the processor for the place of `hash`, which will be looked at soon:
  // one step of thousands of keys need not wait for memory at each.
  void Prefetch(const KeyHash& hash) const;
  // Whether there is one; then *entry is it.
  bool Find(const KeyHash& hash, IndexEntry* entry) const;
  // The first entry with this token and digest.  Cost: as Walk, or a look at
  // every entry of its segment.
  bool FindAt(uint64_t token, uint64_t digest, IndexEntry* entry) const;
  // Inserts or overwrites.  Whether there was one before; then *old is it.
  bool Set(const IndexEntry& entry, IndexEntry* old);
  // IDX-2.  Whether the entry pointed to `from`.
  bool Relocate(const KeyHash& hash, RecordAddress from, RecordAddress to);
  // IDX-2.  Whether there was an entry and it pointed to `from`; *old is it.
  bool Erase(const KeyHash& hash, RecordAddress from, IndexEntry* old);

  uint64_t live() const { return size_ - tombstones_; }
  uint64_t tombstones() const { return tombstones_; }
  // Over all entries, in no order.
  uint64_t ContentHash() const { return content_hash_; }

  // Appends entries with token in [first, last], in (token, digest) order,
  // until `max` are appended and the next has another token.  True if the
  // interval is done; else *reached is the token of the last one.
  bool Walk(uint64_t first, uint64_t last, size_t max,
            std::vector<IndexEntry>* out, uint64_t* reached) const;

  // ---- A snapshot without the entries (simulation section 9) ----
  //
  // What nothing touches need not be known: a snapshot has only what is true of
  // all entries together, and with the entries that were touched after it, each
  // as it was then, everything goes as it went.

  // From now on the first touch of each entry is kept.
  void WatchTouches();
  // No longer; its memory is given back.
  void StopWatching();
  std::vector<IndexEntry>& touched() { return touched_; }
  // Adds one that was there when the snapshot was taken, unless it has been
  // added.  False: there was no such entry.
  [[nodiscard]] bool Reveal(const IndexEntry& entry);

  // The state (base/fields.h), with or without the entries.
  void Fields(FieldSaver& save) const;
  void Fields(FieldLoader& load);
  // The highest slot that an entry points to.
  uint16_t file_slot_max() const { return file_slot_max_; }

  void CheckInvariants() const;

 private:
  struct Packed {  // An IndexEntry; address_bits 0 is an empty place.
    uint64_t token;
    uint64_t keyed;
    uint64_t digest;
    uint64_t timestamp;
    uint64_t seq;
    uint64_t address_bits;
  };
  static_assert(sizeof(Packed) == 48);
  struct Segment {
    std::vector<Packed> table;
    std::vector<bool> touched;  // Parallel to table, or shorter.
    size_t size = 0;
    uint64_t version = 0;
  };

  static Packed Pack(const IndexEntry& entry);
  static IndexEntry Unpack(const Packed& packed);
  static size_t HomeOf(uint64_t keyed, size_t capacity);
  static void CloseGap(Segment& segment, size_t gap);
  static size_t PlaceOf(const Segment& segment, const KeyHash& hash);
  static void Grow(Segment& segment);
  // The entry at `place`, if there is one, is about to be looked at or changed.
  void Touch(size_t segment, size_t place) const {
    if (is_watching_) KeepTouched(segment, place);
  }
  void KeepTouched(size_t segment, size_t place) const;
  void TouchEntry(const KeyHash& hash) const;
  void LoadEntry(const IndexEntry& entry);
  size_t SegmentOf(uint64_t token) const;
  const std::vector<IndexEntry>& Sorted(size_t segment) const;

  uint32_t shift_;  // Token bits below the segment number; 64: one segment.
  mutable std::vector<Segment> segments_;  // For Segment::touched.
  uint64_t size_ = 0;
  uint64_t tombstones_ = 0;
  uint64_t content_hash_ = 0;
  uint64_t hidden_ = 0;  // Of size_: not revealed since a snapshot was loaded.
  uint16_t file_slot_max_ = 0;  // Of entries loaded or revealed.
  bool is_watching_ = false;
  // What was touched is no state: it is mutable so that looking stays const.
  mutable std::vector<IndexEntry> touched_;
  // The segment last sorted, and the version it had.
  mutable std::vector<IndexEntry> sorted_;
  mutable size_t sorted_segment_ = SIZE_MAX;
  mutable uint64_t sorted_version_ = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_KEY_INDEX_H_
