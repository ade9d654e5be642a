#include "sim/checkers/validity.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/lookup_map.h"
#include "sim/checkers/narration.h"

namespace orrery::sim {
namespace {

// What is wrong with a value that a read returned; empty: nothing.
std::string Complaint(const Evidence& evidence, const Operation& read,
                      const SiblingValue& shown) {
  const std::optional<uint32_t> id = OpOfValue(shown.value.text());
  if (!id.has_value()) return "a value that nobody wrote";
  const std::string name = "the value of operation " + std::to_string(*id);
  const Operation* write = evidence.history.Find(*id);
  if (write == nullptr || write->verb != OpStep::Verb::kPut) {
    return name + ", which is no put";
  }
  if (write->key != read.key) return name + ", which wrote another key";
  if (ValueText(write->id, write->size) != shown.value.text()) {
    return name + " cut or padded";
  }
  if (read.returned < write->invoked) return name + " before it was written";
  if (write->outcome == Outcome::kFailed) {
    return name + ", which was refused as never applied";
  }
  if (write->IsOk() && !write->retried && write->version != shown.version) {
    return name + " under another version than was acknowledged";
  }
  return "";
}

}  // namespace

Verdict CheckValidity(const Evidence& evidence) {
  Verdict verdict;
  for (const Operation& read : evidence.history.operations()) {
    if (read.IsWrite() || !read.IsOk() || !read.found) continue;
    ++verdict.checked;
    std::string wrong = Complaint(evidence, read, {read.version, read.value});
    for (const SiblingValue& sibling : read.values) {
      if (!wrong.empty()) break;
      wrong = Complaint(evidence, read, sibling);
    }
    if (wrong.empty()) continue;
    Report(&verdict,
           {.oracle = "O3",
            .property = "nothing-invented",
            .sentence = "The " + OpText(read) + " through " +
                        NodeText(read.node) + " returned " + wrong + ".",
            .op = read.id,
            .key = read.key,
            .at = read.returned});
  }
  return verdict;
}

}  // namespace orrery::sim
