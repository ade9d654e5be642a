// sim/host/ablation.h
//
// Ablation is a campaign with something left out: a kind of step, a kind of
// noise, or an oracle.  Planted bugs that are found as soon without it as with
// it say that it is dead weight.
//
// Names: an oracle (`O4`); the first word of a step (`crash`, `disk`), or that
// and its kind (`disk.stall`, `clock.step`); a name of a `noise` line
// (`udp.loss`).  What mends is not left out: operations, heal, restart, resume,
// release and knobs stay, so that a scenario still ends healed.  What is left
// of a scenario is as it was: weather is keyed, and steps do not depend on each
// other.

#ifndef ORRERY_SIM_HOST_ABLATION_H_
#define ORRERY_SIM_HOST_ABLATION_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/seed_report.h"
#include "sim/scenario.h"

namespace orrery::sim {

class Ablation {
 public:
  Ablation() = default;
  explicit Ablation(std::set<std::string> names) : names_(std::move(names)) {}

  bool empty() const { return names_.empty(); }
  // Blank between names, in order of the alphabet.
  std::string Text() const;

  Scenario Of(Scenario scenario) const;
  bool LeavesOut(std::string_view oracle) const;
  // What the oracles that are left out found, counted and let pass.
  void ForgetIn(SeedReport* report) const;

 private:
  bool LeavesOutAllOf(std::string_view excuse) const;

  std::set<std::string> names_;
};

// Every name that `scenario` has something of, for steps and noise.
std::set<std::string> RemovableNames(const Scenario& scenario);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_ABLATION_H_
