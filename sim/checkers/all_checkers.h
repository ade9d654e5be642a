// sim/checkers/all_checkers.h
//
// The oracles in the order in which their findings are told: the one that
// names the cause best comes first.

#ifndef ORRERY_SIM_CHECKERS_ALL_CHECKERS_H_
#define ORRERY_SIM_CHECKERS_ALL_CHECKERS_H_

#include <span>
#include <string_view>

#include "sim/evidence.h"

namespace orrery::sim {

struct Checker {
  std::string_view oracle;
  std::string_view property;
  Verdict (*check)(const Evidence&);
  bool measured = false;  // It counts deviations and fails nothing.
};

std::span<const Checker> AllCheckers();

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_ALL_CHECKERS_H_
