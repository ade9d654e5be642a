#include "sim/checkers/all_checkers.h"

#include <span>

#include "sim/checkers/acknowledged_writes_survive.h"
#include "sim/checkers/convergence.h"
#include "sim/checkers/dots_unique.h"
#include "sim/checkers/membership_agreement.h"
#include "sim/checkers/monotonic_reads.h"
#include "sim/checkers/no_resurrection.h"
#include "sim/checkers/quorum_recency.h"
#include "sim/checkers/recovery.h"
#include "sim/checkers/requests_complete.h"
#include "sim/checkers/validity.h"

namespace orrery::sim {
namespace {

constexpr Checker kCheckers[] = {
    {"O21", "dots-unique", CheckDotsUnique},
    {"O17", "recovery-keeps-promises", CheckRecovery},
    {"O3", "nothing-invented", CheckValidity},
    {"O10", "no-resurrection", CheckNoResurrection},
    {"O4", "quorum-recency", CheckQuorumRecency},
    {"O5", "reads-never-go-back", CheckMonotonicReads},
    {"O1", "acknowledged-write-survives", CheckAcknowledgedWritesSurvive},
    {"O12", "membership-agreement", CheckMembershipAgreement},
    {"O11", "convergence", CheckConvergence},
    {"O16", "requests-complete", CheckRequestsComplete},
};

}  // namespace

std::span<const Checker> AllCheckers() { return kCheckers; }

}  // namespace orrery::sim
