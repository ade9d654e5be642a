#include "core/storage/key_index.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/invariant.h"
#include "core/base/murmur3.h"
#include "core/base/total_order.h"

namespace orrery {

namespace {

__extension__ typedef unsigned __int128 Wide;

constexpr uint64_t kTombstoneBit = 1;
constexpr uint64_t kDamagedBit = 2;
constexpr uint64_t kDoubtedBit = 4;
constexpr uint64_t kUsedBit = 8;
constexpr uint64_t kFlagBits = 15;

constexpr uint32_t kMantissaBits = 7;
constexpr uint64_t kMantissaTop = uint64_t{1} << kMantissaBits;

// Lengths in units of 8 bytes, as a floating-point number of 5 + 7 bits,
// rounded up.
uint64_t LengthClassOf(uint64_t units) {
  if (units < kMantissaTop) return units;
  uint32_t shift =
      static_cast<uint32_t>(std::bit_width(units)) - kMantissaBits - 1;
  uint64_t mantissa = (units + (uint64_t{1} << shift) - 1) >> shift;
  if (mantissa == 2 * kMantissaTop) {
    mantissa = kMantissaTop;
    ++shift;
  }
  return (uint64_t{shift + 1} << kMantissaBits) | (mantissa - kMantissaTop);
}

uint64_t UnitsOf(uint64_t length_class) {
  if (length_class < kMantissaTop) return length_class;
  const uint64_t shift = (length_class >> kMantissaBits) - 1;
  return (kMantissaTop + (length_class & (kMantissaTop - 1))) << shift;
}

uint64_t HashOf(uint64_t keyed, uint64_t digest, uint64_t seq) {
  return Mix64(Mix64(keyed ^ seq) ^ digest);
}

// Grown by a quarter at 0.85: between 0.68 and 0.85 full.
bool IsFull(size_t size, size_t capacity) {
  return (size + 1) * 20 > capacity * 17;
}

}  // namespace

KeyHash HashKey(SipKey seed, std::string_view key) {
  return {Murmur3x64_128(key).h1,
          SipHash13(seed, std::as_bytes(std::span(key.data(), key.size())))};
}

RecordAddress::RecordAddress(uint16_t file_slot, uint64_t offset,
                             uint64_t bytes) {
  ORRERY_INVARIANT(offset % 8 == 0);
  ORRERY_INVARIANT(offset / 8 <= 0xffffffff);
  ORRERY_INVARIANT(bytes < (uint64_t{256} << 20));
  bits_ = (uint64_t{file_slot} << 48) | (offset / 8) << 16 |
          LengthClassOf((bytes + 7) / 8) << 4;
}

uint64_t RecordAddress::bytes() const {
  return UnitsOf((bits_ >> 4) & 0xfff) * 8;
}

KeyIndex::KeyIndex(uint32_t segments)
    : shift_(64 - static_cast<uint32_t>(std::countr_zero(segments))),
      segments_(segments) {
  ORRERY_INVARIANT(std::has_single_bit(segments));
}

size_t KeyIndex::SegmentOf(uint64_t token) const {
  return shift_ == 64 ? 0 : static_cast<size_t>(token >> shift_);
}

KeyIndex::Packed KeyIndex::Pack(const IndexEntry& entry) {
  return {entry.hash.token,
          entry.hash.keyed,
          entry.digest,
          entry.timestamp,
          entry.seq,
          entry.address.bits() | kUsedBit |
              (entry.tombstone ? kTombstoneBit : 0) |
              (entry.damaged ? kDamagedBit : 0) |
              (entry.doubted ? kDoubtedBit : 0)};
}

IndexEntry KeyIndex::Unpack(const Packed& packed) {
  return {.hash = {packed.token, packed.keyed},
          .digest = packed.digest,
          .timestamp = packed.timestamp,
          .seq = packed.seq,
          .address = RecordAddress::FromBits(packed.address_bits & ~kFlagBits),
          .tombstone = (packed.address_bits & kTombstoneBit) != 0,
          .damaged = (packed.address_bits & kDamagedBit) != 0,
          .doubted = (packed.address_bits & kDoubtedBit) != 0};
}

size_t KeyIndex::HomeOf(uint64_t keyed, size_t capacity) {
  return static_cast<size_t>((Wide{Mix64(keyed)} * capacity) >> 64);
}

// The place of `hash`, or the empty one where it belongs.
size_t KeyIndex::PlaceOf(const Segment& segment, const KeyHash& hash) {
  const size_t capacity = segment.table.size();
  size_t place = HomeOf(hash.keyed, capacity);
  while (true) {
    const Packed& packed = segment.table[place];
    if (packed.address_bits == 0) return place;
    if (packed.keyed == hash.keyed && packed.token == hash.token) return place;
    if (++place == capacity) place = 0;
  }
}

void KeyIndex::Prefetch(const KeyHash& hash) const {
  const std::vector<Packed>& table = segments_[SegmentOf(hash.token)].table;
  if (table.empty()) return;
  const Packed* home = &table[HomeOf(hash.keyed, table.size())];
  __builtin_prefetch(home);
  __builtin_prefetch(&home->address_bits);  // It may lie in two lines.
}

bool KeyIndex::Find(const KeyHash& hash, IndexEntry* entry) const {
  const size_t number = SegmentOf(hash.token);
  const Segment& segment = segments_[number];
  if (segment.size == 0) return false;
  const size_t place = PlaceOf(segment, hash);
  const Packed& packed = segment.table[place];
  if (packed.address_bits == 0) return false;
  Touch(number, place);
  *entry = Unpack(packed);
  return true;
}

bool KeyIndex::FindAt(uint64_t token, uint64_t digest,
                      IndexEntry* entry) const {
  const size_t number = SegmentOf(token);
  const Segment& segment = segments_[number];
  if (sorted_segment_ == number && sorted_version_ == segment.version) {
    auto it = std::lower_bound(sorted_.begin(), sorted_.end(), token,
                               [](const IndexEntry& a, uint64_t wanted) {
                                 return a.hash.token < wanted;
                               });
    for (; it != sorted_.end() && it->hash.token == token; ++it) {
      if (it->digest != digest) continue;
      *entry = *it;
      TouchEntry(it->hash);
      return true;
    }
    return false;
  }
  const Packed* found = nullptr;
  for (const Packed& packed : segment.table) {
    if (packed.address_bits == 0) continue;
    if (packed.token != token || packed.digest != digest) continue;
    // Several: the same one as in sorted order.
    if (found == nullptr || packed.keyed < found->keyed) found = &packed;
  }
  if (found == nullptr) return false;
  *entry = Unpack(*found);
  TouchEntry(entry->hash);
  return true;
}

bool KeyIndex::Set(const IndexEntry& entry, IndexEntry* old) {
  const size_t number = SegmentOf(entry.hash.token);
  Segment& segment = segments_[number];
  if (IsFull(segment.size, segment.table.size())) Grow(segment);
  const size_t place = PlaceOf(segment, entry.hash);
  Touch(number, place);
  Packed& packed = segment.table[place];
  const bool had = packed.address_bits != 0;
  if (had) {
    *old = Unpack(packed);
    content_hash_ -= HashOf(packed.keyed, packed.digest, packed.seq);
    if (old->tombstone) --tombstones_;
  } else {
    ++segment.size;
    ++size_;
  }
  packed = Pack(entry);
  if (entry.tombstone) ++tombstones_;
  content_hash_ += HashOf(packed.keyed, packed.digest, packed.seq);
  ++segment.version;
  return had;
}

bool KeyIndex::Relocate(const KeyHash& hash, RecordAddress from,
                        RecordAddress to) {
  const size_t number = SegmentOf(hash.token);
  Segment& segment = segments_[number];
  if (segment.size == 0) return false;
  const size_t place = PlaceOf(segment, hash);
  Packed& packed = segment.table[place];
  if (packed.address_bits == 0) return false;
  Touch(number, place);
  if ((packed.address_bits & ~kFlagBits) != from.bits()) return false;
  packed.address_bits = to.bits() | (packed.address_bits & kFlagBits);
  ++segment.version;
  return true;
}

bool KeyIndex::Erase(const KeyHash& hash, RecordAddress from, IndexEntry* old) {
  const size_t number = SegmentOf(hash.token);
  Segment& segment = segments_[number];
  if (segment.size == 0) return false;
  const size_t place = PlaceOf(segment, hash);
  const Packed& packed = segment.table[place];
  if (packed.address_bits == 0) return false;
  Touch(number, place);
  if ((packed.address_bits & ~kFlagBits) != from.bits()) return false;
  *old = Unpack(packed);
  content_hash_ -= HashOf(packed.keyed, packed.digest, packed.seq);
  if (old->tombstone) --tombstones_;
  --size_;
  --segment.size;
  ++segment.version;
  CloseGap(segment, place);
  return true;
}

// What stands behind an empty place and was pushed there by others moves up,
// so that a search that meets an empty place has seen all (Knuth, The Art of
// Computer Programming, volume 3, section 6.4, algorithm R).
void KeyIndex::CloseGap(Segment& segment, size_t gap) {
  const size_t capacity = segment.table.size();
  const auto set_touched = [&segment](size_t place, bool is_touched) {
    if (place < segment.touched.size()) segment.touched[place] = is_touched;
  };
  for (size_t place = gap;;) {
    if (++place == capacity) place = 0;
    const Packed& packed = segment.table[place];
    if (packed.address_bits == 0) break;
    const size_t home = HomeOf(packed.keyed, capacity);
    // Whether `gap` lies on its way from home to where it stands.
    const size_t walked =
        place >= home ? place - home : place + capacity - home;
    const size_t behind = place >= gap ? place - gap : place + capacity - gap;
    if (walked < behind) continue;
    segment.table[gap] = packed;
    set_touched(gap, place < segment.touched.size() && segment.touched[place]);
    gap = place;
  }
  segment.table[gap] = Packed{};
  set_touched(gap, false);
}

void KeyIndex::Grow(Segment& segment) {
  Segment grown;
  grown.table.resize(segment.table.size() + segment.table.size() / 4 + 8);
  for (const Packed& packed : segment.table) {
    if (packed.address_bits == 0) continue;
    const size_t place = PlaceOf(grown, {packed.token, packed.keyed});
    grown.table[place] = packed;
    const auto was = static_cast<size_t>(&packed - segment.table.data());
    if (was < segment.touched.size() && segment.touched[was]) {
      if (grown.touched.empty()) grown.touched.resize(grown.table.size());
      grown.touched[place] = true;
    }
  }
  segment.table = std::move(grown.table);
  segment.touched = std::move(grown.touched);
}

void KeyIndex::WatchTouches() {
  is_watching_ = true;
  touched_.clear();
  for (Segment& segment : segments_) segment.touched.clear();
}

void KeyIndex::StopWatching() {
  is_watching_ = false;
  touched_ = std::vector<IndexEntry>();  // `= {}` would keep the memory.
  for (Segment& segment : segments_) segment.touched = std::vector<bool>();
}

void KeyIndex::KeepTouched(size_t number, size_t place) const {
  Segment& segment = segments_[number];
  if (segment.touched.empty()) segment.touched.resize(segment.table.size());
  if (segment.touched[place]) return;
  segment.touched[place] = true;
  const Packed& packed = segment.table[place];
  if (packed.address_bits != 0) touched_.push_back(Unpack(packed));
}

void KeyIndex::TouchEntry(const KeyHash& hash) const {
  if (!is_watching_) return;
  const size_t number = SegmentOf(hash.token);
  KeepTouched(number, PlaceOf(segments_[number], hash));
}

bool KeyIndex::Reveal(const IndexEntry& entry) {
  const Segment& segment = segments_[SegmentOf(entry.hash.token)];
  const bool is_known =
      segment.size != 0 &&
      segment.table[PlaceOf(segment, entry.hash)].address_bits != 0;
  if (is_known) return true;
  if (hidden_ == 0 || (entry.address.bits() & kFlagBits) != 0) return false;
  --hidden_;
  LoadEntry(entry);
  return true;
}

// Without a change of what is true of all entries.
void KeyIndex::LoadEntry(const IndexEntry& entry) {
  Segment& segment = segments_[SegmentOf(entry.hash.token)];
  if (IsFull(segment.size, segment.table.size())) Grow(segment);
  segment.table[PlaceOf(segment, entry.hash)] = Pack(entry);
  ++segment.size;
  ++segment.version;
  file_slot_max_ = std::max(file_slot_max_, entry.address.file_slot());
}

void KeyIndex::Fields(FieldSaver& save) const {
  const bool has_entries = !save.options().skip_large_tables;
  save(size_, tombstones_, content_hash_, has_entries);
  if (!has_entries) return;
  ORRERY_INVARIANT(hidden_ == 0);
  save.Count(size_);
  for (size_t number = 0; number < segments_.size(); ++number) {
    for (const IndexEntry& entry : Sorted(number)) save(entry);
  }
}

void KeyIndex::Fields(FieldLoader& load) {
  *this = KeyIndex(static_cast<uint32_t>(segments_.size()));
  bool has_entries = false;
  load(size_, tombstones_, content_hash_, has_entries);
  load.Require(tombstones_ <= size_);
  hidden_ = has_entries ? 0 : size_;
  if (!has_entries) return;
  const size_t count = load.Count();
  load.Require(count == size_);
  uint64_t tombstones = 0;
  uint64_t hash = 0;
  KeyHash last;
  for (size_t i = 0; i < count && load.ok(); ++i) {
    IndexEntry entry;
    load(entry);
    const Segment& segment = segments_[SegmentOf(entry.hash.token)];
    load.Require((entry.address.bits() & kFlagBits) == 0 &&
                 last.token <= entry.hash.token);
    load.Require(segment.size == 0 ||
                 segment.table[PlaceOf(segment, entry.hash)].address_bits == 0);
    if (!load.ok()) return;
    last = entry.hash;
    tombstones += entry.tombstone ? 1 : 0;
    hash += HashOf(entry.hash.keyed, entry.digest, entry.seq);
    LoadEntry(entry);
  }
  load.Require(tombstones == tombstones_ && hash == content_hash_);
}

const std::vector<IndexEntry>& KeyIndex::Sorted(size_t number) const {
  const Segment& segment = segments_[number];
  if (sorted_segment_ == number && sorted_version_ == segment.version) {
    return sorted_;
  }
  sorted_.clear();
  for (const Packed& packed : segment.table) {
    if (packed.address_bits != 0) sorted_.push_back(Unpack(packed));
  }
  Sort(sorted_.begin(), sorted_.end(),
       [](const IndexEntry& a, const IndexEntry& b) {
         if (a.hash.token != b.hash.token) {
           return a.hash.token < b.hash.token;
         }
         if (a.digest != b.digest) return a.digest < b.digest;
         return a.hash.keyed < b.hash.keyed;
       });
  sorted_segment_ = number;
  sorted_version_ = segment.version;
  return sorted_;
}

bool KeyIndex::Walk(uint64_t first, uint64_t last, size_t max,
                    std::vector<IndexEntry>* out, uint64_t* reached) const {
  ORRERY_INVARIANT(first <= last);
  size_t appended = 0;
  for (size_t number = SegmentOf(first); number <= SegmentOf(last); ++number) {
    if (segments_[number].size == 0) continue;
    const std::vector<IndexEntry>& entries = Sorted(number);
    auto it = std::lower_bound(entries.begin(), entries.end(), first,
                               [](const IndexEntry& entry, uint64_t token) {
                                 return entry.hash.token < token;
                               });
    for (; it != entries.end() && it->hash.token <= last; ++it) {
      TouchEntry(it->hash);  // Also of the one that says there is more.
      if (appended >= max && it->hash.token != *reached) return false;
      out->push_back(*it);
      *reached = it->hash.token;
      ++appended;
    }
  }
  return true;
}

void KeyIndex::CheckInvariants() const {
  uint64_t size = 0;
  for (const Segment& segment : segments_) size += segment.size;
  ORRERY_INVARIANT(size + hidden_ == size_);
  ORRERY_INVARIANT(tombstones_ <= size_);
}

}  // namespace orrery
