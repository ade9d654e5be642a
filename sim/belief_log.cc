#include "sim/belief_log.h"

#include <algorithm>
#include <cstddef>

namespace orrery::sim {
namespace {

// "n12"; nothing if it names no node of this world.
std::optional<uint32_t> NodeOfName(std::string_view name, uint32_t nodes) {
  if (name.size() < 2 || name[0] != 'n') return std::nullopt;
  uint32_t node = 0;
  for (const char c : name.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
    node = node * 10 + static_cast<uint32_t>(c - '0');
    if (node >= nodes) return std::nullopt;
  }
  return node;
}

}  // namespace

BeliefLog::BeliefLog(uint32_t nodes)
    : nodes_(nodes), entries_(size_t{nodes} * nodes) {}

void BeliefLog::Add(uint32_t observer, uint32_t subject, const Entry& entry) {
  std::vector<Entry>& entries = entries_[observer * nodes_ + subject];
  if (!entries.empty() && entries.back().belief == entry.belief) return;
  if (entries.empty() && !entry.belief.has_value()) return;
  entries.push_back(entry);
}

void BeliefLog::Note(uint32_t observer, const std::vector<MemberView>& members,
                     Instant at) {
  for (const MemberView& member : members) {
    const std::optional<uint32_t> subject = NodeOfName(member.name, nodes_);
    if (!subject.has_value() || *subject == observer) continue;
    Add(observer, *subject, {at, Belief{member.state, member.evidence}});
  }
}

void BeliefLog::Note(uint32_t observer, uint32_t subject, const Belief& belief,
                     Instant at) {
  Add(observer, subject, {at, belief});
}

void BeliefLog::Forget(uint32_t observer, Instant at) {
  for (uint32_t subject = 0; subject < nodes_; ++subject) {
    Add(observer, subject, {at, std::nullopt});
  }
}

std::optional<Belief> BeliefLog::At(uint32_t observer, uint32_t subject,
                                    Instant at) const {
  const std::vector<Entry>& entries = Of(observer, subject);
  const auto after = std::upper_bound(
      entries.begin(), entries.end(), at,
      [](Instant wanted, const Entry& entry) { return wanted < entry.at; });
  if (after == entries.begin()) return std::nullopt;
  return std::prev(after)->belief;
}

}  // namespace orrery::sim
