#include "sim/checkers/all_checkers.h"

#include <span>

#include "sim/checkers/acknowledged_writes_survive.h"
#include "sim/checkers/bounds.h"
#include "sim/checkers/causality_laws.h"
#include "sim/checkers/context_coverage.h"
#include "sim/checkers/convergence.h"
#include "sim/checkers/damage_is_told.h"
#include "sim/checkers/dots_unique.h"
#include "sim/checkers/failure_detector.h"
#include "sim/checkers/hints_conserved.h"
#include "sim/checkers/kept_siblings.h"
#include "sim/checkers/membership_agreement.h"
#include "sim/checkers/monotonic_reads.h"
#include "sim/checkers/no_resurrection.h"
#include "sim/checkers/quiet.h"
#include "sim/checkers/quorum_recency.h"
#include "sim/checkers/recovery.h"
#include "sim/checkers/register_zones.h"
#include "sim/checkers/requests_complete.h"
#include "sim/checkers/ring_formula.h"
#include "sim/checkers/siblings_exact.h"
#include "sim/checkers/staleness.h"
#include "sim/checkers/store_answers.h"
#include "sim/checkers/validity.h"
#include "sim/checkers/write_order.h"

namespace orrery::sim {
namespace {

constexpr Checker kCheckers[] = {
    {"O20", "ring-formula", CheckRingFormula},
    {"O21", "dots-unique", CheckDotsUnique},
    {"O23", "bounds", CheckBounds},
    {"O22", "causality-laws", CheckCausalityLaws},
    {"O19", "damage-is-told", CheckDamageIsTold},
    {"O18", "store-answers", CheckStoreAnswers},
    {"O17", "recovery-keeps-promises", CheckRecovery},
    {"O3", "nothing-invented", CheckValidity},
    {"O2", "siblings-exact", CheckSiblingsExact},
    {"O2", "kept-siblings", CheckKeptSiblings},
    {"O6", "sessions", CheckSessions},
    {"O4", "writes-in-order", CheckWriteOrder},
    {"O10", "no-resurrection", CheckNoResurrection},
    {"O4", "quorum-recency", CheckQuorumRecency},
    {"O5", "reads-never-go-back", CheckMonotonicReads},
    {"O4", "contexts-cover-writes", CheckContextsOfWrites},
    {"O5", "contexts-cover-reads", CheckContextsOfReads},
    {"O1", "acknowledged-write-survives", CheckAcknowledgedWritesSurvive},
    {"O13", "failure-detector", CheckFailureDetector},
    {"O12", "membership-agreement", CheckMembershipAgreement},
    {"O11", "convergence", CheckConvergence},
    {"O14", "hints-conserved", CheckHintsConserved},
    {"O15", "quiet-after-convergence", CheckQuiet},
    {"O16", "requests-complete", CheckRequestsComplete},
    {"O7", "linearizable-register", CheckRegisters},
    {"O7", "linearizable-by-clock", MeasureRegisters, true},
    {"O9", "one-atomic", MeasureOneAtomic, true},
    {"O9", "two-atomic", MeasureTwoAtomic, true},
};

}  // namespace

std::span<const Checker> AllCheckers() { return kCheckers; }

}  // namespace orrery::sim
