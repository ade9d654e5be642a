#include "core/base/crc32c.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/base/coding.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace orrery {
namespace {

constexpr uint32_t kOne = uint32_t{1} << 31;

constexpr uint32_t MultiplyModP(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kCrc32cPolynomial : b >> 1;
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
      crc = (crc & 1) != 0 ? (crc >> 1) ^ kCrc32cPolynomial : crc >> 1;
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

// The crc32 instruction takes three cycles and starts one every cycle, so three
// streams run at once, each of a third of the words up to this many.
constexpr size_t kStreamWordsMax = 256;

// kShift[n]: x^(64 n - 33) mod P.  The carry-less product of two reflected
// polynomials is one bit short, and reducing it by the instruction multiplies
// by x^32: together the 33.
constexpr std::array<uint32_t, kStreamWordsMax + 1> kShift = [] {
  std::array<uint32_t, kStreamWordsMax + 1> shift{};
  shift[1] = kOne >> 31;
  for (size_t n = 2; n < shift.size(); ++n) {
    shift[n] = MultiplyModP(shift[n - 1], kPowersOfX[6]);
  }
  return shift;
}();

// What `crc` becomes when `words` zero words follow.
__attribute__((target("sse4.2,pclmul"))) uint64_t Shift(uint64_t crc,
                                                        size_t words) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(crc)),
                           _mm_cvtsi64_si128(int64_t{kShift[words]}), 0);
  return _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(product)));
}

__attribute__((target("sse4.2,pclmul"))) uint32_t
ExtendByInstruction(uint32_t crc, ByteView rest) {
  uint64_t a = ~crc;
  // Below this the joining costs more than it saves.
  while (rest.size() >= 3 * 5 * sizeof(uint64_t)) {
    const size_t words =
        std::min(rest.size() / (3 * sizeof(uint64_t)), kStreamWordsMax);
    const size_t stream = words * sizeof(uint64_t);
    const std::byte* at = rest.data();
    uint64_t b = 0;
    uint64_t c = 0;
    for (size_t i = 0; i < stream; i += sizeof(uint64_t)) {
      a = _mm_crc32_u64(a, LoadU64(at + i));
      b = _mm_crc32_u64(b, LoadU64(at + stream + i));
      c = _mm_crc32_u64(c, LoadU64(at + 2 * stream + i));
    }
    a = Shift(Shift(a, words) ^ b, words) ^ c;
    rest = rest.subspan(3 * stream);
  }
  for (; rest.size() >= sizeof(uint64_t);
       rest = rest.subspan(sizeof(uint64_t))) {
    a = _mm_crc32_u64(a, LoadU64(rest.data()));
  }
  crc = static_cast<uint32_t>(a);
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
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul")) {
    return ExtendByInstruction(crc, bytes);
  }
#endif
  return Crc32cExtendByTable(crc, bytes);
}

uint32_t Crc32cCombine(uint32_t crc_a, uint32_t crc_b, uint64_t length_b) {
  return MultiplyModP(ShiftFactor(length_b), crc_a) ^ crc_b;
}

}  // namespace orrery
