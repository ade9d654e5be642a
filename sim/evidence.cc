#include "sim/evidence.h"

#include <algorithm>

namespace orrery::sim {

uint32_t Evidence::RequiredReads(const Operation& op) const {
  const uint32_t asked = op.r == 0 ? config.engine.read_quorum : op.r;
  return std::min(asked, owners_per_key);
}

uint32_t Evidence::RequiredWrites(const Operation& op) const {
  const uint32_t asked = op.w == 0 ? config.engine.write_quorum : op.w;
  return std::min(asked, owners_per_key);
}

}  // namespace orrery::sim
