#include "sim/checkers/hints_conserved.h"

#include <cstdint>
#include <string>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

void ReportHints(const Evidence& evidence, std::string sentence,
                 Verdict* verdict) {
  Report(verdict, {.oracle = "O14",
                   .property = "hints-conserved",
                   .sentence = std::move(sentence),
                   .op = 0,
                   .key = 0,
                   .at = evidence.ended});
}

void CheckBooks(const Evidence& evidence, uint32_t number, Verdict* verdict) {
  const NodeView& node = evidence.nodes[number];
  const EngineCounters& books = node.counters;
  ++verdict->checked;
  const uint64_t gone = books.hints_delivered + books.hints_covered +
                        books.hints_redirected + books.hints_expired;
  if (books.hints_created != gone + books.hints_held) {
    ReportHints(
        evidence,
        NodeText(number) + " created " + std::to_string(books.hints_created) +
            " hints, knows what " + "became of " + std::to_string(gone) +
            " and holds " + std::to_string(books.hints_held) + ".",
        verdict);
  }
  if (node.hints_stored == books.hints_held) return;
  // A record that it found damaged it need not know any more.
  if (node.hints_readable <= books.hints_held &&
      books.hints_held < node.hints_stored) {
    Excuse(verdict, "O14 the record of a hint is damaged");
    return;
  }
  ReportHints(evidence,
              "After healing, the store of " + NodeText(number) + " has " +
                  std::to_string(node.hints_stored) +
                  " hints, and the node knows of " +
                  std::to_string(books.hints_held) + ".",
              verdict);
}

// Does it take a node outside the core for one that may answer?
bool AwaitsOutsider(const Evidence& evidence, uint32_t number) {
  for (uint32_t other = 0; other < evidence.nodes.size(); ++other) {
    if (evidence.InCore(other)) continue;
    for (const MemberView& member : evidence.nodes[number].members) {
      if (member.name != NodeText(other)) continue;
      if (member.state != MemberState::kDead) return true;
    }
  }
  return false;
}

void CheckDrained(const Evidence& evidence, uint32_t number, Verdict* verdict) {
  for (const NodeView::HintsFor& held : evidence.nodes[number].hints_for) {
    ++verdict->checked;
    if (held.gone) {
      Excuse(verdict, "O14 the disk that a hint is for was wiped");
      continue;
    }
    if (!evidence.InCore(held.target)) {
      Excuse(verdict, "O14 the node that a hint is for is outside the core");
      continue;
    }
    // Its target has it; another owner of the key has not, and cannot.
    const bool others_have_it = held.partly_delivered == held.hints;
    if (!evidence.EveryOwnerIsThere() && others_have_it) {
      Excuse(verdict, "O14 another owner of the hint is gone for good");
      continue;
    }
    // It goes to all owners at once, and is not even partly delivered as long
    // as one of them may still answer.
    if (AwaitsOutsider(evidence, number)) {
      Excuse(verdict, "O14 an owner outside the core is not found dead yet");
      continue;
    }
    ReportHints(evidence,
                "After healing, " + NodeText(number) + " still holds " +
                    std::to_string(held.hints) + " hints for " +
                    NodeText(held.target) + ".",
                verdict);
  }
}

}  // namespace

Verdict CheckHintsConserved(const Evidence& evidence) {
  Verdict verdict;
  if (!evidence.healed) return verdict;
  for (uint32_t node = 0; node < evidence.nodes.size(); ++node) {
    if (!evidence.nodes[node].Serves() || !evidence.InCore(node)) continue;
    CheckBooks(evidence, node, &verdict);
    CheckDrained(evidence, node, &verdict);
  }
  return verdict;
}

}  // namespace orrery::sim
