#include "core/base/crc32c.h"

#include <array>
#include <cstddef>

#include "core/base/coding.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace orrery {
namespace {

// Polynomials over GF(2) in reflected order: bit 31 is x^0.
constexpr uint32_t kPolynomial = 0x82f63b78;
constexpr uint32_t kOne = uint32_t{1} << 31;

constexpr uint32_t MultiplyModP(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

// x^(2^k) mod P.  P is x + 1 times a primitive polynomial of degree 31, so the
// order of x is 2^31 - 1 and the row repeats after 31 entries.
constexpr std::array<uint32_t, 31> kPowersOfX = [] {
  std::array<uint32_t, 31> powers{};
  powers[0] = kOne >> 1;
  for (size_t k = 1; k < powers.size(); ++k) {
    powers[k] = MultiplyModP(powers[k - 1], powers[k - 1]);
  }
  return powers;
}();
static_assert(MultiplyModP(kPowersOfX.back(), kPowersOfX.back()) ==
              kPowersOfX.front());

// x^(8 * bytes) mod P: what appending that many zero bytes multiplies by.
constexpr uint32_t ShiftFactor(uint64_t bytes) {
  uint32_t factor = kOne;
  for (size_t k = 3; bytes != 0; bytes >>= 1) {
    if ((bytes & 1) != 0) factor = MultiplyModP(kPowersOfX[k], factor);
    k = (k + 1) % kPowersOfX.size();
  }
  return factor;
}

// kByByte[j][b]: byte b with j zero bytes after it; eight make slicing-by-8.
constexpr std::array<std::array<uint32_t, 256>, 8> kByByte = [] {
  std::array<std::array<uint32_t, 256>, 8> table{};
  for (uint32_t b = 0; b < 256; ++b) {
    uint32_t crc = b;
    for (int i = 0; i < 8; ++i) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomial : crc >> 1;
    }
    table[0][b] = crc;
  }
  for (size_t j = 1; j < table.size(); ++j) {
    for (size_t b = 0; b < 256; ++b) {
      const uint32_t below = table[j - 1][b];
      table[j][b] = table[0][below & 0xff] ^ (below >> 8);
    }
  }
  return table;
}();

uint32_t AddByte(uint32_t crc, std::byte b) {
  return kByByte[0][(crc ^ std::to_integer<uint32_t>(b)) & 0xff] ^ (crc >> 8);
}

#if defined(__x86_64__)

using ShiftTable = std::array<std::array<uint32_t, 256>, 4>;

// Multiplies a checksum by x^(8 * bytes) with four look-ups.
constexpr ShiftTable MakeShiftTable(uint64_t bytes) {
  const uint32_t factor = ShiftFactor(bytes);
  ShiftTable table{};
  for (uint32_t byte = 0; byte < 4; ++byte) {
    for (uint32_t bit = 0; bit < 8; ++bit) {
      const uint32_t low = uint32_t{1} << bit;
      const uint32_t image = MultiplyModP(factor, low << (8 * byte));
      for (uint32_t rest = 0; rest < low; ++rest) {
        table[byte][low | rest] = image ^ table[byte][rest];
      }
    }
  }
  return table;
}

uint32_t Shift(const ShiftTable& table, uint32_t crc) {
  return table[0][crc & 0xff] ^ table[1][(crc >> 8) & 0xff] ^
         table[2][(crc >> 16) & 0xff] ^ table[3][crc >> 24];
}

// The crc32 instruction takes three cycles and starts one every cycle, so
// three streams of this many bytes run at once.
constexpr size_t kLongStream = 2048;
constexpr size_t kShortStream = 256;
constexpr ShiftTable kLongShift = MakeShiftTable(kLongStream);
constexpr ShiftTable kShortShift = MakeShiftTable(kShortStream);

template <size_t kStream>
__attribute__((target("sse4.2"))) uint32_t ThreeStreams(uint32_t crc,
                                                        const ShiftTable& shift,
                                                        ByteView& rest) {
  while (rest.size() >= 3 * kStream) {
    const std::byte* at = rest.data();
    uint64_t a = crc;
    uint64_t b = 0;
    uint64_t c = 0;
    for (size_t i = 0; i < kStream; i += 8) {
      a = _mm_crc32_u64(a, LoadU64(at + i));
      b = _mm_crc32_u64(b, LoadU64(at + kStream + i));
      c = _mm_crc32_u64(c, LoadU64(at + 2 * kStream + i));
    }
    crc = Shift(shift, static_cast<uint32_t>(a)) ^ static_cast<uint32_t>(b);
    crc = Shift(shift, crc) ^ static_cast<uint32_t>(c);
    rest = rest.subspan(3 * kStream);
  }
  return crc;
}

__attribute__((target("sse4.2"))) uint32_t ExtendByInstruction(uint32_t crc,
                                                               ByteView rest) {
  crc = ~crc;
  crc = ThreeStreams<kLongStream>(crc, kLongShift, rest);
  crc = ThreeStreams<kShortStream>(crc, kShortShift, rest);
  uint64_t wide = crc;
  for (; rest.size() >= 8; rest = rest.subspan(8)) {
    wide = _mm_crc32_u64(wide, LoadU64(rest.data()));
  }
  crc = static_cast<uint32_t>(wide);
  for (const std::byte b : rest) {
    crc = _mm_crc32_u8(crc, std::to_integer<uint8_t>(b));
  }
  return ~crc;
}

#endif

}  // namespace

uint32_t Crc32cExtendByTable(uint32_t crc, ByteView bytes) {
  crc = ~crc;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const uint64_t word = LoadU64(bytes.data()) ^ crc;
    crc = 0;
    for (size_t i = 0; i < 8; ++i) {
      crc ^= kByByte[7 - i][(word >> (8 * i)) & 0xff];
    }
  }
  for (const std::byte b : bytes) crc = AddByte(crc, b);
  return ~crc;
}

uint32_t Crc32cExtend(uint32_t crc, ByteView bytes) {
#if defined(__x86_64__)
  // Both ways give the same value, so the processor does not show.
  if (__builtin_cpu_supports("sse4.2")) return ExtendByInstruction(crc, bytes);
#endif
  return Crc32cExtendByTable(crc, bytes);
}

uint32_t Crc32cCombine(uint32_t crc_a, uint32_t crc_b, uint64_t length_b) {
  return MultiplyModP(ShiftFactor(length_b), crc_a) ^ crc_b;
}

}  // namespace orrery
