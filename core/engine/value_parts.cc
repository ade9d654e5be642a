#include "core/engine/value_parts.h"

#include "core/hint/hint_record.h"
#include "core/version/object_codec.h"

namespace orrery {

void AppendValueParts(ByteView meta, size_t value_bytes,
                      std::vector<size_t>* parts) {
  if (SiblingValueSizes(meta, value_bytes, parts)) return;
  if (meta.size() < kHintHeaderBytes) return;
  // False: nothing was appended, and the value is one piece.
  static_cast<void>(
      SiblingValueSizes(meta.subspan(kHintHeaderBytes), value_bytes, parts));
}

}  // namespace orrery
