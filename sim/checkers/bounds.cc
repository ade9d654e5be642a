#include "sim/checkers/bounds.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/invariant.h"
#include "core/base/total_order.h"
#include "core/storage/file_table.h"
#include "core/version/hybrid_clock.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// A clock that runs ahead of its wall moves by one for each stamp drawn: so
// many a run never draws.
constexpr Duration kDrawsMax = kMillisecond;
// Puts, gets and forwards have a pool each, and there is the door.
constexpr uint32_t kPlacesPerRequest = 4;
// Of either store: the manifest, an output of compaction, and a file that is
// being made; and what the directory itself keeps open.
constexpr uint64_t kFixedFiles = 16;

void AddBrokenLoad(std::string sentence, Watched* watched) {
  if (watched->broken.size() == kViolationsMax) return;
  watched->broken.push_back(std::move(sentence));
}

bool IsRetried(const Evidence& evidence, uint32_t op) {
  const Operation* write = evidence.history.Find(op);
  return write != nullptr && write->retried;
}

// A delete leaves no name with its version.
bool AnyDeleteRetried(const Evidence& evidence) {
  return std::any_of(evidence.history.operations().begin(),
                     evidence.history.operations().end(),
                     [](const Operation& op) {
                       return op.retried && op.verb == OpStep::Verb::kDelete;
                     });
}

}  // namespace

void StampBound::OnClock(uint32_t node, WallTime wall, Instant now) {
  Clock& clock = clocks_[node];
  const Duration ahead{wall.ns - now.ns};
  if (!clock.seen) clock = {true, ahead, ahead, clock.starts};
  clock.highest = std::max(clock.highest, ahead);
  clock.lowest = std::min(clock.lowest, ahead);
}

// Of m members a node knows its own clock and half of the others' at least:
// the lower median of the highest so many.
Duration StampBound::HighestMedian(std::span<const uint32_t> members) const {
  std::vector<Duration> clocks;
  for (const uint32_t member : members) {
    if (clocks_[member].seen) clocks.push_back(clocks_[member].highest);
  }
  ORRERY_INVARIANT(!clocks.empty());
  Sort(clocks.begin(), clocks.end());
  const size_t known = 1 + members.size() / 2;
  const size_t asked = std::min(known, clocks.size());
  return clocks[clocks.size() - asked + (asked - 1) / 2];
}

// Whether the clocks of so many went back that cluster time may have.
bool StampBound::WasSetBack(std::span<const uint32_t> members) const {
  const auto back =
      std::count_if(members.begin(), members.end(), [&](uint32_t member) {
        const Clock& clock = clocks_[member];
        return clock.seen && clock.highest - clock.lowest > skew_bound_ / 4;
      });
  return static_cast<size_t>(back) * 2 >= members.size();
}

void StampBound::OnFresh(const Fresh& fresh,
                         Evidence::FreshStamps* seen) const {
  ++seen->checked;
  if (fresh.basis != 0 && fresh.stamp <= fresh.basis + kBasisStampStep) return;
  const Clock& clock = clocks_[fresh.node];
  ORRERY_INVARIANT(clock.starts > 0);
  const Duration highest = HighestMedian(fresh.members);
  const int64_t cluster_ns = fresh.now.ns + highest.ns;
  Duration bound = skew_bound_ + kDrawsMax;
  if (WasSetBack(fresh.members)) {
    bound = bound + (skew_bound_ / 2) * (clock.starts - 1);
  }
  if (fresh.stamp <= static_cast<uint64_t>(cluster_ns + bound.ns)) return;
  if (seen->strange.size() == kViolationsMax) return;
  const auto ahead_ns = static_cast<int64_t>(fresh.stamp) - cluster_ns;
  seen->strange.push_back(
      {.op = fresh.op,
       .sentence = NodeText(fresh.node) + " gave version " +
                   std::to_string(fresh.stamp) + " to a write of " +
                   std::string(fresh.key) + ", " +
                   std::to_string(ahead_ns / kMillisecond.ns) +
                   " ms above the highest median that the members' clocks "
                   "have shown, and above its basis " +
                   std::to_string(fresh.basis) + "."});
}

void CheckLoad(const NodeLoad& load, const Config& config, Watched* watched) {
  ++watched->checked;
  const uint64_t requests_max =
      uint64_t{config.engine.limits.client_requests_max} * kPlacesPerRequest;
  if (load.open_requests > requests_max) {
    AddBrokenLoad(NodeText(load.node) + " keeps " +
                      std::to_string(load.open_requests) +
                      " clients waiting, and may keep " +
                      std::to_string(requests_max) + ".",
                  watched);
  }
  const uint64_t files_max = 2 * kOpenFilesMax + load.pinned_files +
                             load.disk_operations + kFixedFiles;
  if (load.open_files > files_max) {
    AddBrokenLoad(
        NodeText(load.node) + " has " + std::to_string(load.open_files) +
            " files open, and may have " + std::to_string(files_max) + ".",
        watched);
  }
}

void CheckSiblings(std::string_view key, const Object& object,
                   Watched* watched) {
  ++watched->checked;
  if (object.siblings.size() <= 1) return;
  AddBrokenLoad("An object of " + std::string(key) + " has " +
                    std::to_string(object.siblings.size()) +
                    " versions, though the last write wins.",
                watched);
}

Verdict CheckBounds(const Evidence& evidence) {
  Verdict verdict;
  verdict.checked = evidence.loads.checked + evidence.fresh_stamps.checked;
  for (const StrangeStamp& strange : evidence.fresh_stamps.strange) {
    const bool repeated = strange.op == 0 ? AnyDeleteRetried(evidence)
                                          : IsRetried(evidence, strange.op);
    if (repeated) {
      Excuse(&verdict,
             "O23 the write was repeated: which try minted is not told");
      continue;
    }
    Report(&verdict, {.oracle = "O23",
                      .property = "bounds",
                      .sentence = strange.sentence,
                      .op = strange.op,
                      .key = 0,
                      .at = evidence.ended});
  }
  ReportEach(&verdict, evidence.loads.broken, "O23", "bounds", evidence.ended);
  return verdict;
}

}  // namespace orrery::sim
