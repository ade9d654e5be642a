#include "transport/wire/object_fields.h"

#include <utility>

#include "core/version/object_merge.h"
#include "core/version/version_vector.h"
#include "transport/wire/wire_limits.h"

namespace orrery {
namespace {

void WriteSibling(const Sibling& sibling, wire::Sibling* out) {
  out->set_dot_storage(sibling.dot.actor.storage);
  out->set_dot_generation(sibling.dot.actor.generation);
  out->set_dot_counter(sibling.dot.counter);
  out->set_stamp(sibling.stamp);
  out->set_tombstone(sibling.tombstone);
  out->set_keep(sibling.keep);
  out->set_operation_high(sibling.operation.hi);
  out->set_operation_low(sibling.operation.lo);
  out->set_checksum(sibling.checksum);
  out->set_value_bytes(static_cast<uint32_t>(sibling.value.size()));
}

bool ReadSibling(const wire::Sibling& in, Sibling* sibling, ValuesIn* values) {
  sibling->dot.actor.storage = in.dot_storage();
  sibling->dot.actor.generation = in.dot_generation();
  sibling->dot.counter = in.dot_counter();
  sibling->stamp = in.stamp();
  sibling->tombstone = in.tombstone();
  sibling->keep = in.keep();
  sibling->operation.hi = in.operation_high();
  sibling->operation.lo = in.operation_low();
  sibling->checksum = in.checksum();
  return values->Take(in.value_bytes(), &sibling->value);
}

}  // namespace

bool ValuesIn::Take(uint32_t size, Bytes* value) {
  if (size > rest_.size()) return false;
  *value = Bytes::CopyOf(rest_.first(size));
  rest_ = rest_.subspan(size);
  return true;
}

bool ReadKey(std::string* wire, std::string* key) {
  if (wire->empty()) return false;
  if (wire->size() > kKeyBytesMax) return false;
  *key = std::move(*wire);
  return true;
}

void Write(const VersionVector& vv,
           google::protobuf::RepeatedPtrField<wire::Dot>* out) {
  for (const Dot& entry : vv.entries) {
    wire::Dot* dot = out->Add();
    dot->set_storage(entry.actor.storage);
    dot->set_generation(entry.actor.generation);
    dot->set_counter(entry.counter);
  }
}

bool Read(const google::protobuf::RepeatedPtrField<wire::Dot>& in,
          VersionVector* vv) {
  const auto count = static_cast<size_t>(in.size());
  if (count > kWireVectorEntriesMax) return false;
  vv->entries.reserve(count);
  for (const wire::Dot& dot : in) {
    vv->entries.push_back({{dot.storage(), dot.generation()}, dot.counter()});
  }
  return IsWellFormed(*vv);
}

void Write(const Object& object, wire::Object* out, ValuesOut* values) {
  Write(object.vv, out->mutable_vv());
  for (const Sibling& sibling : object.siblings) {
    WriteSibling(sibling, out->add_sibling());
    values->push_back(sibling.value.view());
  }
}

bool Read(const wire::Object& in, Object* object, ValuesIn* values) {
  if (!Read(in.vv(), &object->vv)) return false;
  const auto count = static_cast<size_t>(in.sibling_size());
  if (count > kSiblingsMax) return false;
  object->siblings.reserve(count);
  for (const wire::Sibling& from : in.sibling()) {
    if (!ReadSibling(from, &object->siblings.emplace_back(), values)) {
      return false;
    }
  }
  return IsWellFormed(*object);
}

bool ReadStored(const wire::Object& in, Object* object, ValuesIn* values) {
  return Read(in, object, values) && !object->IsEmpty();
}

}  // namespace orrery
