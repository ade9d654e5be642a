#include "core/membership/observers.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/base/coding.h"
#include "core/base/murmur3.h"
#include "core/base/total_order.h"

namespace orrery {

namespace {

uint64_t PlaceOnRing(NodeId id, uint32_t ring) {
  std::array<std::byte, 12> key;
  StoreU64(key.data(), id.value);
  StoreU32(key.data() + 8, ring);
  return Murmur3x64_128(TextOf(key)).h1;
}

}  // namespace

void Observers::Rebuild(const MemberTable& table) {
  sets_.clear();
  for (const auto& [id, member] : table.entries()) {
    if (member.state == MemberState::kAlive ||
        member.state == MemberState::kSuspect) {
      sets_.try_emplace(id);
    }
  }
  if (IsComplete()) {
    for (auto& [subject, set] : sets_) {
      for (const auto& [observer, unused] : sets_) {
        if (observer != subject) set.push_back(observer);
      }
    }
    return;
  }
  for (uint32_t ring = 0; ring < kObserversMax; ++ring) AddRing(ring);
  for (auto& [subject, set] : sets_) Sort(set.begin(), set.end());
}

void Observers::AddRing(uint32_t ring) {
  std::vector<std::pair<uint64_t, NodeId>> order;
  order.reserve(sets_.size());
  for (const auto& [id, set] : sets_) {
    order.emplace_back(PlaceOnRing(id, ring), id);
  }
  Sort(order.begin(), order.end());

  for (size_t i = 0; i < order.size(); ++i) {
    Set& set = sets_.find(order[i].second)->second;
    for (size_t step = 1; step < order.size(); ++step) {
      const NodeId candidate =
          order[(i + order.size() - step) % order.size()].second;
      if (std::find(set.begin(), set.end(), candidate) == set.end()) {
        set.push_back(candidate);
        break;
      }
    }
  }
}

const Observers::Set& Observers::Of(NodeId subject) const {
  const auto found = sets_.find(subject);
  return found == sets_.end() ? none_ : found->second;
}

bool Observers::Watches(NodeId observer, NodeId subject) const {
  const Set& set = Of(subject);
  return std::find(set.begin(), set.end(), observer) != set.end();
}

}  // namespace orrery
