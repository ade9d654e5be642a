#include "sim/checkers/staleness.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/total_order.h"
#include "sim/checkers/sweep.h"

namespace orrery::sim {
namespace {

// A read that meets fewer owners than W leaves.
bool IsWeak(const Evidence& evidence, const Operation& op) {
  if (op.IsWrite() || op.sloppy || op.final_read) return false;
  const uint32_t writes =
      std::min(evidence.config.engine.write_quorum, evidence.owners_per_key);
  return evidence.RequiredReads(op) + writes <= evidence.owners_per_key;
}

// Versions of each key that anybody was told of, in their order.
std::vector<std::vector<uint64_t>> VersionsOf(const Evidence& evidence) {
  std::vector<std::vector<uint64_t>> versions(evidence.config.keys, {0});
  for (const Operation& op : evidence.history.operations()) {
    if (op.IsOk()) versions[op.key].push_back(op.version);
  }
  for (std::vector<uint64_t>& one : versions) {
    Sort(one.begin(), one.end());
    one.erase(std::unique(one.begin(), one.end()), one.end());
  }
  return versions;
}

Verdict MeasureAtomicity(const Evidence& evidence, size_t k) {
  Verdict verdict;
  const std::vector<Operation>& operations = evidence.history.operations();
  std::vector<Moment> moments;
  bool any = false;
  for (uint32_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (!op.IsOk()) continue;
    moments.push_back({op.returned, false, i});
    if (!IsWeak(evidence, op)) continue;
    moments.push_back({op.invoked, true, i});
    any = true;
  }
  if (!any) return verdict;
  Sort(moments.begin(), moments.end(), Before);
  const std::vector<std::vector<uint64_t>> versions = VersionsOf(evidence);
  std::vector<size_t> highest(evidence.config.keys, 0);
  for (const Moment& moment : moments) {
    const Operation& op = operations[moment.index];
    const std::vector<uint64_t>& order = versions[op.key];
    const auto place = static_cast<size_t>(
        std::lower_bound(order.begin(), order.end(), op.version) -
        order.begin());
    if (!moment.begins) {
      highest[op.key] = std::max(highest[op.key], place);
      continue;
    }
    ++verdict.checked;
    if (highest[op.key] >= place + k) ++verdict.deviations;
  }
  return verdict;
}

}  // namespace

Verdict MeasureOneAtomic(const Evidence& evidence) {
  return MeasureAtomicity(evidence, 1);
}

Verdict MeasureTwoAtomic(const Evidence& evidence) {
  return MeasureAtomicity(evidence, 2);
}

}  // namespace orrery::sim
