// core/base/murmur3.h
//
// MurmurHash3 x64_128, the ring's hash (CONTRACT section 5).  The first 64
// bits, `h1`, are the token of a key or of a virtual node.  Part of the
// contract with users: the values never change.
//
// Cost: about one byte per cycle on short keys; allocates nothing.

#ifndef ORRERY_CORE_BASE_MURMUR3_H_
#define ORRERY_CORE_BASE_MURMUR3_H_

#include <cstdint>
#include <string_view>

namespace orrery {

struct Hash128 {
  uint64_t h1 = 0;
  uint64_t h2 = 0;
  friend constexpr bool operator==(const Hash128&, const Hash128&) = default;
};

[[nodiscard]] Hash128 Murmur3x64_128(std::string_view key, uint32_t seed = 0);

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_MURMUR3_H_
