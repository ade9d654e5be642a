#include "sim/checkers/membership_agreement.h"

#include <cstdint>
#include <string>

#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

void Complain(const Evidence& evidence, std::string sentence,
              Verdict* verdict) {
  Report(verdict, {.oracle = "O12",
                   .property = "membership-agreement",
                   .sentence = std::move(sentence),
                   .op = 0,
                   .key = 0,
                   .at = evidence.ended});
}

// What `node` believes of the one called `name`; kLeft if it knows none.
MemberState StateIn(const NodeView& node, const std::string& name) {
  for (const MemberView& member : node.members) {
    if (member.name == name) return member.state;
  }
  return MemberState::kLeft;
}

}  // namespace

Verdict CheckMembershipAgreement(const Evidence& evidence) {
  Verdict verdict;
  for (const std::string& sentence : evidence.split_epochs) {
    Complain(evidence, sentence, &verdict);
  }
  for (const std::string& sentence : evidence.double_salts) {
    Complain(evidence, sentence, &verdict);
  }
  if (!evidence.healed) return verdict;
  const auto count = static_cast<uint32_t>(evidence.nodes.size());
  uint32_t first = count;
  for (uint32_t i = 0; i < count; ++i) {
    const NodeView& node = evidence.nodes[i];
    if (!node.Serves() || !evidence.InCore(i)) continue;
    if (first == count) first = i;
    ++verdict.checked;
    if (node.epoch != evidence.nodes[first].epoch ||
        node.ring_hash != evidence.nodes[first].ring_hash) {
      Complain(evidence,
               "After healing, " + NodeText(first) + " and " + NodeText(i) +
                   " hold different rings.",
               &verdict);
    }
    for (uint32_t j = 0; j < count; ++j) {
      if (!evidence.nodes[j].Serves() || !evidence.InCore(j)) continue;
      ++verdict.checked;
      if (StateIn(node, NodeText(j)) == MemberState::kAlive) continue;
      Complain(evidence,
               "After healing, " + NodeText(i) + " does not see " +
                   NodeText(j) + " alive.",
               &verdict);
    }
  }
  // A node that was an owner and kept its disk serves again.
  for (uint32_t i = 0; i < count && first != count; ++i) {
    const NodeView& node = evidence.nodes[i];
    if (node.Serves() || !evidence.InCore(i)) continue;
    ++verdict.checked;
    if (node.wiped) {
      Excuse(&verdict, "O12 the node was wiped, and is no owner");
      continue;
    }
    if (!node.up) {
      Excuse(&verdict, "O12 the process ended itself after healing");
      continue;
    }
    if (node.state == EngineState::kOutside) {
      Excuse(&verdict, "O12 the node never joined before the ring was closed");
      continue;
    }
    Complain(evidence,
             "After healing, " + NodeText(i) +
                 " still does not serve: " + node.waiting_for,
             &verdict);
  }
  return verdict;
}

}  // namespace orrery::sim
