#include "transport/wire/object_fields.h"

#include <algorithm>
#include <utility>

#include "transport/wire/wire_limits.h"

namespace orrery {
namespace {

bool IsCovered(const Dot& dot, const VersionVector& vv) {
  const auto entry = std::lower_bound(
      vv.entries.begin(), vv.entries.end(), dot.actor,
      [](const Dot& a, const Actor& actor) { return a.actor < actor; });
  if (entry == vv.entries.end()) return false;
  return entry->actor == dot.actor && dot.counter <= entry->counter;
}

// Siblings are few but for hostile input, hence the sort.
bool DotsAreDistinct(const Object& object) {
  if (object.siblings.size() < 2) return true;
  absl::InlinedVector<Dot, 8> dots;
  dots.reserve(object.siblings.size());
  for (const Sibling& sibling : object.siblings) dots.push_back(sibling.dot);
  std::sort(dots.begin(), dots.end());
  return std::adjacent_find(dots.begin(), dots.end()) == dots.end();
}

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
  if (sibling->dot.counter == 0) return false;
  if (sibling->tombstone && in.value_bytes() != 0) return false;
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
  if (count > kVectorEntriesMax) return false;
  vv->entries.reserve(count);
  for (const wire::Dot& dot : in) {
    const Dot entry{{dot.storage(), dot.generation()}, dot.counter()};
    if (entry.counter == 0) return false;
    if (!vv->entries.empty() && entry.actor <= vv->entries.back().actor) {
      return false;
    }
    vv->entries.push_back(entry);
  }
  return true;
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
    Sibling& sibling = object->siblings.emplace_back();
    if (!ReadSibling(from, &sibling, values)) return false;
    if (!IsCovered(sibling.dot, object->vv)) return false;  // Semantics M1.
  }
  return DotsAreDistinct(*object);
}

}  // namespace orrery
