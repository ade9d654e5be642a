// core/base/crc32c.h
//
// CRC-32C (Castagnoli), the checksum of every record, file and frame.  Reads
// bytes only; knows no format.
//
//   Crc32cExtend(Crc32c(a), b) == Crc32c(a followed by b)
//   Crc32cCombine(Crc32c(a), Crc32c(b), b.size()) == Crc32c(a followed by b)
//
// Cost: with SSE4.2 and PCLMUL three interleaved streams, some 10 bytes per
// cycle on long inputs, 5 on some hundred bytes; by table one byte per few
// cycles.  Combine is logarithmic in the
// length: about 0.1 us when it is a power of two, so that a value whose
// checksum is known need not be read again.

#ifndef ORRERY_CORE_BASE_CRC32C_H_
#define ORRERY_CORE_BASE_CRC32C_H_

#include <cstdint>

#include "core/base/bytes.h"

namespace orrery {

// Over GF(2) in reflected order: bit 31 is x^0.
inline constexpr uint32_t kCrc32cPolynomial = 0x82f63b78;

[[nodiscard]] uint32_t Crc32cExtend(uint32_t crc, ByteView bytes);

[[nodiscard]] inline uint32_t Crc32c(ByteView bytes) {
  return Crc32cExtend(0, bytes);
}

[[nodiscard]] uint32_t Crc32cCombine(uint32_t crc_a, uint32_t crc_b,
                                     uint64_t length_b);

// The portable way, whatever the processor; tests compare the two.
[[nodiscard]] uint32_t Crc32cExtendByTable(uint32_t crc, ByteView bytes);

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_CRC32C_H_
