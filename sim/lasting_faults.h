// sim/lasting_faults.h
//
// In one seed of three not everything heals at the end: some nodes are lost for
// good, fewer than a majority of any key's owners, and the others are the core
// that has to converge without them.  LastingFaults decides which nodes, and
// what is wrong with each: dead, without power, asleep, cut off, deaf, dumb, or
// with a disk that fails.  It draws from a stream of its own.

#ifndef ORRERY_SIM_LASTING_FAULTS_H_
#define ORRERY_SIM_LASTING_FAULTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/protocol/options.h"
#include "sim/scenario.h"

namespace orrery::sim {

struct LastingFaults {
  std::vector<uint32_t> outside;  // Empty: everything heals.
  std::vector<Step> steps;        // To be done last of all,
  Duration before;                // and so much earlier, under load.

  bool IsOutside(uint32_t node) const;
  // "n0,n2": those of `nodes` that are not outside.
  std::string CoreText(uint32_t nodes) const;
};

// `wiped`: nodes that own nothing any more, which are the first to stay
// outside.
LastingFaults LastingFaultsOf(uint64_t seed, uint32_t nodes,
                              uint32_t replication,
                              const std::vector<uint32_t>& wiped);

// Within what time the core converges: the others are found dead, then what
// waited for them has its longest pause, and two rounds of anti-entropy go by,
// one of which may wait for an answer that does not come.
Duration CoreBound(const EngineOptions& engine);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_LASTING_FAULTS_H_
