#include "sim/checkers/context_coverage.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/total_order.h"
#include "core/version/causal_context.h"
#include "core/version/version_vector.h"
#include "sim/checkers/narration.h"
#include "sim/checkers/sweep.h"

namespace orrery::sim {
namespace {

// How many owners are known to hold what an operation was told; 0: no matter.
using Reach = uint32_t (*)(const Evidence&, const Operation&);

uint32_t ReachOfWrite(const Evidence&, const Operation& op) {
  return op.IsWrite() ? op.acks.owners : 0;
}

// A majority read wrote back what it returned to a majority.
uint32_t ReachOfRead(const Evidence& evidence, const Operation& op) {
  if (op.IsWrite() || op.sloppy) return 0;
  const uint32_t majority = evidence.Majority();
  return evidence.RequiredReads(op) >= majority ? majority : 0;
}

uint32_t ReachOfAny(const Evidence& evidence, const Operation& op) {
  return op.IsWrite() ? ReachOfWrite(evidence, op) : ReachOfRead(evidence, op);
}

// What a later read has to cover, of one key or of one client's use of it.
// Joined per reach, since a read of R owners must meet only those whose reach
// and R exceed the owners.
class Known {
 public:
  void Add(uint32_t index, const Operation& op, uint32_t reach) {
    if (op.told.vv.entries.empty()) return;
    if (joined_.size() <= reach) joined_.resize(reach + 1);
    for (uint32_t level = 1; level <= reach; ++level) {
      Join(&joined_[level], op.told.vv);
    }
    held_.push_back({index, reach});
  }

  // Null: nothing was added that reaches so many.
  const VersionVector* Joined(uint32_t reach) const {
    if (reach >= joined_.size() || joined_[reach].entries.empty()) {
      return nullptr;
    }
    return &joined_[reach];
  }

  struct Held {
    uint32_t index;
    uint32_t reach;
  };
  const std::vector<Held>& held() const { return held_; }

  // Forgets what was lost with a disk; the rest is joined anew.
  void Keep(const std::vector<Operation>& operations,
            const std::vector<Held>& kept) {
    joined_.clear();
    held_.clear();
    for (const Held& held : kept) {
      Add(held.index, operations[held.index], held.reach);
    }
  }

