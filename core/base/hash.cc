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
  uint64_t rest = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    rest |= std::to_integer<uint64_t>(bytes[i]) << (8 * i);
  }
  Add(rest);
}

}  // namespace orrery
