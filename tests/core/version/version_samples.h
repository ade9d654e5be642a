// tests/core/version/version_samples.h
//
// Small ways to say versions in tests of every room that handles objects.

#ifndef ORRERY_TESTS_CORE_VERSION_VERSION_SAMPLES_H_
#define ORRERY_TESTS_CORE_VERSION_VERSION_SAMPLES_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"
#include "core/protocol/object.h"
#include "core/version/object_merge.h"
#include "core/version/version_vector.h"

namespace orrery {

inline Actor ActorOf(uint64_t storage) {
  return {.storage = storage, .generation = 1};
}

inline Dot DotOf(uint64_t storage, uint64_t counter) {
  return {.actor = ActorOf(storage), .counter = counter};
}

inline VersionVector VectorOf(std::initializer_list<Dot> dots) {
  VersionVector vv;
  for (const Dot& dot : dots) Raise(&vv, dot);
  return vv;
}

inline Sibling ValueOf(const Dot& dot, uint64_t stamp, std::string_view text) {
  Sibling sibling;
  sibling.dot = dot;
  sibling.stamp = stamp;
  sibling.checksum = Crc32c(ViewOf(text));
  sibling.value = Bytes::CopyOf(text);
  return sibling;
}

inline Sibling TombstoneOf(const Dot& dot, uint64_t stamp) {
  Sibling sibling = ValueOf(dot, stamp, "");
  sibling.tombstone = true;
  return sibling;
}

inline Sibling KeptValueOf(const Dot& dot, uint64_t stamp,
                           std::string_view text) {
  Sibling sibling = ValueOf(dot, stamp, text);
  sibling.keep = true;
  return sibling;
}

// A blind write on an empty copy.
inline Object ObjectOf(const Sibling& sibling) { return Mint({}, {}, sibling); }

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_VERSION_VERSION_SAMPLES_H_
