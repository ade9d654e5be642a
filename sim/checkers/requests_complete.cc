#include "sim/checkers/requests_complete.h"

#include <cstdint>
#include <string>

#include "sim/checkers/narration.h"

namespace orrery::sim {

Verdict CheckRequestsComplete(const Evidence& evidence) {
  Verdict verdict;
  verdict.checked = evidence.history.operations().size();
  for (const std::string& sentence : evidence.unanswered) {
    Report(&verdict, {.oracle = "O16",
                      .property = "requests-complete",
                      .sentence = sentence,
                      .op = 0,
                      .key = 0,
                      .at = evidence.ended});
  }
  return verdict;
}

}  // namespace orrery::sim
