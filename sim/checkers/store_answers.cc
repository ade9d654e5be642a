#include "sim/checkers/store_answers.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/storage/control_record.h"
#include "core/storage/header_block.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// The active file, a spare one, and one that a job writes.
constexpr uint64_t kFilesInUse = 3;
// So many intervals a store has to get rid of what is dead.
constexpr int64_t kJobs = 3;
// A look a second, growth, and a look at that.
constexpr Duration kRelief = 5 * kSecond;

uint64_t LiveBytes(const StoreCounters& store) {
  const uint64_t frame = store.data_files * (kHeaderBlockBytes + kSealBytes);
  return store.data_bytes -
         std::min(store.data_bytes, store.dead_bytes + frame);
}

void CheckSpace(const Evidence& evidence, uint32_t node, size_t which,
                Verdict* verdict) {
  const EngineOptions& options = evidence.config.engine;
  const StoreCounters& store = evidence.nodes[node].stores[which];
  if (store.damaged_files > 0 || store.ranges_in_doubt > 0) {
    Excuse(verdict, "O18 a damaged file is kept");
    return;
  }
  const Duration since = evidence.inspected - evidence.fitted[node][which];
  ++verdict->checked;
  if (KeepsLittleThatIsDead(store, options)) return;
  if (since <= options.compact_interval * kJobs) return;
  Report(verdict,
         {.oracle = "O18",
          .property = "store-answers",
          .sentence = "After healing, " + NodeText(node) + " keeps " +
                      std::to_string(store.data_bytes) + " bytes in " +
                      (which == 0 ? "its store" : "its hints") + ", and only " +
                      std::to_string(LiveBytes(store)) +
                      " of them are alive, for " + TimeText(since) + ".",
          .op = 0,
          .key = 0,
          .at = evidence.ended});
}

void CheckRelief(const Evidence& evidence, uint32_t node, Verdict* verdict) {
  const Duration since = evidence.inspected - evidence.relieved[node];
  ++verdict->checked;
  if (since <= kRelief) return;
  Report(verdict,
         {.oracle = "O18",
          .property = "store-answers",
          .sentence = "The disk of " + NodeText(node) + " has had space for " +
                      TimeText(since) +
                      ", and still it is full or has no whole reserve.",
          .op = 0,
          .key = 0,
          .at = evidence.ended});
}

}  // namespace

bool IsRelieved(const SpaceView& space, uint64_t free_bytes,
                const EngineOptions& options) {
  const uint64_t file = options.max_file_bytes;
  const uint64_t reserve = file + options.limits.reserve_slack_bytes;
  if (free_bytes < 2 * file + reserve) return true;
  return space.state != SpaceState::kFull && space.reserve_bytes >= reserve;
}

// What is damaged or doubted is not compacted.
bool KeepsLittleThatIsDead(const StoreCounters& store,
                           const EngineOptions& options) {
  if (store.damaged_files > 0 || store.ranges_in_doubt > 0) return true;
  const uint64_t frame = store.data_files * (kHeaderBlockBytes + kSealBytes);
  return store.data_bytes <=
         LiveBytes(store) * 2 + frame + kFilesInUse * options.max_file_bytes;
}

Verdict CheckStoreAnswers(const Evidence& evidence) {
  Verdict verdict;
  verdict.checked = evidence.store_answers;
  ReportEach(&verdict, evidence.store_lies, "O18", "store-answers",
             evidence.ended);
  if (!evidence.healed) return verdict;
  for (uint32_t node = 0; node < evidence.nodes.size(); ++node) {
    if (!evidence.nodes[node].Serves() || !evidence.InCore(node)) continue;
    for (const size_t which : {size_t{0}, size_t{1}}) {
      CheckSpace(evidence, node, which, &verdict);
    }
    CheckRelief(evidence, node, &verdict);
  }
  return verdict;
}

}  // namespace orrery::sim
