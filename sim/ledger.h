// sim/ledger.h
//
// Ledger knows every version that any message of the run has carried, or that
// stood in a store and never left it, by its dot: what is stored is judged by
// it.  Each attempted put has a unique value,
// so a version names its operation; a tombstone has no value and is known by
// its stamp and the name of its operation.
//
// Cost: O(1) per sibling seen; memory grows with the versions of the run.

#ifndef ORRERY_SIM_LEDGER_H_
#define ORRERY_SIM_LEDGER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/ids.h"
#include "core/base/lookup_map.h"
#include "core/base/time.h"
#include "core/protocol/object.h"

namespace orrery::sim {

class Ledger {
 public:
  struct Version {
    Dot dot;
    uint64_t stamp = 0;
    bool tombstone = false;
    OperationId operation;
    uint32_t checksum = 0;
    uint32_t key = 0;
    uint32_t op = 0;  // Of a put; 0: a tombstone, or of nobody.
    Instant seen;     // First.
    // A replica, or the coordinator of a version that was sent, acknowledged
    // it.
    bool held = false;
  };
  enum class Sight : uint8_t {
    kNew = 1,
    kKnown = 2,
    kConflict = 3,  // The dot names another version already (O21).
  };

  Sight Observe(uint32_t key, const Sibling& sibling, Instant at);
  void MarkHeld(const Dot& dot);
  // Likewise the version of the stamp that operation `op` wrote (0: a delete).
  void MarkHeld(uint32_t key, uint64_t stamp, uint32_t op);

  // Null: no message carried it.  Until the next Observe.
  const Version* Find(const Dot& dot) const;
  // Indexes for At, in order of first sight.
  std::span<const uint32_t> OfKey(uint32_t key) const;
  const Version& At(uint32_t index) const { return versions_[index]; }

 private:
  std::vector<Version> versions_;
  LookupMap<Dot, uint32_t> by_dot_;
  std::vector<std::vector<uint32_t>> by_key_;
};

// M3, in the words of the reference: by stamp, a tombstone above a value, then
// operation, checksum and dot.  Written apart from core's own.
bool Outranks(const Ledger::Version& a, const Ledger::Version& b);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_LEDGER_H_
