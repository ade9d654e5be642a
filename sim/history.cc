#include "sim/history.h"

#include <algorithm>
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

// Again while it lasts: no matter.
void History::RecordHalt(uint32_t node, HaltCause cause, Instant at) {
  for (const Halt& halt : halts_) {
    if (halt.node == node && halt.cause == cause && !halt.to.has_value()) {
      return;
    }
  }
  halts_.push_back({.node = node, .cause = cause, .from = at, .to = {}});
}

void History::RecordResumption(uint32_t node, HaltCause cause, Instant at) {
  for (Halt& halt : halts_) {
    if (halt.node == node && halt.cause == cause && !halt.to.has_value()) {
      halt.to = at;
    }
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

bool History::FoundDamage(uint32_t node, uint32_t key, Instant after,
                          Instant until, bool in_hints) const {
  for (const FoundDamageNote& damage : damages_) {
    if (damage.node != node || damage.key.value_or(key) != key) continue;
    if (damage.in_hints != in_hints) continue;
    if (damage.at >= after && damage.at <= until) return true;
  }
  return false;
}

// The newest record stands for all that it outranks.
bool History::LostSilently(uint32_t node, uint32_t key, uint64_t version,
                           Instant until) const {
  return std::any_of(
      silent_.begin(), silent_.end(), [&](const DamagedCopy& copy) {
        return copy.node == node && copy.key == key && !copy.in_hints &&
               copy.version >= version && copy.at <= until;
      });
}

bool History::AnyHolderLostSilently(uint32_t key, uint64_t version,
                                    Instant until) const {
  if (silent_.empty()) return false;
  for (const Holding& holding : HoldersOf(key, version)) {
    if (holding.at > until || holding.stand_in) continue;
    if (LostSilently(holding.node, key, version, until)) return true;
  }
  return false;
}

void History::RecordFailedSync(uint32_t node, Instant at) {
  failed_syncs_.push_back({.node = node, .at = at});
  // What it should have synced is written and synced again.
  halts_.push_back(
      {.node = node, .cause = HaltCause::kDisk, .from = at, .to = at});
}

void History::RecordDeath(uint32_t node, Instant at, Duration unsynced) {
  for (const OnNode& sync : failed_syncs_) {
    if (sync.node != node) continue;
    if (at > SyncedAt(node, sync.at, unsynced)) continue;  // Made good.
    RecordDisaster(
        {.node = node, .at = at, .wiped = false, .by_failed_sync = true});
    break;
  }
  std::erase_if(failed_syncs_,
                [&](const OnNode& sync) { return sync.node == node; });
}

void History::RecordCleanStop(uint32_t node, Instant at) {
  for (const OnNode& stop : clean_stops_) {
    if (stop.node == node && stop.at == at) return;
  }
  clean_stops_.push_back({.node = node, .at = at});
}

// So much later, if nothing halts it: each halt begins the time anew.  A clean
// stop syncs everything before.
Instant History::SyncedAt(uint32_t node, Instant at, Duration unsynced) const {
  Instant synced = at + unsynced;
  if (unsynced.ns == 0) return synced;  // Acknowledged after its sync.
  Instant stopped = kEver;
  for (const OnNode& stop : clean_stops_) {
    if (stop.node == node && stop.at >= at)
      stopped = std::min(stopped, stop.at);
  }
  bool moved = true;
  while (moved) {
    moved = false;
    for (const Halt& halt : halts_) {
      if (halt.node != node || halt.from >= synced) continue;
      if (!halt.to.has_value()) return stopped;
      if (*halt.to < at || *halt.to + unsynced <= synced) continue;
      synced = *halt.to + unsynced;
      moved = true;
    }
  }
  return std::min(synced, stopped);
}

bool History::MayHaveLost(uint32_t node, Instant at, Instant until,
                          const Durability& durability) const {
  std::optional<Instant> synced;
  for (const Disaster& disaster : disasters_) {
    if (disaster.node != node) continue;
    if (disaster.at < at || disaster.at > until) continue;
    if (disaster.wiped || disaster.restored) return true;
    if (!synced.has_value()) synced = SyncedAt(node, at, durability.unsynced);
    if (disaster.at < *synced) return true;
  }
  return false;
}

bool History::LostPowerAlone(uint32_t node, Instant after,
                             Instant until) const {
  bool lost = false;
  for (const Disaster& disaster : disasters_) {
    if (disaster.node != node) continue;
    if (disaster.at <= after || disaster.at > until) continue;
    if (disaster.wiped || disaster.restored) return false;
    if (disaster.by_failed_sync) return false;
    lost = true;
  }
  return lost;
}

bool History::WasOnlyRestored(uint32_t node, Instant after,
                              Instant until) const {
  bool restored = false;
  for (const Disaster& disaster : disasters_) {
    if (disaster.node != node) continue;
    if (disaster.at <= after || disaster.at > until) continue;
    if (!disaster.restored) return false;
    restored = true;
  }
  return restored;
}

// By a disaster, or because the node cannot read what it stored any more.
bool History::IsLost(uint32_t key, uint64_t version, const Holding& holding,
                     Instant until, const Durability& durability) const {
  if (FoundDamage(holding.node, key, holding.at, until, holding.stand_in)) {
    return true;
  }
  for (const DamagedCopy& copy : copies_) {
    const bool is_it = copy.node == holding.node && copy.key == key &&
                       copy.in_hints == holding.stand_in;
    // What a write lost was never there, though it was acknowledged since.
    if (is_it && copy.version >= version && copy.at <= until) return true;
  }
  // A hint for a node whose disk was wiped has nobody to go to, and is given up
  // once the other owners have it.
  for (const Disaster& disaster : disasters_) {
    if (holding.stand_in && disaster.wiped && disaster.at <= until) return true;
  }
  return MayHaveLost(holding.node, holding.at, until, durability);
}

bool History::AnyLossOf(uint32_t key, Instant at, Instant until,
                        const Durability& durability) const {
  for (const FoundDamageNote& damage : damages_) {
    if (damage.in_hints) continue;
    if (FoundDamage(damage.node, key, at, until, false)) return true;
  }
  for (const DamagedCopy& copy : copies_) {
    if (!copy.in_hints && copy.key == key && copy.at <= until) return true;
  }
  for (const Disaster& disaster : disasters_) {
    if (MayHaveLost(disaster.node, at, until, durability)) return true;
  }
  return false;
}

bool History::AllHoldersLost(uint32_t key, uint64_t version,
                             const Durability& durability,
                             Instant until) const {
  return HoldersLeft(key, version, durability, until).empty();
}

std::vector<uint32_t> History::HoldersLeft(uint32_t key, uint64_t version,
                                           const Durability& durability,
                                           Instant until) const {
  std::vector<uint32_t> left;
  for (const Holding& holding : HoldersOf(key, version)) {
    if (holding.at > until) continue;
    if (IsLost(key, version, holding, until, durability)) continue;
    left.push_back(holding.node);
  }
  return left;
}

bool History::AnyHolderLost(uint32_t key, uint64_t version,
                            const Durability& durability, Instant until) const {
  for (const Holding& holding : HoldersOf(key, version)) {
    if (holding.at > until) continue;
    if (IsLost(key, version, holding, until, durability)) return true;
  }
  return false;
}

}  // namespace orrery::sim
