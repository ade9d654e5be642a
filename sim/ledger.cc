#include "sim/ledger.h"

#include <cstdint>
#include <optional>
#include <span>

#include "sim/history.h"

namespace orrery::sim {
namespace {

bool IsSameVersion(const Ledger::Version& known, uint32_t key,
                   const Sibling& sibling) {
  return known.key == key && known.stamp == sibling.stamp &&
         known.tombstone == sibling.tombstone &&
         known.operation == sibling.operation &&
         known.checksum == sibling.checksum;
}

uint32_t OpOfSibling(const Sibling& sibling) {
  if (sibling.tombstone) return 0;
  return OpOfValue(sibling.value.text()).value_or(0);
}

}  // namespace

Ledger::Sight Ledger::Observe(uint32_t key, const Sibling& sibling,
                              Instant at) {
  const auto next = static_cast<uint32_t>(versions_.size());
  const auto [index, inserted] = by_dot_.Insert(sibling.dot, next);
  if (!inserted) {
    return IsSameVersion(versions_[*index], key, sibling) ? Sight::kKnown
                                                          : Sight::kConflict;
  }
  versions_.push_back({.dot = sibling.dot,
                       .stamp = sibling.stamp,
                       .tombstone = sibling.tombstone,
                       .operation = sibling.operation,
                       .checksum = sibling.checksum,
                       .key = key,
                       .op = OpOfSibling(sibling),
                       .seen = at});
  if (by_key_.size() <= key) by_key_.resize(key + 1);
  by_key_[key].push_back(next);
  return Sight::kNew;
}

void Ledger::MarkHeld(const Dot& dot) {
  const uint32_t* index = by_dot_.Find(dot);
  if (index != nullptr) versions_[*index].held = true;
}

void Ledger::MarkHeld(uint32_t key, uint64_t stamp, uint32_t op) {
  if (by_key_.size() <= key) return;
  const std::vector<uint32_t>& of_key = by_key_[key];
  for (size_t i = of_key.size(); i > 0; --i) {  // It is one of the last.
    Version& version = versions_[of_key[i - 1]];
    if (version.stamp != stamp || version.op != op) continue;
    version.held = true;
    return;
  }
}

const Ledger::Version* Ledger::Find(const Dot& dot) const {
  const uint32_t* index = by_dot_.Find(dot);
  return index == nullptr ? nullptr : &versions_[*index];
}

std::span<const uint32_t> Ledger::OfKey(uint32_t key) const {
  if (by_key_.size() <= key) return {};
  return by_key_[key];
}

bool Outranks(const Ledger::Version& a, const Ledger::Version& b) {
  if (a.stamp != b.stamp) return a.stamp > b.stamp;
  if (a.tombstone != b.tombstone) return a.tombstone;
  if (a.operation != b.operation) return a.operation > b.operation;
  if (a.checksum != b.checksum) return a.checksum > b.checksum;
  return a.dot > b.dot;
}

}  // namespace orrery::sim
