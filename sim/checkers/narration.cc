#include "sim/checkers/narration.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/total_order.h"

namespace orrery::sim {

std::string NodeText(uint32_t node) { return "n" + std::to_string(node); }

std::string NodesText(std::vector<uint32_t> nodes) {
  Sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  std::string text;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) text += i + 1 == nodes.size() ? " and " : ", ";
    text += NodeText(nodes[i]);
  }
  return text.empty() ? "nobody" : text;
}

std::string OpText(const Operation& op) {
  std::string verb;
  switch (op.verb) {
    case OpStep::Verb::kPut:
      verb = "put ";
      break;
    case OpStep::Verb::kGet:
      verb = "get ";
      break;
    case OpStep::Verb::kDelete:
      verb = "delete ";
      break;
  }
  return verb + std::to_string(op.id) + " of " + KeyText(op.key);
}

std::string AnswerText(const Operation& op) {
  if (!op.found) return "absent";
  const std::optional<uint32_t> id = OpOfValue(op.value.text());
  return id.has_value() ? "op" + std::to_string(*id) : "something else";
}

std::string HoldersText(const History& history, const Operation& op) {
  std::vector<uint32_t> nodes;
  for (const History::Holding& holding :
       history.HoldersOf(op.key, op.version)) {
    nodes.push_back(holding.node);
  }
  return NodesText(std::move(nodes));
}

std::string SecondsText(Instant at) {
  const int64_t ms = at.ns / kMillisecond.ns;
  std::string fraction = std::to_string(ms % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(ms / 1000) + "." + fraction + "s";
}

}  // namespace orrery::sim
