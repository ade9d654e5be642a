// sim/run_digest.h
//
// RunDigest is the identity of a run: a chain over every event that a node was
// given and every effect it had, in order.  Two runs of one scenario have
// equal digests on every compiler and machine; where chains first differ is
// where determinism broke.
//
// It hashes fields, never encoded bytes: a serialisation is not canonical.
//
// Cost: a few nanoseconds a field.

#ifndef ORRERY_SIM_RUN_DIGEST_H_
#define ORRERY_SIM_RUN_DIGEST_H_

#include <cstdint>

#include "core/base/hash.h"
#include "core/base/time.h"
#include "core/protocol/effects.h"
#include "core/protocol/event.h"

namespace orrery::sim {

class RunDigest {
 public:
  // What of effects counts.
  enum class Of : uint8_t {  // Persisted in traces.
    kAll = 0,
    // As kAll, but of the rest of a write that came out short only the length:
    // it begins inside a value, where a stand-in has other bytes.
    kAllWithStandIns = 1,
    // Which effects, for whom, where and how long: for a recorder that is
    // always on, and compares whole snapshots besides.
    kShape = 2,
  };
  explicit RunDigest(Of of = Of::kAll) : of_(of) {}

  // One event of one node and what came of it.
  void Add(Instant now, uint32_t node, const Event& event,
           const Effects& effects);
  void AddNumber(uint64_t number) { hasher_.Add(number); }

  uint64_t value() const { return hasher_.Value(); }
  uint64_t events() const { return events_; }

 private:
  Of of_;
  Hasher hasher_;
  uint64_t events_ = 0;
};

}  // namespace orrery::sim

#endif  // ORRERY_SIM_RUN_DIGEST_H_