 private:
  std::vector<VersionVector> joined_;
  std::vector<Held> held_;
};

struct Property {
  std::string_view oracle;
  std::string_view property;
  Reach reach;
  bool per_client;
};

void ComplainOfContext(const Property& property, const Operation& earlier,
                       const Operation& read, Verdict* verdict) {
  const std::string whose =
      property.per_client
          ? " by c" + std::to_string(read.client) + ", after its own "
          : ", after the ";
  Report(verdict,
         {.oracle = std::string(property.oracle),
          .property = std::string(property.property),
          .sentence = "The " + OpText(read) + " through " +
                      NodeText(read.node) + " began at " +
                      SecondsText(read.invoked) + whose + OpText(earlier) +
                      " had been answered at " + SecondsText(earlier.returned) +
                      ", and its answer's context does not cover that one's.",
          .op = read.id,
          .key = read.key,
          .at = read.returned,
          .other = earlier.id});
}

void CheckReadContext(const Evidence& evidence, const Property& property,
                      const Operation& read, Known* known, Verdict* verdict) {
  const uint32_t owners = evidence.owners_per_key;
  const uint32_t least = owners + 1 - evidence.RequiredReads(read);
  const VersionVector* joined = known->Joined(least);
  if (joined == nullptr) return;
  ++verdict->checked;
  if (Descends(read.told.vv, *joined)) return;
  const std::vector<Operation>& operations = evidence.history.operations();
  const History::Durability durability{evidence.unsynced};
  std::vector<Known::Held> kept;
  for (const Known::Held& held : known->held()) {
    const Operation& earlier = operations[held.index];
    if (held.reach < least || Descends(read.told.vv, earlier.told.vv)) {
      kept.push_back(held);
    } else if (evidence.history.AnyLossOf(read.key, earlier.invoked,
                                          read.returned, durability)) {
      Excuse(verdict, "O4 O5 one who stored it lost something");
    } else {
      kept.push_back(held);
      ComplainOfContext(property, earlier, read, verdict);
      return;
    }
  }
  known->Keep(operations, kept);
}

// A read that is judged: strict, and its context could be opened.
bool IsJudged(const Operation& op) {
  if (op.IsWrite() || op.sloppy) return false;
  return op.context.empty() || !op.told.vv.entries.empty();
}

void WalkContexts(const Evidence& evidence, const Property& property,
                  Verdict* verdict) {
  const std::vector<Operation>& operations = evidence.history.operations();
  std::vector<Moment> moments;
  moments.reserve(2 * operations.size());
  for (uint32_t i = 0; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    if (!op.IsOk()) continue;
    if (property.per_client && op.final_read) continue;
    if (IsJudged(op)) moments.push_back({op.invoked, true, i});
    if (property.reach(evidence, op) > 0) {
      moments.push_back({op.returned, false, i});
    }
  }
  Sort(moments.begin(), moments.end(), Before);
  const uint32_t clients = property.per_client ? evidence.config.clients : 1;
  std::vector<Known> known(size_t{evidence.config.keys} * clients);
  for (const Moment& moment : moments) {
    const Operation& op = operations[moment.index];
    const uint32_t client = property.per_client ? op.client : 0;
    Known& mine = known[size_t{op.key} * clients + client];
    if (moment.begins) {
      if (property.reach == ReachOfRead &&
          evidence.RequiredReads(op) < evidence.Majority()) {
        continue;
      }
      CheckReadContext(evidence, property, op, &mine, verdict);
    } else {
      mine.Add(moment.index, op, property.reach(evidence, op));
    }
  }
}

// Writes follow reads, and each other, by the context they carry.
void CheckCarried(const Evidence& evidence, Verdict* verdict) {
  for (const Operation& op : evidence.history.operations()) {
    // A retry carries no context: it is the first attempt, or its stamp.
    if (!op.IsWrite() || !op.IsOk() || op.retried || op.context_of == 0) {
      continue;
    }
    const Operation* seen = evidence.history.Find(op.context_of);
    if (seen == nullptr || seen->told.vv.entries.empty()) continue;
    if (op.told.vv.entries.empty()) continue;
    ++verdict->checked;
    const bool above = op.version > seen->told.stamp;
    if (above && Descends(op.told.vv, seen->told.vv)) continue;
    Report(
        verdict,
        {.oracle = "O6",
         .property = "sessions",
         .sentence = "The " + OpText(op) + " through " + NodeText(op.node) +
                     " carried the context of the " + OpText(*seen) + " and " +
                     (above ? "its answer's context does not cover it."
                            : "did not get a higher version than that."),
         .op = op.id,
         .key = op.key,
         .at = op.returned,
         .other = seen->id});
  }
}

}  // namespace

void OpenContexts(const ClusterId& cluster, History* history) {
  for (Operation& op : history->operations()) {
    if (op.context.empty()) continue;
    const std::optional<SeenVersions> told =
        OpenContext(cluster, KeyText(op.key), op.context.view());
    if (told.has_value()) op.told = *told;
  }
}

Verdict CheckContextsOfWrites(const Evidence& evidence) {
  Verdict verdict;
  WalkContexts(evidence, {"O4", "contexts-cover-writes", ReachOfWrite, false},
               &verdict);
  return verdict;
}

Verdict CheckContextsOfReads(const Evidence& evidence) {
  Verdict verdict;
  WalkContexts(evidence, {"O5", "contexts-cover-reads", ReachOfRead, false},
               &verdict);
  return verdict;
}

Verdict CheckSessions(const Evidence& evidence) {
  Verdict verdict;
  CheckCarried(evidence, &verdict);
  WalkContexts(evidence, {"O6", "sessions", ReachOfAny, true}, &verdict);
  return verdict;
}

}  // namespace orrery::sim
