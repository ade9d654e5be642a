// core/engine/value_parts.h
//
// What a stored value is made of: the values of the siblings, whose lengths
// stand in the metadata of an object, or of a hint that wraps one.

#ifndef ORRERY_CORE_ENGINE_VALUE_PARTS_H_
#define ORRERY_CORE_ENGINE_VALUE_PARTS_H_

#include <cstddef>
#include <vector>

#include "core/base/bytes.h"

namespace orrery {

// Appends the lengths, which add up to `value_bytes`, if there are several;
// nothing too if `meta` does not describe such a value.  A FieldSaver::PartsOf.
void AppendValueParts(ByteView meta, size_t value_bytes,
                      std::vector<size_t>* parts);

}  // namespace orrery

#endif  // ORRERY_CORE_ENGINE_VALUE_PARTS_H_
