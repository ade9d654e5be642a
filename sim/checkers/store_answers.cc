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

void CheckSpace(const Evidence& evidence, uint32_t node, size_t which,
                Verdict* verdict) {
  const StoreCounters& store = evidence.nodes[node].stores[which];
  if (store.damaged_files > 0 || store.ranges_in_doubt > 0) {
    ++verdict->excused;
    return;
  }
  ++verdict->checked;
  const uint64_t frame = store.data_files * (kHeaderBlockBytes + kSealBytes);
  const uint64_t gone = std::min(store.data_bytes, store.dead_bytes + frame);
  const uint64_t live = store.data_bytes - gone;
  const uint64_t most =
      live * 2 + frame + kFilesInUse * evidence.config.engine.max_file_bytes;
  if (store.data_bytes <= most) return;
  Report(verdict,
         {.oracle = "O18",
          .property = "store-answers",
          .sentence = "After healing, " + NodeText(node) + " keeps " +
                      std::to_string(store.data_bytes) + " bytes in " +
                      (which == 0 ? "its store" : "its hints") + ", and only " +
                      std::to_string(live) + " of them are alive.",
          .op = 0,
          .key = 0,
          .at = evidence.ended});
}

}  // namespace

Verdict CheckStoreAnswers(const Evidence& evidence) {
  Verdict verdict;
  verdict.checked = evidence.store_answers;
  for (const std::string& sentence : evidence.store_lies) {
    Report(&verdict, {.oracle = "O18",
                      .property = "store-answers",
                      .sentence = sentence,
                      .op = 0,
                      .key = 0,
                      .at = evidence.ended});
  }
  if (!evidence.healed) return verdict;
  for (uint32_t node = 0; node < evidence.nodes.size(); ++node) {
    if (!evidence.nodes[node].Serves()) continue;
    for (const size_t which : {size_t{0}, size_t{1}}) {
      CheckSpace(evidence, node, which, &verdict);
    }
  }
  return verdict;
}

}  // namespace orrery::sim
