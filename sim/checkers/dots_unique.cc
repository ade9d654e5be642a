#include "sim/checkers/dots_unique.h"

namespace orrery::sim {

Verdict CheckDotsUnique(const Evidence& evidence) {
  Verdict verdict;
  verdict.checked = evidence.history.operations().size();
  ReportEach(&verdict, evidence.reused_dots, "O21", "dots-unique",
             evidence.ended);
  return verdict;
}

}  // namespace orrery::sim
