// core/base/fields.h
//
// A struct says once what its state is, and everything that must know it (what
// saves it, what loads it) reads that one list, so that they cannot drift
// apart:
//
//   struct Dot {
//     Actor actor;
//     uint64_t counter = 0;
//     ORRERY_FIELDS(actor, counter)
//   };
//
// Of a class that others wire together, references and options are no state:
// whoever loads one has constructed it.  A class whose list is not enough (an
// order to restore, an index to rebuild) writes Fields(FieldSaver&) const and
// Fields(FieldLoader&) by hand.
//
// FieldSaver and FieldLoader (field_saver.h, field_loader.h) are the visitors.

#ifndef ORRERY_CORE_BASE_FIELDS_H_
#define ORRERY_CORE_BASE_FIELDS_H_

#include <cstdint>

#include "core/base/bytes.h"

// Public: the class keeps its members to itself otherwise.
#define ORRERY_FIELDS(...)                 \
  template <typename FieldVisitor>         \
  void Fields(FieldVisitor& visit) {       \
    visit(__VA_ARGS__);                    \
  }                                        \
  template <typename FieldVisitor>         \
  void Fields(FieldVisitor& visit) const { \
    visit(__VA_ARGS__);                    \
  }

namespace orrery {

// Asks for an object that will be loaded into, of a class that needs arguments
// otherwise.
struct Blank {};

// A client's value, which the core never looks into: of it only length and
// CRC-32C may be saved (ValueMode::kElided).
template <typename T>  // Bytes or ByteBuffer, const or not.
struct ValueField {
  T& bytes;
};
template <typename T>
ValueField<T> AsValue(T& bytes) {
  return {bytes};
}

// A value as the store keeps it: the siblings' values, one behind the other,
// whose lengths the metadata knows.
template <typename T>
struct StoredValueField {
  const Bytes& meta;
  T& value;
};
template <typename T>
StoredValueField<T> AsStoredValue(const Bytes& meta, T& value) {
  return {meta, value};
}

enum class ValueMode : uint8_t {  // Persisted in traces.
  kWhole = 0,
  kElided = 1,  // Length and CRC-32C.
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_FIELDS_H_
