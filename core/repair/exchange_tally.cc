#include "core/repair/exchange_tally.h"

#include <algorithm>

#include "core/base/hash.h"

namespace orrery {

namespace {

// o - w* + 1 of the other owners, all of them if fewer: any set of w* owners
// then has a member among those met, or is this node alone.
uint32_t NeededOf(const Ring& ring, size_t owners) {
  const auto o = static_cast<uint32_t>(owners);
  const uint32_t majority = o / 2 + 1;
  const uint32_t w = std::min(ring.state().params.write_quorum, majority);
  return std::min(o - w + 1, o - 1);
}

}  // namespace

void ExchangeTally::SetRing(const Ring* ring, NodeId self) {
  ranges_.clear();
  incomplete_ = 0;
  has_ring_ = ring != nullptr;
  if (ring == nullptr) return;
  for (const Ring::Range& range : ring->ranges()) {
    Range row{.end = range.end};
    for (const Owner& owner : range.owners) {
      if (owner.node != self) row.others.push_back(owner.node);
    }
    if (row.others.size() == range.owners.size()) continue;  // Not owned.
    row.needed = NeededOf(*ring, range.owners.size());
    row.is_complete = row.needed == 0;
    if (!row.is_complete) ++incomplete_;
    ranges_.push_back(std::move(row));
  }
}

void ExchangeTally::Record(uint64_t range_end, NodeId peer,
                           bool peer_in_doubt) {
  const auto it = std::lower_bound(
      ranges_.begin(), ranges_.end(), range_end,
      [](const Range& range, uint64_t end) { return range.end < end; });
  if (it == ranges_.end() || it->end != range_end) return;
  const auto holds = [&](const auto& list) {
    return std::find(list.begin(), list.end(), peer) != list.end();
  };
  if (!holds(it->others) || it->is_complete) return;
  if (!holds(it->met)) it->met.push_back(peer);
  if (!peer_in_doubt && !holds(it->met_sound)) it->met_sound.push_back(peer);
  it->is_complete =
      it->met_sound.size() >= it->needed || it->met.size() == it->others.size();
  if (it->is_complete) --incomplete_;
}

uint64_t ExchangeTally::StateDigest() const {
  Hasher hasher;
  hasher.Add(has_ring_);
  hasher.Add(static_cast<uint64_t>(incomplete_));
  for (const Range& range : ranges_) {
    hasher.Add(range.end);
    for (const NodeId& node : range.met) hasher.Add(node.value);
    for (const NodeId& node : range.met_sound) hasher.Add(node.value);
  }
  return hasher.Value();
}

}  // namespace orrery
