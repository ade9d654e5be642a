#include "sim/history.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/settings.h"

namespace orrery::sim {
namespace {

std::optional<uint32_t> NumberAfter(std::string_view prefix,
                                    std::string_view text) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  uint64_t number = 0;
  if (!ReadUint(text, &number) || number > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(number);
}

}  // namespace

std::string KeyText(uint32_t key) { return "k" + std::to_string(key); }

std::optional<uint32_t> KeyOfText(std::string_view text) {
  return NumberAfter("k", text);
}

std::string ValueText(uint32_t op, uint32_t size) {
  std::string text = "op" + std::to_string(op);
  if (text.size() < size) {
    text += ".";
    text.resize(size, 'x');
  }
  return text;
}

std::optional<uint32_t> OpOfValue(std::string_view value) {
  const std::optional<uint32_t> op =
      NumberAfter("op", value.substr(0, value.find('.')));
  if (!op.has_value()) return std::nullopt;
  if (ValueText(*op, static_cast<uint32_t>(value.size())) != value) {
    return std::nullopt;
  }
  return op;
}

Operation& History::Open(uint32_t id) {
  const auto next = static_cast<uint32_t>(operations_.size());
  const auto [index, inserted] = by_id_.Insert(id, next);
  if (inserted) {
    operations_.emplace_back();
    operations_.back().id = id;
  }
  return operations_[*index];
}

Operation* History::Find(uint32_t id) {
  const uint32_t* index = by_id_.Find(uint64_t{id});
  return index == nullptr ? nullptr : &operations_[*index];
}

const Operation* History::Find(uint32_t id) const {
  const uint32_t* index = by_id_.Find(uint64_t{id});
  return index == nullptr ? nullptr : &operations_[*index];
}

void History::RecordHolding(uint32_t key, uint64_t version,
                            const Holding& holding) {
  holdings_.FindOrInsert({key, version}).push_back(holding);
}

void History::RecordPromise(uint32_t node, const Promise& promise) {
  if (promises_.size() <= node) promises_.resize(node + 1);
  promises_[node].push_back(promise);
}

void History::RecordHalt(uint32_t node, Instant at) {
  for (const Halt& halt : halts_) {
    if (halt.node == node && !halt.to.has_value()) return;
  }
  halts_.push_back({.node = node, .from = at, .to = {}});
}

void History::RecordResumption(uint32_t node, Instant at) {
  for (Halt& halt : halts_) {
    if (halt.node == node && !halt.to.has_value()) halt.to = at;
  }
}

std::span<const History::Promise> History::PromisesOf(uint32_t node) const {
  if (promises_.size() <= node) return {};
  return promises_[node];
}

std::span<const History::Holding> History::HoldersOf(uint32_t key,
                                                     uint64_t version) const {
  const auto* holders = holdings_.Find(VersionName{key, version});
  if (holders == nullptr) return {};
  return *holders;
}

bool History::IsLost(const Holding& holding,
                     const Durability& durability) const {
  for (const Disaster& disaster : disasters_) {
    if (disaster.node != holding.node || disaster.at < holding.at) continue;
    if (disaster.wiped) return true;
    if (disaster.at < holding.at + durability.unsynced) return true;
  }
  return false;
}

bool History::AllHoldersLost(uint32_t key, uint64_t version,
                             const Durability& durability) const {
  for (const Holding& holding : HoldersOf(key, version)) {
    if (!IsLost(holding, durability)) return false;
  }
  return true;
}

bool History::AnyHolderLost(uint32_t key, uint64_t version,
                            const Durability& durability) const {
  for (const Holding& holding : HoldersOf(key, version)) {
    if (IsLost(holding, durability)) return true;
  }
  return false;
}

}  // namespace orrery::sim
