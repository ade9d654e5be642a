#include "sim/checkers/requests_complete.h"

namespace orrery::sim {

Verdict CheckRequestsComplete(const Evidence& evidence) {
  Verdict verdict;
  verdict.checked = evidence.history.operations().size();
  ReportEach(&verdict, evidence.unanswered, "O16", "requests-complete",
             evidence.ended);
  return verdict;
}

}  // namespace orrery::sim
