// core/base/hash.h
//
// The one non-cryptographic 64-bit hash of core state, events and effects: the
// same value on every compiler and machine, so it may be stored and sent.
// (absl::Hash and std::hash may not.)  Based on the finaliser of MurmurHash3.

#ifndef ORRERY_CORE_BASE_HASH_H_
#define ORRERY_CORE_BASE_HASH_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"

namespace orrery {

constexpr uint64_t Mix64(uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  x ^= x >> 33;
  return x;
}

// Accumulates fields in order.  Lengths are part of what is hashed, so
// ("ab","c") and ("a","bc") differ.
class Hasher {
 public:
  void Add(uint64_t value) {
    state_ = Mix64(state_ ^ value) + 0x9e3779b97f4a7c15ULL;
  }
  void Add(int64_t value) { Add(static_cast<uint64_t>(value)); }
  void Add(uint32_t value) { Add(uint64_t{value}); }
  void Add(bool value) { Add(uint64_t{value}); }
  void AddBytes(ByteView bytes);
  void AddText(std::string_view text) { AddBytes(ViewOf(text)); }
  uint64_t Value() const { return Mix64(state_); }

 private:
  uint64_t state_ = 0x6f727265727921ULL;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_HASH_H_
