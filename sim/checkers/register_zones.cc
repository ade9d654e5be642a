#include "sim/checkers/register_zones.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/total_order.h"

namespace orrery::sim {
namespace {

using Zones = absl::btree_map<uint64_t, Zone>;  // By version.

void Stretch(uint64_t version, Instant invoked, Instant returned,
             Zones* zones) {
  const auto [at, is_new] = zones->try_emplace(
      version, Zone{.first_return = returned, .last_invoked = invoked});
  if (is_new) return;
  Zone& zone = at->second;
  zone.first_return = std::min(zone.first_return, returned);
  zone.last_invoked = std::max(zone.last_invoked, invoked);
}

bool IsRegisterRead(const Evidence& evidence, const Operation& op) {
  return !op.IsWrite() && !op.sloppy &&
         evidence.RequiredReads(op) >= evidence.Majority();
}

// The write behind a value, if nobody was told of its version: it returns at
// some time, or never.
void StretchByWriter(const Evidence& evidence, const Operation& read,
                     Zones* zones) {
  if (read.version == 0) {  // Never written: so it was before the run.
    Stretch(0, Instant{0}, Instant{0}, zones);
    return;
  }
  if (!read.found) return;
  const std::optional<uint32_t> id = OpOfValue(read.value.text());
  if (!id.has_value()) return;
  const Operation* write = evidence.history.Find(*id);
  if (write == nullptr || write->IsOk()) return;
  Stretch(read.version, write->invoked, kEver, zones);
}

}  // namespace

uint64_t ContradictedZones(std::vector<Zone> zones) {
  std::vector<Zone> forward;
  for (const Zone& zone : zones) {
    if (zone.IsForward()) forward.push_back(zone);
  }
  Sort(forward.begin(), forward.end(), [](const Zone& a, const Zone& b) {
    if (a.first_return != b.first_return) {
      return a.first_return < b.first_return;
    }
    return a.last_invoked < b.last_invoked;
  });
  uint64_t contradicted = 0;
  // Up to each: when the last of them ends.
  std::vector<Instant> ends;
  for (const Zone& zone : forward) {
    if (!ends.empty() && zone.first_return < ends.back()) ++contradicted;
    ends.push_back(ends.empty() ? zone.last_invoked
                                : std::max(ends.back(), zone.last_invoked));
  }
  for (const Zone& zone : zones) {
    if (zone.IsForward()) continue;
    const auto after = std::lower_bound(
        forward.begin(), forward.end(), zone.last_invoked,
        [](const Zone& one, Instant at) { return one.first_return < at; });
    if (after == forward.begin()) continue;
    const auto before = static_cast<size_t>(after - forward.begin()) - 1;
    if (zone.first_return < ends[before]) ++contradicted;
  }
  return contradicted;
}

namespace {

// What each key's operations, as far as they count, make of it.
std::vector<Zones> ZonesOf(const Evidence& evidence) {
  std::vector<Zones> keys(evidence.config.keys);
  for (const Operation& op : evidence.history.operations()) {
    if (!op.IsOk()) continue;
    if (op.IsWrite()) {
      Stretch(op.version, op.invoked, op.returned, &keys[op.key]);
    } else if (IsRegisterRead(evidence, op)) {
      Stretch(op.version, op.invoked, op.returned, &keys[op.key]);
      StretchByWriter(evidence, op, &keys[op.key]);
    }
  }
  return keys;
}

uint64_t Contradicted(const Zones& zones) {
  std::vector<Zone> all;
  all.reserve(zones.size());
  for (const auto& [version, zone] : zones) all.push_back(zone);
  return ContradictedZones(std::move(all));
}

std::vector<bool> RegistersOf(const Evidence& evidence) {
  std::vector<bool> registers(evidence.config.keys, false);
  for (const Operation& op : evidence.history.operations()) {
    if (op.IsWrite()) registers[op.key] = true;
  }
  for (const Operation& op : evidence.history.operations()) {
    if (!op.IsWrite()) continue;
    const bool is_strong = op.quorum_stamp && !op.sloppy && !op.siblings &&
                           evidence.RequiredWrites(op) >= evidence.Majority();
    if (!is_strong || (op.retried && op.own_id)) registers[op.key] = false;
  }
  return registers;
}

}  // namespace

Verdict CheckRegisters(const Evidence& evidence) {
  Verdict verdict;
  const std::vector<bool> registers = RegistersOf(evidence);
  const std::vector<Zones> keys = ZonesOf(evidence);
  const History::Durability durability{evidence.unsynced};
  for (uint32_t key = 0; key < keys.size(); ++key) {
    if (!registers[key]) continue;
    verdict.checked += keys[key].size();
    const uint64_t contradicted = Contradicted(keys[key]);
    if (contradicted == 0) continue;
    if (evidence.history.AnyLossOf(key, Instant{}, kEver, durability)) {
      Excuse(&verdict, "O7 one who stored a version lost it");
      continue;
    }
    Report(&verdict,
           {.oracle = "O7",
            .property = "linearizable-register",
            .sentence = KeyText(key) +
                        " was written with stamp=quorum alone and read by "
                        "majorities, and is no linearizable register: of its " +
                        std::to_string(keys[key].size()) + " versions " +
                        std::to_string(contradicted) +
                        " are contradicted by others.",
            .op = 0,
            .key = key,
            .at = evidence.ended});
  }
  return verdict;
}

Verdict MeasureRegisters(const Evidence& evidence) {
  Verdict verdict;
  const std::vector<bool> registers = RegistersOf(evidence);
  const std::vector<Zones> keys = ZonesOf(evidence);
  for (uint32_t key = 0; key < keys.size(); ++key) {
    if (registers[key] || evidence.history.IsKept(key)) continue;
    verdict.checked += keys[key].size();
    verdict.deviations += Contradicted(keys[key]);
  }
  return verdict;
}

}  // namespace orrery::sim
