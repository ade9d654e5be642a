#include "core/base/hash.h"

#include "core/base/coding.h"

namespace orrery {

void Hasher::AddBytes(ByteView bytes) {
  Add(uint64_t{bytes.size()});
  while (bytes.size() >= sizeof(uint64_t)) {
    Add(LoadU64(bytes.data()));
    bytes = bytes.subspan(sizeof(uint64_t));
  }
  if (bytes.empty()) return;
  Add(LoadPartial(bytes));
}

}  // namespace orrery
