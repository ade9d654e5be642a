// sim/scenario_text.h
//
// The text form of a scenario, `orrery-sim 1`: one statement a line.
//
//   orrery-sim 1
//   cfg nodes=3 n=3 r=2 w=2 vnodes=8 keys=16 clients=2 sync=on seed=0x5f3a
//   noise udp.dup=1/50 delay=1ms..20ms
//   at 120ms op 1 put c1 k7 via=n0 ctx=none
//   at 121ms cut n0->n2
//   at 450ms powerloss n1 keep=2 torn=1
//   at 900ms clock n2 step=-5s
//   at 3s heal all
//   expect converge within=10s
//
// The whole grammar: docs/simulation.md.

#ifndef ORRERY_SIM_SCENARIO_TEXT_H_
#define ORRERY_SIM_SCENARIO_TEXT_H_

#include <string>
#include <string_view>
#include <variant>

#include "sim/scenario.h"

namespace orrery::sim {

struct ParseError {
  uint32_t line = 0;  // From 1.
  std::string what;
};

std::variant<Scenario, ParseError> ParseScenario(std::string_view text);

std::string PrintScenario(const Scenario& scenario);
// One step without its time, as in the text.
std::string PrintStep(const Step& step);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SCENARIO_TEXT_H_
