#include "core/repair/range_digest.h"

#include <algorithm>

#include "core/base/hash.h"
#include "core/base/invariant.h"

namespace orrery {

uint64_t EntryDigest(uint64_t token, uint64_t digest) {
  Hasher hasher;
  hasher.Add(token);
  hasher.Add(digest);
  return hasher.Value();
}

void RangeDigests::SetRing(const Ring* ring, NodeId self, const Store& store) {
  ranges_.clear();
  if (ring == nullptr) return;
  for (const Ring::Range& range : ring->ranges()) {
    const bool owned =
        std::any_of(range.owners.begin(), range.owners.end(),
                    [&](const Owner& owner) { return owner.node == self; });
    if (owned) ranges_.push_back({.after = range.after, .end = range.end});
  }
  std::vector<Store::Entry> entries;
  uint64_t next = 0;
  // From the top of the circle all the way round.
  const bool done = store.Walk(0, 0, SIZE_MAX, &entries, &next);
  ORRERY_INVARIANT(done);
  for (const Store::Entry& entry : entries) {
    OwnedRange* range = FindByToken(entry.token);
    if (range == nullptr) continue;
    range->root ^= EntryDigest(entry.token, entry.digest);
  }
}

void RangeDigests::Apply(const Store::Change& change) {
  OwnedRange* range = FindByToken(change.token);
  if (range == nullptr) return;
  if (change.old_digest.has_value()) {
    range->root ^= EntryDigest(change.token, *change.old_digest);
  }
  if (change.new_digest.has_value()) {
    range->root ^= EntryDigest(change.token, *change.new_digest);
  }
}

const RangeDigests::OwnedRange* RangeDigests::Find(uint64_t range_end) const {
  const auto it = std::lower_bound(
      ranges_.begin(), ranges_.end(), range_end,
      [](const OwnedRange& range, uint64_t end) { return range.end < end; });
  if (it == ranges_.end() || it->end != range_end) return nullptr;
  return &*it;
}

uint64_t RangeDigests::RootOf(uint64_t range_end) const {
  const OwnedRange* range = Find(range_end);
  return range == nullptr ? 0 : range->root;
}

uint64_t RangeDigests::StateDigest() const {
  Hasher hasher;
  for (const OwnedRange& range : ranges_) {
    hasher.Add(range.end);
    hasher.Add(range.root);
  }
  return hasher.Value();
}

RangeDigests::OwnedRange* RangeDigests::FindByToken(uint64_t token) {
  if (ranges_.empty()) return nullptr;
  auto it = std::lower_bound(ranges_.begin(), ranges_.end(), token,
                             [](const OwnedRange& range, uint64_t wanted) {
                               return range.end < wanted;
                             });
  if (it == ranges_.end()) it = ranges_.begin();  // The first range wraps.
  return Ring::Contains(token, it->after, it->end) ? &*it : nullptr;
}

}  // namespace orrery
