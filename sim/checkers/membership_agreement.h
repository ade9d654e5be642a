// sim/checkers/membership_agreement.h
//
// O12: within the bound after healing all running nodes see each other alive
// and hold one ring (epoch, hash); one epoch never had two rings.

#ifndef ORRERY_SIM_CHECKERS_MEMBERSHIP_AGREEMENT_H_
#define ORRERY_SIM_CHECKERS_MEMBERSHIP_AGREEMENT_H_

#include "sim/evidence.h"

namespace orrery::sim {

Verdict CheckMembershipAgreement(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_MEMBERSHIP_AGREEMENT_H_
