// sim/checkers/ring_formula.h
//
// O20: the ring is what the contract's formula makes of its members, and every
// node takes each key's owners from it.  The formula is computed here anew,
// slowly, and shares no line with core/ring: MurmurHash3 x64_128, tokens of
// "{name}#vnode{i}", the first N distinct nodes clockwise from the first token
// at or above the key's.
//
//   - the tokens of every closed ring are those of its members, in order;
//   - whoever is asked at whatever moment names the owners of the formula,
//     whoever it holds dead;
//   - a cluster has one closed ring for ever: no failure moves ownership.

#ifndef ORRERY_SIM_CHECKERS_RING_FORMULA_H_
#define ORRERY_SIM_CHECKERS_RING_FORMULA_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/evidence.h"

namespace orrery::sim {

// MurmurHash3 x64_128 with seed 0: its first 64 bits.
uint64_t FormulaHash(std::string_view text);

// By the formula, for members n<i> of `members` with `vnodes` tokens each.
std::vector<RingToken> FormulaTokens(const std::vector<uint32_t>& members,
                                     uint32_t vnodes);
std::vector<uint32_t> FormulaOwners(const std::vector<RingToken>& tokens,
                                    uint64_t key_token, uint32_t replication);

Verdict CheckRingFormula(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_RING_FORMULA_H_
