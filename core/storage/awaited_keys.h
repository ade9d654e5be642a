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
  // The key is repaired: the ranges that wait for nothing more.
  std::vector<DamageRange> Remove(const KeyHash& hash);
  // A key counts once for each range that it died in.  O(1).
  uint64_t records() const { return records_; }
  // Whether a range that begins there waits.
  bool Awaits(const DamageRange& range) const;
  ORRERY_FIELDS(ranges_, waiting_, records_)

 private:
  // Of one file and offset there is one open range.
  struct Place {
    uint64_t file = 0;
    uint64_t from = 0;
    ORRERY_FIELDS(file, from)
    friend constexpr auto operator<=>(const Place&, const Place&) = default;
  };
  static Place PlaceOf(const DamageRange& range) {
    return {range.file, range.from};
  }

  absl::btree_map<KeyHash, std::vector<DamageRange>> ranges_;
  absl::btree_map<Place, uint64_t> waiting_;  // For so many keys.
  uint64_t records_ = 0;                      // Sum of waiting_.
};

}  // namespace orrery

#endif  // ORRERY_CORE_STORAGE_AWAITED_KEYS_H_
