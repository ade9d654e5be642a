#include "core/ring/ring.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/ring/token.h"

namespace orrery {

namespace {
constexpr uint32_t kIndexBitsMax = 16;
}  // namespace

Ring::Ring(RingState state)
    : state_(std::move(state)), hash_(RingHash(state_)) {
  ORRERY_INVARIANT(IsValid(state_));
  PlaceVnodes();
  BuildIndex();
  BuildRanges();
}

void Ring::PlaceVnodes() {
  struct Placed {
    uint64_t token;
    uint32_t node;
  };
  std::vector<Placed> placed;
  uint32_t normal = 0;
  for (uint32_t node = 0; node < state_.members.size(); ++node) {
    const RingMember& member = state_.members[node];
    if (member.status != MemberStatus::kNormal) continue;
    ++normal;
    for (uint32_t i = 0; i < member.vnodes; ++i) {
      placed.push_back({VnodeToken(member.name, i), node});
    }
  }
  Sort(placed.begin(), placed.end(), [this](const Placed& a, const Placed& b) {
    if (a.token != b.token) return a.token < b.token;
    return state_.members[a.node].name < state_.members[b.node].name;
  });

  copies_ = std::min(state_.params.replication, normal);
  tokens_.reserve(placed.size());
  nodes_.reserve(placed.size());
  for (const Placed& vnode : placed) {
    tokens_.push_back(vnode.token);
    nodes_.push_back(vnode.node);
  }
}

// About one bucket per token, so that a small ring has a small index.
void Ring::BuildIndex() {
  const uint32_t bits = std::clamp(
      static_cast<uint32_t>(std::bit_width(tokens_.size())), 1u, kIndexBitsMax);
  index_shift_ = 64 - bits;
  const size_t buckets = size_t{1} << bits;
  index_.reserve(buckets + 1);
  size_t position = 0;
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    const uint64_t low = static_cast<uint64_t>(bucket) << index_shift_;
    while (position < tokens_.size() && tokens_[position] < low) ++position;
    index_.push_back(static_cast<uint32_t>(position));
  }
  index_.push_back(static_cast<uint32_t>(tokens_.size()));
}

void Ring::BuildRanges() {
  range_of_.reserve(tokens_.size());
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (i == 0 || tokens_[i] != tokens_[i - 1]) {
      const uint64_t after = i == 0 ? tokens_.back() : tokens_[i - 1];
      ranges_.push_back({after, tokens_[i], Walk(i)});
    }
    range_of_.push_back(static_cast<uint32_t>(ranges_.size() - 1));
  }
}

// Distinct nodes in the order met.  The list is short, so the search for
// duplicates is linear.
PreferenceList Ring::Walk(size_t first) const {
  PreferenceList owners;
  for (size_t step = 0; owners.size() < copies_; ++step) {
    ORRERY_INVARIANT(step < tokens_.size());
    const RingMember& member =
        state_.members[nodes_[(first + step) % tokens_.size()]];
    const Owner owner{member.id, member.storage};
    if (std::find(owners.begin(), owners.end(), owner) == owners.end()) {
      owners.push_back(owner);
    }
  }
  return owners;
}

// REQUIRES: !tokens_.empty().  Wraps to 0 past the last token.
size_t Ring::FirstAtOrAfter(uint64_t token) const {
  const size_t bucket = static_cast<size_t>(token >> index_shift_);
  const auto begin = tokens_.begin() + index_[bucket];
  const auto end = tokens_.begin() + index_[bucket + 1];
  const auto found = std::lower_bound(begin, end, token);
  const auto position = static_cast<size_t>(found - tokens_.begin());
  return position == tokens_.size() ? 0 : position;
}

PreferenceList Ring::OwnersOf(uint64_t token) const {
  if (ranges_.empty()) return {};
  return RangeOf(token).owners;
}

const Ring::Range& Ring::RangeOf(uint64_t token) const {
  ORRERY_INVARIANT(!ranges_.empty());
  return ranges_[range_of_[FirstAtOrAfter(token)]];
}

std::vector<NodeId> Ring::NonOwnersClockwise(uint64_t token) const {
  std::vector<NodeId> others;
  if (ranges_.empty()) return others;
  const size_t first = FirstAtOrAfter(token);
  std::vector<bool> seen(state_.members.size(), false);
  uint32_t distinct = 0;
  for (size_t step = 0; step < tokens_.size(); ++step) {
    const uint32_t node = nodes_[(first + step) % tokens_.size()];
    if (seen[node]) continue;
    seen[node] = true;
    ++distinct;
    if (distinct > copies_) others.push_back(state_.members[node].id);
  }
  return others;
}

std::vector<Ring::Vnode> Ring::Vnodes() const {
  std::vector<Vnode> vnodes;
  vnodes.reserve(tokens_.size());
  for (size_t i = 0; i < tokens_.size(); ++i) {
    vnodes.push_back({tokens_[i], state_.members[nodes_[i]].id});
  }
  return vnodes;
}

bool Ring::IsOwner(uint64_t token, const Owner& owner) const {
  if (ranges_.empty()) return false;
  const PreferenceList& owners = RangeOf(token).owners;
  return std::find(owners.begin(), owners.end(), owner) != owners.end();
}

bool Ring::Contains(uint64_t token, uint64_t after, uint64_t end) {
  if (after < end) return after < token && token <= end;
  return after < token || token <= end || after == end;
}

}  // namespace orrery
