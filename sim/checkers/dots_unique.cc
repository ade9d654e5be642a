#include "sim/checkers/dots_unique.h"

#include <string>

namespace orrery::sim {

Verdict CheckDotsUnique(const Evidence& evidence) {
  Verdict verdict;
  verdict.checked = evidence.history.operations().size();
  for (const std::string& sentence : evidence.reused_dots) {
    Report(&verdict, {.oracle = "O21",
                      .property = "dots-unique",
                      .sentence = sentence,
                      .op = 0,
                      .key = 0,
                      .at = evidence.ended});
  }
  return verdict;
}

}  // namespace orrery::sim
