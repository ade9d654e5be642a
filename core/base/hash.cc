#include "core/base/hash.h"

namespace orrery {

void Hasher::AddBytes(ByteView bytes) {
  Add(uint64_t{bytes.size()});
  uint64_t word = 0;
  int shift = 0;
  for (const std::byte b : bytes) {
    word |= std::to_integer<uint64_t>(b) << shift;
    shift += 8;
    if (shift == 64) {
      Add(word);
      word = 0;
      shift = 0;
    }
  }
  if (shift != 0) Add(word);
}

}  // namespace orrery
