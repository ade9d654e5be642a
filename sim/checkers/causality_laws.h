// sim/checkers/causality_laws.h
//
// O22: what replicas merge obeys the laws that convergence rests on.  Of the
// objects of one key that meet in a run, merging is commutative, associative
// and idempotent; an object covers the dots of its siblings; and the version it
// shows outranks every version it covers (semantics M1, M4, M5).
//
// Sampled: every kLawEvery-th object that leaves a node, with the two sampled
// before it of its key.

#ifndef ORRERY_SIM_CHECKERS_CAUSALITY_LAWS_H_
#define ORRERY_SIM_CHECKERS_CAUSALITY_LAWS_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/protocol/object.h"
#include "sim/evidence.h"
#include "sim/ledger.h"

namespace orrery::sim {

inline constexpr uint32_t kLawEvery = 16;

// The law that the three objects of one key break; empty: none.
std::string BrokenLaw(const Object& a, const Object& b, const Object& c);

// The same of one object and the versions of its key that are known.
std::string BrokenCover(const Object& object, uint32_t key,
                        const Ledger& ledger);

class LawSampler {
 public:
  explicit LawSampler(uint32_t keys) : met_(keys) {}

  void OnObject(uint32_t key, const Object& object, const Ledger& ledger,
                Watched* watched);

 private:
  uint32_t seen_ = 0;
  std::vector<std::array<Object, 2>> met_;  // By key, the later one first.
};

Verdict CheckCausalityLaws(const Evidence& evidence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_CHECKERS_CAUSALITY_LAWS_H_
