// transport/wire/object_fields.h
//
// Objects, version vectors and small ids between the core's types and the
// wire's.  Only the codec includes this.
//
// A value is not part of the Protobuf message: ValuesOut gathers what follows
// it, ValuesIn hands it out again in the same order.

#ifndef ORRERY_TRANSPORT_WIRE_OBJECT_FIELDS_H_
#define ORRERY_TRANSPORT_WIRE_OBJECT_FIELDS_H_

#include <cstdint>
#include <string>
#include <type_traits>

#include "absl/container/inlined_vector.h"
#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/protocol/object.h"
#include "transport/wire/messages.pb.h"

namespace orrery {

using ValuesOut = absl::InlinedVector<ByteView, 4>;  // Borrows.

class ValuesIn {
 public:
  explicit ValuesIn(ByteView rest) : rest_(rest) {}
  // Copies the next `size` bytes; false if there are not as many.
  [[nodiscard]] bool Take(uint32_t size, Bytes* value);
  bool AtEnd() const { return rest_.empty(); }

 private:
  ByteView rest_;
};

inline uint64_t ToWire(Handle handle) {
  return uint64_t{handle.gen} << 32 | handle.slot;
}
inline Handle HandleOf(uint64_t wire) {
  return {static_cast<uint32_t>(wire), static_cast<uint32_t>(wire >> 32)};
}

// True and set if `wire` is the number of an enumerator in [first, last].
template <typename Enum>
[[nodiscard]] bool ReadEnum(uint32_t wire, Enum first, Enum last, Enum* out) {
  using Number = std::underlying_type_t<Enum>;
  if (wire < static_cast<Number>(first)) return false;
  if (wire > static_cast<Number>(last)) return false;
  *out = static_cast<Enum>(wire);
  return true;
}

// Moves the key out; false if its length is not legal.
[[nodiscard]] bool ReadKey(std::string* wire, std::string* key);

void Write(const VersionVector& vv,
           google::protobuf::RepeatedPtrField<wire::Dot>* out);
[[nodiscard]] bool Read(const google::protobuf::RepeatedPtrField<wire::Dot>& in,
                        VersionVector* vv);

void Write(const Object& object, wire::Object* out, ValuesOut* values);
// True if the object is well-formed (core/version).  Nothing was ever written
// is well-formed.
[[nodiscard]] bool Read(const wire::Object& in, Object* object,
                        ValuesIn* values);
// The same for an object to be stored: something was written.
[[nodiscard]] bool ReadStored(const wire::Object& in, Object* object,
                              ValuesIn* values);

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_WIRE_OBJECT_FIELDS_H_
