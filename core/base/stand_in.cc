#include "core/base/stand_in.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/coding.h"
#include "core/base/crc32c.h"

namespace orrery {

namespace {

// The register before a zero byte, given the register behind it: eight steps of
// the shift undone.  The polynomial's top bit tells whether it was added.
constexpr uint32_t UndoZeroByte(uint32_t state) {
  for (int i = 0; i < 8; ++i) {
    const bool was_added = (state & 0x80000000) != 0;
    if (was_added) state ^= kCrc32cPolynomial;
    state = (state << 1) | (was_added ? 1 : 0);
  }
  return state;
}

}  // namespace

// The register is the checksum without its last complement, and a word w moves
// register r to where zeros move r ^ w.  So going back from the wanted checksum
// over zeros, and from there to the register before the word, is w.
bool FillStandIn(uint32_t crc, size_t size, std::byte* to) {
  const size_t word = std::min<size_t>(size, 4);
  const size_t zeros = size - word;
  if (zeros != 0) std::memset(to, 0, zeros);
  const uint32_t before = ~Crc32c({to, zeros});
  uint32_t wanted = ~crc;
  for (size_t i = 0; i < word; ++i) wanted = UndoZeroByte(wanted);
  std::array<std::byte, 4> last;
  StoreU32(last.data(), wanted ^ before);
  if (word != 0) std::memcpy(to + zeros, last.data(), word);
  return std::all_of(last.begin() + word, last.end(),
                     [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace orrery
