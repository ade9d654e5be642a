#include "sim/checkers/sweep.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/total_order.h"

namespace orrery::sim {

bool Before(const Moment& a, const Moment& b) {
  if (a.at != b.at) return a.at < b.at;
  if (a.begins != b.begins) return a.begins;
  return a.index < b.index;
}

void Sweep(const Evidence& evidence, Counts counts, Counts reads, Judge judge,
           Verdict* verdict) {
  const std::vector<Operation>& operations = evidence.history.operations();
  std::vector<Moment> moments;
  for (uint32_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (!op.IsOk()) continue;
    if (reads(evidence, op)) moments.push_back({op.invoked, true, i});
    if (counts(evidence, op)) moments.push_back({op.returned, false, i});
  }
  Sort(moments.begin(), moments.end(), Before);

  // Per key, operations that returned, by version.  Short: a read is nearly
  // always at or above the last.
  std::vector<std::vector<uint32_t>> returned(evidence.config.keys);
  for (const Moment& moment : moments) {
    const Operation& op = operations[moment.index];
    std::vector<uint32_t>& earlier = returned[op.key];
    if (!moment.begins) {
      const auto at =
          std::upper_bound(earlier.begin(), earlier.end(), op.version,
                           [&](uint64_t version, uint32_t index) {
                             return version < operations[index].version;
                           });
      earlier.insert(at, moment.index);
      continue;
    }
    if (earlier.empty()) continue;
    ++verdict->checked;
    for (size_t i = earlier.size(); i > 0; --i) {
      const Operation& above = operations[earlier[i - 1]];
      if (above.version <= op.version) break;
      if (judge(evidence, above, op, verdict)) break;
    }
  }
}

}  // namespace orrery::sim
