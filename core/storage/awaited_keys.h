// core/storage/awaited_keys.h
//
// AwaitedKeys knows which keys each open range of damage waits for: a range is
// repaired when the last of its keys is.  Which keys a range took is told by
// whoever met it; a range of which nobody can tell is not in here, and puts the
// whole store in doubt.
//
// Threading: engine thread.  Cost: O(log n).

#ifndef ORRERY_CORE_STORAGE_AWAITED_KEYS_H_
#define ORRERY_CORE_STORAGE_AWAITED_KEYS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "core/base/fields.h"
#include "core/storage/key_index.h"
#include "core/storage/manifest.h"

namespace orrery {

class AwaitedKeys {
 public:
  // No matter if it is known.
  void Add(const KeyHash& hash, const DamageRange& range);
  // A range that holds others: it waits for the keys that they wait for.
  // Whether there are any.
  bool AwaitWithin(const DamageRange& range);
  // The key is repaired: the ranges that wait for nothing more.
  std::vector<DamageRange> Remove(const KeyHash& hash);
  // How many wait.
  uint64_t keys() const { return ranges_.size(); }
  // Whether that range waits.
  bool Awaits(const DamageRange& range) const;
  ORRERY_FIELDS(ranges_, waiting_)

 private:
  // Of one file there may be ranges that hold one another, no two from the same
  // offset to the same.
  struct Place {
    uint64_t file = 0;
    uint64_t from = 0;
    uint64_t upto = 0;
    ORRERY_FIELDS(file, from, upto)
    friend constexpr auto operator<=>(const Place&, const Place&) = default;
  };
  static Place PlaceOf(const DamageRange& range) {
    return {range.file, range.from, range.upto};
  }

  absl::btree_map<KeyHash, std::vector<DamageRange>> ranges_;
  absl::btree_map<Place, uint64_t> waiting_;  // For so many keys.
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_AWAITED_KEYS_H_
