// sim/checkers/narration.h
//
// How oracles name operations and nodes in a sentence.

#ifndef ORRERY_SIM_CHECKERS_NARRATION_H_
#define ORRERY_SIM_CHECKERS_NARRATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/history.h"

namespace orrery::sim {

std::string NodeText(uint32_t node);
// "n0, n2 and n3"
std::string NodesText(std::vector<uint32_t> nodes);
// "put 118 of k17"
std::string OpText(const Operation& op);
// What a get was told: "op12", "absent" or "something else".
// REQUIRES: op.IsOk().
std::string AnswerText(const Operation& op);
// "n0 and n2" of those known to have stored it.
std::string HoldersText(const History& history, const Operation& op);
std::string SecondsText(Instant at);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_NARRATION_H_
