// core/repair/range_digest.h
//
// RangeDigests keeps one 64-bit root per range that this node owns: the XOR of
// a mix of (token, digest) over the store's visible entries in it.  Two owners
// with equal roots hold equal objects.  Roots live in memory only; a rebuild
// is one walk over the index, an update two XORs (semantics A1).
//
// Invariants:
//   DIG-1  Between changes, each root equals that of a fresh rebuild.
//
// Threading: engine thread.  Cost: Apply is logarithmic in owned ranges.

#ifndef ORRERY_CORE_REPAIR_RANGE_DIGEST_H_
#define ORRERY_CORE_REPAIR_RANGE_DIGEST_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/fields.h"
#include "core/base/ids.h"
#include "core/ring/ring.h"
#include "core/storage/store.h"

namespace orrery {

class RangeDigests {
 public:
  struct OwnedRange {
    uint64_t after = 0;
    uint64_t end = 0;
    uint64_t root = 0;
    ORRERY_FIELDS(after, end, root)
  };

  // Takes the ranges that `self` owns and builds their roots.  Null: none.
  void SetRing(const Ring* ring, NodeId self, const Store& store);

  // Ignores tokens outside the owned ranges.
  void Apply(const Store::Change& change);

  // Owned ranges by end.
  const std::vector<OwnedRange>& ranges() const { return ranges_; }
  // Null if this node owns no range that ends there.
  const OwnedRange* Find(uint64_t range_end) const;
  // 0 if this node owns no range that ends there.
  uint64_t RootOf(uint64_t range_end) const;

  uint64_t StateDigest() const;

  ORRERY_FIELDS(ranges_)

 private:
  OwnedRange* FindByToken(uint64_t token);

  std::vector<OwnedRange> ranges_;  // By end.
};

// What one entry contributes to its range's root.
uint64_t EntryDigest(uint64_t token, uint64_t digest);

}  // namespace orrery

#endif  // ORRERY_CORE_REPAIR_RANGE_DIGEST_H_
