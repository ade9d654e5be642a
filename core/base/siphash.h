// core/base/siphash.h
//
// SipHash, a keyed 64-bit hash that nobody can aim collisions at without the
// key.  1-3 hashes keys in the storage index; 2-4 authenticates short texts.
//
// Cost: 1-3 about 1.5 cycles a byte plus 30; allocates nothing.

#ifndef ORRERY_CORE_BASE_SIPHASH_H_
#define ORRERY_CORE_BASE_SIPHASH_H_

#include <cstdint>

#include "core/base/bytes.h"

namespace orrery {

// The 16 bytes of the key as two little-endian words.
struct SipKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
};

[[nodiscard]] uint64_t SipHash13(SipKey key, ByteView bytes);
[[nodiscard]] uint64_t SipHash24(SipKey key, ByteView bytes);

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_SIPHASH_H_
